"""The outbox: never blocks, keeps its bounds, delivers each event once, survives a failing store."""

import asyncio

import pytest

from personalize.domain.entry import session_owner
from personalize.domain.event import Event
from personalize.domain.permission import Keep
from personalize.errors import StoreError
from personalize.events.log import parse
from personalize.events.outbox import Outbox
from personalize.stores.memory import MemoryStore
from personalize.telemetry import Telemetry

NOW = 1_700_000_000.0


def _event(number, visitor=None, session=None):
    return Event("view_item", f"e{number}", NOW + number, visitor=visitor, session=session)


@pytest.fixture
def telemetry():
    return Telemetry()


class _Log:
    """A fold that notes what it saw."""

    def __init__(self):
        self.seen = []

    async def fold(self, entries):
        self.seen += [entry.event.event_id for entry in entries]


class _Failing(MemoryStore):
    """A store that refuses the first `faults` appends."""

    def __init__(self, faults):
        super().__init__()
        self.faults, self.calls = faults, 0

    async def append_events(self, rows):
        self.calls += 1
        if self.calls <= self.faults:
            raise StoreError("no disk", code="STORE_FULL")
        return await super().append_events(rows)


async def _stored(store):
    return [row.event_id async for row in store.events()]


def _fates(telemetry, fate):
    return telemetry.registry.get_sample_value("personalize_events_total", {"fate": fate}) or 0


async def test_events_arrive_folded_and_stored_in_the_background(telemetry):
    store, log, written = MemoryStore(), _Log(), asyncio.Event()

    async def write():
        if log.seen:
            written.set()

    outbox = Outbox(store.append_events, [log.fold], telemetry, writes=[write], linger=0)
    outbox.start()
    assert outbox.offer(_event(1, "s:a"), "s:a", Keep.STORE)
    await asyncio.wait_for(written.wait(), 5)
    assert log.seen == await _stored(store) == ["e1"]
    assert await outbox.stop() == 0
    (row,) = [row async for row in store.events()]
    assert parse(row.line).visitor == row.visitor == "s:a"


async def test_an_anonymous_line_can_still_be_erased(telemetry):
    """In mode `session` it lies under the session's own name, which was drawn by chance; in mode `none` under none."""
    store = MemoryStore()
    outbox = Outbox(store.append_events, [], telemetry)
    outbox.offer(_event(1, session="drawn"), "h:visitor", Keep.MEMORY)
    outbox.offer(_event(2))
    await outbox.flush()
    rows = [row async for row in store.events()]
    assert [parse(row.line).visitor for row in rows] == [None, None]
    assert [row.visitor for row in rows] == [session_owner("drawn"), None]
    assert await store.erase("h:visitor") == 0
    assert await store.erase(session_owner("drawn")) == 1


async def test_each_event_id_counts_once(telemetry):
    store, log = MemoryStore(), _Log()
    outbox = Outbox(store.append_events, [log.fold], telemetry, batch=2)
    for number in (1, 2, 1, 3, 3):
        outbox.offer(_event(number))
    await outbox.flush()
    outbox.offer(_event(2))
    await outbox.flush()
    assert log.seen == await _stored(store) == ["e1", "e2", "e3"]
    assert _fates(telemetry, "repeated") == 3


async def test_a_full_outbox_drops_and_counts(telemetry):
    outbox = Outbox(MemoryStore().append_events, [], telemetry, capacity=3)
    assert [outbox.offer(_event(number)) for number in range(5)] == [True] * 3 + [False] * 2
    assert telemetry.counted("outbox", "full") == 2
    assert _fates(telemetry, "dropped") == 2
    await outbox.flush()
    assert outbox.offer(_event(9))


async def test_a_failing_store_is_tried_again_and_folds_are_not_repeated(telemetry):
    store, log, now = _Failing(2), _Log(), [0.0]
    outbox = Outbox(store.append_events, [log.fold], telemetry, attempts=3, backoff=10.0, clock=lambda: now[0])
    outbox.offer(_event(1))
    for _ in range(3):
        await outbox.flush()
    assert log.seen == await _stored(store) == ["e1"]
    assert telemetry.counted("outbox", "store_failed") == 2
    assert _fates(telemetry, "dropped") == 0


async def test_a_batch_is_given_up_after_its_attempts(telemetry):
    store = _Failing(2)
    outbox = Outbox(store.append_events, [], telemetry, attempts=2, batch=2)
    for number in range(3):
        outbox.offer(_event(number))
    await outbox.flush()
    await outbox.flush()
    assert await _stored(store) == ["e2"]
    assert telemetry.counted("outbox", "given_up") == 1
    assert _fates(telemetry, "dropped") == 2


async def test_what_a_dead_store_leaves_behind_is_bounded(telemetry):
    store = _Failing(10**6)
    outbox = Outbox(store.append_events, [], telemetry, capacity=4, attempts=10**6)
    for number in range(20):
        outbox.offer(_event(number))
        await outbox.flush()
    assert len(outbox) == 4
    assert telemetry.counted("outbox", "store_behind") == 16


async def test_the_background_retries_by_itself(telemetry):
    store, done = _Failing(1), asyncio.Event()

    async def append(rows):
        number = await store.append_events(rows)
        done.set()
        return number

    outbox = Outbox(append, [], telemetry, linger=0, backoff=0.001)
    outbox.start()
    outbox.start()
    outbox.offer(_event(1))
    await asyncio.wait_for(done.wait(), 5)
    assert await outbox.stop() == 0
    assert await _stored(store) == ["e1"]


async def test_faults_of_learning_cost_the_log_nothing(telemetry):
    async def broken(entries):
        raise RuntimeError("bug")

    async def unwritten():
        raise StoreError("no disk")

    store, log = MemoryStore(), _Log()
    outbox = Outbox(store.append_events, [broken, log.fold], telemetry, writes=[unwritten])
    outbox.offer(_event(1))
    outbox.offer(Event("view_item", "odd", float("nan")))
    await outbox.flush()
    assert await _stored(store) == ["e1"]
    assert log.seen == ["e1", "odd"]
    for reason in ("fold_failed", "write_failed", "unwritable"):
        assert telemetry.counted("outbox", reason) == 1


async def test_what_was_learned_is_written_at_most_so_often_and_at_the_end(telemetry):
    store, written, now = MemoryStore(), [], [100.0]

    async def write():
        written.append(now[0])

    outbox = Outbox(store.append_events, [], telemetry, writes=[write], linger=0, write_every=5.0, clock=lambda: now[0])
    outbox.start()
    for number, at in enumerate((100.0, 101.0, 104.0, 106.0)):
        now[0] = at
        outbox.offer(_event(number))
        for _ in range(200):
            await asyncio.sleep(0)
            if len(outbox) == 0 and not outbox._lock.locked():
                break
        await asyncio.sleep(0.01)
    assert written == [100.0, 106.0]
    now[0] = 107.0
    outbox.offer(_event(9))
    assert await outbox.stop() == 0
    assert written == [100.0, 106.0, 107.0]
    assert len(await _stored(store)) == 5


async def test_stopping_drains_and_takes_no_more(telemetry):
    store = MemoryStore()
    outbox = Outbox(store.append_events, [], telemetry, linger=3600)
    outbox.start()
    await asyncio.sleep(0)
    for number in range(3):
        outbox.offer(_event(number))
    stopping = asyncio.create_task(outbox.stop(5))
    await asyncio.sleep(0)
    assert not outbox.offer(_event(9))
    assert await stopping == 0
    assert len(await _stored(store)) == 3
    assert telemetry.counted("outbox", "closed") == 1


async def test_stopping_ends_at_its_deadline_and_counts_what_is_lost(telemetry):
    async def never(rows):
        await asyncio.Event().wait()

    outbox = Outbox(never, [], telemetry)
    for number in range(3):
        outbox.offer(_event(number))
    assert await outbox.stop(0.01) == 3
    assert telemetry.counted("outbox", "drain_late") == 1
    assert _fates(telemetry, "dropped") == 3


async def test_who_asks_to_be_forgotten_leaves_nothing_waiting(telemetry):
    store = _Failing(1)
    outbox = Outbox(store.append_events, [], telemetry)
    outbox.offer(_event(1), "s:a", Keep.STORE)
    outbox.offer(_event(2), "s:b", Keep.STORE)
    await outbox.flush()
    outbox.offer(_event(3), "s:a", Keep.STORE)
    assert await outbox.discard("s:a") == 2
    await outbox.flush()
    assert await _stored(store) == ["e2"]


async def test_stopping_tries_a_failing_store_again(telemetry):
    store = _Failing(2)
    outbox = Outbox(store.append_events, [], telemetry, backoff=0.001)
    outbox.offer(_event(1))
    assert await outbox.stop(5) == 0
    assert await _stored(store) == ["e1"]


async def test_under_steady_load_the_store_gets_its_turn(telemetry):
    store, numbers = MemoryStore(), iter(range(10**6))

    async def fold(entries):
        for _ in entries:  # as fast as it is emptied, the queue is filled again
            outbox.offer(_event(next(numbers)))

    outbox = Outbox(store.append_events, [fold], telemetry, batch=8)
    for _ in range(20):
        outbox.offer(_event(next(numbers)))
    await outbox.flush()
    assert len(await _stored(store)) == 24
