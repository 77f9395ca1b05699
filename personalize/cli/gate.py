"""`personalize gate`: does a signal pay? Asked of a table of series, or of the event log."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from personalize.cli.learn import Moment, bars
from personalize.cli.losses import show_losses
from personalize.errors import EvidenceError
from personalize.learning.gate.holidays import public_holidays
from personalize.learning.gate.log import Worth, gate_log
from personalize.learning.gate.table import Verdict, gate_table

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--table", type=_FILE, help="A CSV, a row a series and time, plain or .gz.")
@click.option("--target", help="Column of the table: what is forecast.")
@click.option("--time", help="Column of the table: the time of a row.")
@click.option("--signals", help="Columns of the table, by comma: the signals to judge, together.")
@click.option("--by", help="Columns of the table, by comma: what tells its series apart.")
@click.option("--since", help="Table: judge from this time on, in the table's own clock; by default the last fifth.")
@click.option("--country", help="Table: both arms know its public holidays. DE, or DE-SH with a part of it.")
@click.option("--events", type=_FILE, help="An event log in place of a table, plain or .gz.")
@click.option("--until", type=Moment(), help="Log: lists before this time only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--seed", default=1, show_default=True)
def gate(
    table: Path | None, target: str | None, time: str | None, signals: str | None, by: str | None, since: str | None,
    country: str | None, events: Path | None, until: datetime | None, as_json: bool, seed: int,
) -> None:  # fmt: skip
    """Does a signal pay? A forecast, or the ranker, with it and without it, on what neither has learned from."""
    if (table is None) == (events is None):
        raise click.UsageError("Give --table CSV or --events LOG.")
    if events is not None:
        given = {"--target": target, "--time": time, "--signals": signals, "--by": by, "--since": since,
                 "--country": country}  # fmt: skip
        _refuse(given, "--table")
        with bars() as told:
            worth = gate_log(events, until, seed=seed, progress=told)
        _show(worth.told(), as_json, _log_lines(worth))
        if not as_json:
            show_losses(worth.lost)
        return
    _refuse({"--until": until}, "--events")
    if table is None or not target or not time or not signals:
        raise click.UsageError("--table needs --target, --time and --signals.")
    free = public_holidays(country) if country else frozenset()
    with bars() as told:
        verdict = gate_table(
            table, target=target, time=time, signals=_names(signals), by=_names(by), since=since, free=free, seed=seed,
            progress=told,
        )  # fmt: skip
    _show(verdict.told(), as_json, _table_lines(verdict, signals))


def _refuse(given: dict[str, Any], other: str) -> None:
    for option, value in given.items():
        if value is not None:
            raise click.UsageError(f"{option} belongs to {other}.")


def _names(told: str | None) -> list[str]:
    names = [name.strip() for name in (told or "").split(",") if name.strip()]
    if told is not None and not names:
        raise EvidenceError("no column is named", code="TABLE_COLUMN", hint="Name them by comma: --signals rain,wind")
    return names


def _show(told: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() if as_json else "\n".join(lines))


def _table_lines(found: Verdict, signals: str) -> list[str]:
    panel = found.panel
    each = f"the same hour of the next {panel.unit}" if panel.hourly else f"the next {panel.unit}"
    lines = [
        f"{len(panel):,} rows of {int(panel.series.max()) + 1} series, {each} forecast; "
        f"merged {panel.merged:,}, without a target {panel.dropped:,}",
        f"WAPE without {found.wape_without:.4f}, with {found.wape_with:.4f}: {found.test.value:+.1%} "
        f"({found.test.low:+.1%} to {found.test.high:+.1%})",
    ]
    if found.past is None:
        lines.append("the time before is too short to decide")
    else:
        lines.append(
            f"before the split: {found.past.value:+.1%} ({found.past.low:+.1%} to {found.past.high:+.1%}), "
            f"better from {found.agreeing} of {found.origins} origins"
        )
    return [*lines, f"{signals}: {'on' if found.on else 'no gain, off'}"]


def _log_lines(found: Worth) -> list[str]:
    head = f"{found.lists:,} lists that a click answers"
    return [head, *(map(str, found.findings) if found.findings else ["no context in the log"])]
