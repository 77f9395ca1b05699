"""Experiments held against a known truth: `python -m bench.quality.experiments [--trials 2000]`.

Trials in which nothing differs (A/A) tell how often something is found all the same: at the planned end, and by someone
who looks every day. Trials with an effect tell how often it is found where the plan promised, and whether the watched
intervals hold the truth on all days together. Trials that lose visitors tell when the sample ratio gives alarm.
"""

from __future__ import annotations

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.quality.trials import MEASURES, Floats, Street, looks, trial
from personalize.experiments import sample_ratio
from personalize.experiments.effects import Arm, compare
from personalize.experiments.power import spread_of, units_for
from personalize.experiments.sequences import ALPHA, tuning

PLANNED = 5_600
PLAIN = Street()


def nothing_differs(trials: int, seed: int, street: Street = PLAIN) -> dict[str, tuple[float, float, float, float]]:
    """Per measure: the share of A/A trials found at the end, found on any day by the fixed and by the watched figures,
    and the share of the variance that CUPED took away.
    """
    rho2 = tuning(PLANNED)
    found: dict[str, list[tuple[bool, bool, bool, float]]] = {name: [] for name in MEASURES}
    for number in range(trials):
        one = trial(street, seed * 1_000_003 + number)
        for name in MEASURES:
            told = list(looks(one, name, street.days, rho2))
            last = told[-1]
            found[name].append(
                (
                    last.p_fixed < ALPHA,
                    any(e.p_fixed < ALPHA for e in told),
                    any(e.p < ALPHA for e in told),
                    last.reduced,
                )
            )
    return {name: tuple(np.mean(rows, axis=0)) for name, rows in found.items()}


def watched_cover(trials: int, seed: int, lift: float = 0.3) -> float:
    """The share of trials with an effect whose watched intervals of the revenue hold the truth on every day."""
    street = Street(lift=lift, on=False)
    truth = street.buys * lift * float(np.exp(3.5 + 0.8**2 / 2))
    rho2, held = tuning(PLANNED), 0
    for number in range(trials):
        told = looks(trial(street, seed * 1_000_003 + number), "revenue", street.days, rho2)
        held += all(effect.watched[0] <= truth <= effect.watched[1] for effect in told)
    return held / trials


def buyers(n: int, rate: float, lift: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Whether each of n visitors buys, lifted by so much, and what was known of them before (n, 1)."""
    keen = rng.beta(2.0, 2.0 / rate - 2.0, n)
    return (rng.random(n) < keen * (1 + lift)).astype(np.float64), rng.binomial(5, keen).astype(np.float64)[:, None]


def found_as_planned(trials: int, seed: int, effect: float = 0.02, rate: float = 0.3) -> dict[str, tuple[int, float]]:
    """Units that a pilot of 20,000 says +2 % of conversion needs, and the share of trials of that size that find it."""
    rng = np.random.default_rng([seed, 42])
    value, before = buyers(20_000, rate, 0.0, rng)
    pilot = Arm(value, None, before)
    told = {}
    for reading in ("fixed", "watched"):
        units = units_for(effect * pilot.level, spread_of(pilot), watched=reading == "watched")
        rho2, hits = tuning(units), 0
        for _ in range(trials):
            drawn = [buyers(units // 2, rate, lift, rng) for lift in (0.0, effect)]
            arms = [Arm(bought, None, known) for bought, known in drawn]
            one = compare(arms[0], arms[1], rho2)
            assert one is not None
            hits += one.difference > 0 and (one.p if reading == "watched" else one.p_fixed) < ALPHA
        told[reading] = units, hits / trials
    return told


def alarms(trials: int, seed: int, loss: float, a_day: int = 1_000, days: int = 28) -> tuple[float, float, float]:
    """The share of trials that give alarm by the watched figure, by chi-square looked at daily, and by when half do."""
    rng = np.random.default_rng([seed, 43])
    watched, once, when = 0, 0, []
    for _ in range(trials):
        dealt = rng.binomial(np.full(days, a_day), 0.5)
        control, variant = a_day - dealt, rng.binomial(dealt, 1.0 - loss)
        told = [sample_ratio.judge(pair, (0.5, 0.5)) for pair in zip(control.cumsum(), variant.cumsum(), strict=True)]
        first = next((day + 1 for day, one in enumerate(told) if one.halt), days + 1)
        watched += first <= days
        when.append(first)
        once += any(one.p < sample_ratio.HALT for one in told)
    return watched / trials, once / trials, float(np.median(when))


def rolled_back(trials: int, seed: int, street: Street = PLAIN) -> tuple[float, float]:
    """The share of trials that guardrails on conversion and "not this" end by themselves, looked at daily, and in the
    middle after how many days of those (NaN where there are none).
    """
    rho2, when = tuning(PLANNED), []
    for number in range(trials):
        one = trial(street, seed * 1_000_003 + number)
        broken = [
            day
            for name, better in (("conversion", 1), ("not_this", -1))
            for day, effect in enumerate(looks(one, name, street.days, rho2))
            if (effect.watched[1] < 0 if better > 0 else effect.watched[0] > 0)
        ]
        if broken:
            when.append(min(broken) + 1)
    return len(when) / trials, float(np.median(when)) if when else float("nan")


@click.command()
@click.option("--trials", default=2_000, show_default=True, type=click.IntRange(10, 100_000))
@click.option("--seed", default=0, show_default=True)
def main(trials: int, seed: int) -> None:
    """What is found where nothing differs, and what where something does."""
    console = Console(width=110)
    table = Table(title=f"{trials} A/A trials of 5,600 visitors in 28 days: something is found (5 % allowed)")
    for column in ("measure", "once, at the end", "watched daily", "fixed figures, watched daily", "variance gone"):
        table.add_column(column)
    for name, (end, naive, watched, reduced) in nothing_differs(trials, seed).items():
        table.add_row(name, f"{end:.1%}", f"{watched:.1%}", f"{naive:.1%}", f"{reduced:.0%}")
    console.print(table)
    fewer = max(trials // 4, 10)
    console.print(
        f"watched intervals hold a true +30 % of revenue on all days: {watched_cover(fewer, seed):.1%} of {fewer}"
    )
    for reading, (units, share) in found_as_planned(fewer, seed).items():
        console.print(
            f"+2 % of conversion, planned for 80 %, read {reading}: {share:.1%} of {fewer} with {units:,} visitors"
        )
    for lift in (0.0, -0.3):
        share, day = rolled_back(fewer, seed, Street(lift=lift))
        console.print(
            f"guardrails on conversion and not_this, {lift:+.0%} of buying: rolled back in {share:.1%} of {fewer} "
            f"within 28 days, in the middle on look {day:.0f}"
        )
    for loss in (0.0, 0.02, 0.05, 0.1):
        watched, once, day = alarms(trials, seed, loss)
        console.print(
            f"sample ratio, {loss:.0%} of the variant lost, 1,000 visitors a day: alarm in {watched:.1%} in 28 days "
            f"(chi-square looked at daily {once:.1%}), half of them by day {day:.0f}"
        )


if __name__ == "__main__":
    main()
