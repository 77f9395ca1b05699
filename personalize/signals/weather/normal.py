"""The seasonal normal: how warm a day of the year is at a place, from the years before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

YEARS = 10
"""Whole years looked back on: short beside WMO's thirty, but it is today's climate that a day is warm or cold for."""
LEAST_DAYS = 3 * 365
LASTS = 30 * 86_400.0
"""Seconds a normal is used before it is made anew."""
YEAR = 365.2425 * 86_400.0


@dataclass(frozen=True, slots=True)
class Normal:
    """A year's course of daily mean temperatures: mean, and the waves of a year and of half a year (degrees C)."""

    waves: tuple[float, float, float, float, float]

    def on(self, at: float) -> float:
        """The normal mean of the day around `at` (epoch seconds), in degrees C."""
        turn, (mean, cosine, sine, half_cosine, half_sine) = 2 * pi * at / YEAR, self.waves
        half = half_cosine * cos(2 * turn) + half_sine * sin(2 * turn)
        return mean + cosine * cos(turn) + sine * sin(turn) + half


def fit(days: Sequence[tuple[float, float]]) -> Normal | None:
    """The least-squares course of (epoch seconds, mean in degrees C); None from less than three years of days.

    The first two harmonics of the year: a daily climatology from few years needs smoothing, and harmonics do it well
    (Narapusetty, DelSole, Tippett 2009, J. Climate 22).
    """
    if len(days) < LEAST_DAYS:
        return None
    table = np.array(days, dtype=np.float64)
    found, *_ = np.linalg.lstsq(_basis(table[:, 0]), table[:, 1], rcond=None)
    mean, cosine, sine, half_cosine, half_sine = (round(float(one), 3) for one in found)
    return Normal((mean, cosine, sine, half_cosine, half_sine))


def _basis(at: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    turn = 2 * pi * at / YEAR
    return np.stack([np.ones_like(turn), np.cos(turn), np.sin(turn), np.cos(2 * turn), np.sin(2 * turn)], axis=1)
