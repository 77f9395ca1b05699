"""Asked: what the words of a request say of one of its listings, whoever sends them; equal words are read once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from personalize.domain.listing import About
from personalize.gateway.document.plan import Plan
from personalize.gateway.document.slots import ListingSlot
from personalize.gateway.edge.call import GRAPHQL_PARAMETERS, Call
from personalize.gateway.listing.paging import neutral, without_paging
from personalize.gateway.listing.scoping import about_of

MAX_WORDS = 1_024
"""Bytes of variables, query string and headers up to which what they say is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is listed. `arguments` are JSON values, to be read only.

    `key` tells listings apart, `list_id` names one in the log; `neutral` is whether the order was left to the shop.
    """

    arguments: dict[str, Any]
    key: tuple[Hashable, ...]
    list_id: str
    about: About
    neutral: bool


def read_asked(
    plan: Plan, slot: ListingSlot, call: Call, variables: dict[str, Any], vary: tuple[str | None, ...], by_path: bool
) -> Asked:
    """What is asked for under `slot`. `vary` are the headers that answers vary by, `by_path` whether the response path
    tells the listing apart, too.
    """
    said = canonical(variables)
    words = (slot.index, said, vary, call.query_string, by_path)
    found = plan.asked.get(words)
    if not isinstance(found, Asked):
        found = _read(plan, slot, call.query_string, variables, vary, by_path)
        if len(said) + len(call.query_string) + sum([len(value or "") for value in vary]) <= MAX_WORDS:
            plan.asked[words] = found
    return found


def _read(
    plan: Plan, slot: ListingSlot, query_string: str, variables: dict[str, Any], vary: tuple[str | None, ...],
    by_path: bool,
) -> Asked:  # fmt: skip
    listing, arguments = slot.map, plan.arguments(slot, variables)
    asked, parents = without_paging(listing, arguments), plan.parent_arguments(slot, variables)
    key: tuple[Hashable, ...] = listing.coordinates, canonical([asked, parents]), vary, query_of(query_string)
    if by_path:
        key = (*key, ".".join(slot.path))
    digest = blake2b(repr(key).encode(), digest_size=6).hexdigest()
    about = about_of(listing, asked, parents, vary)
    return Asked(arguments, key, f"{listing.field}:{digest}", about, neutral(listing, arguments))


def query_of(query_string: str) -> str:
    """The query string without GraphQL's own parameters."""
    pairs = [part for part in query_string.split("&") if part.partition("=")[0] not in GRAPHQL_PARAMETERS]
    return "&".join(sorted(pairs))


def canonical(value: object) -> bytes:
    """JSON in which equal values are equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
