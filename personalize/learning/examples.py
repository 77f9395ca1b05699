"""Examples: the judged lists of a log as one matrix, made by the feature path that serves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event
from personalize.domain.profile import Profile
from personalize.features.extract import extract
from personalize.features.schema import Schema
from personalize.learning.replay import replay

MAX_ROWS = 4_000_000  # rows of all lists together; the newest lists stay


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """m lists of r rows in all, in time order: `matrix` float32 (r, f), `clicked` (r,), `sizes` (m,), `at` (m,).

    `place` (r,) is where each row was shown, 0-based: what a position explains of a click is no merit of the item.
    """

    matrix: NDArray[np.float32]
    clicked: NDArray[np.int8]
    sizes: NDArray[np.int64]
    at: NDArray[np.float64]
    place: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sizes)

    def part(self, start: int, stop: int) -> Examples:
        """The lists from `start` to before `stop`."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        rows = slice(int(ends[start]), int(ends[stop]))
        return Examples(
            self.matrix[rows], self.clicked[rows], self.sizes[start:stop], self.at[start:stop], self.place[rows]
        )


def collect(events: list[Event], schema: Schema) -> Examples:
    """All judged lists of sorted events. Lists of one row teach nothing and are left out."""
    matrices: list[NDArray[np.float32]] = []
    clicked: list[NDArray[np.int8]] = []
    at: list[float] = []
    places: list[NDArray[np.float64]] = []
    rows = 0
    for judged in replay(events):
        if len(judged.listing) < 2:
            continue
        event = judged.event
        matrices.append(extract(judged.prepare(schema), judged.profile, event.session, event.context, event.at))
        clicked.append(judged.clicked.astype(np.int8))
        at.append(event.at)
        places.append(judged.shown())
        rows += len(judged.listing)
    first = 0
    while rows > MAX_ROWS:
        rows -= len(clicked[first])
        first += 1
    matrices, clicked, at, places = matrices[first:], clicked[first:], at[first:], places[first:]
    return Examples(
        np.concatenate(matrices) if matrices else np.zeros((0, len(schema.names)), np.float32),
        np.concatenate(clicked) if clicked else np.zeros(0, np.int8),
        np.array([len(part) for part in clicked], np.int64),
        np.array(at, np.float64),
        np.concatenate(places) if places else np.zeros(0, np.float64),
    )


def repeat_share(events: list[Event]) -> float | None:
    """Share of bought items that the visitor had bought before, of visitors' later purchases; None below 50 of them."""
    profiles: dict[str, Profile] = {}
    repeated = total = 0
    for event in events:
        key = event.visitor
        if event.event != "purchase" or key is None:
            continue
        profile = profiles.setdefault(key, Profile())
        if profile.bought:
            total += len(event.items)
            repeated += sum(item.item_id in profile.bought for item in event.items)
        profile.apply(event)
    return repeated / total if total >= 50 else None
