"""Ranking metrics per list, their means over groups of lists, and the paired bootstrap of a difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CUT = 10
RESAMPLES = 2000


def ndcg(order: NDArray[np.intp], clicked: NDArray[np.bool_], cut: int = CUT) -> float:
    """NDCG@cut of one list with binary gain; `order` of rows, `clicked` (n,) with at least one True."""
    hits = clicked[order[:cut]]
    discount = 1.0 / np.log2(np.arange(2, cut + 2))
    best = float(discount[: min(int(clicked.sum()), cut)].sum())
    return float(hits @ discount[: len(hits)]) / best


def mrr(order: NDArray[np.intp], clicked: NDArray[np.bool_]) -> float:
    """Reciprocal rank of the first clicked row."""
    return 1.0 / (1.0 + int(np.argmax(clicked[order])))


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which of m lists are `cold` (nothing of it touched in the session), a session's `last`, or `new`: bool (m,) each.

    `new`: of the list the visitor never touched or bought anything, in no session.
    """

    cold: NDArray[np.bool_]
    last: NDArray[np.bool_]
    new: NDArray[np.bool_]

    def table(self, gains: NDArray[np.float64], ranks: NDArray[np.float64]) -> dict[str, dict[str, float | int | None]]:
        """DESIGN 8's `M` for each group: `gains` and `ranks` are NDCG and reciprocal rank per list, (m,)."""
        everything = np.ones(len(gains), bool)
        return {
            name: {
                "n": int(mask.sum()),
                "ndcg@10": float(gains[mask].mean()) if mask.any() else None,
                "mrr": float(ranks[mask].mean()) if mask.any() else None,
            }
            for name, mask in (("all", everything), ("cold", self.cold), ("last", self.last), ("new", self.new))
        }


def paired_interval(difference: NDArray[np.float64], seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of the mean of per-list differences (m,); NaNs without lists."""
    count = len(difference)
    if not count:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    means = np.array([difference[rng.integers(0, count, count)].mean() for _ in range(RESAMPLES)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class Health:
    """How an order treats the shop's own: variety over visitors and how far rows are moved.

    `Health.told()`: `items_in_top` distinct items among the first `CUT` rows of all lists, `share_of_top` their number
    over what the shop's order puts there, `displacement` the mean number of places that a row of the new top has
    risen, `kept` the share of the shop's top that stays in the top.
    """

    def __init__(self) -> None:
        self._ours: set[str] = set()
        self._theirs: set[str] = set()
        self._lists, self._risen, self._kept = 0, 0.0, 0.0

    def see(self, ids: tuple[str, ...], order: NDArray[np.intp]) -> None:
        """Note one list: its ids in the shop's order, and the order served."""
        top = order[:CUT]
        self._ours.update(ids[row] for row in top.tolist())
        self._theirs.update(ids[:CUT])
        self._lists += 1
        self._risen += float(np.maximum(top - np.arange(len(top)), 0).mean())
        self._kept += float((top < CUT).mean())

    def told(self) -> dict[str, float | int]:
        """The figures over all lists seen; at least one."""
        return {
            "items_in_top": len(self._ours),
            "share_of_top": len(self._ours) / len(self._theirs),
            "displacement": self._risen / self._lists,
            "kept": self._kept / self._lists,
        }
