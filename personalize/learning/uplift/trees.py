"""Small trees: LightGBM regressions as large as effects of a percent allow, and weighted sums of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]

BINS = 63
RIDGE = 10.0  # rows that weigh as much as the pull of a leaf towards nothing


@dataclass(frozen=True, slots=True)
class Size:
    """How much a model may say: `leaves` a tree, `trees`, what a tree counts, and the rows of a leaf as a share."""

    name: str
    leaves: int
    trees: int
    rate: float
    leaf_share: float

    def leaf(self, rows: int) -> int:
        """Rows that a leaf needs at least."""
        return int(np.clip(rows * self.leaf_share, 20, 2_000))


PLAIN = Size("plain", 2, 80, 0.05, 0.01)
MIDDLE = Size("middle", 4, 80, 0.05, 0.01)
LARGE = Size("large", 16, 100, 0.08, 0.004)
OUTCOME = Size("outcome", 8, 80, 0.06, 0.004)


class Table:
    """A feature matrix (n, f), float32 with NaN where missing, binned once for all models that learn from its rows."""

    def __init__(self, matrix: Matrix, seed: int, threads: int) -> None:
        self.matrix = matrix
        self.seed = seed
        self.threads = threads
        # Bins are taken from the features alone, so that held-out rows tell nothing of their outcomes.
        self._binned = lgb.Dataset(
            matrix, np.zeros(len(matrix)), params={**self._parameters(PLAIN, len(matrix), 0)}, free_raw_data=True
        ).construct()

    def fit(self, rows: Rows, target: Floats, size: Size, salt: int) -> lgb.Booster:
        """A model of `target` (n,) learned from `rows` (sorted indices). `salt` sets models of one table apart."""
        part = self._binned.subset(rows.astype(np.int32).tolist()).construct()
        part.set_label(target[rows])
        return lgb.train(self._parameters(size, len(rows), salt), part, size.trees)

    def _parameters(self, size: Size, rows: int, salt: int) -> dict[str, Any]:
        return {
            "objective": "regression", "learning_rate": size.rate, "num_leaves": size.leaves,
            "min_data_in_leaf": size.leaf(rows), "lambda_l2": RIDGE, "feature_fraction": 0.7,
            "bagging_fraction": 0.7, "bagging_freq": 1, "max_bin": BINS, "min_data_in_bin": 3,
            "feature_pre_filter": False, "verbose": -1, "deterministic": True, "force_row_wise": True,
            "num_threads": self.threads, "seed": (self.seed * 7_919 + salt) % 2**31,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """Models with their weights: `predict` adds them up."""

    parts: Sequence[tuple[float, lgb.Booster]]
    threads: int = 1

    def predict(self, matrix: Matrix) -> Floats:
        """The weighted sum for each row, (m,)."""
        total = np.zeros(len(matrix))
        for weight, model in self.parts:
            total += weight * np.asarray(model.predict(matrix, num_threads=self.threads), np.float64)
        return total

    def turned(self) -> Sum:
        """The same with the other sign."""
        return Sum([(-weight, model) for weight, model in self.parts], self.threads)
