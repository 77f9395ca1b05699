"""Planning: what a log of ordinary days says of the visitors an experiment needs, and of what it could show."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from personalize.domain.event import Event
from personalize.domain.experiment import Unit
from personalize.errors import EvidenceError
from personalize.experiments.analyse import MIN_ACTS, MIN_UNITS
from personalize.experiments.ledger import LIST, Costs, read
from personalize.experiments.measures import MEASURES, arm, tell, untold
from personalize.experiments.power import POWER, effect_for, spread_of, units_for

DAYS = (7, 14, 28)


def plan(
    events: Iterable[Event], *, effect: float = 0.02, arms: int = 2, power: float = POWER, unit: Unit = Unit.VISITOR,
    since: float | None = None, until: float | None = None, costs: Costs | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Units (over all `arms`) that a relative `effect` needs by the log's own variance, and what days can show; JSON.

    Every unit counts from its first list from `since` on; what came before tells how much is foreknown (CUPED). A unit
    counts with what it did until the log ends, as in a report. EvidenceError: TOO_FEW_UNITS.
    """
    if until is not None:
        events = (event for event in events if event.at < until)
    ledger = read(events, "", unit, costs)
    shown = (ledger.kind == LIST) & ((ledger.at >= since) if since is not None else True)
    start = np.full(ledger.units, np.inf)
    np.minimum.at(start, ledger.unit[shown], ledger.at[shown])
    rows = np.flatnonzero(np.isfinite(start))
    if len(rows) < MIN_UNITS:
        raise EvidenceError(
            f"the log names {len(rows)} units that were shown a list, at least {MIN_UNITS} are needed",
            code="TOO_FEW_UNITS", hint="Who is told apart depends on consent.",
        )  # fmt: skip
    after, before = tell(ledger, start)
    days = max(float(ledger.at.max() - start[rows].min()) / 86_400.0, 1.0)
    a_day = len(rows) / days
    measures: dict[str, Any] = {}
    for measure in MEASURES:
        one = arm(measure, after, before, rows)
        if untold(measure, after, rows) or np.count_nonzero(one.value) < MIN_ACTS:
            continue
        level, spread = one.level, spread_of(one)
        if not spread > 0:  # the same for everybody
            continue
        needed = {
            reading: units_for(effect * level, spread, arms, power, watched=reading == "watched")
            for reading in ("fixed", "watched")
        }
        measures[measure.name] = {
            "level": level,
            "spread": spread,
            "needed": needed,
            "days": math.ceil(needed["watched"] / a_day),
            "detectable": {
                str(span): effect_for(a_day * span, spread, arms, power, watched=True) / level for span in DAYS
            },
        }
    return {
        "unit": unit.value, "units": len(rows), "days": days, "units_a_day": a_day, "effect": effect, "arms": arms,
        "power": power, "measures": measures,
    }  # fmt: skip
