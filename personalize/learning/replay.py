"""Replay: a log in time order, each judged list with the state of visitor and shop as it was before that list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event
from personalize.domain.listing import Listing
from personalize.domain.popularity import Popularity
from personalize.domain.profile import Profile
from personalize.events.log import Report, read
from personalize.features.prepared import Prepared, prepare
from personalize.features.schema import Schema
from personalize.features.window import Facts, recall

MAX_VISITORS = 200_000  # profiles held; the one unseen longest leaves first


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A list that a click answers, n rows in the shop's order, and the state before it.

    `clicked` is bool (n,). `profile` and `popularity` are live: read them before asking for the next list.
    """

    event: Event
    listing: Listing
    position: NDArray[np.float64]
    facts: Facts | None
    clicked: NDArray[np.bool_]
    profile: Profile | None
    popularity: Popularity

    def prepare(self, schema: Schema) -> Prepared:
        """The listing made ready, as serving would have done at that moment."""
        return prepare(self.listing, self.popularity, self.event.at, schema, self.position, self.facts)

    def shown(self) -> NDArray[np.float64]:
        """Where each row was shown, (n,): `index`, else its place in the line."""
        places: dict[str, int] = {}
        for row, item in enumerate(self.event.items):
            places.setdefault(item.item_id, row if item.index is None else item.index)
        return np.array([places[item] for item in self.listing.ids], np.float64)


def load(path: Path, until: float | None = None, report: Report | None = None) -> list[Event]:
    """The events of a log before `until` (epoch seconds), in time order, each event id once (its first line)."""
    seen: set[str] = set()
    events: list[Event] = []
    report = Report() if report is None else report
    for event in read(path, report):
        if until is not None and event.at >= until:
            continue
        if event.event_id in seen:
            report.dropped["REPEATED"] += 1
            continue
        seen.add(event.event_id)
        events.append(event)
    events.sort(key=lambda event: event.at)
    return events


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
        attributes=tuple(item.attributes for item in items),
        search_term=event.search_term,
    )
    return listing, np.array([place for place, _ in ordered], np.float64), facts


def answers(events: Iterable[Event]) -> dict[str, set[str]]:
    """The items clicked per list, by the list's event id."""
    found: dict[str, set[str]] = {}
    for event in events:
        if event.event == "select_item" and event.list_event_id is not None:
            found.setdefault(event.list_event_id, set()).update(item.item_id for item in event.items)
    return found


def replay(
    events: list[Event], since: float | None = None, at_since: Callable[[Popularity], None] | None = None
) -> Iterator[Judged]:
    """Walk sorted events and yield every judged list from `since` on.

    `at_since` is handed the popularity as it stands when `since` is reached.
    """
    clicks = answers(events)
    profiles: dict[str, Profile] = {}
    popularity = Popularity()
    for event in events:
        if at_since is not None and since is not None and event.at >= since:
            at_since(popularity)
            at_since = None
        key = event.visitor or event.session
        profile = None
        if key is not None:
            profile = profiles.pop(key, None) or Profile()
            profiles[key] = profile
            if len(profiles) > MAX_VISITORS:
                del profiles[next(iter(profiles))]
        wanted = clicks.get(event.event_id) if event.event == "view_item_list" else None
        if wanted and (since is None or event.at >= since):
            listing, position, facts = listing_of(event)
            clicked = np.array([item in wanted for item in listing.ids])
            if clicked.any():
                yield Judged(event, listing, position, facts, clicked, profile, popularity)
        if profile is not None:
            profile.apply(event)
        popularity.apply(event)
