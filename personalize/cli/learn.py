"""`personalize train` and `evaluate`: a model from the event log, and what it is worth."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from personalize.cli.losses import show_losses
from personalize.cli.off_policy import judge, show_estimates
from personalize.decisions.ranker import locate
from personalize.learning.evaluate import evaluate as run_evaluation
from personalize.learning.gate.ranking import Mode
from personalize.learning.train import train as run_training


class Moment(click.ParamType[datetime]):
    """A time in RFC 3339; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it like 2026-03-01T00:00:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_FOLDER = click.Path(file_okay=False, path_type=Path)
_LOG = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--events", required=True, type=_LOG, help="The event log, JSON Lines, plain or .gz.")
@click.option("--until", type=Moment(), help="Learn from lists before this time only.")
@click.option("--out", required=True, type=_FOLDER, help="Folder of the artefact.")
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=0, type=click.IntRange(0, 64), help="Of the trees; 0: cores with nothing to do.")
@click.option(
    "--signals", default="auto", show_default=True, type=click.Choice(["auto", "all", "none"]),
    help="Which context the model may use: what pays on later lists of the log, all, or none.",
)  # fmt: skip
def train(events: Path, until: datetime | None, out: Path, seed: int, threads: int, signals: Mode) -> None:
    """Train a ranker on an event log."""
    training(events, until, out, seed, signals, threads)


def training(
    events: Path, until: datetime | None, out: Path, seed: int, signals: Mode = "auto", threads: int = 0
) -> None:
    """Train with progress on standard error, and tell of the artefact and of what the log lost."""
    with bars() as told:
        card = run_training(
            events, until, out, seed=seed, threads=threads, signals=signals,
            command=shlex.join(["personalize", *sys.argv[1:]]), progress=told,
        )  # fmt: skip
    click.echo(f"model written to {out}")
    for name in ("name", "fingerprint", "created"):
        if name in card:
            click.echo(f"  {name}: {card[name]}")
    for name, category in card["data"]["left_out"].items():
        click.echo(f"  left out: {name} ({category})")
    for signal, found in card["signals"].items():
        click.echo(f"  signal {signal}: {found['verdict'] if found['verdict'] == 'on' else 'no gain, off'}")
    show_losses(card["data"])


@contextmanager
def bars() -> Iterator[Callable[[str, int], None]]:
    """Bars by step, with the count reached and the time taken."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        steps: dict[str, TaskID] = {}

        def told(step: str, count: int) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=None)
            bars.update(steps[step], completed=count)

        yield told


@click.command()
@click.option("--events", type=_LOG, help="The event log, JSON Lines, plain or .gz.")
@click.option("--since", type=Moment(), help="Judge lists from this time on.")
@click.option("--model", type=_FOLDER, help="Folder of the artefact.")
@click.option("--policy", help="Off-policy: the policy to judge by logged propensities (an order, or an arm).")
@click.option("--against", help="Off-policy: the policy it is held against.")
@click.option("--table", type=_LOG, help="Off-policy: a CSV, a row a unit, in place of an event log.")
@click.option("--arm", help="Column of the table: what was done.")
@click.option("--reward", help="Column of the table: what it earned.")
@click.option("--propensity", help="Column of the table: how likely the arm was; or a number for all rows.")
@click.option("--unit", help="Column of the table: whose row it is, where one visitor has several.")
@click.option("--feature", "features", multiple=True, help="Column known before the arm was drawn; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--seed", default=0, show_default=True)
def evaluate(
    events: Path | None, since: datetime | None, model: Path | None, as_json: bool, seed: int, **off_policy: Any
) -> None:
    """Compare a model with simple rules on an event log, or two policies by the propensities that were logged."""
    if off_policy["policy"] or off_policy["against"] or off_policy["table"]:
        folder = locate(str(model)) if model is not None else None
        result = judge(events=events, since=since, model=folder, seed=seed, **off_policy)
        show_estimates(result, as_json)
        return
    if events is None or model is None:
        raise click.UsageError(f"Missing option '--{'model' if events else 'events'}'.")
    report(events, since, model, as_json=as_json, seed=seed)


def report(events: Path, since: datetime | None, model: Path, *, as_json: bool, seed: int = 0) -> None:
    """Evaluate with progress on standard error, and print JSON or a table."""
    with bars() as told:
        result = run_evaluation(events, since, locate(str(model)), seed=seed, progress=told)
    if as_json:
        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(title=f"{result['lists']} lists that a click answers", title_justify="left")
    for column in ("policy", "NDCG@10", "MRR", "NDCG@10 cold", "MRR last list"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    for policy, measures in result["policies"].items():
        row = (measures["all"]["ndcg@10"], measures["all"]["mrr"], measures["cold"]["ndcg@10"], measures["last"]["mrr"])
        table.add_row(policy, *("-" if value is None else f"{value:.3f}" for value in row))
    Console().print(table)
    difference = result["difference_to_best_rule"]
    low, high = difference["ndcg@10"]
    click.echo(f"model minus {difference['rule']}: NDCG@10 {low:+.4f} to {high:+.4f} (95 %, paired bootstrap)")
    show_losses(result)
    for warning in result["warnings"]:
        click.echo(f"warning, {warning['code']}: {warning['message']}")
