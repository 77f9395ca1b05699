"""Uplift held against a known truth: `python -m bench.quality.uplift [--tables 40] [--rows 8000]`.

Simulated campaigns, in some of which nobody differs: how often is a policy said to be learned where there is nothing to
learn, how much of the gain there is does it find, and do intervals hold the true difference?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError
from personalize.learning.uplift.judge import LEARNED, worth
from personalize.learning.uplift.learn import fit

Floats = NDArray[np.float64]
Columns = dict[str, list[str]]


@dataclass(frozen=True)
class World:
    """A campaign to simulate: `effects` of the context (n, 6) are (n, arms), what each arm adds to the chance of a
    visit (number 0 is the control); `shares` of the arms; `amount` whether outcomes are sums of money, most of them 0.
    """

    name: str
    effects: Callable[[Floats], Floats]
    shares: tuple[float, ...] = (0.5, 0.5)
    amount: bool = False
    base: float = 0.14


def _arms(*columns: Floats | float) -> Callable[[int], Floats]:
    return lambda n: np.stack([np.zeros(n), *(np.broadcast_to(column, n) for column in columns)], axis=1)


NULL = (
    World("no effect", lambda x: _arms(0.0)(len(x))),
    World("the same for all", lambda x: _arms(0.03)(len(x))),
    World("three arms alike", lambda x: _arms(0.03, 0.03)(len(x)), (0.34, 0.33, 0.33)),
    World("amounts, no effect", lambda x: _arms(0.0)(len(x)), amount=True),
    World("rare, 85 % treated", lambda x: _arms(0.0)(len(x)), (0.15, 0.85), base=0.04),
)
KNOWN = (
    World("crossing", lambda x: _arms(0.1 * x[:, 0] + 0.02 * x[:, 4])(len(x))),
    World("one group gains", lambda x: _arms(np.where((x[:, 2] > 0.5) & (x[:, 5] > 0), 0.15, -0.02))(len(x))),
    World("interaction", lambda x: _arms(0.1 * np.sign(x[:, 1] * x[:, 2]))(len(x))),
    World("an arm a group", lambda x: _arms(np.where(x[:, 4] > 0, 0.08, 0.0), np.where(x[:, 4] > 0, 0.0, 0.08))(len(x)),
          (0.34, 0.33, 0.33)),
    World("85 % treated", lambda x: _arms(0.08 * np.sign(x[:, 3]))(len(x)), (0.15, 0.85)),
    World("amounts", lambda x: _arms(np.where(x[:, 2] > 0, 0.08, -0.05))(len(x)), amount=True),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Drawn:
    """One campaign: the table's columns, `arm` and `outcome` (n,), and what each arm is truly worth (n, arms)."""

    columns: Columns
    arm: NDArray[np.int64]
    outcome: Floats
    truth: Floats


def draw(world: World, rows: int, seed: int) -> Drawn:
    """A campaign of a world: six columns, one of words, a third of one column missing."""
    rng = np.random.default_rng([seed, rows])
    x = rng.normal(size=(rows, 6))
    x[:, 4:] = np.where(x[:, 4:] > 0, 1.0, -1.0)
    arm = rng.choice(len(world.shares), rows, p=world.shares).astype(np.int64)
    usual = np.clip(world.base * (1 + 0.4 * x[:, 0] + 0.3 * (x[:, 1] > 0) + 0.2 * x[:, 4]), 0.01, 0.6)
    chance = np.clip(usual[:, None] + world.effects(x), 0.002, 0.95)
    outcome = (rng.random(rows) < chance[np.arange(rows), arm]).astype(np.float64)
    truth = chance
    if world.amount:
        outcome = outcome * np.exp(3.5 + 0.8 * rng.normal(size=rows))
        truth = chance * np.exp(3.5 + 0.32)
    columns = {f"c{place}": [f"{value:.4g}" for value in x[:, place]] for place in range(5)}
    columns["c5"] = np.where(x[:, 5] > 0, "web", "shop").tolist()
    gone = rng.random(rows) < 0.3
    columns["noise"] = ["" if missing else f"{value:.3f}" for missing, value in zip(gone, x[:, 3] ** 2, strict=True)]
    return Drawn(columns, arm, outcome, truth)


def judged(world: World, rows: int, seed: int) -> tuple[bool, float, bool]:
    """Whether a policy is said to be learned, the share of the possible gain it has, and whether its interval holds."""
    drawn = draw(world, rows, seed)
    cut = round(0.7 * rows)
    later = {name: cells[cut:] for name, cells in drawn.columns.items()}
    names = tuple(str(number) for number in range(len(world.shares)))
    fitted = fit(
        {name: cells[:cut] for name, cells in drawn.columns.items()}, drawn.arm[:cut], names, drawn.outcome[:cut], seed
    )
    chosen = fitted.policy.arms(fitted.features.encode(later), {})
    try:
        told = worth(drawn.outcome[cut:], drawn.arm[cut:], len(names), chosen, fitted.policy.best)
    except EvidenceError:  # the test rows are too few to tell
        return False, 0.0, True
    truth = drawn.truth[cut:]
    mine = float(truth[np.arange(len(chosen)), chosen].mean())
    best = float(truth.mean(axis=0).max())
    gap = mine - float(truth[:, fitted.policy.best].mean())
    possible = float(truth.max(axis=1).mean()) - best
    held = told.low - 1e-12 <= gap <= told.high + 1e-12
    return told.verdict == LEARNED, (mine - best) / possible if possible > 1e-12 else 0.0, held


@click.command()
@click.option("--tables", default=40, show_default=True, help="Campaigns a world.")
@click.option("--rows", default=8_000, show_default=True, help="Rows a campaign, of which 30 % judge.")
@click.option("--null/--known", "null", default=None, help="Only worlds where nobody differs, or only the others.")
def main(tables: int, rows: int, null: bool | None) -> None:
    """How often a policy is learned, by world, and what it is worth."""
    click.echo(f"{tables} campaigns of {rows:,} rows a world: said to be learned, share of the gain, interval holds")
    for world in (*(() if null is False else NULL), *(() if null else KNOWN)):
        found = [judged(world, rows, seed) for seed in range(tables)]
        learned, gained, held = (float(np.mean([one[place] for one in found])) for place in range(3))
        gain = f"{gained:>6.0%}" if world in KNOWN else "     -"
        click.echo(f"{world.name:<20} {learned:>6.1%} {gain} {held:>6.0%}")


if __name__ == "__main__":
    main()
