"""Off-policy estimates held against a known truth: `python -m bench.quality.off_policy [--seeds 0,1]`.

Simulated logs have a context, arms whose reward depends on it, a biased logging policy and another one to judge; the
truth is computed from the simulation. Coverage is the share of 95 % intervals that hold it.
"""

from __future__ import annotations

from dataclasses import dataclass

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from personalize.learning.off_policy import METHODS, Logged, Method, Target, difference, estimate
from personalize.learning.policies_model import foresee

Floats = NDArray[np.float64]
ARMS, WIDTH = 4, 3
MAX_SEEDS = 100


@dataclass(frozen=True)
class World:
    """How a simulated log comes about: `rare` is the logit of the reward, `heat` how sharp the policies are,
    `spend` whether a reward is an amount (skewed) and not 0 or 1.
    """

    name: str
    units: int = 2_000
    rare: float = -1.5
    heat: float = 1.0
    spend: bool = False


WORLDS = (
    World("clicks"),
    World("rare clicks", units=4_000, rare=-3.0),
    World("small log", units=600, heat=0.7),
    World("amounts", spend=True),
    World("far policy", units=4_000, heat=1.6),
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One simulated log: the judged policy's probabilities (n, ARMS) and those of the reference; context (n, WIDTH)."""

    logged: Logged
    arm: NDArray[np.int64]
    context: Floats
    policy: Floats
    against: Floats


class Street:
    """A world with its parameters fixed, and the truth about two policies in it."""

    def __init__(self, world: World, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, 11])
        self.world = world
        self.draws = rng.normal(0, 0.8, (WIDTH, ARMS))
        self.logs = rng.normal(0, world.heat * 0.6, (WIDTH, ARMS))
        self.wants = self.logs * 0.3 + rng.normal(0, world.heat * 0.6, (WIDTH, ARMS))
        context = np.random.default_rng([seed, 12]).normal(0, 1, (2_000_000 // ARMS, WIDTH))
        mean = self.mean(context)
        self.truth = float((softmax(context @ self.wants) * mean).sum(axis=1).mean())
        self.truth_difference = self.truth - float(mean.mean())

    def mean(self, context: Floats) -> Floats:
        """The expected reward of every arm, (n, ARMS)."""
        chance = 1 / (1 + np.exp(-(self.world.rare + context @ self.draws)))
        return np.asarray(chance * (np.exp(3.0 + 0.5 * 0.6**2) if self.world.spend else 1.0))

    def log(self, seed: int) -> Drawn:
        """One log of the world. The policy that is held against is uniform."""
        rng, n = np.random.default_rng([seed, 13]), self.world.units
        context = rng.normal(0, 1, (n, WIDTH))
        logging = 0.05 + (1 - 0.05 * ARMS) * softmax(context @ self.logs)
        arm = (rng.random(n)[:, None] > np.cumsum(logging, axis=1)[:, :-1]).sum(axis=1)
        rows = np.arange(n)
        chance = 1 / (1 + np.exp(-(self.world.rare + context @ self.draws)))
        reward = (rng.random(n) < chance[rows, arm]).astype(np.float64)
        if self.world.spend:
            reward *= np.exp(rng.normal(3.0, 0.6, n))
        policy = softmax(context @ self.wants)
        return Drawn(Logged.of(reward, logging[rows, arm]), arm, context, policy, np.full((n, ARMS), 1 / ARMS))


def softmax(scores: Floats) -> Floats:
    """Probabilities of rows of scores."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def targets(drawn: Drawn) -> tuple[Target, Target]:
    """The judged policy and the one it is held against, with a cross-fitted model's predictions."""
    rows = np.arange(len(drawn.arm))
    foreseen = foresee(drawn.context, drawn.arm, ARMS, drawn.logged.reward)
    return tuple(  # type: ignore[return-value]
        Target(chances[rows, drawn.arm], foreseen[rows, drawn.arm], (chances * foreseen).sum(axis=1))
        for chances in (drawn.policy, drawn.against)
    )


def coverage(world: World, logs: int, seed: int = 0) -> dict[tuple[str, Method], tuple[float, float, float, float]]:
    """Per figure ("value" or "difference") and method: share of intervals that hold the truth, misses on the low and
    high side, and the mean error in its own standard errors.
    """
    street = Street(world, seed)
    told: dict[tuple[str, Method], list[tuple[float, float, float]]] = {}
    for number in range(logs):
        drawn = street.log(seed * 1_000_003 + number)
        policy, against = targets(drawn)
        for method in METHODS:
            one, other = estimate(drawn.logged, policy, method), difference(drawn.logged, policy, against, method)
            told.setdefault(("value", method), []).append((one.value - street.truth, one.low - street.truth,
                                                           one.high - street.truth))  # fmt: skip
            told.setdefault(("difference", method), []).append(
                (other.value - street.truth_difference, other.low - street.truth_difference,
                 other.high - street.truth_difference))  # fmt: skip
    found = {}
    for key, values in told.items():
        error, low, high = np.array(values).T
        off = float(error.mean() / (error.std(ddof=1) / np.sqrt(logs)))
        found[key] = (float(((low <= 0) & (high >= 0)).mean()), float((high < 0).mean()), float((low > 0).mean()), off)
    return found


def numbers(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...]:
    """The seeds that a text names, with commas between."""
    try:
        found = tuple(int(one) for one in text.split(","))
    except ValueError:
        raise click.BadParameter("expected whole numbers with commas between, as in 0,1,2") from None
    if not 0 < len(found) <= MAX_SEEDS or min(found) < 0:
        raise click.BadParameter(f"expected 1 to {MAX_SEEDS} seeds from 0 on")
    return found


@click.command()
@click.option("--logs", default=1_000, show_default=True, type=click.IntRange(10, 100_000))
@click.option("--seeds", default="0", show_default=True, callback=numbers, help="Worlds to draw, as in 0,1,2.")
def main(logs: int, seeds: tuple[int, ...]) -> None:
    """Coverage of the intervals over many simulated logs, of each seed by itself."""
    console, covered = Console(width=110), dict[Method, list[float]]()
    for seed in seeds:
        table = Table(title=f"seed {seed}, {logs} logs a world; 95 % intervals")
        for column in ("world", "figure", "method", "cover", "too low", "too high", "mean error / its standard error"):
            table.add_column(column)
        for world in WORLDS:
            for (figure, method), (cover, low, high, off) in coverage(world, logs, seed).items():
                covered.setdefault(method, []).append(cover)
                table.add_row(world.name, figure, method, f"{cover:.1%}", f"{low:.1%}", f"{high:.1%}", f"{off:+.2f}")
        console.print(table)
    for method, shares in covered.items():
        console.print(
            f"{method}: {len(shares)} figures, coverage {min(shares):.1%} to {max(shares):.1%}, mean "
            f"{float(np.mean(shares)):.1%}"
        )


if __name__ == "__main__":
    main()
