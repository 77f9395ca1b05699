"""Begins and ends the life of signals that have one: connections, caches, tasks behind requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from personalize.domain.signal import Signal, Surroundings

STOP_SECONDS = 5.0


async def start_all(signals: Sequence[Signal], around: Surroundings) -> None:
    """Start what can be started; what cannot is counted, and its facts are missing."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await around.cache.open()
    except Exception as error:
        around.telemetry.fault("cache", "open_failed", error)
    for signal in signals:
        if (start := getattr(signal, "start", None)) is not None:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await start(around)
            except Exception as error:
                around.telemetry.fault("signal", f"{signal.name}_start_failed", error)


async def stop_all(signals: Sequence[Signal], around: Surroundings) -> None:
    """Stop what has a life, each within `STOP_SECONDS`; then the cache that they used."""
    ends = [stop for signal in signals if (stop := getattr(signal, "stop", None)) is not None]
    for end in (*ends, around.cache.close):
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await end()
        except Exception as error:
            around.telemetry.fault("signal", "stop_failed", error)
