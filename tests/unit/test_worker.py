"""The worker thread: a cancellation is never lost, and what is late is told as late."""

from __future__ import annotations

import asyncio
import threading

import pytest

from personalize.errors import StoreError
from personalize.stores.worker import Worker


async def test_a_cancellation_that_comes_with_the_result_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker("test", deadline=5.0)
    result: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(asyncio, "wrap_future", lambda _: result)
    task = asyncio.create_task(worker.run(lambda: 1))
    await asyncio.sleep(0)
    result.set_result(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    await worker.close(lambda: None)


async def test_a_job_that_is_late_is_given_up() -> None:
    worker, held = Worker("test", deadline=0.02), threading.Event()
    with pytest.raises(StoreError) as caught:
        await worker.run(held.wait)
    assert caught.value.code == "STORE_LATE"
    held.set()
    await worker.close(lambda: None)
