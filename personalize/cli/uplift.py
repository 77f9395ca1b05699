"""`personalize uplift`: whom an offer moves, and whether a learned choice beats giving everybody the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from personalize.cli.learn import bars
from personalize.learning.uplift.learn import uplift as run_uplift

_TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--table", required=True, type=_TABLE, help="CSV of a randomised campaign, a row a customer; plain or .gz."
)
@click.option("--treatment", required=True, help="Column: what each row was given.")
@click.option("--control", required=True, help="Its value for the rows that got nothing.")
@click.option("--outcome", required=True, help="Column: what came of it, a number.")
@click.option("--exclude", default="", help="Columns not to learn from, by commas: what came after the offer.")
@click.option("--test", type=_TABLE, help="CSV of the rows to judge on; by default a random 30 % of the table.")
@click.option("--seed", default=0, show_default=True, help="Draws the test rows and all that is random in learning.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def uplift(
    table: Path, treatment: str, control: str, outcome: str, exclude: str, test: Path | None, seed: int, as_json: bool
) -> None:
    """Learn whom each offer moves, and tell whether choosing by it pays."""
    names = [name.strip() for name in exclude.split(",") if name.strip()]
    with bars() as told:
        result = run_uplift(table, treatment, control, outcome, exclude=names, test=test, seed=seed, progress=told)
    for warning in result["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        return
    _show(result)


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
    click.echo(f"value of the learned policy {policy['learned']:.5g}, of {policy['arm']!r} for all "
               f"{policy['best_constant']:.5g}; difference {low:+.4g} to {high:+.4g} (95 %)")  # fmt: skip
    for name, why in result["left_out"].items():
        click.echo(f"left out: {name} ({why})")
    click.echo(f"verdict: {result['verdict']}")
