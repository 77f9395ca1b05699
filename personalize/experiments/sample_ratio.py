"""Sample ratio mismatch: whether the variants hold as many units as they should, at one look and at any time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, gammaln

HALT = 0.01
"""Below this an experiment is halted: at most one false alarm in a hundred, however often one looks."""

CONCENTRATION = 1_000.0
"""How far from the weights the alternative looks: as far as a thousand units would scatter by themselves."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The shares that were met and expected, and how likely the counts are where nothing is wrong.

    `p` is chi-square for one look, `p_watched` holds at any time; `halt` follows the latter.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    p: float
    p_watched: float
    halt: bool


def judge(counts: Sequence[int], weights: Sequence[float], halt: float = HALT) -> Ratio:
    """Hold the units of each variant against the weights they were assigned with (both k values, weights above 0).

    The test that may be watched is the Bayes factor of a Dirichlet-multinomial against the weights, whose inverse is a
    p-value at any time (Lindon and Malek: Anytime-valid inference for multinomial count data, NeurIPS 2022).
    """
    met = np.asarray(counts, np.float64)
    shares = np.asarray(weights, np.float64) / float(sum(weights))
    total = float(met.sum())
    prior = CONCENTRATION * shares
    log_factor = float(
        gammaln(CONCENTRATION) - gammaln(CONCENTRATION + total)
        + (gammaln(prior + met) - gammaln(prior)).sum() - (met * np.log(shares)).sum()
    )  # fmt: skip
    watched = math.exp(min(0.0, -log_factor))
    due = shares * total
    once = float(chdtrc(len(met) - 1, float(((met - due) ** 2 / due).sum()))) if total else 1.0
    return Ratio(tuple(int(one) for one in counts), tuple(float(one) for one in shares), once, watched, watched < halt)
