"""`personalize evaluate --policy A --against B`: off-policy estimates of a log or a table, asked for and shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from personalize.cli.losses import show_losses
from personalize.learning.policies import judge_log
from personalize.learning.policies_table import judge as judge_table
from personalize.learning.policies_table import read_trial


def judge(
    *, events: Path | None, since: datetime | None, model: Path | None, seed: int, policy: str | None,
    against: str | None, table: Path | None, arm: str | None, reward: str | None, propensity: str | None,
    unit: str | None, features: tuple[str, ...],
) -> dict[str, Any]:  # fmt: skip
    """The estimates of the options given. UsageError names the one that is missing; EvidenceError from the data."""
    if not policy or not against:
        raise click.UsageError("--policy and --against go together: what is judged, and what it is held against.")
    if table is None:
        if events is None:
            raise click.UsageError("--policy needs --events LOG or --table CSV.")
        return judge_log(events, since, policy, against, model_dir=model, seed=seed)
    if events is not None:
        raise click.UsageError("--events and --table exclude each other.")
    if not arm or not reward or not propensity:
        raise click.UsageError("--table needs --arm, --reward and --propensity.")
    return judge_table(read_trial(table, arm, reward, propensity, unit), policy, against, features, seed)


def show_estimates(result: dict[str, Any], as_json: bool) -> None:
    """Print the estimates, as JSON or as a table."""
    if as_json:
        click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        return
    count = f"{result['lists']} lists, clicks per list" if "lists" in result else f"{result['units']} rows"
    shown = Table(title=f"{result['policy']} against {result['against']}: {count}", title_justify="left")
    for column in ("method", "figure", "value", "95 % interval", "effective sample"):
        shown.add_column(column, justify="left" if column in ("method", "figure") else "right")
    for method, figures in result["estimates"].items():
        for figure, one in figures.items():
            low, high = one["interval"]
            shown.add_row(
                method, figure, f"{one['value']:.5g}", f"{low:.5g} to {high:.5g}", f"{one['effective']:.0f}"
            )  # fmt: skip
    Console().print(shown)
    show_losses(result)
