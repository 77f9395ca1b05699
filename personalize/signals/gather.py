"""Asks all signals at once; what is late or fails is missing, never an error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

from personalize.domain.signal import Signal
from personalize.domain.visit import Visit
from personalize.telemetry import Count


async def gather(signals: Sequence[Signal], visit: Visit, *, deadline: float, count: Count) -> dict[str, object]:
    """The facts of all signals that answered within `deadline` seconds, under their own keys.

    Each late or failed signal is counted as `signal` with `<name>_late` or `<name>_failed`.
    """
    facts: dict[str, object] = {}
    tasks: dict[asyncio.Future[Mapping[str, object]], Signal] = {}
    for signal in signals:
        try:
            told = signal.read(visit)
            if isinstance(told, Mapping):  # at hand: no task, no wait
                facts.update(_own(signal, told))
            else:
                tasks[asyncio.ensure_future(_wait(told))] = signal
        except Exception:
            count("signal", f"{signal.name}_failed")
    if not tasks:
        return facts
    try:
        _, late = await asyncio.wait(tasks, timeout=deadline)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    for task in tasks:  # in the order given, so that the result does not depend on who was first
        signal = tasks[task]
        if task in late:
            task.cancel()
            count("signal", f"{signal.name}_late")
        elif task.cancelled() or task.exception() is not None:
            count("signal", f"{signal.name}_failed")
        else:
            facts.update(_own(signal, task.result()))
    return facts


def _own(signal: Signal, told: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in told.items() if key in signal.keys}


async def _wait(told: Awaitable[Mapping[str, object]]) -> Mapping[str, object]:
    return await told
