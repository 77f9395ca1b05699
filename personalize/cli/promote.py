"""`personalize promote`, `explain`, `insights`: which model goes live, why a row stands where it does, what to mend."""

from __future__ import annotations

import math
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from personalize.artefact import load
from personalize.cli.learn import Moment
from personalize.cli.losses import show_losses
from personalize.decisions.ranker import locate
from personalize.errors import ArtefactError
from personalize.features.shape import SHIFTED
from personalize.learning.contributions import contributions
from personalize.learning.drift import drift
from personalize.learning.insights import insights as find_insights
from personalize.learning.promote import Limits, compare
from personalize.learning.replay import load as read_log
from personalize.learning.versions import Shelf, recall

REFUSED = 3
_FOLDER = click.Path(file_okay=False, path_type=Path)
_LOG = click.Path(exists=True, dir_okay=False, path_type=Path)
_DEFAULT = Limits()


class _Limit(click.FloatRange):
    """A number from 0 on: what is none would switch its guard off."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = float(super().convert(value, param, ctx))
        if not math.isfinite(found):
            self.fail(f"{value!r} is no limit; give a number from 0 on", param, ctx)
        return found


_LIMIT = _Limit(0.0)


@click.command()
@click.argument("candidate", required=False, type=_FOLDER)
@click.option("--events", type=_LOG, help="The event log, JSON Lines, plain or .gz; its newest part judges.")
@click.option("--live", default="models/live", show_default=True, type=_FOLDER, help="Folder of the versions.")
@click.option("--incumbent", type=_FOLDER, help="Compare with this model in place of the live one.")
@click.option("--since", type=Moment(), help="Judge lists from this time on; by default after both models' data.")
@click.option("--auto", is_flag=True, help="Go live without asking where every guard is passed.")
@click.option("--rollback", is_flag=True, help="Serve the version before again.")
@click.option("--again", metavar="VERSION", help="Let this version go live although a rollback took it back.")
@click.option("--report", is_flag=True, help="Tell how far what is served has drifted from the training of the model.")
@click.option(
    "--fall", type=_LIMIT, default=_DEFAULT.fall, show_default=True, help="NDCG@10 a segment may lose at most."
)
@click.option(
    "--cpu-ms", type=_LIMIT, default=_DEFAULT.cpu_ms, show_default=True, help="CPU of scoring 200 rows, at most."
)
@click.option(
    "--cpu-times", type=_LIMIT, default=_DEFAULT.cpu_times, show_default=True, help="The same, times the incumbent's."
)
@click.option(
    "--lists", type=click.IntRange(1), default=_DEFAULT.lists, show_default=True, help="Judged lists that are needed."
)
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def promote(
    candidate: Path | None, events: Path | None, live: Path, incumbent: Path | None, since: datetime | None,
    auto: bool, rollback: bool, again: str | None, report: bool, fall: float, cpu_ms: float, cpu_times: float,
    lists: int, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Let a model go live if it beats the one that is served. Exit code 3: it was refused."""
    shelf = Shelf(live)
    if rollback and candidate is not None:
        raise click.UsageError("--rollback serves the version before again, and takes no CANDIDATE")
    if rollback:
        before, now = shelf.rollback()
        click.echo(
            orjson.dumps({"was": before, "live": now}).decode() if as_json else f"{now} is live, no more {before}"
        )
        return
    if events is None:
        raise click.UsageError("--events is needed: the log that judges")
    if report:
        _drift(candidate or live, events, since, as_json)
        return
    if candidate is None:
        raise click.UsageError("name the CANDIDATE's folder, or give --rollback or --report")
    folder = locate(str(candidate))
    if not folder.is_dir():
        raise click.UsageError(f"there is no folder {candidate}: CANDIDATE is what `personalize train --out` wrote")
    withdrawn = shelf.withdrawn()
    if again is not None and recall(again, withdrawn) is None:
        told = ", ".join(withdrawn) or "none"
        raise click.UsageError(f"--again {again}: no version of that name was taken back ({told})")
    history = shelf.history()
    against = incumbent or (live if history else None)
    with Console(stderr=True).status("comparing") as status:
        found = compare(
            folder, events, against, since=since, seed=seed,
            limits=Limits(lists=lists, fall=fall, cpu_ms=cpu_ms, cpu_times=cpu_times),
            progress=lambda text, *_: status.update(text), withdrawn=withdrawn, again=again,
        )  # fmt: skip
    if not as_json:
        _print(found)
    better = found["verdict"] == "promote"
    if better and (auto or (not as_json and sys.stdin.isatty() and click.confirm("Let it go live?"))):
        found["live"] = shelf.publish(
            folder, orjson.dumps(found), history, found["candidate"], again
        )  # fmt: skip
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif "live" in found:
        click.echo(f"{found['live']} is live in {live}")
    elif better:
        click.echo("It may go live: run it again with --auto.")
    if not better:
        sys.exit(REFUSED)


@click.command()
@click.option("--events", required=True, type=_LOG, help="The event log, JSON Lines, plain or .gz.")
@click.option("--list", "event_id", required=True, help="The event id of the `view_item_list`.")
@click.option("--model", required=True, type=_FOLDER, help="Folder of the artefact, or of the versions.")
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "de"]), help="Of the groups.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(events: Path, event_id: str, model: Path, language: str, as_json: bool) -> None:
    """Say exactly what each feature contributed to the order of one logged list (slow, for operators)."""
    found = contributions(load(locate(str(model))), read_log(events), event_id, language)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(title=f"{found['list_id']}, {found['model']}", title_justify="left")
    for column in ("place", "shop", "item", "score", "largest contributions"):
        table.add_column(column)
    for row in found["rows"]:
        parts = ", ".join(f"{part['text']} {part['value']:+.3f}" for part in row["groups"][:4])
        score = "-" if row["score"] is None else f"{row['score']:.3f}"
        table.add_row(str(row["place"]), str(row["shop_position"]), row["item_id"], score, parts)
    Console().print(table)


@click.command()
@click.option("--events", required=True, type=_LOG, help="The event log, JSON Lines, plain or .gz.")
@click.option("--since", type=Moment(), help="Look at events from this time on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def insights(events: Path, since: datetime | None, as_json: bool) -> None:
    """List searches without a result, and what "not this" was said to, for the merchandiser."""
    found = find_insights(events, since)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for title, rows in (
        ("searches without a result", found["zero_results"]), ("items refused", found["refused_items"]),
        ("properties refused more often than shown", found["refused_properties"]),
        ("who had put them there", found["refused_by_strategy"]),
    ):  # fmt: skip
        click.echo(title if rows else f"{title}: none")
        if not rows:
            continue
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()))
        Console().print(table)
    show_losses(found)


def _drift(model: Path, events: Path, since: datetime | None, as_json: bool) -> None:
    artefact = load(locate(str(model)))
    start = since.timestamp() if since is not None else None
    if start is None:  # what was served since the training
        start = artefact.seen_until
        if start is None:
            raise ArtefactError("The card does not say up to when the training data goes", hint="Give --since.")
    journal = read_log(events)
    found = drift(artefact, journal, start) | journal.told()
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(title=f"{found['lists']} judged lists since training", title_justify="left")
    table.add_column("feature")
    table.add_column("PSI", justify="right")
    for name, value in list(found["features"].items())[:20]:
        table.add_row(name, f"{value:.3f}")
    Console().print(table)
    rates = found["click_rate"]
    told = {name: "-" if rates[name] is None else f"{rates[name]:.1%}" for name in rates}
    click.echo(f"lists that a click answers: {told['training']} in training, {told['served']} since")
    click.echo(f"shifted (PSI 0.25 or more): {', '.join(found['shifted']) or 'nothing'}")
    moved = [f"{name} {value:.2f}" for name, value in found["expected"].items() if value >= SHIFTED]
    click.echo(f"moved as counts and the clock do: {', '.join(moved) or 'nothing'}")
    show_losses(found)


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    if "ndcg@10" in found:
        other = found["against"]
        table = Table(title=f"{found['lists']} lists since {found['since']}", title_justify="left")
        for column in ("segment", "lists", f"candidate minus {other}", "95 %"):
            table.add_column(column, justify="left" if column == "segment" else "right")
        low, high = found["difference"]
        gap = found["ndcg@10"]["candidate"] - found["ndcg@10"][other]
        table.add_row("all", str(found["lists"]), f"{gap:+.4f}", f"{low:+.4f} to {high:+.4f}")
        for one in found["segments"]:
            low, high = one["interval"]
            table.add_row(f"{one['name']} {one['value']}", str(one["lists"]), f"{one['change']:+.4f}",
                          f"{low:+.4f} to {high:+.4f}", style="red" if one["harmed"] else None)  # fmt: skip
        console.print(table)
        for name, value in found["cpu_ms"].items():
            console.print(
                f"{name}: {value:.2f} ms of CPU for 200 rows, shop's order bent by {found['order_bent'][name]:.2f}"
            )
    if "incumbent_unusable" in found:
        console.print(f"the incumbent cannot be served any more: {found['incumbent_unusable']['message']}")
    show_losses(found)
    for refusal in found["refusals"]:
        console.print(f"refused, {refusal['code']}: {refusal['message']}", markup=False)
