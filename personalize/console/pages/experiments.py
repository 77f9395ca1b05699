"""Experiments: what is declared, who met it so far, and what it does, drawn over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup
from starlette.responses import Response

from personalize.console.desk import reason
from personalize.console.evidence import Point, Told
from personalize.console.pages import paper
from personalize.console.pages.asked import Asked
from personalize.console.pages.plot import Series, legend, plot
from personalize.domain.experiment import HELD, HOLDOUT, SERVED
from personalize.experiments.analyse import Finding, Plan
from personalize.experiments.measures import BY_NAME
from personalize.settings import Settings

DAY = 86_400.0
EXPERIMENT = "experiment"
"""The kind of the audit's lines."""
MOST = 20
"""Experiments that are analysed for the console."""


@dataclass(frozen=True, slots=True)
class Summary:
    """An experiment in a line: units by variant, what to do by variant, the newest effect by variant.

    `halted` says why its guardrails stopped it, "" where they did not.
    """

    name: str
    primary: str
    units: dict[str, int]
    advice: dict[str, str]
    newest: dict[str, Point]
    refused: str
    broken: dict[str, list[str]]
    halted: str


def planned(settings: Settings) -> list[Plan]:
    """The plans of all that is declared, and of the holdout."""
    found = [Plan.of(one) for one in settings.experiments[:MOST]]
    if settings.holdout > 0:
        share = settings.holdout
        found.append(Plan(HOLDOUT, {HELD: share, SERVED: 1.0 - share}, HELD))
    return found


def summary(told: Told, halted: Mapping[str, str]) -> Summary:
    """One experiment for a list; `halted` are those that were stopped, and why."""
    report = told.report
    return Summary(
        told.plan.name, told.plan.primary, {name: counts[-1] for name, (_, counts) in told.met.items()},
        dict(report.advice) if report else {}, {name: points[-1] for name, points in told.effects.items()},
        told.refused.code if told.refused else "", dict(report.broken) if report else {},
        halted.get(told.plan.name, ""),
    )  # fmt: skip


async def overview(asked: Asked) -> Response:
    """All experiments."""
    settings = asked.house.effective()
    findings = await asked.house.evidence.ask(planned(settings))
    halted = asked.house.watchman.halted
    found = [summary(one, halted) for one in findings.told.values()] if findings is not None else []
    return asked.show("experiments.html", findings=findings, found=found, plans=planned(settings),
                      declared={one.name: one for one in settings.experiments},
                      trials=_trials(asked))  # fmt: skip


def _trials(asked: Asked) -> set[str]:
    """The names of experiments that are strategies published for a share."""
    return {one.name for one in asked.house.effective().experiments} - {
        one.name for one in asked.house.settings().experiments
    }


async def experiment(asked: Asked) -> Response:
    """One experiment with its plots and its measures."""
    name, settings = asked.path("name"), asked.house.effective()
    plans = planned(settings)
    plan = next((one for one in plans if one.name == name), None)
    if plan is None:
        return asked.show("trouble.html", status=404, title=asked.say("trouble.nothing"), fault=None, told=name)
    findings = await asked.house.evidence.ask(plans)
    told = findings.told.get(name) if findings is not None else None
    halted = asked.house.watchman.halted
    return asked.show(
        "experiment.html", plan=plan, told=told, findings=findings, summary=summary(told, halted) if told else None,
        halted=halted.get(name, ""),
        declared=next((one for one in settings.experiments if one.name == name), None),
        arrivals=_arrivals(asked, told) if told else Markup(""), effects=_effects(asked, told) if told else Markup(""),
        measures=_measures(told.report.findings) if told and told.report else [],
    )  # fmt: skip


async def resume(asked: Asked) -> Response:
    """Let an experiment go on that its guardrails stopped; the audit has who and why."""
    name, why = asked.path("name"), reason(asked.form.one("why"))
    if await asked.house.watchman.resume(name):
        await asked.house.desk.note(asked.actor, "resume", EXPERIMENT, name, why)
    return asked.go(f"/console/experiments/{quote(name, safe='')}", "resumed")


def _times(asked: Asked, told: Told) -> Callable[[float], str]:
    """How the axis of time is written: days, and hours where all is within two days."""
    zone = asked.house.settings().shop_timezone
    hours = (told.last or 0.0) - (told.first or 0.0) < 2 * DAY
    return lambda at: paper.tick(at, asked.language, zone, hours)


def _colours(told: Told) -> dict[str, int]:
    """The number of each variant's colour: the first, which is grey, is the control's."""
    return {name: number for number, name in enumerate(sorted(told.met, key=lambda one: one != told.plan.control))}


def _arrivals(asked: Asked, told: Told) -> Markup:
    """Units of each variant so far."""
    colours = _colours(told)
    series = [
        Series(name, list(zip(times, map(float, counts), strict=True)), colour=colours[name])
        for name, (times, counts) in told.met.items()
    ]
    if not series:
        return Markup("")
    ends = ", ".join(f"{name} {counts[-1]}" for name, (_, counts) in told.met.items())
    return Markup("{}{}").format(
        plot(asked.say("experiments.arrivals"), asked.say("experiments.arrivals_told", ends=ends), series,
             x=_times(asked, told), y=lambda v: paper.number(v, asked.language), floor=0.0),
        legend(series),
    )  # fmt: skip


def _effects(asked: Asked, told: Told) -> Markup:
    """The effect on the primary measure of each variant, with the interval that may be watched."""
    colours = _colours(told)
    series = [
        Series(name, [(p.at, p.lift) for p in points], [(p.at, p.low, p.high) for p in points], colours[name])
        for name, points in told.effects.items()
        if points
    ]
    if not series:
        return Markup("")
    ends = "; ".join(
        asked.say("experiments.effect_of", name=name, lift=_percent(asked, points[-1].lift),
                  low=_percent(asked, points[-1].low), high=_percent(asked, points[-1].high))
        for name, points in told.effects.items() if points
    )  # fmt: skip
    title = asked.say("experiments.effect_on", measure=asked.say(f"measure.{told.plan.primary}"))
    return Markup("{}{}").format(
        plot(title, ends, series, x=_times(asked, told), zero=True,
             y=lambda v: paper.percent(v, asked.language, 0, True)),
        legend(series),
    )  # fmt: skip


def _percent(asked: Asked, value: float) -> str:
    return paper.percent(value, asked.language, 1, True)


def _measures(findings: Sequence[Finding]) -> list[Finding]:
    """The customer's side beside the shop's, in the order of the measures."""
    order = list(BY_NAME)
    return sorted(findings, key=lambda one: (order.index(one.measure.name), one.variant))
