"""What each arm would have earned: outcome models, cross-fitted so that none is asked of rows it learned from."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from personalize.learning.uplift.trees import OUTCOME, Floats, Rows, Sum, Table

Ints = NDArray[np.int64]


class Outcomes:
    """Models of the outcome by arm, one for each pair of folds, learned from all rows outside of the pair.

    A second stage that holds out fold k learns from the rows of every other fold j by models that have seen neither j
    nor k: what it predicts for fold k is then free of fold k's outcomes (plain cross-fitting leaves a trace of them,
    as large as the effects looked for). One pair's models serve both of its folds.
    """

    def __init__(
        self, table: Table, y: Floats, arm: Ints, arms: int, folds: int, salt: int, tell: Callable[[], None]
    ) -> None:
        self.table, self.y, self.arm, self.folds = table, y, arm, folds
        n = len(y)
        self.fold = np.random.default_rng([table.seed, salt, 11]).permutation(n) % folds
        self.pairs = list(combinations(range(folds), 2))
        self.models: list[list[lgb.Booster]] = []
        # What a pair's models are asked: the rows of its two folds alone, NaN elsewhere.
        self._told = np.full((len(self.pairs), arms, n), np.nan, np.float32)
        for number, pair in enumerate(self.pairs):
            outside = ~np.isin(self.fold, pair)
            asked = np.flatnonzero(~outside)
            matrix = table.matrix[asked]
            made = []
            for one in range(arms):
                rows = np.flatnonzero(outside & (arm == one))
                made.append(table.fit(rows, y, OUTCOME, salt * 10_007 + number * 101 + one))
                self._told[number, one, asked] = Sum([(1.0, made[-1])], table.threads).predict(matrix)
                tell()
            self.models.append(made)
        self._place = {pair: number for number, pair in enumerate(self.pairs)}

    def held_out(self, one: int) -> Floats:
        """The outcome (n,) expected under an arm, each row by all models that did not learn from its fold."""
        found = np.empty(len(self.y))
        for k in range(self.folds):
            rows = np.flatnonzero(self.fold == k)
            inside = [number for number, pair in enumerate(self.pairs) if k in pair]
            found[rows] = self._told[inside, one][:, rows].mean(axis=0)
        return found

    def without(self, one: int, k: int) -> Floats:
        """The same (n,), by models that did not learn from fold `k` either; NaN for the rows of fold `k` itself."""
        found = np.full(len(self.y), np.nan)
        for j in range(self.folds):
            if j != k:
                rows: Rows = np.flatnonzero(self.fold == j)
                found[rows] = self._told[self._place[min(j, k), max(j, k)], one, rows]
        return found
