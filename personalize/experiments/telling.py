"""A report as plain values: what the command prints as JSON, and what pages and plots are made of."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from personalize.errors import EvidenceError
from personalize.experiments.analyse import Report
from personalize.experiments.measures import BY_NAME, Measure


def as_dict(report: Report) -> dict[str, Any]:
    """The report as JSON: measures by name, effects by variant."""
    found: dict[str, Any] = {
        name: {**_described(BY_NAME[name]), "levels": levels, "effects": {}} for name, levels in report.levels.items()
    }
    for one in report.findings:
        effect = asdict(one.effect)
        found[one.measure.name]["effects"][one.variant] = {**effect, "p_adjusted": one.p, "verdict": one.verdict}
    return {
        "experiment": report.plan.name, "control": report.control, "unit": report.plan.unit.value,
        "counted": "exposed" if report.exposed else "assigned", "units": report.units, "days": report.days,
        "planned": report.plan.planned, "primary": report.plan.primary, "currency": report.currency,
        "sample_ratio": asdict(report.ratio), "measures": found, "untold": report.untold, "broken": report.broken,
        "advice": report.advice, "left_out": dict(report.left_out), "noted": dict(report.noted),
    }  # fmt: skip


def _described(measure: Measure) -> dict[str, Any]:
    return {"side": measure.side.value, "better": "more" if measure.better > 0 else "less",
            "guardrail": measure.guardrail, "said": measure.said}  # fmt: skip


def as_point(until: float, told: Report | EvidenceError) -> dict[str, Any]:
    """How it stood at a moment (epoch s): by measure and variant the lift and its watched interval, or a code."""
    at = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(told, EvidenceError):
        return {"until": at, "refused": told.code}
    lifts: dict[str, dict[str, list[float | None]]] = {}
    for one in told.findings:
        figures = (one.effect.lift, *one.effect.lift_watched)
        lifts.setdefault(one.measure.name, {})[one.variant] = [None if math.isnan(x) else x for x in figures]
    return {"until": at, "units": told.units, "advice": told.advice, "lifts": lifts}
