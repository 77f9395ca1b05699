"""Intervals that may be watched: asymptotic confidence sequences, their p-values, and the fixed ones beside them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw, ndtr, ndtri

ALPHA = 0.05


def tuning(planned: float, alpha: float = ALPHA) -> float:
    """The mixture's rho^2 that makes the sequence narrowest at `planned` units.

    Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory and asymptotic confidence
    sequences (Annals of Statistics 52, 2024), where the width of Theorem 2.2 is least at a given time. It has to be
    fixed before the first look: any value is valid, one fitted to the data is not.
    """
    return (-float(lambertw(-(alpha**2) / math.e, -1).real) - 1.0) / planned


def boundary(units: float, rho2: float, alpha: float = ALPHA) -> float:
    """How many standard errors the sequence is wide, to each side, after so many units (over all variants).

    The normal mixture of the same Theorem, written for a standard error: the intervals at all times together hold
    the truth with probability 1 - alpha as the first look moves to later units.
    """
    x = units * rho2
    return math.sqrt((1.0 + 1.0 / x) * (2.0 * math.log(1.0 / alpha) + math.log1p(x)))


def boundaries(units: NDArray[np.float64], rho2: float, alpha: float = ALPHA) -> NDArray[np.float64]:
    """The same for many times at once."""
    x = units * rho2
    found: NDArray[np.float64] = np.sqrt((1.0 + 1.0 / x) * (2.0 * math.log(1.0 / alpha) + np.log1p(x)))
    return found


def watched_p(z: float, units: float, rho2: float) -> float:
    """The p-value that may be watched: the smallest alpha whose sequence leaves out the value `z` errors away."""
    x = units * rho2
    return min(1.0, math.exp(0.5 * math.log1p(x) - 0.5 * z * z * x / (1.0 + x)))


def fixed_boundary(alpha: float = ALPHA) -> float:
    """How many standard errors an interval is wide that is read once, at the planned end."""
    return float(ndtri(1.0 - alpha / 2.0))


def fixed_p(z: float) -> float:
    """The two-sided p-value of one look."""
    return float(2.0 * ndtr(-abs(z)))
