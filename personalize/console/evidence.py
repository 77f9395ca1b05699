"""Evidence: what the event log says of the running experiments, read beside the loop and kept a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from personalize.domain.clock import Clock
from personalize.domain.event import Event
from personalize.domain.store import Store
from personalize.errors import EventError, EvidenceError, PersonalizeError
from personalize.events.log import skim
from personalize.experiments.analyse import Plan, Report, analyse, course, deal
from personalize.experiments.ledger import read
from personalize.learning.insights import tables

DAYS = 60.0
LINES = 100_000
"""The newest lines that are looked at; beyond, `personalize experiment` reads the whole log."""
KEPT = 20.0
STEPS = 40
"""Points of a plot."""
SHORTEST = 60.0
DEADLINE = 120.0
PATIENCE = 6.0
"""Seconds that a page waits for figures that are being made; then it says so."""


@dataclass(frozen=True, slots=True)
class Point:
    """A variant's effect on the primary measure as it stood at `at`: lift, and the interval that may be watched."""

    at: float
    lift: float
    low: float
    high: float


@dataclass(slots=True)
class Told:
    """What the log says of one experiment. `met[variant]` are (times, units so far); `refused` is why no report is."""

    plan: Plan
    met: dict[str, tuple[list[float], list[int]]] = field(default_factory=dict)
    exposed: bool = False
    first: float | None = None
    last: float | None = None
    report: Report | None = None
    refused: EvidenceError | None = None
    effects: dict[str, list[Point]] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """One reading of the log: experiments by name, insights, and how much was read."""

    at: float
    lines: int
    cut: bool
    told: Mapping[str, Told]
    insights: Mapping[str, Any]
    names: Mapping[str, int]
    """Lines by the name of their event."""


class Evidence:
    """Readings of the log, one at a time, each kept for `KEPT` seconds or ten times as long as it took."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._last: tuple[tuple[Plan, ...], Findings] | None = None
        self._until = 0.0
        self._task: asyncio.Task[Findings] | None = None

    async def ask(self, plans: Sequence[Plan]) -> Findings | None:
        """The findings for these experiments, at most a while old; None where they take longer than `PATIENCE`.

        Raises StoreError where the log cannot be read.
        """
        wanted, now = tuple(plans), self._clock()
        if self._last is not None and _same(self._last[0], wanted) and now < self._until:
            return self._last[1]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._make(wanted))
        try:
            return await asyncio.wait_for(asyncio.shield(self._task), PATIENCE)
        except TimeoutError:
            return self._last[1] if self._last is not None and _same(self._last[0], wanted) else None

    async def close(self) -> None:
        """Drop what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _make(self, plans: tuple[Plan, ...]) -> Findings:
        began = self._clock()
        async with asyncio.timeout(DEADLINE):
            rows = await self._store.newest(LINES, since=began - DAYS * 86_400.0)
            found = await asyncio.to_thread(conclude, [row.line for row in reversed(rows)], plans, began)
        self._last = (plans, found)
        self._until = self._clock() + max(KEPT, 10.0 * (self._clock() - began))
        return found


LIST = "view_item_list"


def _same(one: tuple[Plan, ...], other: tuple[Plan, ...]) -> bool:
    return [(p.name, dict(p.weights), p.primary) for p in one] == [(p.name, dict(p.weights), p.primary) for p in other]


def conclude(lines: Sequence[bytes], plans: Sequence[Plan], at: float) -> Findings:
    """Findings of log lines in time order; lines that are no events are left out. Takes seconds for `LINES` of them."""
    events: list[Event] = []
    names: dict[str, int] = {}
    for line in lines:
        try:
            event = skim(line)
        except EventError:
            continue
        events.append(event)
        names[event.event] = names.get(event.event, 0) + 1
    told = {plan.name: tell(events, plan) for plan in plans}
    found = tables(event for event in events if event.event != LIST or event.search_term)
    return Findings(at, len(lines), len(lines) >= LINES, told, found, names)


def tell(events: Sequence[Event], plan: Plan) -> Told:
    """What the log says of one experiment so far."""
    found = Told(plan)
    try:
        ledger = read(events, plan.name, plan.unit)
        dealt = deal(ledger, plan.name)
    except PersonalizeError as error:
        found.refused = error if isinstance(error, EvidenceError) else EvidenceError(error.message, code=error.code)
        return found
    found.exposed = dealt.exposed
    start = dealt.start[np.isfinite(dealt.start)]
    first, last = float(start.min()), max(float(start.max()), float(ledger.at.max()))
    found.first, found.last = first, last
    step = max(SHORTEST, (last - first) / STEPS)
    edges = np.linspace(first, max(last, first + SHORTEST), STEPS + 1)
    for name in [*plan.weights, *sorted(set(ledger.names) - set(plan.weights))]:
        times = np.sort(dealt.start[dealt.rows(name)])
        if name in plan.weights or len(times):
            found.met[name] = (edges.tolist(), np.searchsorted(times, edges, side="right").tolist())
    try:
        found.report = analyse(events, plan)
        for until, report in course(events, plan, step=step):
            if isinstance(report, Report):
                for one in report.findings:
                    if one.measure.name == plan.primary:
                        low, high = one.effect.lift_watched
                        if all(np.isfinite((one.effect.lift, low, high))):
                            point = Point(min(until, last), one.effect.lift, low, high)
                            found.effects.setdefault(one.variant, []).append(point)
    except EvidenceError as error:
        found.refused = error
    return found
