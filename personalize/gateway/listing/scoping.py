"""Scopes: which of the strategies that run for a visit hold for one of its listings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from personalize.domain.desk.strategy import ANY_SEARCH, Audience, Scope, term_of
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.gateway.document.values import MISSING, with_path
from personalize.gateway.listing.paging import search_term
from personalize.shops.map import ABOVE, ListingMap

MAX_VALUES = 200
"""Argument values of a listing that are held against a scope."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a listing is asked for, as scopes see it.

    `names` are its coordinates and its response path; `values` what its arguments (and those of the fields above)
    hold, alone and as `argument=value`; `channels` the store of the visit and the headers that answers vary by.
    """

    names: frozenset[str]
    values: frozenset[str]
    term: str
    channels: frozenset[str]
    known: bool


def asked_for(
    listing: ListingMap, path: Iterable[str], arguments: dict[str, Any], parents: Iterable[dict[str, Any]],
    vary: Iterable[str | None], visit: Visit,
) -> Asked:  # fmt: skip
    """What a listing is asked for; `arguments` are its own without paging."""
    term = term_of(search_term(listing, arguments))
    for way in (*listing.sort, *((listing.term,) if listing.term else ())):
        arguments = with_path(arguments, way, MISSING)
    told: list[tuple[str, str]] = []
    for one in (arguments, *parents):
        _leaves("", {key: value for key, value in one.items() if key != ABOVE}, told)
    store = visit.context.get("store")
    profile = visit.profile
    return Asked(
        frozenset((listing.coordinates, ".".join(path))),
        frozenset([value for _, value in told] + [f"{name}={value}" for name, value in told]),
        term,
        frozenset([value for value in vary if value] + ([store] if isinstance(store, str) else [])),
        profile is not None and profile.behaviour > 0,
    )


def _leaves(name: str, value: Any, told: list[tuple[str, str]]) -> None:
    if len(told) >= MAX_VALUES:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _leaves(str(key), inner, told)
    elif isinstance(value, list):
        for inner in value:
            _leaves(name, inner, told)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        told.append((name, str(value)))


def fits(scope: Scope, asked: Asked) -> bool:
    """Whether a listing lies in a scope."""
    if scope.listing is not None and scope.listing not in asked.names:
        return False
    if scope.collection is not None and scope.collection not in asked.values:
        return False
    if scope.search is not None and not (
        asked.term if scope.search == ANY_SEARCH else asked.term == term_of(scope.search)
    ):
        return False
    if scope.channel is not None and scope.channel not in asked.channels:
        return False
    return scope.audience is Audience.ALL or (scope.audience is Audience.KNOWN) is asked.known


def within(modes: Mapping[str, Mode], scopes: Mapping[str, Scope], asked: Asked) -> Mapping[str, Mode]:
    """Those of `modes` that hold for a listing: a strategy without a scope holds everywhere."""
    return {name: mode for name, mode in modes.items() if name not in scopes or fits(scopes[name], asked)}
