"""The knapsack: from which extra margin for each unit of money given away on an offer is given, so that it lasts."""

from __future__ import annotations

import numpy as np

from personalize.learning.uplift.trees import Floats


def threshold(gain: Floats, cost: Floats, budget: float | None) -> float:
    """The threshold of the fractional knapsack: the ratio of the one whom the budget does not reach any more.

    `gain` (n,) is the extra margin of giving the offer to each visitor, `cost` (n,) > 0 what it is expected to cost,
    `budget` what may be spent on each of them in the mean (None: no bound). They are filled in by gain for cost, the
    best first (Dantzig, Operations Research 5, 1957); who is above the threshold is given it. 0 where the budget lasts
    for all who gain. Those above it cost at most `budget` in the mean.
    """
    gains = gain > 0
    if budget is None or not gains.any():
        return 0.0
    ratio = gain[gains] / cost[gains]
    order = np.argsort(-ratio, kind="stable")
    spent = np.cumsum(cost[gains][order])
    beyond = int(np.searchsorted(spent, budget * len(gain), side="right"))
    return float(ratio[order[beyond]]) if beyond < len(order) else 0.0


def lasting(cost: Floats, budget: float | None) -> float:
    """The share (0..1) of visitors that giving it to everybody who comes can pay for, until the budget is spent."""
    each = float(cost.mean())
    return 1.0 if budget is None or each <= 0 else min(1.0, budget / each)
