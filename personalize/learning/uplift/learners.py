"""T-, X- and DR-learner: three ways to an effect for each row, with predictions for rows they did not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from personalize.learning.uplift.outcomes import Outcomes
from personalize.learning.uplift.trees import LARGE, MIDDLE, PLAIN, Floats, Size, Sum

SIZES = (PLAIN, MIDDLE, LARGE)
NAMES = ("X-plain", "DR-plain", "X-middle", "DR-middle", "T", "X-large", "DR-large")
"""The learners there are, the plainest first."""
ROOM = 20_000  # rows below which the large ones are not tried: they find noise there


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """An effect as learned: `held_out` (n,) for the training rows, cross-fitted; `models` for any other row."""

    name: str
    held_out: Floats
    models: Sum


def learners(outcomes: Outcomes, ours: int, other: int, salt: int, tell: Callable[[], None]) -> list[Learned]:
    """What arm `ours` earns more than arm `other`, by the learners of `NAMES`, in order, from the rows of both arms.

    T (two models subtracted) and X (Kuenzel and others, PNAS 116, 2019), DR (Kennedy, Electronic Journal of
    Statistics 17, 2023). Arms are drawn at random, so their share is the propensity.
    """
    told = {}
    for place, size in enumerate(SIZES if len(outcomes.y) >= ROOM else SIZES[:-1]):
        told[f"X-{size.name}"] = _crossed(outcomes, ours, other, size, salt + 10 * place, tell)
        told[f"DR-{size.name}"] = _robust(outcomes, ours, other, size, salt + 10 * place + 5, tell)
    share = 1 / len(outcomes.pairs)
    parts = [(share, models[ours]) for models in outcomes.models] + [(-share, m[other]) for m in outcomes.models]
    told["T"] = Learned(
        "T", outcomes.held_out(ours) - outcomes.held_out(other), Sum(parts, outcomes.table.threads)
    )  # fmt: skip
    return [told[name] for name in NAMES if name in told]


def scores(y: Floats, taken: Floats, share: float, mine: Floats, theirs: Floats) -> Floats:
    """Doubly robust scores (n,) whose mean is the effect; `taken` is 1 where our arm was drawn, else 0.

    `mine` and `theirs` (n,) are the outcomes expected of both arms, `share` the chance of ours among the two.
    """
    off = y - np.where(taken > 0, mine, theirs)
    weight = taken / share - (1 - taken) / (1 - share)
    return np.asarray(mine - theirs + weight * off)


def _robust(o: Outcomes, ours: int, other: int, size: Size, salt: int, tell: Callable[[], None]) -> Learned:
    taken, both = (o.arm == ours).astype(np.float64), (o.arm == ours) | (o.arm == other)
    share = float(taken[both].mean())
    held_out, parts = np.empty(len(o.y)), []
    for k in range(o.folds):
        pseudo = scores(o.y, taken, share, o.without(ours, k), o.without(other, k))
        model = o.table.fit(np.flatnonzero(both & (o.fold != k)), pseudo, size, salt * 1_009 + k)
        rows = o.fold == k
        held_out[rows] = Sum([(1.0, model)], o.table.threads).predict(o.table.matrix[rows])
        parts.append((1 / o.folds, model))
        tell()
    return Learned(f"DR-{size.name}", held_out, Sum(parts, o.table.threads))


def _crossed(o: Outcomes, ours: int, other: int, size: Size, salt: int, tell: Callable[[], None]) -> Learned:
    mine, theirs = o.arm == ours, o.arm == other
    share = float(mine.sum() / (mine.sum() + theirs.sum()))
    held_out, parts = np.empty(len(o.y)), []
    for k in range(o.folds):
        kept, rows = o.fold != k, o.fold == k
        gained = o.y - o.without(other, k)
        missed = o.without(ours, k) - o.y
        first = o.table.fit(np.flatnonzero(mine & kept), gained, size, salt * 1_009 + 2 * k + 500)
        second = o.table.fit(np.flatnonzero(theirs & kept), missed, size, salt * 1_009 + 2 * k + 501)
        # The effect seen from the larger arm rests on the better model of the smaller arm's counterpart.
        pair = [(1 - share, first), (share, second)]
        held_out[rows] = Sum(pair, o.table.threads).predict(o.table.matrix[rows])
        parts += [(weight / o.folds, model) for weight, model in pair]
        tell()
    return Learned(f"X-{size.name}", held_out, Sum(parts, o.table.threads))
