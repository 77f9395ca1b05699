"""Shared windows: a listing that all guests see alike is fetched once, for a few seconds, without credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from cachetools import LRUCache, TTLCache

from personalize.domain.clock import Clock
from personalize.gateway.listing.window import Window

MAX_BYTES = 128 * 1024 * 1024
STALE_SECONDS = 60.0
FAILED_SECONDS = 2.0
MAX_FILLS = 32
MAX_ONCE = 10_000
MAX_FIRSTS, FIRST_SECONDS = 60, 10.0
"""Lists filled at first sight within so many seconds."""
ONCE_SECONDS = 600.0

Fill = Callable[[], Awaitable[Window]]


@dataclass(slots=True)
class _Entry:
    """What the last fill brought. `at` is when the window was asked for, `again` when the next fill is due."""

    window: Window | None
    at: float
    again: float


class SharedWindows:
    """A micro-cache of windows: fresh for `ttl` seconds, then stale while one fill runs behind (RFC 5861).

    `get` never waits; `wait` does, within `deadline` seconds. At most `MAX_FILLS` fills run at once, one for each key.
    """

    def __init__(self, ttl: float, clock: Clock, deadline: float = 5.0) -> None:
        self.ttl, self.clock, self.deadline = ttl, clock, deadline
        self.entries: LRUCache[Hashable, _Entry] = LRUCache(
            MAX_BYTES, getsizeof=lambda e: 1_024 + (e.window.size if e.window else 0)
        )
        self.fills: dict[Hashable, asyncio.Task[Window | None]] = {}
        self.since, self.firsts = clock(), 0
        self.once: TTLCache[Hashable, bool] = TTLCache(MAX_ONCE, ONCE_SECONDS, timer=clock)

    def get(self, key: Hashable, fill: Fill, *, rare: bool = False) -> Window | None:
        """The window at hand, else None; either way a fill is started where one is due.

        One that is `rare` (a search term, most of which nobody types again) is filled from the second time on. So is
        any other while many are new at once: a client that makes up a new list with each request gets no windows.
        """
        entry, now = self.entries.get(key), self.clock()
        if entry is None and key not in self.once and (rare or not self._spare(key)):
            self.once[key] = True
        elif entry is None or now >= entry.again:
            self._start(key, fill)
        if entry is None or entry.window is None or now - entry.at > STALE_SECONDS:
            return None
        return entry.window

    def _spare(self, key: Hashable) -> bool:
        """Whether a list that nobody asked for before may be filled at once."""
        if key in self.fills:
            return True
        now = self.clock()
        if now - self.since >= FIRST_SECONDS:
            self.since, self.firsts = now, 0
        self.firsts += 1
        return self.firsts <= MAX_FIRSTS

    def peek(self, key: Hashable) -> Window | None:
        """The window at hand, however old; nothing is started."""
        entry = self.entries.get(key)
        return entry.window if entry is not None else None

    async def wait(self, key: Hashable, fill: Fill) -> Window | None:
        """The window at hand, else the one a fill brings in time; None where it fails or is late."""
        window = self.get(key, fill)
        task = self.fills.get(key)
        if window is not None or task is None:
            return window
        done, _ = await asyncio.wait({task}, timeout=self.deadline)
        return task.result() if task in done else None

    def clear(self) -> None:
        """Drop every window (a changed map, a broken promise of sharing)."""
        self.entries.clear()

    async def close(self) -> None:
        """Stop all fills."""
        tasks = list(self.fills.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, key: Hashable, fill: Fill) -> None:
        if key not in self.fills and len(self.fills) < MAX_FILLS:
            self.fills[key] = asyncio.create_task(self._fill(key, fill))

    async def _fill(self, key: Hashable, fill: Fill) -> Window | None:
        window: Window | None = None
        began = self.clock()
        try:
            async with asyncio.timeout(self.deadline):
                window = await fill()
        except Exception:
            # Whatever went wrong, the shop's own page is served; the failure is remembered shortly, not asked again.
            window = None
        finally:
            self.fills.pop(key, None)
        now, old = self.clock(), self.entries.get(key)
        entry = _Entry(window, began, now + self.ttl)
        if window is None:  # what is still good is better than nothing (RFC 5861, stale-if-error)
            entry = _Entry(old.window if old else None, old.at if old else began, now + FAILED_SECONDS)
        if self.entries.getsizeof(entry) <= self.entries.maxsize:
            self.entries[key] = entry
        return entry.window if window is None and now - entry.at <= STALE_SECONDS else window
