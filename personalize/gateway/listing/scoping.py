"""Scopes: which of the strategies that run for a visit hold for one of its listings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from personalize.domain.desk.strategy import ANY_SEARCH, Audience, Scope, term_of
from personalize.domain.listing import About
from personalize.domain.visit import Visit
from personalize.gateway.document.values import MISSING, with_path
from personalize.gateway.listing.paging import search_term
from personalize.shops.map import ABOVE, ListingMap

MAX_VALUES = 200
"""Argument values of a listing that are held against a scope."""

STORE = frozenset({"store"})
"""The key of a visit's context that a scope's channel is held against."""


def about_of(
    listing: ListingMap, arguments: dict[str, Any], parents: Iterable[dict[str, Any]], vary: Iterable[str | None]
) -> About:
    """What a listing is asked for: `arguments` are its own without paging, `vary` the headers that answers vary by."""
    term = term_of(search_term(listing, arguments))
    for way in (*listing.sort, *((listing.term,) if listing.term else ())):
        arguments = with_path(arguments, way, MISSING)
    told: list[tuple[str, str]] = []
    for one in (arguments, *parents):
        _leaves("", {key: value for key, value in one.items() if key != ABOVE}, told)
    values = frozenset([value for _, value in told] + [f"{name}={value}" for name, value in told])
    return About(listing.coordinates, values, term, frozenset(value for value in vary if value))


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


def fits(scope: Scope, about: About | None, target: str, visit: Visit) -> bool:
    """Whether a listing lies in a scope; `target` is its response path. One of which nothing is said lies in none."""
    if about is None or (scope.listing is not None and scope.listing not in (about.field, target)):
        return False
    if scope.collection is not None and scope.collection not in about.values:
        return False
    if scope.search is not None and not (
        about.term if scope.search == ANY_SEARCH else about.term == term_of(scope.search)
    ):
        return False
    if scope.channel is not None and scope.channel not in (*about.channels, visit.context.get("store")):
        return False
    known = visit.profile is not None and visit.profile.behaviour > 0
    return scope.audience is Audience.ALL or (scope.audience is Audience.KNOWN) is known
