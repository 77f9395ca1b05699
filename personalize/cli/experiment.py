"""`personalize experiment`: what an experiment shows, what one would need, and tokens to see a variant."""

from __future__ import annotations

import asyncio
import csv
import time
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from personalize.cli.learn import Moment
from personalize.cli.losses import show_losses
from personalize.domain.experiment import HELD, HOLDOUT, SERVED, Unit
from personalize.errors import EvidenceError, SettingsError
from personalize.events.log import Report as Losses
from personalize.events.log import read
from personalize.experiments.analyse import Finding, Plan, Report, analyse, course
from personalize.experiments.measures import BY_NAME, MEASURES, Side
from personalize.experiments.plan import plan as plan_ahead
from personalize.experiments.preference import PLANNED, Preference, prefer
from personalize.experiments.telling import as_dict, as_point
from personalize.gateway.trial import trial_of
from personalize.settings import load_settings
from personalize.stores import open_store
from personalize.visitors.overrides import Overrides

_LOG = click.Path(exists=True, dir_okay=False, path_type=Path)
MAX_COSTS = 5_000_000


@click.command()
@click.option("--events", type=_LOG, help="The event log, JSON Lines, plain or .gz.")
@click.option("--name", help="The experiment; `holdout` is the one that is always there.")
@click.option("--since", type=Moment(), help="Exposures from this time on; what was before tells of the visitors.")
@click.option("--until", type=Moment(), help="Nothing from this time on.")
@click.option("--control", help="The variant that the others are held against.")
@click.option("--primary", default="conversion", show_default=True, type=click.Choice([one.name for one in MEASURES]),
              help="The measure that decides.")  # fmt: skip
@click.option("--unit", type=click.Choice(list(Unit)), help="What was randomised; else as declared, else visitors.")
@click.option("--planned", type=click.IntRange(100), help="Units over all variants at which it was to be read.")
@click.option("--costs", type=_LOG, help="A CSV with the columns item_id and cost, for the margin.")
@click.option("--daily", is_flag=True, help="The effects as they stood at the end of each day, as JSON.")
@click.option("--interleaved", is_flag=True, help="Two interleaved orders: which of them is clicked.")
@click.option("--power", is_flag=True, help="Before the start: how many visitors an effect needs.")
@click.option(
    "--effect", default=0.02, show_default=True, type=click.FloatRange(1e-4, 10), help="With --power: relative."
)
@click.option("--variants", default=2, show_default=True, type=click.IntRange(2, 16), help="With --power: how many.")
@click.option("--token", "variant", help="Make a token that shows this variant, for X-Personalize-Experiment.")
@click.option("--hours", default=8.0, show_default=True, help="With --token: how long it is good for.")
@click.option("--resume", is_flag=True, help="Let an experiment go on that its guardrails stopped.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def experiment(
    events: Path | None, name: str | None, since: datetime | None, until: datetime | None, control: str | None,
    primary: str, unit: str | None, planned: int | None, costs: Path | None, daily: bool, interleaved: bool,
    power: bool, effect: float, variants: int, variant: str | None, hours: float, resume: bool, as_json: bool,
) -> None:  # fmt: skip
    """Tell what an experiment shows, on every day anew if you like; or, with --power, what one would need."""
    if variant is not None:
        click.echo(_token(_named(name), variant, hours))
        return
    if resume:
        click.echo(asyncio.run(_resume(_named(name))))
        return
    if events is None:
        raise click.UsageError("Missing option '--events'.")
    start, end = (moment.timestamp() if moment else None for moment in (since, until))
    known, lost = _costs(costs), Losses()
    lines = read(events, lost)
    context = click.get_current_context()  # however it ends, on standard error: JSON keeps its shape
    context.call_on_close(lambda: show_losses({"dropped": lost.dropped, "noted": lost.noted}, err=True))
    if power:
        told = plan_ahead(lines, effect=effect, arms=variants, unit=Unit(unit or Unit.VISITOR), since=start,
                          until=end, costs=known)  # fmt: skip
        _print(told) if as_json else _show_plan(told)
        return
    plan = _plan(_named(name), primary)
    plan = replace(
        plan, control=control or plan.control, unit=Unit(unit) if unit else plan.unit, planned=planned or plan.planned
    )
    if interleaved:
        found = prefer(
            (one for one in lines if start is None or one.at >= start), plan.name, plan.unit, planned or PLANNED
        )  # fmt: skip
        _print(asdict(found)) if as_json else _show_preference(found)
        return
    if daily:
        points = course(lines, plan, since=start, costs=known)
        click.echo(orjson.dumps([as_point(*one) for one in points], option=orjson.OPT_INDENT_2).decode())
        return
    report = analyse(lines, plan, since=start, until=end, costs=known)
    _print(as_dict(report)) if as_json else _show(report)


def _named(name: str | None) -> str:
    if not name:
        raise click.UsageError("Missing option '--name'.")
    return name


def _plan(name: str, primary: str) -> Plan:
    """As the settings here declare it, or the name of a trial says; others have equal weights, as far as is known."""
    settings = load_settings()
    if name == HOLDOUT:
        if not settings.holdout:
            raise SettingsError("the setting holdout is 0 here",
                                hint="set it to the share that the log was written under")  # fmt: skip
        return Plan(name, {HELD: settings.holdout, SERVED: 1.0 - settings.holdout}, HELD, primary)
    declared = next((one for one in settings.experiments if one.name == name), None) or trial_of(name)
    return Plan.of(declared, primary) if declared is not None else Plan(name, primary=primary)


def _token(name: str, variant: str, hours: float) -> str:
    settings = load_settings()
    declared = next((one for one in settings.experiments if one.name == name), None) or trial_of(name)
    if declared is None or declared.variant(variant) is None:
        raise SettingsError(f"no experiment {name!r} with a variant {variant!r} is declared in the settings here")
    token = Overrides(settings.secret, lambda *_: None, time.time).issue(name, variant, hours)
    return f'X-Personalize-Experiment: {name}={variant};token="{token}"'


async def _resume(name: str) -> str:
    """Drop what the store keeps of an experiment: it begins anew, and so does the watch on it."""
    store = open_store(load_settings().store_url)
    await store.open()
    try:
        known = await store.drop_trial(name)
    finally:
        await store.close()
    return f"{name} goes on, and is watched from now on" if known else f"{name} was not stopped"


def _costs(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            found = {row["item_id"]: float(row["cost"]) for _, row in zip(range(MAX_COSTS), rows, strict=False)}
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise EvidenceError(f"{path} is no table of costs: {error}", code="COSTS_UNREADABLE",
                            hint="a CSV with the columns item_id and cost") from error  # fmt: skip
    return found


def _print(told: dict[str, Any]) -> None:
    click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


def _show(report: Report) -> None:
    counted = "exposed" if report.exposed else "assigned"
    units = ", ".join(f"{name} {count:,}" for name, count in report.units.items())
    table = _table(
        f"{report.plan.name}: {report.days:.1f} days, {counted} {report.plan.unit}s: {units}",
        ("measure", "variant", report.control, "variant's", "change", "95 %, may be watched", ""), words=2,
    )  # fmt: skip
    found = {(one.measure.name, one.variant): one for one in report.findings}
    for side in Side:
        table.add_row(f"{side}:", style="bold")
        for name in (name for name in report.levels if BY_NAME[name].side is side):
            for variant in list(report.units)[1:]:
                levels, one = report.levels[name], found.get((name, variant))
                told = _told(one, broken=name in report.broken[variant]) if one is not None else ("-", "-", "-")
                table.add_row(name, variant, f"{levels[report.control]:.4g}", f"{levels[variant]:.4g}", *told)
    Console().print(table)
    for variant, advice in report.advice.items():
        click.echo(f"{variant}: {advice}")
    if report.untold:
        click.echo(f"the log tells nothing of: {', '.join(report.untold)}")
    for reason, count in sorted((report.left_out + report.noted).items()):
        click.echo(f"  {count:,} {reason}")


def _told(one: Finding, *, broken: bool) -> tuple[str, str, str]:
    low, high = one.effect.lift_watched
    return f"{one.effect.lift:+.1%}", f"{low:+.1%} to {high:+.1%}", "BROKEN" if broken else one.verdict


def _show_plan(told: dict[str, Any]) -> None:
    seen = f"{told['units']:,} {told['unit']}s in {told['days']:.1f} days"
    table = _table(
        f"{seen}; needed to find {told['effect']:+.1%} with {told['power']:.0%}, and what days can show",
        ("measure", "level", "read once", "watched", "days", "7 days", "14", "28"), words=1,
    )  # fmt: skip
    for name, one in told["measures"].items():
        shown = (f"{one['detectable'][span]:.1%}" for span in ("7", "14", "28"))
        table.add_row(name, f"{one['level']:.3g}", f"{one['needed']['fixed']:,}", f"{one['needed']['watched']:,}",
                      f"{one['days']:,}", *shown)  # fmt: skip
    Console().print(table)


def _table(title: str, columns: tuple[str, ...], words: int) -> Table:
    """A table without lines, so that it fits on 80 columns; the first `words` columns and nameless ones are words."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < words or not column else "right", no_wrap=True)
    return table


def _show_preference(found: Preference) -> None:
    one, other = found.orders
    low, high = found.watched
    click.echo(f"{found.wins[0]:,} lean to {one}, {found.wins[1]:,} to {other}, {found.wins[2]:,} to neither")
    click.echo(f"preference for {one} {found.mean:+.3f} ({low:+.3f} to {high:+.3f}, may be watched)")
