"""A simulated outdoor shop: its weather, and daily sales that follow it by a known rule. Nothing of it is real."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

START = np.datetime64("2023-01-02")  # a Monday
GROUPS: Mapping[str, tuple[float, float, float, float]] = MappingProxyType(
    {
        "rainwear": (40.0, 0.0, 0.55, 0.1),
        "sun": (30.0, 0.06, -0.35, 0.5),
        "tents": (15.0, 0.035, -0.25, 0.6),
        "knitwear": (35.0, -0.05, 0.1, -0.5),
        "shoes": (60.0, 0.0, 0.1, 0.0),
    }
)
"""Sales on a usual day, and how their logarithm moves: per degree over the season's usual, on a day of rain, with the
season (summer over winter, half of the swing)."""
WEEK = np.log([0.9, 0.85, 0.9, 1.0, 1.15, 1.5, 0.7])


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """d days of g groups: `sold` (d, g); `expected` (d, g) knows the weather of the day, `blind` (d, g) that it varies.

    Both know all else that can be known: they are the best forecasts with and without the weather.

    `temperature` in degrees Celsius, `rain` in mm, (d,) each.
    """

    days: NDArray[np.datetime64]
    groups: tuple[str, ...]
    sold: Floats
    expected: Floats
    blind: Floats
    temperature: Floats
    rain: Floats

    def gain(self, first: int) -> float:
        """What knowing the weather takes off the WAPE from day `first` on, at best."""
        sold = self.sold[first:]
        errors = (np.abs(sold - forecast[first:]).sum() for forecast in (self.blind, self.expected))
        return float((next(errors) - next(errors)) / sold.sum())

    def write(self, path: Path, **more: Floats) -> None:
        """As a CSV with columns date, group, sold, temperature, rain, and `more` (d,) by name."""
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["date", "group", "sold", "temperature", "rain", *more])
            for day in range(len(self.days)):
                told = [self.temperature[day].round(1), self.rain[day].round(1), *(v[day] for v in more.values())]
                for number, group in enumerate(self.groups):
                    rows.writerow([self.days[day], group, int(self.sold[day, number]), *told])


def sell(days: int, seed: int, effect: float = 1.0, groups: tuple[str, ...] = tuple(GROUPS)) -> Sales:
    """The sales of some days; `effect` scales how much the weather matters, 0 for not at all."""
    rng = np.random.default_rng([seed, 21])
    season = np.sin(2 * np.pi * (np.arange(days) - 110) / 365.25)
    deviation = _wander(rng, days, 0.75, 2.6)
    wet = _wander(rng, days, 0.5, 1.0) > 0.45
    rain = np.where(wet, np.round(rng.gamma(0.9, 5.0, days) + 0.2, 1), 0.0)
    level = np.cumsum(rng.normal(0, 0.008, days)) + 0.0002 * np.arange(days)
    weekday = WEEK[np.arange(days) % 7]
    sold, expected, blind = (np.empty((days, len(groups))) for _ in range(3))
    for number, (usual, degree, showers, summer) in enumerate(GROUPS[group] for group in groups):
        weather = effect * (degree * deviation + showers * np.tanh(rain / 3.0))
        expected[:, number] = usual * np.exp(level + weekday + summer * season + weather)
        blind[:, number] = usual * np.exp(level + weekday + summer * season + np.median(weather))
        extra = rng.gamma(40.0, 1 / 40.0, days)  # days differ for more reasons than chance in counting
        sold[:, number] = rng.poisson(expected[:, number] * extra)
    return Sales(START + np.arange(days), groups, sold, expected, blind, np.round(10 + 9 * season + deviation, 1), rain)


def _wander(rng: np.random.Generator, days: int, hold: float, spread: float) -> Floats:
    """A stationary walk that keeps `hold` of itself from day to day, of standard deviation `spread`."""
    steps = rng.normal(0, spread * np.sqrt(1 - hold**2), days)
    found = np.empty(days)
    state = rng.normal(0, spread)
    for day in range(days):
        state = hold * state + steps[day]
        found[day] = state
    return found
