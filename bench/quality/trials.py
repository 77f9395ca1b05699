"""Simulated trials whose truth is known: visitors who come on some day, act on, and of whom some things were known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.experiments.analyse import MIN_ACTS, MIN_UNITS
from personalize.experiments.effects import Arm, Effect, compare

Floats = NDArray[np.float64]
MEASURES = ("conversion", "revenue", "clicks_to_cart", "not_this")


@dataclass(frozen=True)
class Street:
    """How a trial comes about: visitors a day, over so many days; `lift` is what the variant does to buying, `loss` the
    share of the variant's visitors that is never logged, `on` whether visitors act on after the day they came.
    """

    a_day: int = 200
    days: int = 28
    buys: float = 0.05
    lift: float = 0.0
    loss: float = 0.0
    on: bool = True


@dataclass(frozen=True, eq=False)
class Trial:
    """n visitors: the day each came, whether the variant's, what was known before (n, 3), acts by day (n, days)."""

    day: NDArray[np.int64]
    variant: NDArray[np.bool_]
    before: Floats
    orders: Floats
    revenue: Floats
    clicks: Floats
    carts: Floats
    rejected: Floats

    def arms(self, measure: str, until: int) -> tuple[Arm, Arm]:
        """Control and variant of the visitors that came before day `until`, with what they did before it."""
        here = self.day < until

        def told(which: NDArray[np.bool_]) -> Arm:
            rows = here & which
            before = self.before[rows]
            if measure == "conversion":
                return Arm((self.orders[rows, :until].sum(axis=1) > 0).astype(np.float64), None, before)
            if measure == "clicks_to_cart":
                return Arm(self.clicks[rows, :until].sum(axis=1), self.carts[rows, :until].sum(axis=1), before)
            acts = self.revenue if measure == "revenue" else self.rejected
            return Arm(acts[rows, :until].sum(axis=1), None, before)

        return told(~self.variant), told(self.variant)


def trial(street: Street, seed: int) -> Trial:
    """One trial. People differ (gamma), come again less and less, and what they spend is skewed (log-normal)."""
    rng = np.random.default_rng([seed, 41])
    n = street.a_day * street.days
    day = np.repeat(np.arange(street.days), street.a_day)
    variant = rng.random(n) < 0.5
    if street.loss:
        kept = ~(variant & (rng.random(n) < street.loss))
        day, variant, n = day[kept], variant[kept], int(kept.sum())
    keen = rng.gamma(1.5, 1 / 1.5, n)
    before = np.stack([rng.poisson(keen * 2.0), rng.poisson(keen * 6.0), rng.poisson(keen * street.buys * 2)], axis=1)
    age = np.arange(street.days)[None, :] - day[:, None]
    fades = np.where(age == 0, 1.0, np.where(age > 0, 0.15 * 0.93 ** np.maximum(age, 0), 0.0))
    if not street.on:
        fades = (age == 0).astype(np.float64)
    buying = fades * (keen * street.buys * (1 + street.lift * variant))[:, None]
    orders = rng.poisson(buying).astype(np.float64)
    spend = np.exp(rng.normal(3.5, 0.8, orders.shape)) * orders
    carts = orders + rng.poisson(fades * (keen * 0.2)[:, None])
    clicks = carts + rng.poisson(fades * (keen * 1.2)[:, None])
    rejected = rng.poisson(fades * (keen * 0.03)[:, None]).astype(np.float64)
    return Trial(day, variant, before.astype(np.float64), orders, spend, clicks.astype(np.float64), carts, rejected)


def looks(found: Trial, measure: str, days: int, rho2: float) -> Iterator[Effect]:
    """The effect as told at the end of each day, from the day on that a report tells it."""
    for until in range(1, days + 1):
        control, variant = found.arms(measure, until)
        if min(len(control), len(variant)) < MIN_UNITS:
            continue
        if min(np.count_nonzero(control.value), np.count_nonzero(variant.value)) < MIN_ACTS:
            continue
        effect = compare(control, variant, rho2)
        if effect is not None:
            yield effect
