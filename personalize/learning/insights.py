"""Insights for the merchandiser: searches without a result, and what shoppers said "not this" to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from personalize.domain.correction import REFUSED, is_undone
from personalize.domain.event import Event
from personalize.domain.tokens import properties
from personalize.learning.replay import load

TOP = 20
MAX_TERMS = 20_000
MAX_SIGHTS = 200_000  # (visitor, item) pairs whose last place is remembered
MAX_PROPERTIES = 100_000
ELSEWHERE = "not in a list"
TERM = 128  # characters of a search term that are kept


def insights(events: Path, since: datetime | None = None) -> dict[str, Any]:
    """What the log tells from `since` on, as JSON values; at most `TOP` rows a table.

    `zero_results`: terms and how often they led to nothing. `refused_items`: what was refused, how often it was shown,
    and the mean position where that visitor had it before. `refused_properties`: how much more often (`lift`) a
    property is among the refused than among the shown. `refused_by_strategy`: which strategy had shown it. `dropped`
    and `noted`: what of the log was lost, by reason.
    """
    start = since.timestamp() if since is not None else None
    journal = load(events)
    return tables(event for event in journal if start is None or event.at >= start) | journal.told()


def tables(events: Iterable[Event]) -> dict[str, Any]:
    """The same of events in time order."""
    found = _Found()
    for event in events:
        found.fold(event)
    return found.tables()


class _Found:
    """The counts of one pass over the log."""

    def __init__(self) -> None:
        self.terms: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.places: dict[str, list[int]] = {}
        self.strategies: Counter[str] = Counter()
        self.traits: dict[str, tuple[tuple[str, str], ...]] = {}
        self.sights: dict[tuple[str, str], tuple[int, str]] = {}
        self.told: dict[tuple[str, str], list[tuple[int, str] | None]] = {}  # by (visitor, item), while not taken back

    def fold(self, event: Event) -> None:
        """Note one event; events come in time order."""
        who = event.visitor or event.session
        if _without_result(event):
            term = " ".join((event.search_term or "").split()).casefold()[:TERM]
            if term in self.terms or len(self.terms) < MAX_TERMS:
                self.terms[term] += 1
        if event.event == "view_item_list":
            told = event.extra.get("strategy")
            strategy = told if isinstance(told, str) and told else "unknown"
            for row, item in enumerate(event.items):
                if item.item_id not in self.traits and len(self.traits) >= MAX_PROPERTIES:
                    continue
                self.shown[item.item_id] += 1
                self.traits[item.item_id] = tuple(properties(item.attributes, item.price, item.currency))
                if who is not None:
                    self.sights.pop((who, item.item_id), None)
                    self.sights[who, item.item_id] = (row if item.index is None else item.index, strategy)
                    if len(self.sights) > MAX_SIGHTS:
                        del self.sights[next(iter(self.sights))]
        elif is_undone(event):
            for item in event.items:
                self._take_back(who or "", item.item_id)
        elif event.event == REFUSED:
            for item in event.items:
                self.refused[item.item_id] += 1
                place = self.sights.get((who or "", item.item_id))
                self.strategies[place[1] if place else ELSEWHERE] += 1
                if place is not None:
                    self.places.setdefault(item.item_id, []).append(place[0])
                self.told.setdefault((who or "", item.item_id), []).append(place)
                if len(self.told) > MAX_SIGHTS:
                    del self.told[next(iter(self.told))]

    def _take_back(self, who: str, item: str) -> None:
        """A "not this" was undone: as if it had not been said, where it is still known how it was counted."""
        for place in self.told.pop((who, item), ()):
            self.refused[item] -= 1
            self.strategies[place[1] if place else ELSEWHERE] -= 1
            if place is not None:
                self.places[item].remove(place[0])

    def tables(self) -> dict[str, Any]:
        """The tables of `insights`."""
        return {
            "zero_results": [{"term": term, "times": times} for term, times in _top(self.terms)],
            "refused_items": [
                {
                    "item_id": item, "times": times, "shown": self.shown[item],
                    "mean_position": sum(places) / len(places) if (places := self.places.get(item)) else None,
                }
                for item, times in _top(self.refused)
            ],
            "refused_properties": self._lifts(),
            "refused_by_strategy": [{"strategy": name, "times": times} for name, times in _top(self.strategies)],
        }  # fmt: skip

    def _lifts(self) -> list[dict[str, Any]]:
        shown, refused = (self._properties(counts) for counts in (self.shown, self.refused))
        all_shown, all_refused = self.shown.total(), sum(self.refused[item] for item in self.refused & self.shown)
        rows = []
        for pair, times in (+refused).items():
            usual = (shown[pair] + 1) / (all_shown + 1)  # one more, so that chance finds of rare properties stay small
            rows.append((times / max(all_refused, 1) / usual, times, pair))
        rows.sort(key=lambda row: (-row[0] * min(row[1], 5), row[2]))
        return [
            {"name": name, "value": value, "times": times, "lift": lift}
            for lift, times, (name, value) in rows[:TOP]
            if lift > 1 and times > 1
        ]

    def _properties(self, counts: Counter[str]) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for item, times in counts.items():
            for pair in self.traits.get(item, ()):
                found[pair] += times
        return found


def _without_result(event: Event) -> bool:
    """A search that is told to have had no result, or a list that came back empty for a term."""
    if not event.search_term:
        return False
    return (event.event == "search" and event.extra.get("results") == 0) or (
        # What was shown and cannot be read is told in `noted`, and is no empty list.
        event.event == "view_item_list" and not event.items and "items" not in event.extra
    )


def _top(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted((+counts).items(), key=lambda pair: (-pair[1], pair[0]))[:TOP]
