"""The shape of features: their distribution in training, kept in a model's card, and PSI against what is served."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.features.schema import CLOCK, Schema

MAX_FEATURES = 256
CUTS = np.linspace(0.1, 0.9, 9)
LEAST = 1e-3  # a share below this counts as this: an empty bin is no infinite surprise
SHIFTED = 0.25  # PSI from which a feature counts as shifted; below 0.1 nothing has happened
DIGITS = 6
SAMPLE = 200_000  # rows that quantiles are taken of


@dataclass(frozen=True, slots=True)
class Shape:
    """The distribution of one feature: `shares` of missing values, then of those up to each of `edges`, then above."""

    edges: NDArray[np.float64]
    shares: NDArray[np.float64]

    def count(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """How many of `values` (n,) lie in each bin, NaN first; as long as `shares`."""
        missing = np.isnan(values)
        bins = np.where(missing, 0, 1 + np.searchsorted(self.edges, values, side="left"))
        return np.bincount(bins, minlength=len(self.shares)).astype(np.float64)

    def psi(self, counts: NDArray[np.float64]) -> float:
        """The population stability index of `counts` against `shares`: 0 is the same, 0.25 another distribution."""
        if not counts.sum():
            return math.nan
        seen, told = np.maximum(counts / counts.sum(), LEAST), np.maximum(self.shares, LEAST)
        return float(((seen - told) * np.log(seen / told)).sum())


def moving_by_themselves(schema: Schema) -> frozenset[str]:
    """The columns whose distribution moves though nobody behaves otherwise: counts that still grow, and the clock."""
    return schema.counted | {*CLOCK}


def describe(matrix: NDArray[np.float32], names: Sequence[str]) -> dict[str, list[list[float]]]:
    """Per feature (at most `MAX_FEATURES`) its inner deciles and the shares between them, for a model's card."""
    rows = matrix[:: max(len(matrix) // SAMPLE, 1)]
    told = {}
    for column, name in enumerate(names[:MAX_FEATURES]):
        values = rows[:, column]
        known = values[~np.isnan(values)]
        found = np.quantile(known, CUTS, method="inverted_cdf") if len(known) else np.zeros(0)
        edges = np.unique([float(f"{edge:.{DIGITS}g}") for edge in found])
        shares = Shape(edges, np.zeros(len(edges) + 2)).count(values) / max(len(values), 1)
        told[name] = [edges.tolist(), [round(share, DIGITS) for share in shares.tolist()]]
    return told


def shapes(card: Mapping[str, Any], names: Sequence[str]) -> dict[int, Shape]:
    """The distributions that a card tells, by column of `names`; {} where it tells none."""
    told = card.get("drift")
    found: dict[int, Shape] = {}
    for column, name in enumerate(names if isinstance(told, Mapping) else ()):
        try:
            edges, shares = (np.asarray(part, np.float64) for part in told[name])  # type: ignore[index]
        except (KeyError, TypeError, ValueError):
            continue
        if edges.ndim == shares.ndim == 1 and len(shares) == len(edges) + 2:
            found[column] = Shape(edges, shares)
    return found
