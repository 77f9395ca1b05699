"""The model of doubly robust estimates: a ridge regression for each arm, never asked of rows it learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FOLDS = 5
RIDGE = 10.0  # rows that weigh as much as the pull towards the arm's own mean
MAX_LEVELS = 30  # values of a column of words that get a column of their own, the most frequent


def foresee(context: Floats, arm: NDArray[np.int64], arms: int, reward: Floats, seed: int = 0) -> Floats:
    """The reward expected of every arm, (n, arms), each row by a model fitted on the other folds (cross-fitting).

    `context` (n, f) finite, `arm` (n,) in range(arms). A linear model is enough: doubly robust estimates are unbiased
    whatever it says and only gain precision from it. An arm that a fold never saw is foreseen at the overall mean.
    """
    n = len(reward)
    spread = context.std(axis=0)
    columns = (context - context.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    fold = np.random.default_rng([seed, 5]).permutation(n) % FOLDS
    found = np.zeros((n, arms))
    for number in range(FOLDS):
        inside, outside = np.flatnonzero(fold == number), fold != number
        overall = float(reward[outside].mean()) if outside.any() else 0.0
        for one in range(arms):
            rows = np.flatnonzero(outside & (arm == one))
            if not len(rows):
                found[inside, one] = overall
                continue
            middle, level = columns[rows].mean(axis=0), float(reward[rows].mean())
            x, y = columns[rows] - middle, reward[rows] - level
            slope = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
            found[inside, one] = level + (columns[inside] - middle) @ slope
    return found


def as_columns(table: dict[str, list[str]]) -> Floats:
    """Columns of text as numbers (n, f): numbers as they are (missing: the mean), words as one column a value."""
    made: list[Floats] = []
    for values in table.values():
        numbers = np.array([_number(value) for value in values])
        missing = np.array([not value.strip() for value in values])
        known = ~np.isnan(numbers)
        if known.any() and (known | missing).all():
            made.append(np.where(known, numbers, numbers[known].mean()))
            continue
        words = np.array(values)
        levels, counts = np.unique(words, return_counts=True)
        frequent = levels[np.argsort(-counts, kind="stable")][:MAX_LEVELS]
        made += [(words == level).astype(np.float64) for level in frequent.tolist()]
    return np.stack(made, axis=1) if made else np.zeros((len(next(iter(table.values()), [])), 0))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
