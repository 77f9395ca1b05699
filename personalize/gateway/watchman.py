"""The watchman: reads the newest lines of the store behind the requests and stops experiments that do harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b

import orjson
from cachetools import LRUCache
from prometheus_client import Gauge

from personalize.domain.clock import Clock
from personalize.domain.experiment import Experiment
from personalize.domain.store import Store
from personalize.errors import EventError, PersonalizeError
from personalize.events.log import parse
from personalize.experiments.guarding import Guard
from personalize.settings import Settings
from personalize.telemetry import Telemetry

RECALL_SECONDS = 5.0
"""How often it is looked whether another process stopped an experiment, or somebody let one go on."""

ROUND_SECONDS = 60.0
"""How long a round may read; the next one goes on where it ended."""

ROUND_LINES = 500_000
STEP = 100
MAX_ACTS = 3_000_000
"""Acts of all experiments together that are held: about 45 bytes each."""

OVERLAP = 120.0
"""Seconds before the last line that are read again: other processes write late, and each line counts once."""

MAX_SEEN = 200_000


class Watchman:
    """Judges every experiment with guardrails each `minutes`; `halted` names those that were stopped, and why.

    What was stopped stays so in the store, until somebody lets it go on (`personalize experiment --resume`). An
    experiment is read from when it was first seen in this form: what was dealt under other weights tells nothing.
    """

    def __init__(
        self, store: Store, telemetry: Telemetry, clock: Clock, settings: Settings, changed: Callable[[], object]
    ) -> None:
        self.store, self.telemetry, self.clock, self.settings, self.changed = store, telemetry, clock, settings, changed
        self.halted: dict[str, str] = {}
        self.guards: dict[str, tuple[str, float, Guard]] = {}
        self.mark: float | None = None
        self._unsaved: dict[str, bytes] = {}
        self._seen: LRUCache[str, bool] = LRUCache(MAX_SEEN)
        self._gauge = Gauge(
            "personalize_experiment_halted", "1 while an experiment is stopped by its guardrails.", ["experiment"],
            registry=telemetry.registry,
        )  # fmt: skip

    async def run(self) -> None:
        """Watch until cancelled."""
        due = self.clock()
        while True:
            await self.recall()
            minutes = self.settings.guard_minutes
            if minutes and self.clock() >= due:
                due = self.clock() + minutes * 60.0
                await self.round()
            await asyncio.sleep(RECALL_SECONDS)

    async def recall(self) -> None:
        """Learn from the store what is stopped, whoever stopped it."""
        try:
            await self._save()  # what the store did not take when it was stopped
            found = {name: _read(body) for name, body in (await self.store.trials()).items()}
        except PersonalizeError as error:
            self.telemetry.fault("guard", error.code, error)
            return
        stopped = {name: reason for name, (_, _, reason) in found.items() if reason}
        if stopped != self.halted:
            for name in self.halted.keys() - stopped.keys():
                self.guards.pop(name, None)
            self._take(stopped)

    async def resume(self, name: str) -> bool:
        """Let an experiment go on that was stopped, watched from now on; whether it was. Raises StoreError."""
        if name not in self.halted:
            return False
        self._unsaved.pop(name, None)
        await self.store.drop_trial(name)
        await self.recall()
        return True

    async def round(self) -> None:
        """Read what is new and judge. Never raises but for being cancelled."""
        try:
            await self._open()
            await self._read()
            for _, since, guard in list(self.guards.values()):
                reason = await asyncio.to_thread(guard.judge)
                if reason is not None:
                    await self._halt(guard.experiment, since, reason)
        except PersonalizeError as error:
            self.telemetry.fault("guard", error.code, error)
        except Exception as error:  # whatever is in a log must not end the watch
            self.telemetry.fault("guard", type(error).__name__, error)

    async def _open(self) -> None:
        """A guard for every experiment that has guardrails and runs; one that was declared anew begins anew."""
        watched = {one.name: one for one in self.settings.experiments if one.guardrails and one.name not in self.halted}
        for name in self.guards.keys() - watched.keys():
            del self.guards[name]
        kept = {name: _read(body) for name, body in (await self.store.trials()).items()}
        for name, experiment in watched.items():
            form = _form(experiment)
            if name in self.guards and self.guards[name][0] == form:
                continue
            before = kept.get(name)
            since = before[1] if before is not None and before[0] == form else self.clock()
            if before is None or before[0] != form:
                await self.store.put_trial(name, _write(form, since, ""))
            self.guards[name] = form, since, Guard(experiment)
            self.mark = since if self.mark is None else min(self.mark, since)
            self._seen.clear()  # where it is read again from further back, the ledgers count each act once

    async def _read(self) -> None:
        if not self.guards or self.mark is None:
            return
        lines: list[bytes] = []
        count, began = 0, self.mark - OVERLAP
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                async for row in self.store.events(since=began, until=self.clock()):
                    if row.event_id in self._seen:
                        continue
                    self._seen[row.event_id] = True
                    lines.append(row.line)
                    if len(lines) >= STEP:
                        await asyncio.to_thread(self._note, lines)
                        lines, count = [], count + STEP
                        self.mark = max(self.mark, row.at)
                    if count >= ROUND_LINES:
                        break
                else:
                    if lines:
                        await asyncio.to_thread(self._note, lines)
                        self.mark = max(self.mark, row.at)
        except TimeoutError:
            self.telemetry.count("guard", "behind")

    def _note(self, lines: Sequence[bytes]) -> None:
        """Put lines down, off the event loop."""
        guards = [(since, guard) for _, since, guard in self.guards.values()]
        full = sum(len(guard) for _, guard in guards) >= MAX_ACTS
        if full:
            self.telemetry.count("guard", "full")
            return
        for line in lines:
            try:
                event = parse(line)
            except EventError:
                continue
            for since, guard in guards:
                if event.at >= since:
                    guard.note(event)

    async def _halt(self, experiment: Experiment, since: float, reason: str) -> None:
        name = experiment.name
        self._take({**self.halted, name: reason})
        self.guards.pop(name, None)
        self.telemetry.count("experiment_halted", name)
        told = "experiment %s was stopped, all traffic gets %s: %s"
        self.telemetry.log.warning(told, name, experiment.control, reason)
        self._unsaved[name] = _write(_form(experiment), since, reason)
        await self._save()

    async def _save(self) -> None:
        for name in list(self._unsaved):
            await self.store.put_trial(name, self._unsaved[name])
            del self._unsaved[name]

    def _take(self, stopped: dict[str, str]) -> None:
        self.halted.clear()
        self.halted.update(stopped)
        self._gauge.clear()
        for name in stopped:
            self._gauge.labels(name).set(1)
        self.changed()


def _form(experiment: Experiment) -> str:
    """What of a declaration decides what a line of it means."""
    return blake2b(repr(replace(experiment, guardrails=(), planned=0)).encode(), digest_size=8).hexdigest()


def _write(form: str, since: float, reason: str) -> bytes:
    return orjson.dumps({"form": form, "since": since, "halted": reason})


def _read(body: bytes) -> tuple[str, float, str]:
    """The form, since when, and why it was stopped ("": it was not). What cannot be read is as nothing."""
    try:
        raw = orjson.loads(body)
        return str(raw["form"]), float(raw["since"]), str(raw["halted"])
    except (ValueError, KeyError, TypeError):
        return "", 0.0, ""
