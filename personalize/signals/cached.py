"""What signals know from outside: read at once by requests, fetched behind them by one task a key."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from cachetools import LRUCache

from personalize.domain.breaker import Breaker
from personalize.domain.signal import Surroundings
from personalize.errors import SignalError

T = TypeVar("T")

MAX_KEYS = 1_024
MAX_FLIGHTS = 8
MAX_CALLS = 60
"""Calls outside a minute, whatever requests ask for: free services block who asks more."""
MINUTE = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
FAILURES, REST = 4, 30.0
"""After so many failures in a row the source is left alone for so many seconds."""
CLAIM = 2.0
"""Seconds after which it is looked again whether another process has brought what it was asking for."""


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """What a call brought: None where the source has nothing there. It need not be asked again for `fresh` seconds."""

    value: T | None
    fresh: float


class Held(msgspec.Struct, Generic[T], frozen=True):
    """A value in the cache: when it was fetched, and when the next call is due (seconds since the epoch)."""

    value: T | None
    at: float
    again: float


Fetch = Callable[[str], Awaitable[Fetched[T]]]


class Cached(Generic[T]):
    """A bounded cache in front of one source outside; `read` never waits.

    The next call for a key is made behind a request that asks for it once it is due: one at a time for each key
    (single flight, across processes where the cache is shared), within `deadline` seconds, no more than `calls` a
    minute. After a failure it is tried again later and later, with chance in it; after several in a row, or where the
    source asks for it (Retry-After), the source is left alone. A value is given out for `keep` seconds after it was
    fetched, however the calls go.
    """

    def __init__(
        self, source: str, fetch: Fetch[T], kind: type[T], around: Surroundings, *, deadline: float, keep: float,
        calls: int = MAX_CALLS,
    ) -> None:  # fmt: skip
        self.source, self.fetch, self.around, self.deadline, self.keep = source, fetch, around, deadline, keep
        self.most = calls
        telemetry = around.telemetry
        self.calls, self.breaker_gauge = telemetry.calls, telemetry.breakers.labels(source)
        self.fresh, self.stale, self.missing = (
            telemetry.reads.labels(source, state) for state in ("fresh", "stale", "missing")
        )
        self.breaker = Breaker(around.clock, failures=FAILURES, pause=REST)
        self.breaker_gauge.set_function(lambda: float(self.breaker.open))
        self.entries: LRUCache[str, Held[T]] = LRUCache(MAX_KEYS)
        self.pauses: LRUCache[str, float] = LRUCache(MAX_KEYS)
        self.flights: dict[str, asyncio.Task[None]] = {}
        self.minute, self.spent = 0.0, 0
        self._decoder = msgspec.json.Decoder(Held[kind])  # type: ignore[valid-type]
        self._closed = False

    def read(self, key: str) -> T | None:
        """The value at hand, None where there is none; a call is started behind where one is due."""
        now = self.around.clock()
        held = self.entries.get(key)
        if held is None or not held.at <= now < held.again:  # a clock that was put back makes everything due
            self._start(key, now)
        if held is None or held.value is None or now - held.at > self.keep:
            self.missing.inc()
            return None
        (self.fresh if now < held.again else self.stale).inc()
        return held.value

    async def close(self) -> None:
        """Stop all calls and start no more."""
        self._closed = True
        tasks = list(self.flights.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, key: str, now: float) -> None:
        if key in self.flights or len(self.flights) >= MAX_FLIGHTS or self._closed or self.breaker.open:
            return
        if not self.minute <= now < self.minute + MINUTE:
            self.minute, self.spent = now, 0
        if self.spent >= self.most:
            return
        self.flights[key] = asyncio.get_running_loop().create_task(self._fill(key))

    async def _fill(self, key: str) -> None:
        try:
            held = await self._shared(key)
            if held is None:
                self.spent += 1
                async with asyncio.timeout(self.deadline):
                    fetched = await self.fetch(key)
                now = self.around.clock()
                held = Held(fetched.value, now, now + fetched.fresh)
                self.breaker.worked()
                self.pauses.pop(key, None)
                self.calls.labels(self.source, "ok" if fetched.value is not None else "nothing").inc()
                await self._share(key, held)
            self.entries[key] = held
        except TimeoutError as error:
            self._failed(key, "late", error)
        except SignalError as error:
            self._failed(key, "failed", error)
            if error.retry_after > 0:
                self.breaker.rest(error.retry_after)
                self.calls.labels(self.source, "told_to_wait").inc()
        except Exception as error:  # a bug of a plug must not end in a log of the event loop
            self._failed(key, "failed", error)
        finally:
            self.flights.pop(key, None)

    def _failed(self, key: str, outcome: str, error: Exception) -> None:
        """Keep what there is, and ask again later."""
        self.calls.labels(self.source, outcome).inc()
        was_open = self.breaker.open
        self.breaker.failed()
        if self.breaker.open and not was_open:
            self.calls.labels(self.source, "breaker").inc()
        reason = error.code.lower() if isinstance(error, SignalError) else outcome
        self.around.telemetry.fault("signal", f"{self.source}_{reason}", error)
        pause = self.pauses.get(key, FIRST_PAUSE)
        self.pauses[key] = min(pause * 2, LONGEST_PAUSE)
        self._put_off(key, pause * random.uniform(0.75, 1.25))

    def _put_off(self, key: str, seconds: float) -> None:
        now, held = self.around.clock(), self.entries.get(key)
        value, at = (None, now) if held is None else (held.value, held.at)
        self.entries[key] = Held(value, min(at, now), now + seconds)

    async def _shared(self, key: str) -> Held[T] | None:
        """What another process fetched, or holds while it asks; None where this one is to ask."""
        now, name = self.around.clock(), f"{self.source}/{key}"
        try:
            async with asyncio.timeout(self.deadline):
                body = await self.around.cache.get(name, now)
                held = None if body is None else self._decoder.decode(body)
                if held is not None and held.at <= now < held.again:
                    return held
                if await self.around.cache.add(f"{name}/asking", b"1", now + self.deadline, now):
                    return None
        except Exception as error:  # whatever a cache does, or holds: the source itself is asked
            self.around.telemetry.fault("cache", "read_failed", error)
            return None
        old = held or self.entries.get(key)
        return Held(old.value if old else None, old.at if old else now, now + CLAIM)

    async def _share(self, key: str, held: Held[T]) -> None:
        try:
            async with asyncio.timeout(self.deadline):
                body, name = msgspec.json.encode(held), f"{self.source}/{key}"
                await self.around.cache.put(name, body, held.at + self.keep, held.at)
                await self.around.cache.drop(f"{name}/asking")
        except Exception as error:
            self.around.telemetry.fault("cache", "write_failed", error)
