"""The side door of events: a bounded queue that a background task empties; a response never waits for it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import ceil

from cachetools import LRUCache

from personalize.domain.entry import Entry
from personalize.domain.event import Event
from personalize.domain.permission import Keep
from personalize.domain.store import EventRow
from personalize.errors import StoreError
from personalize.events.log import dump
from personalize.telemetry import Telemetry

Fold = Callable[[Sequence[Entry]], Awaitable[None]]
Write = Callable[[], Awaitable[None]]
Append = Callable[[Sequence[EventRow]], Awaitable[int]]


STEP = 4
"""Events folded before requests get their turn again; a list of 24 costs about 0.4 ms of CPU."""


SETTLE_SECONDS = 0.5

WRITE_EVENTS = 1_000
"""Events folded after which what was learned is written at once."""


class Outbox:
    """Takes events at once, folds and stores them soon after, each event id once.

    Every bound holds by dropping and counting: `capacity` events wait at most, and as many again for the store when it
    fails; a batch is given up after `attempts` tries. `linger` is how long an event waits for others, in seconds.
    `folds` (profiles, popularity) see each batch before the store does; `writes` put down what was learned, at most
    every `write_every` seconds: a visitor's next event often comes before, and a profile is written whole.
    """

    def __init__(
        self,
        append: Append,
        folds: Sequence[Fold],
        telemetry: Telemetry,
        *,
        writes: Sequence[Write] = (),
        capacity: int = 10_000,
        batch: int = 500,
        linger: float = 0.05,
        attempts: int = 3,
        backoff: float = 0.5,
        write_every: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._append, self._telemetry = append, telemetry
        self._folds, self._writes = tuple(folds), tuple(writes)
        self._capacity, self._batch, self._linger = capacity, batch, linger
        self._attempts, self._backoff, self._clock = attempts, backoff, clock
        self._write_every, self._write_at = write_every, 0.0
        self._unwritten = 0
        self._queue: deque[Entry] = deque()
        self._unstored: deque[EventRow] = deque()
        self._known: LRUCache[str, bool] = LRUCache(capacity * 4)
        self._failures = 0
        self._not_before = 0.0
        self._wake, self._ending = asyncio.Event(), asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._queue) + len(self._unstored)

    def offer(
        self, event: Event, key: str | None = None, keep: Keep = Keep.NOWHERE,
        finish: Callable[[Event], Event] | None = None,
    ) -> bool:  # fmt: skip
        """Take an event; False (and counted) where the outbox is full or closed. Never blocks, never raises.

        `finish` makes it whole behind the answer, before it is folded; where that fails, it stays as it is.
        """
        if self._closed or len(self._queue) >= self._capacity:
            self._telemetry.events.labels("dropped").inc()
            self._telemetry.count("outbox", "closed" if self._closed else "full")
            return False
        self._queue.append(Entry(event, key, keep, finish))
        self._wake.set()
        return True

    def start(self) -> None:
        """Begin to empty the queue in the background."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self, deadline: float = 5.0) -> int:
        """Take no more, flush for up to `deadline` seconds, drop and count the rest; how many were dropped."""
        self._closed = True
        task, self._task = self._task, None
        try:
            async with asyncio.timeout(deadline):
                if task is not None:
                    self._wake.set()
                    self._ending.set()
                    await task  # it ends by itself after the batch in hand, which a cancel would lose
                await asyncio.gather(*self._settling)
                await self.flush()
                while self._unstored:  # until the store takes it, or the batch's attempts are used up
                    await asyncio.sleep(self._backoff)
                    await self.flush()
        except TimeoutError:
            self._telemetry.fault("outbox", "drain_late")
        lost = len(self)
        if lost:
            self._drop(lost, "undelivered")
            self._queue.clear()
            self._unstored.clear()
        return lost

    async def flush(self) -> None:
        """Fold everything that waits now and try to store it; what the store refuses waits for the next turn."""
        async with self._lock:
            self._not_before = 0.0
            for _ in range(max(1, ceil(len(self._queue) / self._batch))):
                await self._turn()
            await self._write()

    async def settle(self, key: str, *, stored: bool = False) -> None:
        """Fold what waits for one profile now, so that its visitor's next request finds it; `stored` the lines, too.

        Where several processes share a store, what was learned is written. What takes longer than SETTLE_SECONDS goes
        on behind.
        """
        task = asyncio.get_running_loop().create_task(self._settle(key, stored))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.wait({task}, timeout=SETTLE_SECONDS)

    def learned(self) -> None:
        """Something was learned beside the events: it is written soon."""
        self._unwritten += 1
        self._wake.set()

    async def discard(self, *keys: str) -> int:
        """Drop every waiting event of these keys (when their visitor asks to be forgotten); how many."""
        async with self._lock:
            before = len(self)
            self._queue = deque(one for one in self._queue if one.key not in keys and one.owner not in keys)
            self._unstored = deque(row for row in self._unstored if row.visitor not in keys)
            return before - len(self)

    async def _settle(self, key: str, stored: bool) -> None:
        async with self._lock:
            mine = [entry for entry in self._queue if entry.key == key]
            if mine:
                self._queue = deque([*mine, *(entry for entry in self._queue if entry.key != key)])
            for _ in range(ceil(len(mine) / STEP)):
                await self._fold()
            if stored:
                await self._store()
            if not self._write_every:
                await self._write()

    async def _run(self) -> None:
        while not self._closed:
            await self._pause()
            async with self._lock:
                await self._turn()
                if self._clock() >= self._write_at or self._unwritten >= WRITE_EVENTS:
                    await self._write()

    async def _turn(self) -> None:
        # Only what waits now: under steady load a loop until the queue is empty would never come to the store.
        for _ in range(ceil(min(len(self._queue), self._batch) / STEP)):
            await self._fold()
            await asyncio.sleep(0)  # requests go first
        await self._store()

    async def _write(self) -> None:
        if not self._unwritten:
            return
        waiting, self._unwritten = self._unwritten, 0
        self._write_at = self._clock() + self._write_every
        for write in self._writes:
            try:
                await write()
            except Exception as error:
                self._unwritten = min(waiting, WRITE_EVENTS - 1)
                self._write_at = self._clock() + max(self._write_every, self._backoff)
                self._telemetry.fault("outbox", "write_failed", error)

    async def _pause(self) -> None:
        """Until there is something to do, then a moment longer, so that events travel together."""
        if not self._queue:
            self._wake.clear()
            due = [at for at, there in ((self._not_before, self._unstored), (self._write_at, self._unwritten)) if there]
            wait = max(min(due) - self._clock(), self._linger) if due else None
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                await self._ending.wait()

    async def _fold(self) -> None:
        entries: list[Entry] = []
        while self._queue and len(entries) < STEP:
            entry = self._queue.popleft()
            if entry.event.event_id in self._known:
                self._telemetry.events.labels("repeated").inc()
                continue
            self._known[entry.event.event_id] = True
            entries.append(entry if entry.finish is None else self._finished(entry, entry.finish))
        self._unwritten += len(entries)
        for fold in self._folds:
            try:
                await fold(entries)
            except Exception as error:  # a fault of learning must not cost the log its lines
                self._telemetry.fault("outbox", "fold_failed", error)
        for entry in entries:
            try:
                line = dump(entry.event)
            except Exception as error:
                self._telemetry.events.labels("dropped").inc()
                self._telemetry.fault("outbox", "unwritable", error)
                continue
            self._unstored.append(EventRow(entry.event.event_id, entry.event.at, entry.owner, line))
        excess = len(self._unstored) - self._capacity
        if excess > 0:
            for _ in range(excess):
                self._unstored.popleft()
            self._drop(excess, "store_behind")
        self._telemetry.queued.set(len(self))

    def _finished(self, entry: Entry, finish: Callable[[Event], Event]) -> Entry:
        try:
            return entry._replace(event=finish(entry.event), finish=None)
        except Exception as error:  # a fault in what is added must not cost the line
            self._telemetry.fault("outbox", "unfinished", error)
            return entry._replace(finish=None)

    async def _store(self) -> None:
        while self._unstored and self._clock() >= self._not_before:
            rows = [self._unstored[at] for at in range(min(self._batch, len(self._unstored)))]
            try:
                stored = await self._append(rows)
            except StoreError as error:
                self._failures += 1
                self._telemetry.fault("outbox", "store_failed", error)
                if self._failures < self._attempts:
                    self._not_before = self._clock() + self._backoff * 2 ** (self._failures - 1)
                    break
                self._drop(len(rows), "given_up")
            else:
                self._telemetry.events.labels("stored").inc(stored)
            self._failures = 0
            for _ in rows:
                self._unstored.popleft()
        self._telemetry.queued.set(len(self))

    def _drop(self, number: int, reason: str) -> None:
        self._telemetry.events.labels("dropped").inc(number)
        self._telemetry.fault("outbox", reason)
