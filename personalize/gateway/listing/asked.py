"""Asked: what the words of a request say of one of its listings, whoever sends them; equal words are read once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from weakref import ref

import orjson
from cachetools import LRUCache

from personalize.domain.listing import About
from personalize.gateway.document.plan import Plan
from personalize.gateway.document.slots import ListingSlot
from personalize.gateway.edge.call import GRAPHQL_PARAMETERS, Call
from personalize.gateway.listing.paging import neutral, without_paging
from personalize.gateway.listing.scoping import about_of

MAX_ASKED = 2_000
MAX_WORDS = 1_024
"""Characters of variables, of a query string and of what they tell (`Asked.key`) up to which that is remembered."""


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


class Wordings:
    """Reads the words of requests; what the latest `MAX_ASKED` said is remembered, where they are short."""

    def __init__(self, vary_headers: tuple[str, ...]) -> None:
        self.vary_headers = vary_headers
        self._known: LRUCache[Hashable, tuple[ref[ListingSlot], Asked]] = LRUCache(MAX_ASKED)

    def read(
        self, plan: Plan, slot: ListingSlot, call: Call, variables: dict[str, Any], said: bytes | None, by_path: bool
    ) -> Asked:
        """What is asked for under `slot`; `said` is what `words_of` gave for the variables.

        `by_path` is whether the response path tells the listing apart, too.
        """
        vary = tuple([call.header(name) for name in self.vary_headers])
        words = (id(slot), said, vary, call.query_string, by_path)
        found = self._known.get(words) if said is not None else None
        if found is not None and found[0]() is slot:  # the number of an object that is gone is given again
            return found[1]
        asked = _read(plan, slot, call.query_string, variables, vary, by_path)
        told = (repr(asked.key), call.query_string)
        if said is not None and max(map(len, told)) <= MAX_WORDS:
            self._known[words] = ref(slot), asked
        return asked


def words_of(plan: Plan, variables: dict[str, Any]) -> bytes | None:
    """The variables that the operation declares, as equal bytes where they are equal; None where they are too many."""
    declared = [definition.variable.name.value for definition in plan.operation.variable_definitions or ()]
    try:
        said = canonical({name: variables[name] for name in declared if name in variables})
    except TypeError:  # nested too deep, or a number beyond 64 bits
        return None
    return said if len(said) <= MAX_WORDS else None


def _read(
    plan: Plan, slot: ListingSlot, query_string: str, variables: dict[str, Any], vary: tuple[str | None, ...],
    by_path: bool,
) -> Asked:  # fmt: skip
    listing, arguments = slot.map, plan.arguments(slot, variables)
    asked, parents = without_paging(listing, arguments), plan.parent_arguments(slot, variables)
    key: tuple[Any, ...] = listing.coordinates, canonical([asked, parents]), vary, query_of(query_string)
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
