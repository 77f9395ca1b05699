"""The contest: a candidate, the model that is served and the simple rules on the same newest lists of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact
from personalize.decisions.scoring import Tuning, rank
from personalize.domain.event import Event
from personalize.domain.learned.popularity import Popularity
from personalize.guardrails.displacement import footrule
from personalize.learning.metrics import ndcg
from personalize.learning.replay import Judged, replay
from personalize.learning.rules import RULES, is_cold, orders

Floats = NDArray[np.float64]
Progress = Callable[[str, int], None]

MAX_NAMES = 16  # context names that make segments
MAX_VALUES = 16  # values of a name, the most frequent ones
MAX_LISTS = 32  # lists (ids) that make segments
ROWS = 200  # rows kept to measure what scoring costs
CANDIDATE, INCUMBENT = "candidate", "incumbent"
Segment = tuple[str, str]
"""A name and a value: ("device", "mobile"), ("visitor", "cold"), ("list", "search:0b51")."""


@dataclass(slots=True)
class Contest:
    """m judged lists: `gains[policy]` NDCG@10 a list, `bent[policy]` how far the shop's order was bent (0 to 1).

    `units[i]` is whose list it was, `segments[i]` those it lies in, `rows[policy]` up to `ROWS` feature rows.
    """

    gains: dict[str, list[float]] = field(default_factory=dict)
    bent: dict[str, list[float]] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    segments: list[tuple[Segment, ...]] = field(default_factory=list)
    rows: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.units)

    def difference(self, one: str, other: str) -> Floats:
        """NDCG@10 of `one` minus that of `other` per list, (m,)."""
        gap: Floats = np.array(self.gains[one]) - np.array(self.gains[other])
        return gap

    def best_rule(self) -> str:
        """The simple rule with the highest mean NDCG@10."""
        return max(RULES, key=lambda rule: fmean(self.gains[rule]))

    def groups(self) -> dict[Segment, NDArray[np.intp]]:
        """The lists of each segment, of each name the most frequent values, the largest segments first."""
        counts = Counter(segment for found in self.segments for segment in found)
        kept: dict[str, int] = {}
        groups: dict[Segment, NDArray[np.intp]] = {}
        for segment, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
            name = segment[0]
            if name not in kept and len(kept) >= MAX_NAMES + 2:
                continue
            kept[name] = kept.get(name, 0) + 1
            if kept[name] <= (MAX_LISTS if name == "list" else MAX_VALUES):
                groups[segment] = np.array([i for i, found in enumerate(self.segments) if segment in found], np.intp)
        return groups

    def matrix(self, policy: str) -> NDArray[np.float32]:
        """The kept feature rows of a model, `ROWS` of them, repeated where the slice has fewer."""
        rows = np.concatenate(self.rows[policy])
        return np.ascontiguousarray(np.resize(rows, (ROWS, rows.shape[1])))


def hold(
    events: Iterable[Event], since: float, models: Mapping[str, Artefact], *, seed: int = 0,
    progress: Progress | None = None,
) -> Contest:  # fmt: skip
    """Replay `events` (in time order): every model and rule orders each judged list from `since` on (epoch seconds).

    ArtefactError where a model's scores are not finite.
    """
    rng = np.random.default_rng(seed)
    frozen = [Popularity()]
    contest = Contest({name: [] for name in (*models, *RULES)}, {name: [] for name in models})
    contest.rows = {name: [] for name in models}
    tunings = {name: Tuning.of(model.card) for name, model in models.items()}

    def freeze(popularity: Popularity) -> None:
        frozen[0] = Popularity.from_bytes(popularity.to_bytes())

    for judged in replay(events, since, freeze):
        for name, model in models.items():
            order, matrix = _served(model, judged, tunings[name])
            contest.gains[name].append(ndcg(order, judged.clicked))
            contest.bent[name].append(footrule(order.tolist()))
            if sum(map(len, contest.rows[name])) < ROWS:
                contest.rows[name].append(matrix)
        for name, tried in orders(judged, frozen[0], rng):
            contest.gains[name].append(fmean(ndcg(order, judged.clicked) for order in tried))
        event = judged.event
        contest.units.append(event.visitor or event.session or event.event_id)
        contest.segments.append(_segments(judged))
        if progress is not None:
            progress("lists", len(contest))
    return contest


def _served(model: Artefact, judged: Judged, tuning: Tuning) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    event = judged.event
    ranked = rank(
        model, judged.prepare(model.schema), judged.profile, event.session, event.context, event.at, tuning
    )  # fmt: skip
    return ranked.order, ranked.matrix


def _segments(judged: Judged) -> tuple[Segment, ...]:
    """Every word of the context (also yes and no), cold or known, and the list."""
    event = judged.event
    found: list[Segment] = [("visitor", "cold" if is_cold(judged) else "known")]
    found += [(name, str(value)) for name, value in event.context.items() if isinstance(value, (str, bool))]
    if event.list_id:
        found.append(("list", event.list_id))
    return tuple(found)
