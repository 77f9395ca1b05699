"""The gate held against known truths: `python -m bench.quality.gate [--noise 104] [--shops 6] [--lists 12000]`.

Simulated tables: signals that mean nothing (drawn afresh, wandering, repeating the calendar, shuffled) have to stay
off; weather that sells has to be on, and to take off what it can. A simulated log: the same of the ranker.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from personalize.demo.outdoor import sell
from personalize.demo.outdoor_clicks import DAY, OPENED, OutdoorShop
from personalize.events.log import write
from personalize.learning.evaluate import evaluate
from personalize.learning.gate.table import TEST, Verdict, gate_table
from personalize.learning.metrics import ndcg
from personalize.learning.replay import load, replay
from personalize.learning.train import train

Floats = NDArray[np.float64]

DAYS = 1_000
KINDS = ("drawn afresh", "wandering", "repeating the calendar", "shuffled")
LEARNED = 48  # days of the log that are learned from, of 60


def noise(kind: str, days: int, seed: int) -> tuple[Floats, Floats]:
    """Two signals that mean nothing, (days,) each."""
    rng = np.random.default_rng([seed, 41])
    day = np.arange(days)
    if kind == "drawn afresh":
        return rng.normal(size=days), rng.integers(0, 3, days).astype(np.float64)
    if kind == "wandering":
        return np.cumsum(rng.normal(size=days)), np.cumsum(rng.normal(size=days))
    if kind == "repeating the calendar":
        season = 12 + 9 * np.sin(2 * np.pi * (day - 110) / 365.25)
        return season + rng.normal(0, 2, days), (day % 7 >= 5) + rng.normal(0, 0.3, days)
    return rng.permutation(rng.gamma(1, 4, days)), np.sin(day / rng.uniform(5, 60)) + rng.normal(0, 0.1, days)


def judged(path: Path, signals: tuple[str, ...], seed: int) -> Verdict:
    """What the gate says of signals of a table that `sell` wrote."""
    return gate_table(path, target="sold", time="date", signals=signals, by=["group"], seed=seed)


def false_on(count: int, folder: Path) -> None:
    """How often signals that mean nothing are let in."""
    on = dict.fromkeys(KINDS, 0)
    tried = dict(on)
    for seed in range(count):
        kind = KINDS[seed % len(KINDS)]
        path = folder / "noise.csv"
        one, other = noise(kind, DAYS, seed)
        sell(DAYS, seed, float(seed % 3 == 0)).write(path, one=one, other=other)
        on[kind] += judged(path, ("one", "other"), seed).on
        tried[kind] += 1
    click.echo(
        f"noise let in: {sum(on.values())} of {count}; " + ", ".join(f"{k} {on[k]} of {tried[k]}" for k in KINDS)
    )


def recovered(count: int, folder: Path) -> None:
    """What the gate recovers of what knowing the weather can take off the error of the forecast without it."""
    for effect in (2.0, 1.0, 0.5):
        shares, on = [], 0
        for seed in range(count):
            shop = sell(DAYS, seed, effect)
            shop.write(folder / "shop.csv")
            found = judged(folder / "shop.csv", ("temperature", "rain"), seed)
            first = int(DAYS * (1 - TEST))
            least = float(np.abs(shop.sold - shop.expected)[first:].sum() / shop.sold[first:].sum())
            shares.append((found.wape_without - found.told()["wape_gated"]) / (found.wape_without - least))
            on += found.on
        click.echo(
            f"weather of strength {effect}: on in {on} of {count}, gain recovered {np.mean(shares):.0%} "
            f"({', '.join(f'{share:.0%}' for share in shares)})"
        )


def recovered_in_ranking(lists: int, seed: int, folder: Path) -> None:
    """The same of the ranker: NDCG@10 with what the gate let in, without any signal, and of the truth."""
    shop, log, since = OutdoorShop(seed), folder / "clicks.jsonl.gz", OPENED + LEARNED * DAY
    write(log, shop.browse(lists))
    until = datetime.fromtimestamp(since, UTC)
    found = {}
    for signals in ("auto", "none"):
        train(log, until, folder / signals, signals=signals)
        found[signals] = evaluate(log, until, folder / signals)["policies"]["model"]["all"]["ndcg@10"]
    truth = []
    for one in replay(load(log), since):
        rows = np.array([int(item[1:]) for item in one.listing.ids])
        wanted = shop.utility(rows, one.event.context) - 0.3 * np.log1p(one.position)
        truth.append(ndcg(np.argsort(-wanted), one.clicked))
    share = (found["auto"] - found["none"]) / (float(np.mean(truth)) - found["none"])
    click.echo(
        f"{lists} lists: NDCG@10 {found['none']:.4f} without signals, {found['auto']:.4f} with those let in, "
        f"{np.mean(truth):.4f} of the truth: {share:.0%} recovered"
    )


@click.command()
@click.option("--noise", "count", default=104, show_default=True, help="Signals that mean nothing.")
@click.option("--shops", default=6, show_default=True, help="Shops of each strength of weather.")
@click.option("--lists", default=12_000, show_default=True, help="Lists of the simulated log.")
@click.option("--seed", default=0, show_default=True)
def main(count: int, shops: int, lists: int, seed: int) -> None:
    """The gate on simulations whose truth is known."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shops:
            recovered(shops, folder)
        if lists:
            recovered_in_ranking(lists, seed, folder)
        if count:
            false_on(count, folder)


if __name__ == "__main__":
    main()
