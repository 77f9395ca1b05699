"""Asks all signals at once; what is late or fails is missing, never an error."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from personalize.domain.signal import Signal
from personalize.domain.visit import Visit
from personalize.telemetry import Count


async def gather(signals: Sequence[Signal], visit: Visit, *, deadline: float, count: Count) -> dict[str, object]:
    """The facts of all signals that answered within `deadline` seconds, under their own keys.

    Each late or failed signal is counted as `signal` with `<name>_late` or `<name>_failed`.
    """
    if not signals:
        return {}
    tasks = {asyncio.ensure_future(_read(signal, visit)): signal for signal in signals}
    try:
        _, late = await asyncio.wait(tasks, timeout=deadline)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    facts: dict[str, object] = {}
    for task in tasks:  # in the order given, so that the result does not depend on who was first
        signal = tasks[task]
        if task in late:
            task.cancel()
            count("signal", f"{signal.name}_late")
        elif task.cancelled() or task.exception() is not None:
            count("signal", f"{signal.name}_failed")
        else:
            facts.update({key: value for key, value in task.result().items() if key in signal.keys})
    return facts


async def _read(signal: Signal, visit: Visit) -> Mapping[str, object]:
    return await signal.read(visit)
