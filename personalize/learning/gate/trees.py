"""The trees on top of a linear forecast: they learn what bends, and how signals and calendar work together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_TREES = 400
EVERY = 20  # trees between two looks at the later rows
MAX_ROWS = 200_000  # newest rows that trees learn from
BOUND = 4.0  # robust standard deviations: what lies beyond counts as there
PARAMETERS: Mapping[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "cat_smooth": 20.0,
    "max_cat_threshold": 16,
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
}


def grow(matrix: Floats, y: Floats, words: list[int], trees: int, seed: int) -> lgb.Booster:
    """Trees that explain `y` (n,) by rows (n, f); the columns `words` are codes without order."""
    matrix, y = matrix[-MAX_ROWS:], y[-MAX_ROWS:]
    spread = 1.4826 * float(np.median(np.abs(y - np.median(y)))) or float(y.std()) or 1.0
    bounded = np.clip(y, -BOUND * spread, BOUND * spread)
    rows = len(y)
    parameters = {
        **PARAMETERS,
        "num_leaves": 7 if rows < 3_000 else 15 if rows < 30_000 else 31,
        "min_data_in_leaf": int(np.clip(rows // 100, 10, 60)),
        "seed": seed,
    }
    data = lgb.Dataset(matrix, bounded, categorical_feature=words, params={"verbose": -1})
    return lgb.train(parameters, data, trees)


def count(
    early: tuple[Floats, Floats], late: Floats, loss: Callable[[Floats], float], words: list[int], seed: int
) -> int:
    """How many trees grown on `early` (rows, y) serve the rows `late` best by `loss(what they add)`; 0 is none."""
    booster = grow(*early, words, MAX_TREES, seed)
    added = np.zeros(len(late))
    losses = [loss(added)]
    for first in range(0, booster.num_trees(), EVERY):
        added = added + booster.predict(late, start_iteration=first, num_iteration=EVERY, num_threads=1)
        losses.append(loss(added))
    return EVERY * int(np.argmin(losses))
