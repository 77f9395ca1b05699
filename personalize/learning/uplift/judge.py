"""Judging on test rows: Qini, the first 30 %, the mean effect, and a policy's value against the best constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personalize.learning.off_policy import Logged, Target, difference, estimate
from personalize.learning.uplift.outcomes import Ints
from personalize.learning.uplift.trees import Floats

TOP = 0.3
LEARNED, KEEP = "learned", "keep the constant"


def qini(rank: Floats, outcome: Floats, treated: Floats) -> float:
    """The Qini area of rows (n,) sorted by `rank`, the highest first; `treated` is 1 or 0.

    q(f) = (Y_t - Y_c n_t / n_c) / n over the first share f, where Y and n are sums of outcomes and rows of treated and
    control; the area of q over f, minus half of q(1) (after Radcliffe 2007). Rows of one rank are drawn on a straight
    line, as they stand in no order: ranks that are all alike have area 0.
    """
    n = len(rank)
    share, q = _curve(rank, outcome, treated)
    area = float(((q[1:] + q[:-1]) / 2) @ np.diff(share))
    return (area - float(q[-1]) / 2) / n


def top(rank: Floats, outcome: Floats, treated: Floats, first: float = TOP) -> float:
    """Mean outcome of treated minus control rows in the first share of rows by `rank`; NaN where one has none.

    Where the last of them share their rank with others, these count in part.
    """
    n = len(rank)
    order = np.sort(rank)[::-1]
    wanted = first * n
    edge = order[min(n - 1, max(0, int(np.ceil(wanted)) - 1))]
    above, at = rank > edge, rank == edge
    weight = above + at * max(0.0, (wanted - above.sum()) / at.sum())
    ours, theirs = weight * treated, weight * (1 - treated)
    if ours.sum() <= 0 or theirs.sum() <= 0:
        return float("nan")
    return float(ours @ outcome / ours.sum() - theirs @ outcome / theirs.sum())


def effect(outcome: Floats, treated: Floats) -> float:
    """Mean outcome of treated minus control rows."""
    return float(outcome[treated > 0].mean() - outcome[treated == 0].mean())


@dataclass(frozen=True, slots=True)
class Worth:
    """Values of a policy and of the best constant, and the 95 % interval (paired) of the difference."""

    learned: float
    best_constant: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`LEARNED` where the policy's gain is beyond doubt."""
        return LEARNED if self.low > 0 else KEEP


def worth(outcome: Floats, arm: Ints, arms: int, chosen: Ints, best: int) -> Worth:
    """A policy fixed beforehand (`chosen` (n,) arms) against always `best`, by SNIPS on test rows.

    The propensity of an arm is its share of the rows: arms are drawn at random. EvidenceError where too few of the
    rows, or of those with an outcome, got what the policy gives them.
    """
    share = np.bincount(arm, minlength=arms) / len(arm)
    logged = Logged.of(outcome, share[arm])
    ours, constant = Target((chosen == arm).astype(np.float64)), Target((arm == best).astype(np.float64))
    value, fixed = estimate(logged, ours, "snips"), estimate(logged, constant, "snips")
    gap = difference(logged, ours, constant, "snips")
    return Worth(value.value, fixed.value, gap.low, gap.high)


def _curve(rank: Floats, outcome: Floats, treated: Floats) -> tuple[Floats, Floats]:
    """Shares of rows, and n q(f) at each: at 0 and where a run of equal ranks ends."""
    n = len(rank)
    order = np.argsort(-rank, kind="stable")
    y, t = outcome[order], treated[order]
    ends = np.flatnonzero(np.concatenate([np.diff(rank[order]) != 0, [True]]))
    many, gained = np.cumsum(t)[ends], np.cumsum(t * y)[ends]
    few, kept = (ends + 1) - many, np.cumsum((1 - t) * y)[ends]
    q = gained - np.where(few > 0, kept * many / np.maximum(few, 1), 0.0)
    return np.concatenate([[0.0], (ends + 1) / n]), np.concatenate([[0.0], q])
