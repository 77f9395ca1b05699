"""Replay: a log in time order, each judged list with the state of visitor and shop as it was before that list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import NOTHING_EARLIER, Event
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.profile import Profile
from personalize.features.prepared import Prepared, prepare
from personalize.features.schema import Schema
from personalize.features.window import Facts, recall
from personalize.learning.journal import EVERY, Journal, Progress, load
from personalize.learning.judgments import Answer
from personalize.learning.shelf import Shelf

__all__ = ["Judged", "listing_of", "load", "replay"]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A list, n rows in the shop's order, and the state before it; a click answers it unless `every` one was asked for.

    `clicked` is bool (n,), `answer` tells how each row was answered. `profile` and `popularity` are live: read them
    before asking for the next list.
    """

    event: Event
    listing: Listing
    position: NDArray[np.float64]
    facts: Facts | None
    answer: Answer
    profile: Profile | None
    popularity: Popularity

    @property
    def clicked(self) -> NDArray[np.bool_]:
        """The rows that a `select_item` answers, bool (n,)."""
        return self.answer.clicked

    def prepare(self, schema: Schema) -> Prepared:
        """The listing made ready, as serving would have done at that moment."""
        return prepare(self.listing, self.popularity, self.event.at, schema, self.position, self.facts)

    def shown(self) -> NDArray[np.float64]:
        """Where each row was shown, (n,): `index`, else its place in the line."""
        places: dict[str, int] = {}
        for row, item in enumerate(self.event.items):
            places.setdefault(item.item_id, row if item.index is None else item.index)
        return np.array([places[item] for item in self.listing.ids], np.float64)


def listing_of(event: Event) -> tuple[Listing, NDArray[np.float64], Facts | None]:
    """The listing a `view_item_list` event tells in the shop's order, the rows' positions, facts of its window if told.

    Positions are the shop's own (`shop_index`), else as shown (`index`), else the row. A repeated id counts once.
    """
    window = event.extra.get("window")
    facts = recall(window)
    offset = window.get("offset", 0) if isinstance(window, dict) else 0
    offset = offset if isinstance(offset, int) else 0
    rows: dict[str, tuple[float, int]] = {}
    for row, item in enumerate(event.items):
        place = item.shop_index - offset if item.shop_index is not None else item.index
        rows.setdefault(item.item_id, (float(row if place is None else place), row))
    ordered = sorted(rows.values())
    items = [event.items[row] for _, row in ordered]
    currency = next((item.currency for item in items if item.currency), None)
    prices = [item.price if item.price is not None and item.currency in (None, currency) else np.nan for item in items]
    listing = Listing(
        list_id=event.list_id or "",
        ids=tuple(item.item_id for item in items),
        prices=np.array(prices, np.float64),
        currency=currency or "",
        titles=tuple(item.title or "" for item in items),
        attributes=tuple(item.attributes for item in items),
        search_term=event.search_term,
    )
    return listing, np.array([place for place, _ in ordered], np.float64), facts


def walk(journal: Journal, shelf: Shelf) -> Iterator[tuple[Event, Profile | None, Popularity]]:
    """Each event in time order with the state of its visitor and of the shop before it, which lives on as it is."""
    popularity = Popularity()
    for event in journal:
        key = event.visitor or event.session
        profile = shelf.take(key) if key is not None else None
        yield event, profile, popularity
        popularity.apply(event, profile.before(event) if profile is not None else NOTHING_EARLIER)
        if profile is not None:
            profile.apply(event)


def replay(
    events: Iterable[Event],
    since: float | None = None,
    at_since: Callable[[Popularity], None] | None = None,
    progress: Progress | None = None,
    every: bool = False,
    only: str | None = None,
) -> Iterator[Judged]:
    """Walk events in time order and yield every judged list from `since` on; of event id `only`, answered or not.

    A `Journal` is read as it is, other events become one first. `at_since` is handed the popularity as it stands when
    `since` is reached. With `every` lists that nothing answers come, too. What a list says that cannot be used is
    counted in the journal's `noted`.
    """
    journal = events if isinstance(events, Journal) else Journal(events)
    noted = journal.noted
    for reason in ("UNKNOWN_ITEM", "OTHER_CURRENCY", "VISITORS_FORGOTTEN"):
        noted.pop(reason, None)
    shelf = Shelf()
    for number, (event, profile, popularity) in enumerate(walk(journal, shelf)):
        if progress is not None and number % EVERY == 0:
            progress("events replayed", number)
        if at_since is not None and since is not None and event.at >= since:
            at_since(popularity)
            at_since = None
        if event.event != "view_item_list" or (since is not None and event.at < since):
            continue
        if only is not None and (event.event_id != only or not event.items):
            continue
        listing, position, facts = listing_of(event)
        answer = journal.judgments.of(event, listing.ids)
        if answer is not None:
            noted["UNKNOWN_ITEM"] += answer.unknown
            noted["OTHER_CURRENCY"] += sum(
                item.currency not in (None, listing.currency) for item in event.items if item.price is not None
            )
        elif (every or only is not None) and len(listing):
            answer = Answer.nothing(len(listing))
        if answer is not None and (every or only is not None or answer.clicked.any()):
            yield Judged(event, listing, position, facts, answer, profile, popularity)
        if only is not None:
            return
    noted["VISITORS_FORGOTTEN"] += shelf.forgotten
    journal.noted = +noted
