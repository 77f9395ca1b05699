"""Within reach: the stores that come into question for a visitor, nearest first, and the channels of an item there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np

from personalize.domain.places.channel import SERVICES, Channel, Kind
from personalize.domain.places.stock import Availability, at_least, availability, is_stale
from personalize.domain.places.terms import Terms
from personalize.domain.situation import Place
from personalize.places.book import Book, Seen

NEAREST = 8
"""Stores that are looked into for an item."""

Ready = Callable[[int, float], float | None]
"""(number of a store, minutes it takes) to when something ordered now is ready there, epoch seconds."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Numbers of stores with their distance in km (None: unknown, as of a store that was chosen); `near`: from the
    middle of a coarse place."""

    stores: tuple[int, ...] = ()
    distances: tuple[float | None, ...] = ()
    near: bool = False


def reach(book: Book, chosen: str | None, place: Place | None, limit: float) -> Reach:
    """The chosen store and those around it; else those around a place, within `limit` km; without either, none."""
    number = book.number.get(chosen) if chosen is not None else None
    if number is not None:
        origin = book.stores[number].at
    elif place is not None and place.source != "store" and place.latitude is not None and place.longitude is not None:
        origin = place.latitude, place.longitude
    else:
        return Reach()
    far = book.distances(origin)
    if number is not None:
        far[number] = -1.0  # first, whatever stands beside it
    found = [at for at in np.argsort(far, kind="stable")[:NEAREST].tolist() if far[at] <= limit]
    return Reach(tuple(found), tuple(None if at == number else float(far[at]) for at in found), number is None)


def channels(
    book: Book, variants: Sequence[int], within: Reach, ships: Availability, at: float, terms: Terms, ready: Ready
) -> list[Channel]:
    """The channels of an item: sending, and each service in the store that suits best.

    That is the first one of those in reach that has it, as far as anybody saw lately; else the chosen one; else the
    first of which nobody knows; else the first. What was seen too long ago is unknown, and promises nothing.
    """
    since = at - terms.stock_max_age
    seen = book.seen(variants, within.stores, since)
    found = [Channel(Kind.SHIP, ships)]
    here = [_here(book, number, far, one, at, terms) for number, far, one in zip(
        within.stores, within.distances, seen, strict=True
    )]  # fmt: skip
    for kind, service in SERVICES.items():
        able = [(number, one) for number, one in zip(within.stores, here, strict=True)
                if service in book.stores[number].services]  # fmt: skip
        best = min(able, key=lambda pair: _rank(pair[1]), default=None)
        if best is not None:
            number, one = best
            minutes = 0.0 if kind is Kind.TRY_IN_STORE else float(terms.preparation_minutes)
            when = ready(number, minutes) if one.promised else None
            found.append(replace(one, kind=kind, near=within.near, pick_up_at=when))
    return found


def _rank(here: Channel) -> int:
    if here.promised:
        return 0
    if here.distance is None:  # the visitor chose it, and wants to know of it
        return 1
    return 2 if here.availability is Availability.UNKNOWN else 3


def _here(book: Book, number: int, far: float | None, seen: Seen | None, at: float, terms: Terms) -> Channel:
    store = book.stores[number]
    if seen is None:
        return Channel(Kind.COLLECT, Availability.UNKNOWN, store, far)
    if is_stale(seen.observed_at, at, terms.stock_max_age):
        return Channel(Kind.COLLECT, Availability.UNKNOWN, store, far, observed_at=seen.observed_at, stale=True)
    return Channel(
        Kind.COLLECT, availability(seen.quantity, terms.low_stock), store, far,
        at_least=at_least(seen.quantity), observed_at=seen.observed_at,
    )  # fmt: skip


def ready_in(book: Book, at: float, zone: str) -> Ready:
    """When things are ready in the stores of a book, for what is ordered at `at`; `zone` where a store names none."""

    def ready(number: int, minutes: float) -> float | None:
        store = book.stores[number]
        return None if store.hours is None else store.hours.ready(at, minutes, ZoneInfo(store.timezone or zone))

    return ready
