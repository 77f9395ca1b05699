"""The decision whether a signal pays: rolling origins inside the past, an interval over blocks of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """The relative change of the total absolute error, (with - without) / without: value and interval."""

    value: float
    low: float
    high: float


def compare(without: Floats, with_: Floats, block: Ints, level: float, seed: int) -> Change:
    """The change of absolute errors (n,), its interval by a bootstrap of whole blocks of time (n,).

    Errors of neighbouring days and of all series of a day are alike: blocks, not rows, are what repeats.
    """
    _, number = np.unique(block, return_inverse=True)
    one, other = np.bincount(number, without), np.bincount(number, with_)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(one), (RESAMPLES, len(one)))
    base = one[drawn].sum(axis=1)
    values = other[drawn].sum(axis=1) / np.where(base > 0, base, np.nan) - 1
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Change(float(other.sum() / one.sum() - 1), float(low), float(high))
