"""`make bench`: everything in turn; `make bench ARGS="requests"` and the like for one part of it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from bench import growth as growing
from bench import lap as laps_in_process
from bench import side_by_side
from bench import signals as situation
from bench import vendure as on_vendure
from bench.cores import one_each
from bench.noise import Patience
from bench.plot import draw
from bench.ranker import demo
from bench.report import OUT, save, say
from personalize.demo.generate import generate

MODEL = click.option(
    "--model", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the model to rank with; the demo's own without it.",
)  # fmt: skip

PATIENCE = click.option(
    "--patience", default=0.0, show_default=True, callback=lambda _, __, seconds: Patience(seconds),
    help="Seconds in all to wait for other processes to be quiet.",
)  # fmt: skip


@click.group(invoke_without_command=True)
@MODEL
@PATIENCE
@click.pass_context
def main(context: click.Context, model: Path | None, patience: Patience) -> None:
    """Measure the gateway beside nginx, Hive Gateway and the shops themselves, in one run."""
    if context.invoked_subcommand is None:
        context.invoke(requests, model=model, patience=patience)
        context.invoke(growth, model=model, patience=patience)
        context.invoke(signals)
        context.invoke(vendure, model=model, patience=patience)


@main.command()
@MODEL
@PATIENCE
@click.option("--requests", "count", default=1_000, show_default=True, help="Requests a row and round.")
@click.option("--connections", default="1,32", show_default=True, help="How many at once.")
@click.option("--rounds", default=3, show_default=True, help="How often each row is measured; medians are told.")
def requests(model: Path | None, count: int, connections: str, rounds: int, patience: Patience) -> None:
    """CPU and time per request of every row, rounds interleaved."""
    catalogue = generate()
    model = model or demo(catalogue) / "model"
    ask = side_by_side.Ask(model, count, tuple(int(word) for word in connections.split(",")), rounds, patience)
    say(f"written: {save('requests', side_by_side.run(ask, catalogue, one_each()))}")


@main.command()
@MODEL
@PATIENCE
@click.option("--requests", "count", default=300, show_default=True, help="Requests a point and round.")
@click.option("--rounds", default=3, show_default=True, help="How often each point is measured; medians are told.")
def growth(model: Path | None, count: int, rounds: int, patience: Patience) -> None:
    """CPU of a warm page over the window's rows, the model's trees and the visitor's events; with a picture."""
    catalogue = generate()
    folder = demo(catalogue)
    ask = growing.Ask(count, rounds, patience)
    result = growing.run(model or folder / "model", folder, ask, catalogue, one_each())
    draw(result, OUT / "growth.svg")
    say(f"written: {save('growth', result)}, {OUT / 'growth.svg'}")


@main.command()
@MODEL
@click.option("--laps", default=8, show_default=True, help="Laps of 1,000 visitors; least and median are told.")
def lap(model: Path | None, laps: int) -> None:
    """CPU of a warm page in one process, without HTTP: steadier than servers, to compare two states of the code."""
    catalogue = generate()
    model = model or demo(catalogue) / "model"
    say(f"written: {save('lap', asyncio.run(laps_in_process.run(model, catalogue, laps)))}")


@main.command()
@click.option("--gathers", "count", default=5_000, show_default=True, help="Gathers a round.")
@click.option("--rounds", default=5, show_default=True, help="How often each is measured; medians are told.")
def signals(count: int, rounds: int) -> None:
    """CPU that the situation costs a warm request: all of it, and each signal alone."""
    say(f"written: {save('signals', situation.run(count, rounds))}")


@main.command()
@MODEL
@PATIENCE
@click.option("--products", default=3_000, show_default=True, help="Generated products of the shop.")
@click.option("--connections", default=32, show_default=True, help="How many at once.")
@click.option("--seconds", default=10.0, show_default=True, help="How long each measurement takes.")
@click.option("--rounds", default=2, show_default=True, help="How often each is measured; medians are told.")
@click.option("--share-ttl", default=5.0, show_default=True, help="Seconds that guests share a listing.")
def vendure(
    model: Path | None, patience: Patience, products: int, connections: int, seconds: float, rounds: int,
    share_ttl: float,
) -> None:  # fmt: skip
    """Requests a second of a real Vendure alone, and with the gateway in front, on the same cores."""
    model = model or demo(generate()) / "model"
    ask = on_vendure.Ask(model, products, connections, seconds, rounds, share_ttl, patience)
    result = on_vendure.run(ask)
    say(f"written: {save('vendure', result)}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers end with us
    main()
