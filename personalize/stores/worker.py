"""A thread that owns one blocking resource: bounded queue, a deadline for each job, never the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from personalize.errors import StoreError

T = TypeVar("T")


class Worker:
    """Runs jobs one after the other in one thread of its own.

    At most `pending` jobs wait; a job that is not done after `deadline` seconds is given up by its caller, and not
    begun if it still waits. A job that already runs ends by itself, so jobs have to be safe to repeat.
    """

    def __init__(self, name: str, *, deadline: float, pending: int = 128) -> None:
        self._name = name
        self._deadline = deadline
        self._pending = pending
        self._waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"personalize-{name}")

    async def run(self, job: Callable[[], T]) -> T:
        """The job's result; `StoreError` when the thread is behind, late or closed."""
        if self._waiting >= self._pending:
            raise StoreError(
                f"{self._name}: {self._waiting} jobs wait already", code="STORE_BUSY", hint="the disk is too slow"
            )
        try:
            future = self._pool.submit(job)
        except RuntimeError:
            raise StoreError(f"{self._name} is closed", code="STORE_CLOSED") from None
        self._waiting += 1
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: self._done(loop, done))
        try:
            # Not `wait_for`: up to Python 3.11 it loses a cancellation that comes with the result, and a task that asks
            # again and again would then never end.
            async with asyncio.timeout(self._deadline):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            message = f"{self._name} did not answer within {self._deadline:g} s"
            raise StoreError(message, code="STORE_LATE", hint="is the disk slow, or the file locked?") from None

    async def close(self, last: Callable[[], object]) -> None:
        """Let the waiting jobs finish, run `last` in the thread, and end the thread."""
        try:
            future = self._pool.submit(last)
        except RuntimeError:
            return
        self._pool.shutdown(wait=False)
        await asyncio.wait([asyncio.wrap_future(future)], timeout=self._deadline)

    def _done(self, loop: asyncio.AbstractEventLoop, done: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop ended before the job did
            loop.call_soon_threadsafe(self._free)

    def _free(self) -> None:
        self._waiting -= 1
