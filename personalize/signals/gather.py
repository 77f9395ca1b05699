"""Asks all signals at once; what is late, fails or is too old is missing, never an error and never a zero."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from personalize.domain.signal import Privacy, Signal, Terms, Told
from personalize.domain.situation import Origin
from personalize.domain.visit import Consent, Visit
from personalize.telemetry import Count

ANY = Terms()
"""What holds for a signal that says nothing of its terms."""
_AT_HAND = (dict, Told, Mapping)


async def gather(signals: Sequence[Signal], visit: Visit, *, deadline: float, count: Count) -> Told:
    """The facts of all signals that answered within `deadline` seconds and their own, and where each comes from.

    What a signal tells beyond its keys, or of another type, is left out. Counted as `signal`: `<name>_late`,
    `_failed`, `_wrong` (a type), `_old` (beyond `max_stale`). Signals about behaviour are asked only where the visitor
    agreed to a session at least.
    """
    found = _Found(visit.at, count)
    tasks: dict[asyncio.Future[Mapping[str, object] | Told], Signal] = {}
    for signal in signals:
        terms = getattr(signal, "terms", ANY)
        if terms.privacy is Privacy.BEHAVIOUR and visit.consent is Consent.NONE:
            continue
        try:
            told = signal.read(visit)
            if not isinstance(told, _AT_HAND):
                tasks[asyncio.ensure_future(_wait(told, terms.deadline))] = signal
            elif told:  # at hand: no task, no wait
                found.take(signal, terms, told)
        except Exception:
            count("signal", f"{signal.name}_failed")
    if tasks:
        await _collect(tasks, found, deadline)
    return Told(found.facts, found.origins)


async def _collect(
    tasks: Mapping[asyncio.Future[Mapping[str, object] | Told], Signal], found: _Found, deadline: float
) -> None:
    try:
        _, late = await asyncio.wait(tasks, timeout=deadline)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    for task, signal in tasks.items():  # in the order given, so that the result does not depend on who was first
        if task in late:
            task.cancel()
            found.count("signal", f"{signal.name}_late")
        elif task.cancelled() or (error := task.exception()) is not None:
            missed = not task.cancelled() and isinstance(error, TimeoutError)
            found.count("signal", f"{signal.name}_{'late' if missed else 'failed'}")
        else:
            try:
                found.take(signal, getattr(signal, "terms", ANY), task.result())
            except Exception:
                found.count("signal", f"{signal.name}_failed")


class _Found:
    """What is known so far, as of `at`."""

    def __init__(self, at: float, count: Count) -> None:
        self.at, self.count = at, count
        self.facts: dict[str, object] = {}
        self.origins: dict[str, Origin] = {}

    def take(self, signal: Signal, terms: Terms, told: Mapping[str, object] | Told) -> None:
        """Take over what a signal told under its own keys, unless it is too old or of the wrong type."""
        facts, origins = told if isinstance(told, Told) else (told, {})
        keys = signal.keys
        kinds = keys if type(keys) is dict or isinstance(keys, Mapping) else None
        own = _origin(signal.name)
        for key, value in facts.items():
            if value is None or key not in keys:
                continue
            if kinds is not None and not _fits(value, kinds[key]):
                self.count("signal", f"{signal.name}_wrong")
                continue
            origin = origins.get(key, own)
            if terms.ttl is not None and origin.observed_at is not None:
                age = self.at - origin.observed_at
                if age > terms.ttl + terms.max_stale:
                    self.count("signal", f"{signal.name}_old")
                    continue
                if age > terms.ttl and not origin.stale:
                    origin = replace(origin, stale=True)
            self.facts[key] = value
            self.origins[key] = origin


def _fits(value: object, kind: type) -> bool:
    """Whether a value is of that type; a whole number is a float, but yes and no are no numbers. NaN is nothing."""
    if kind is float:
        return type(value) is int or (isinstance(value, float) and value == value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


@lru_cache(maxsize=256)
def _origin(source: str) -> Origin:
    return Origin(source)


async def _wait(told: Awaitable[Mapping[str, object] | Told], seconds: float) -> Mapping[str, object] | Told:
    async with asyncio.timeout(seconds):
        return await told
