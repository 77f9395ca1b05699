"""Freed of position bias or not, on logs whose true order is known: `python -m bench.quality.position_bias`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from personalize import artefact
from personalize.decisions.scoring import Tuning, rank
from personalize.demo.generate import generate
from personalize.demo.shoppers import simulate
from personalize.demo.tastes import attraction, make_shoppers
from personalize.domain.event import Event
from personalize.events.log import write
from personalize.learning.gate.ranking import Mode
from personalize.learning.metrics import paired_interval
from personalize.learning.replay import replay
from personalize.learning.train import train

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Per judged list (m,): the share of the best possible attraction in the top 10, of the model freed of positions,
    of the naive one, and of the shop's order."""

    freed: Floats
    naive: Floats
    shop: Floats


def true_gain(order: NDArray[np.intp], wanted: Floats, cut: int = 10) -> float:
    """NDCG@cut with the true chance of a click as the gain, (n,) by row."""
    discount = 1.0 / np.log2(np.arange(2, cut + 2))
    best = np.sort(wanted)[::-1][:cut]
    return float(wanted[order[:cut]] @ discount[: len(best)] / (best @ discount[: len(best)]))


def compare(
    *, shoppers: int, days: int, seed: int, swaps: float, bias: float, trial: int = 600, signals: Mode = "auto"
) -> Outcome:
    """Train both models on one log; judge them on lists of a later log by what its shoppers truly want.

    `swaps` is the share of lists with a drawn pair, `bias` how fast attention falls. At most `trial` lists are judged.
    `signals` says which context the models may use, as in `train`.
    """
    catalogue = generate()
    past = list(simulate(catalogue, shoppers=shoppers, seed=seed, days=days, swaps=swaps, bias=bias))
    cut = past[int(len(past) * 0.8)].at
    wants = {shopper.id: shopper for shopper in make_shoppers(catalogue, shoppers, seed)}
    scores: dict[str, list[float]] = {"freed": [], "naive": [], "shop": []}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        write(log, (event for event in past if event.at < cut))
        for name in ("freed", "naive"):
            train(log, None, Path(folder) / name, seed=seed + 1, debias=name == "freed", signals=signals)
        models = {name: artefact.load(Path(folder) / name) for name in ("freed", "naive")}
    for number, judged in enumerate(replay(past, cut)):
        if number == trial:
            break
        event: Event = judged.event
        assert event.visitor is not None
        liked = wants[event.visitor].utilities(event.context)
        wanted = attraction(liked[[int(item) - 1 for item in judged.listing.ids]])
        for name, model in models.items():
            prepared = judged.prepare(model.schema)
            tuning = Tuning.of(model.card)
            order = rank(model, prepared, judged.profile, event.session, event.context, event.at, tuning).order
            scores[name].append(true_gain(order, wanted))
        scores["shop"].append(true_gain(np.arange(len(wanted)), wanted))
    return Outcome(*(np.array(scores[name]) for name in ("freed", "naive", "shop")))


@click.command()
@click.option("--shoppers", default=800, show_default=True)
@click.option("--days", default=14, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--swaps", default=0.5, show_default=True, help="Share of lists with a drawn pair.")
@click.option("--bias", default=1.2, show_default=True, help="Row k is looked at with probability k to the minus this.")
def main(shoppers: int, days: int, seeds: int, swaps: float, bias: float) -> None:
    """Both models on several simulated logs."""
    for seed in range(seeds):
        found = compare(shoppers=shoppers, days=days, seed=seed, swaps=swaps, bias=bias)
        low, high = paired_interval(found.freed - found.naive)
        click.echo(
            f"seed {seed}, {len(found.freed)} lists, NDCG@10 of the true order: freed {found.freed.mean():.4f},"
            f" naive {found.naive.mean():.4f}, shop order {found.shop.mean():.4f};"
            f" freed minus naive {low:+.4f} to {high:+.4f}"
        )


if __name__ == "__main__":
    main()
