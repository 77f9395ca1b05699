"""Keeps a store small and to its word: deletes what expired, once an hour."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from personalize.domain.store import Store
from personalize.errors import StoreError
from personalize.settings import Settings
from personalize.telemetry import Telemetry

SOON = 60.0
HOUR = 3600.0
DAY = 86_400.0
OFFER_DAYS = 400.0
PRICE_DAYS = 100.0
"""So long a reduction may run and still look back on the 30 days before it."""


async def tidy(store: Store, settings: Settings, telemetry: Telemetry, at: float) -> int:
    """Prune once, as of `at` (seconds since the epoch); a fault is counted. How many rows went."""
    before = at - settings.events_days * DAY if settings.events_days else None
    try:
        return await store.prune(at, before) + await _prune_offers(store, before or at - OFFER_DAYS * DAY, at)
    except StoreError as error:
        telemetry.fault("store", "prune_failed", error)
        return 0


async def _prune_offers(store: Store, before: float, at: float) -> int:
    """Promises and what was shown stay as long as the log does; where that is for ever, `OFFER_DAYS`."""
    if store.offers is None or store.list_prices is None:
        return 0
    day = datetime.fromtimestamp(at - PRICE_DAYS * DAY, UTC).date().isoformat()
    return await store.offers.prune(before) + await store.list_prices.prune(day)


async def keep_tidy(
    store: Store,
    settings: Settings,
    telemetry: Telemetry,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Prune soon, then every hour, until cancelled: a process that never lives for an hour prunes, too."""
    await sleep(SOON)
    while True:
        await tidy(store, settings, telemetry, clock())
        await sleep(HOUR)
