"""Housekeeping: what expired goes, what the store refuses is counted."""

import asyncio

import pytest

from personalize.domain.store import EventRow, ProfileRow
from personalize.errors import StoreError
from personalize.settings import Settings
from personalize.stores.memory import MemoryStore
from personalize.stores.tidy import DAY, keep_tidy, tidy
from personalize.telemetry import Telemetry

NOW = 1_700_000_000.0


async def _filled():
    store = MemoryStore()
    await store.put_profiles([ProfileRow("s:a", b"x", NOW)])
    await store.append_events([EventRow("old", NOW - 500 * DAY, None, b"{}"), EventRow("new", NOW, None, b"{}")])
    return store


async def test_old_events_go_unless_kept_for_ever():
    assert await tidy(await _filled(), Settings(), Telemetry(), NOW) == 2
    assert await tidy(await _filled(), Settings(events_days=0), Telemetry(), NOW) == 1


async def test_every_hour_and_a_fault_is_counted():
    telemetry, hours = Telemetry(), []

    class Broken(MemoryStore):
        async def prune(self, at, events_before=None):
            raise StoreError("no disk")

    async def sleep(seconds):
        hours.append(seconds)
        if len(hours) > 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_tidy(Broken(), Settings(), telemetry, clock=lambda: NOW, sleep=sleep)
    assert hours == [60.0, 3600.0, 3600.0]
    assert telemetry.counted("store", "prune_failed") == 2


async def test_the_memory_store_is_bounded():
    store = MemoryStore(profiles=2, events=3, links=1)
    await store.put_profiles([ProfileRow(f"s:{number}", b"x", NOW + 1) for number in range(5)])
    await store.append_events([EventRow(f"e{number}", NOW, None, b"{}") for number in range(5)])
    await store.put_link("h1", "s:a", NOW + 1)
    await store.put_link("h2", "s:a", NOW + 1)
    assert [await store.get_profile(f"s:{number}", NOW) for number in range(5)] == [None, None, None, b"x", b"x"]
    assert [row.event_id async for row in store.events()] == ["e2", "e3", "e4"]
    assert await store.get_link("h1", NOW) is None
