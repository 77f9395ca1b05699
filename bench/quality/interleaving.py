"""Interleaving beside an A/B test, where one ranker is known to be better: `python -m bench.quality.interleaving`.

Simulated visitors look at lists of 24 rows from the top down and click what they like. The better ranker knows their
taste with less noise. Told is how many visitors each way needs to find it with 80 %, and how often it then does. The
A/B test knows each visitor's clicks of an earlier period (CUPED) where it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from personalize.decisions.interleaving import interleave
from personalize.domain.interleaving import credit
from personalize.domain.patch import Author, Reason, Reorder
from personalize.experiments.effects import Arm, compare
from personalize.experiments.power import errors_needed, spread_of, units_for
from personalize.experiments.preference import judge
from personalize.experiments.sequences import ALPHA, tuning

Floats = NDArray[np.float64]
ROWS = 24
EXAMINED = (1.0 + np.arange(ROWS)) ** -0.8
NOISE = {"old": 1.3, "better": 1.0}
"""How badly each ranker knows a visitor's taste, in standard deviations of the taste."""

WAYS = {"A/B, clicks, CUPED": ("clicks", True), "A/B, clicks": ("clicks", False), "A/B, orders": ("orders", False)}


@dataclass(frozen=True, eq=False)
class Crowd:
    """n visitors: `clicks[how]` and `orders[how]` (n,) under each ranker, `leaning` (n,) to the better one, NaN where
    no click of an interleaved list tells them apart; `before` (n, 1) clicks of an earlier period under the old one.
    """

    clicks: dict[str, Floats]
    orders: dict[str, Floats]
    leaning: Floats
    before: Floats


def crowd(n: int, seed: int) -> Crowd:
    """Simulate n visitors, each under both rankers and under the interleaved one, in worlds of their own."""
    rng = np.random.default_rng([seed, 44])
    often, keenness = rng.gamma(1.5, 2.0 / 1.5, n), rng.gamma(2.0, 0.5, n)
    before = np.repeat(np.arange(n), 1 + rng.poisson(often))
    liked = rng.normal(0, 1, (len(before), ROWS))
    ranked = np.argsort(-(liked + rng.normal(0, NOISE["old"], liked.shape)), axis=1)
    seen = _clicked(liked, ranked, keenness[before], rng).sum(axis=1)
    earlier = np.bincount(before, seen, n).astype(np.float64)
    owner = np.repeat(np.arange(n), 1 + rng.poisson(often))
    keen = keenness[owner]
    taste = rng.normal(0, 1, (len(owner), ROWS))
    order = {how: np.argsort(-(taste + rng.normal(0, noise, taste.shape)), axis=1) for how, noise in NOISE.items()}
    clicks, orders = {}, {}
    for how, ranked in order.items():
        seen = _clicked(taste, ranked, keen, rng).sum(axis=1)
        clicks[how] = np.bincount(owner, seen, n).astype(np.float64)
        orders[how] = rng.binomial(clicks[how].astype(int), 0.05).astype(np.float64)
    author, reason = Author("bench", "1"), Reason("bench")
    told = {how: [Reorder("", tuple(row), author, reason) for row in order[how].tolist()] for how in NOISE}
    pairs = zip(told["better"], told["old"], strict=True)
    merged = [
        interleave("bench", str(owner[row]), str(row), one, other, ROWS) for row, (one, other) in enumerate(pairs)
    ]
    found = _clicked(taste, np.array([one.order for one in merged]), keen, rng)
    owed = np.array(
        [credit(one.teams, np.flatnonzero(row)) for one, row in zip(merged, found, strict=True)], np.float64
    )
    won, lost = (np.bincount(owner, owed[:, side], n) for side in (0, 1))
    with np.errstate(invalid="ignore"):
        return Crowd(clicks, orders, (won - lost) / (won + lost), earlier[:, None])


def _clicked(taste: Floats, order: NDArray[np.int64], keen: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    wants = 1 / (1 + np.exp(-(np.take_along_axis(taste, order, axis=1) * 1.5 - 2.0)))
    return np.asarray(rng.random(order.shape) < np.minimum(EXAMINED * wants * keen[:, None], 1.0))


def needed(people: Crowd) -> dict[str, int]:
    """Visitors that each way needs to find the better ranker with 80 %, read once."""
    told = {}
    for name, (acts, before) in WAYS.items():
        one = getattr(people, acts)
        effect = float(one["better"].mean() - one["old"].mean())
        told[name] = units_for(
            effect, spread_of(Arm(one["old"], None, people.before if before else None)), watched=False
        )
    lean = people.leaning[~np.isnan(people.leaning)]
    telling = (errors_needed(watched=False) * float(lean.std(ddof=1)) / float(lean.mean())) ** 2
    told["interleaved"] = int(np.ceil(telling * len(people.leaning) / len(lean)))
    return told


def finds(people: Crowd, way: str, visitors: int, trials: int, seed: int) -> float:
    """How often a trial with so many visitors, drawn from the crowd, finds the better ranker; read once."""
    rng, hits = np.random.default_rng([seed, 45]), 0
    draw = partial(rng.integers, len(people.leaning))
    for _ in range(trials):
        if way == "interleaved":
            lean = people.leaning[draw(size=visitors)]
            found = judge(lean[~np.isnan(lean)], ("better", "old"))
            hits += found.fixed[0] > 0
            continue
        acts, before = getattr(people, WAYS[way][0]), WAYS[way][1]
        rows = {how: draw(size=visitors // 2) for how in NOISE}
        arms = [Arm(acts[how][one], None, people.before[one] if before else None) for how, one in rows.items()]
        effect = compare(arms[0], arms[1], tuning(visitors))
        hits += effect is not None and effect.difference > 0 and effect.p_fixed < ALPHA
    return hits / trials


@click.command()
@click.option("--visitors", default=40_000, show_default=True, type=click.IntRange(1_000, 1_000_000))
@click.option("--trials", default=400, show_default=True, type=click.IntRange(10, 100_000))
@click.option("--seed", default=0, show_default=True)
def main(visitors: int, trials: int, seed: int) -> None:
    """How many visitors each way needs."""
    people = crowd(visitors, seed)
    told = needed(people)
    lift = people.clicks["better"].mean() / people.clicks["old"].mean() - 1
    table = Table(title=f"the better ranker earns {lift:+.1%} clicks; to find it with 80 %")
    for column in ("way", "visitors", "times interleaving", f"found, of {trials}"):
        table.add_column(column)
    for way, count in told.items():
        table.add_row(
            way, f"{count:,}", f"{count / told['interleaved']:.1f}", f"{finds(people, way, count, trials, seed):.1%}"
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
