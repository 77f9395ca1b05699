"""Skew: the vectors that a gateway served by and sampled into the log, computed again from the log (DESIGN law 6)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from personalize.domain.event import Event
from personalize.domain.learned.popularity import Popularity
from personalize.features.extract import extract
from personalize.features.prepared import Prepared, prepare
from personalize.features.sample import Sample, read
from personalize.features.schema import Schema
from personalize.learning.journal import Journal
from personalize.learning.replay import listing_of, walk
from personalize.learning.shelf import Shelf

MAX_SAMPLES = 2_000  # lists that are compared, the newest of the log
MAX_HELD = 64 * 1024 * 1024  # bytes of them that are held, as told by their vectors and items
ITEM_BYTES = 1_000  # that an item of an event takes, about


@dataclass(frozen=True, slots=True)
class Skew:
    """What became of the `sampled` lists of a log.

    `exact` were computed again bit by bit, `columns` counts for the others the lists in which a column differs.
    `foreign` were served by another model's features, `unreadable` bear vectors that make no sense, `unknown` cannot be
    computed: the log does not hold what was before them, or there are more than `MAX_SAMPLES`.
    """

    sampled: int = 0
    exact: int = 0
    foreign: int = 0
    unreadable: int = 0
    unknown: int = 0
    columns: Counter[str] = field(default_factory=Counter)


def skew(journal: Journal, schema: Schema) -> Skew:
    """Compare the newest `MAX_SAMPLES` sampled lists with what `schema` gives now for the same items and moments."""
    told: Counter[str] = Counter()
    waiting: dict[str, list[tuple[Event, float]]] = {}
    lifting: dict[str, list[Event]] = {}
    for event, found in _newest(journal, schema, told):
        waiting.setdefault(found.after, []).append((event, found.prepared_at))
        lifting.setdefault(found.lift_after, []).append(event)
    ready: dict[str, Prepared] = {}
    exact = compared = 0
    columns: Counter[str] = Counter()
    after = ""
    for event, profile, popularity in walk(journal, Shelf()):
        _prepare(waiting.pop(after, []), lifting.pop(after, []), popularity, schema, ready)
        after = event.event_id
        prepared = ready.pop(event.event_id, None)
        if prepared is not None and (served := _read(event)) is not None:
            compared += 1
            again = extract(prepared, profile, event.session, event.context, event.at)
            rows = [prepared.row_of[item] for item in served.ids]
            differs = (again[rows].view(np.uint32) != served.vectors.view(np.uint32)).any(axis=0)
            exact += not differs.any()
            columns.update(schema.names[column] for column in np.flatnonzero(differs))
    unknown = told["sampled"] - told["foreign"] - told["unreadable"] - compared
    return Skew(told["sampled"], exact, told["foreign"], told["unreadable"], unknown, columns)


def _newest(journal: Journal, schema: Schema, told: Counter[str]) -> Iterator[tuple[Event, Sample]]:
    """The newest samples of this schema, within bounds; the vectors themselves are read again when they are needed."""
    held: deque[tuple[Event, int]] = deque()
    total = 0
    for event in journal:
        if event.event != "view_item_list" or "vectors" not in event.extra:
            continue
        told["sampled"] += 1
        found = _read(event)
        if found is None:
            told["unreadable"] += 1
        elif found.fingerprint != schema.fingerprint or found.vectors.shape[1] != len(schema.names):
            told["foreign"] += 1
        else:
            size = found.vectors.nbytes + ITEM_BYTES * len(event.items)
            held.append((event, size))
            total += size
            while len(held) > MAX_SAMPLES or total > MAX_HELD:
                total -= held.popleft()[1]
    for event, _ in held:
        if (found := _read(event)) is not None:
            yield event, found


def _read(event: Event) -> Sample | None:
    """The sample that a list bears: of items that it shows, each once."""
    found = read(event.extra.get("vectors"))
    if found is None or len(set(found.ids)) < len(found.ids):
        return None
    return found if {item.item_id for item in event.items}.issuperset(found.ids) else None


def _prepare(
    due: list[tuple[Event, float]], lifted: list[Event], popularity: Popularity, schema: Schema,
    ready: dict[str, Prepared],
) -> None:  # fmt: skip
    """Make listings ready, and measure lifts in situations, with the popularity of the moment when serving did."""
    for event, at in due:
        listing, position, facts = listing_of(event)
        ready[event.event_id] = prepare(listing, popularity, at, schema, position, facts)
    for event in lifted:
        if (prepared := ready.get(event.event_id)) is not None:
            prepared.lift(event.context)
