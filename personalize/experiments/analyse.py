"""The report of an experiment: who met it, whether it was dealt fairly, and what each variant does to every measure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event
from personalize.domain.experiment import CONTROL, HELD, HOLDOUT, PLANNED, Experiment, Unit
from personalize.errors import EvidenceError
from personalize.experiments import sample_ratio
from personalize.experiments.corrections import benjamini_hochberg, holm
from personalize.experiments.effects import Arm, Effect, compare
from personalize.experiments.ledger import Costs, Ledger, read
from personalize.experiments.measures import BY_NAME, MEASURES, SLOW, Measure, arm, tell, untold
from personalize.experiments.sample_ratio import Ratio
from personalize.experiments.sequences import ALPHA, tuning

MIN_UNITS = 100
"""Units of a variant below which nothing is told: the intervals are those of large numbers."""

MIN_ACTS = 10
"""Units of a variant that a measure has to differ from zero for, for the same reason."""

MAX_POINTS = 400
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was fixed before the first look: the weights (by variant), the control, the measure that decides.

    `slow_ms` is the limit above which a list counts as slow, where there is one.
    """

    name: str
    weights: Mapping[str, float] = field(default_factory=dict)
    control: str | None = None
    primary: str = "conversion"
    unit: Unit = Unit.VISITOR
    planned: int = PLANNED
    slow_ms: float | None = None

    @staticmethod
    def of(experiment: Experiment, primary: str = "conversion") -> Plan:
        """The plan of a declared experiment; the control is the variant of that name, else the first."""
        return Plan(
            experiment.name, {one.name: one.weight for one in experiment.variants}, experiment.control, primary,
            experiment.unit, experiment.planned, next((one.limit for one in experiment.guardrails if one.limit), None),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A measure of a variant against the control: `p` is adjusted, `verdict` is better, worse or open."""

    measure: Measure
    variant: str
    effect: Effect
    p: float
    verdict: str


@dataclass(slots=True)
class Report:
    """What an experiment shows so far; every figure of it may be looked at whenever one likes.

    `levels[measure][variant]` is what was measured, `findings` the effects (of a primary measure by Holm over the
    variants, of the others by Benjamini-Hochberg over all of them), `broken[variant]` guardrails that got worse for
    sure, `advice[variant]` one of `roll back`, `better`, `worse`, `go on`.
    """

    plan: Plan
    control: str
    exposed: bool
    units: dict[str, int]
    ratio: Ratio
    days: float
    levels: dict[str, dict[str, float]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    broken: dict[str, list[str]] = field(default_factory=dict)
    advice: dict[str, str] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    currency: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """Who met which variant first when: `start` (units,) is infinite for those who never did, `variant` then -1."""

    start: Floats
    variant: NDArray[np.int64]
    names: list[str]
    exposed: bool
    left_out: Counter[str]

    def rows(self, name: str) -> NDArray[np.intp]:
        """The units of a variant."""
        number = self.names.index(name) if name in self.names else -2
        return np.flatnonzero(self.variant == number)


def analyse(
    events: Iterable[Event], plan: Plan, *, since: float | None = None, until: float | None = None,
    costs: Costs | None = None,
) -> Report:  # fmt: skip
    """Read a log (lines in any order) and tell what the experiment shows.

    Exposures count from `since` on, what came before tells of the visitors; nothing counts from `until` on (epoch
    seconds). EvidenceError: NO_EXPOSURES, NO_CONTROL, SAMPLE_RATIO_MISMATCH, TOO_FEW_UNITS, MEASURE_UNKNOWN.
    """
    _check(plan)
    if until is not None:
        events = (event for event in events if event.at < until)
    return report_of(read(events, plan.name, plan.unit, costs), plan, since)


def course(
    events: Iterable[Event], plan: Plan, *, since: float | None = None, step: float = 86_400.0,
    costs: Costs | None = None,
) -> Iterator[tuple[float, Report | EvidenceError]]:  # fmt: skip
    """The report as it stood at the end of each `step` (seconds) since the first exposure, or why there was none.

    For plots; at most `MAX_POINTS` of them, so that steps of a long experiment are wider.
    """
    _check(plan)
    ledger = read(events, plan.name, plan.unit, costs)
    start = deal(ledger, plan.name, since).start
    first, last = float(start.min()), float(ledger.at.max())
    step = max(step, (last - first) / MAX_POINTS)
    for number in range(1, int((last - first) // step) + 2):
        until = first + number * step
        try:
            yield until, report_of(ledger.until(until), plan, since)
        except EvidenceError as error:
            yield until, error


def _check(plan: Plan) -> None:
    if plan.primary not in BY_NAME:
        raise EvidenceError(f"{plan.primary!r} is none of: {', '.join(BY_NAME)}", code="MEASURE_UNKNOWN")


def report_of(ledger: Ledger, plan: Plan, since: float | None = None) -> Report:
    """What a ledger shows of an experiment. EvidenceError as `analyse`."""
    dealt = deal(ledger, plan.name, since)
    report = _begin(plan, dealt, ledger)
    after, before = tell(ledger, dealt.start, math.inf if plan.slow_ms is None else plan.slow_ms)
    rows = {name: dealt.rows(name) for name in report.units}
    everyone = np.concatenate(list(rows.values()))
    for measure in MEASURES if plan.slow_ms is None else (*MEASURES, SLOW):
        if untold(measure, after, everyone):
            report.untold.append(measure.name)
            continue
        arms = {name: arm(measure, after, before, rows[name]) for name in rows}
        report.levels[measure.name] = {name: one.level for name, one in arms.items()}
        _find(report, measure, arms)
    _judge(report)
    return report


def deal(ledger: Ledger, name: str, since: float | None = None) -> Dealt:
    """Each unit's first meeting; units of several variants, with an override, or that met it before `since` are out.

    Where the log tells exposures, only units that met the difference are in, from then on.
    """
    unit, at, variant, met = ledger.meetings
    chosen = np.ones(len(unit), bool) if since is None else at >= since
    told = set(unit[chosen].tolist())
    left_out: Counter[str] = Counter()
    crossed: set[int] = set()
    early = set() if since is None else set(unit[at < since].tolist())  # what a variant did is no past of theirs
    first = np.full(ledger.units, -1, np.int64)
    for one, number in zip(unit[chosen].tolist(), variant[chosen].tolist(), strict=True):
        if first[one] == -1:
            first[one] = number
        elif first[one] != number:
            crossed.add(one)
    if ledger.knows_exposure:
        chosen &= met
        left_out["NOT_EXPOSED"] = len(told) - len(set(unit[chosen].tolist()))
    start = np.full(ledger.units, np.inf)
    np.minimum.at(start, unit[chosen], at[chosen])
    forced = set(ledger.overridden.tolist())
    left_out["SEVERAL_VARIANTS"] = len(crossed - forced)
    left_out["OVERRIDDEN"] = len(forced)
    left_out["MET_BEFORE"] = len(early - crossed - forced)
    out = np.array(sorted(crossed | forced | early), np.int64)
    start[out] = np.inf
    found = np.where(np.isfinite(start), first, -1)
    if not (found >= 0).any():
        raise EvidenceError(
            f"no unit met the experiment {name!r}" + (f" ({dict(+left_out)})" if +left_out else ""),
            code="NO_EXPOSURES",
            hint="Lists have to name it under `assignments`, and a unit: who is told apart depends on consent.",
        )
    return Dealt(start, found, ledger.names, ledger.knows_exposure, +left_out)


def _begin(plan: Plan, dealt: Dealt, ledger: Ledger) -> Report:
    """A report with its refusals made."""
    names = [name for name, weight in plan.weights.items() if weight > 0] or sorted(ledger.names)
    usual = HELD if plan.name == HOLDOUT else CONTROL
    control = plan.control or (usual if usual in names else names[0])
    units = {name: len(dealt.rows(name)) for name in sorted(names, key=lambda name: name != control)}
    if control not in units or len(units) < 2:
        raise EvidenceError(
            f"{plan.name!r} has the variants {', '.join(names)}: no control {control!r} and another one",
            code="NO_CONTROL", hint="Name the control, and wait until both were met.",
        )  # fmt: skip
    others = int((dealt.variant >= 0).sum()) - sum(units.values())
    if others:
        dealt.left_out["OTHER_VARIANT"] = others
    weights = [plan.weights.get(name, 0.0) or 1.0 / len(units) for name in units]
    ratio = sample_ratio.judge(list(units.values()), weights)
    if ratio.halt:
        due = ", ".join(f"{share:.1%}" for share in ratio.expected)
        raise EvidenceError(
            f"{plan.name!r} was dealt wrongly: {_counted(units)} units, due were {due} "
            f"(p = {ratio.p_watched:.2g}, however often one looks)",
            code="SAMPLE_RATIO_MISMATCH",
            hint="Stop it: something loses or doubles visitors of one variant, and no figure of it can be trusted.",
        )
    few = [name for name, count in units.items() if count < MIN_UNITS]
    if few:
        raise EvidenceError(
            f"{plan.name!r} has too few units yet: {_counted(units)}, at least {MIN_UNITS} of each are needed",
            code="TOO_FEW_UNITS", hint="`personalize experiment --power` tells how many an effect needs.",
        )  # fmt: skip
    start = dealt.start[np.isfinite(dealt.start)]
    days = float(ledger.at.max() - start.min()) / 86_400.0
    return Report(
        plan, control, dealt.exposed, units, ratio, days, left_out=dealt.left_out, noted=ledger.noted,
        currency=ledger.currency,
    )  # fmt: skip


def _counted(units: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in units.items())


def _find(report: Report, measure: Measure, arms: Mapping[str, Arm]) -> None:
    rho2 = tuning(report.plan.planned)
    for name, one in arms.items():
        if name == report.control:
            continue
        enough = all(np.count_nonzero(part.value) >= MIN_ACTS for part in (arms[report.control], one))
        effect = compare(arms[report.control], one, rho2) if enough else None
        if effect is None:
            report.noted["TOO_FEW_ACTS"] += 1
        else:
            report.findings.append(Finding(measure, name, effect, effect.p, "open"))


def _judge(report: Report) -> None:
    """Adjust for the many questions, and say what follows."""
    first = [one for one in report.findings if one.measure.name == report.plan.primary]
    others = [one for one in report.findings if one.measure.name != report.plan.primary]
    judged = []
    for group, adjust in ((first, holm), (others, benjamini_hochberg)):
        for one, p in zip(group, adjust([one.effect.p for one in group]), strict=True):
            good = one.effect.difference * one.measure.better > 0
            verdict = "open" if p >= ALPHA else "better" if good else "worse"
            judged.append(Finding(one.measure, one.variant, one.effect, p, verdict))
    report.findings = judged
    for name in report.units:
        if name == report.control:
            continue
        # Guardrails are not adjusted: to overlook harm costs more than to stop once too often.
        report.broken[name] = [
            one.measure.name for one in judged
            if one.variant == name and one.measure.guardrail and one.effect.p < ALPHA
            and one.effect.difference * one.measure.better < 0
        ]  # fmt: skip
        verdicts = [one.verdict for one in judged if one.variant == name and one.measure.name == report.plan.primary]
        decided = verdicts[0] if verdicts else "open"
        report.advice[name] = "roll back" if report.broken[name] else "go on" if decided == "open" else decided
