"""`personalize uplift`: whom an offer moves, and whether a learned choice beats giving everybody the same."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from personalize.cli.learn import bars
from personalize.cli.losses import show_losses
from personalize.domain.offers.offer import Offer
from personalize.learning.uplift.learn import uplift as run_uplift
from personalize.learning.uplift.own import learn_offer
from personalize.learning.uplift.visitors import WINDOW_DAYS
from personalize.settings import load_settings

_TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--table", type=_TABLE, help="CSV of a randomised campaign, a row a customer; plain or .gz.")
@click.option("--treatment", help="Column: what each row was given.")
@click.option("--control", help="Its value for the rows that got nothing.")
@click.option("--outcome", help="Column: what came of it, a number.")
@click.option("--exclude", default="", help="Columns not to learn from, by commas: what came after the offer.")
@click.option("--test", type=_TABLE, help="CSV of the rows to judge on; by default a random 30 % of the table.")
@click.option("--events", type=_TABLE, help="In place of a table the gateway's own event log, plain or .gz.")
@click.option("--offer", help="With --events: the offer, which `explore` was on for.")
@click.option("--out", type=_FOLDER, help="With --events: write models here where choosing pays; see offer_model.")
@click.option(
    "--budget", type=click.FloatRange(min=0, min_open=True),
    help="With --events: money a day. [default: the per_day of the offer in the settings]",
)  # fmt: skip
@click.option(
    "--window", type=click.FloatRange(min=0, max=365, min_open=True), default=WINDOW_DAYS, show_default=True,
    help="With --events: days after the lot in which purchases count.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Draws the test rows and all that is random in learning.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def uplift(
    table: Path | None, treatment: str | None, control: str | None, outcome: str | None, exclude: str,
    test: Path | None, events: Path | None, offer: str | None, out: Path | None, budget: float | None, window: float,
    seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Learn whom each offer moves, and tell whether choosing by it pays."""
    if events is not None and table is None:
        if offer is None:
            raise click.UsageError("Missing option '--offer'.")
        if treatment or control or outcome or exclude or test:
            raise click.UsageError("--treatment, --control, --outcome, --exclude and --test are of a --table.")
        result = _own(events, offer, out, budget, window, seed)
    else:
        if events is not None or offer is not None or out is not None:
            raise click.UsageError("--events, --offer and --out go together, and without --table.")
        if table is None or treatment is None or control is None or outcome is None:
            given = {"--table": table, "--treatment": treatment, "--control": control, "--outcome": outcome}
            raise click.UsageError(f"Missing option {next(name for name, one in given.items() if one is None)!r}.")
        names = [name.strip() for name in exclude.split(",") if name.strip()]
        with bars() as told:
            result = run_uplift(table, treatment, control, outcome, exclude=names, test=test, seed=seed, progress=told)
    for warning in result["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        return
    _show(result)


def _own(events: Path, name: str, out: Path | None, budget: float | None, window: float, seed: int) -> dict[str, Any]:
    """The same from the gateway's own log; currency and budget are those of the declared offer, where there is one."""
    offer: Offer | None = next((one for one in load_settings().offers if one.name == name), None)
    if budget is None and offer is not None and offer.budget.per_day is not None:
        budget = float(offer.budget.per_day.amount)
    with bars() as told:
        return learn_offer(
            events, name, out=out, currency=None if offer is None else offer.currency, per_day=budget,
            window_days=window, seed=seed, command=shlex.join(["personalize", *sys.argv[1:]]), progress=told,
        )  # fmt: skip


def _show(result: dict[str, Any]) -> None:
    policy, several = result["policy"], isinstance(result["qini"], dict)
    shown = Table(title=f"{result['rows']['test']:,} test rows", title_justify="left")
    for column in ("arm", "Qini", "effect, first 30 %", "effect, all"):
        shown.add_column(column, justify="left" if column == "arm" else "right")
    for arm in result["qini"] if several else [""]:
        figures = (result[key][arm] if several else result[key] for key in ("qini", "top30", "ate"))
        shown.add_row(arm or "offer", *(f"{figure:.4g}" for figure in figures))
    Console().print(shown)
    low, high = policy["interval"]
    values = ("-" if policy[key] is None else f"{policy[key]:.5g}" for key in ("learned", "best_constant"))
    click.echo("value of the learned policy {}, of {!r} for all {}; difference {:+.4g} to {:+.4g} (95 %)".format(
        next(values), policy["arm"], next(values), low, high))  # fmt: skip
    for name, why in result["left_out"].items():
        click.echo(f"left out: {name} ({why})")
    if "offer" in result:
        show_losses(result)
    click.echo(f"verdict: {result['verdict']}")
    if "offer" in result:
        written = result["written"]
        click.echo(f"models written to {written}" if written else "nothing was written")
