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
    """Which of m lists are `cold` (nothing of it touched in the session) or a session's `last`: bool (m,) each."""

    cold: NDArray[np.bool_]
    last: NDArray[np.bool_]

    def table(self, gains: NDArray[np.float64], ranks: NDArray[np.float64]) -> dict[str, dict[str, float | int | None]]:
        """DESIGN 8's `M` for all, cold and last: `gains` and `ranks` are NDCG and reciprocal rank per list, (m,)."""
        everything = np.ones(len(gains), bool)
        return {
            name: {
                "n": int(mask.sum()),
                "ndcg@10": float(gains[mask].mean()) if mask.any() else None,
                "mrr": float(ranks[mask].mean()) if mask.any() else None,
            }
            for name, mask in (("all", everything), ("cold", self.cold), ("last", self.last))
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
