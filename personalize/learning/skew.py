"""Skew: the vectors that a gateway served by and sampled into the log, computed again from the log (DESIGN law 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from personalize.domain.event import Event
from personalize.domain.popularity import Popularity
from personalize.features.extract import extract
from personalize.features.prepared import Prepared, prepare
from personalize.features.sample import Sample, read
from personalize.features.schema import Schema
from personalize.learning.journal import Journal
from personalize.learning.replay import listing_of, walk
from personalize.learning.shelf import Shelf

MAX_SAMPLES = 2_000  # lists that are compared, the newest of the log


@dataclass(frozen=True, slots=True)
class Skew:
    """What became of the `sampled` lists of a log.

    `exact` were computed again bit by bit, `columns` counts for the others the lists in which a column differs.
    `foreign` were served by another model's features, `unknown` cannot be computed: the log begins too late for them.
    """

    sampled: int = 0
    exact: int = 0
    foreign: int = 0
    unknown: int = 0
    columns: Counter[str] = field(default_factory=Counter)


def skew(journal: Journal, schema: Schema) -> Skew:
    """Compare the newest `MAX_SAMPLES` sampled lists with what `schema` gives now for the same items and moments."""
    mine: list[tuple[Event, Sample]] = []
    sampled = foreign = 0
    for event, found in _samples(journal):
        sampled += 1
        if found.fingerprint != schema.fingerprint or found.vectors.shape[1] != len(schema.names):
            foreign += 1
        else:
            mine.append((event, found))
            del mine[: max(len(mine) - MAX_SAMPLES, 0)]
    waiting: dict[str, list[tuple[Event, Sample]]] = {}
    lifting: dict[str, list[Event]] = {}
    for event, found in mine:
        waiting.setdefault(found.after, []).append((event, found))
        lifting.setdefault(found.lift_after, []).append(event)
    ready: dict[str, Prepared] = {}
    wanted = {event.event_id: found for event, found in mine}
    exact = compared = 0
    columns: Counter[str] = Counter()
    after = ""
    for event, profile, popularity in walk(journal, Shelf()):
        _prepare(waiting.pop(after, []), lifting.pop(after, []), popularity, schema, ready)
        after = event.event_id
        if (prepared := ready.pop(event.event_id, None)) is not None:
            compared += 1
            again = extract(prepared, profile, event.session, event.context, event.at)
            found = wanted[event.event_id]
            rows = [prepared.row_of[item] for item in found.ids]
            differs = (again[rows].view(np.uint32) != found.vectors.view(np.uint32)).any(axis=0)
            exact += not differs.any()
            columns.update(schema.names[column] for column in np.flatnonzero(differs))
    return Skew(sampled, exact, foreign, len(mine) - compared, columns)


def _samples(journal: Journal) -> Iterator[tuple[Event, Sample]]:
    for event in journal:
        if event.event == "view_item_list" and (found := read(event.extra.get("vectors"))) is not None:
            ids = {item.item_id for item in event.items}
            if ids.issuperset(found.ids):
                yield event, found


def _prepare(
    due: list[tuple[Event, Sample]], lifted: list[Event], popularity: Popularity, schema: Schema,
    ready: dict[str, Prepared],
) -> None:  # fmt: skip
    """Make listings ready, and measure lifts in situations, with the popularity of the moment when serving did."""
    for event, found in due:
        listing, position, facts = listing_of(event)
        ready[event.event_id] = prepare(listing, popularity, found.prepared_at, schema, position, facts)
    for event in lifted:
        if (prepared := ready.get(event.event_id)) is not None:
            prepared.lift(event.context)
