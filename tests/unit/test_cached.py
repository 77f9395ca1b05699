"""What is known from outside: never waited for, one call a key, later and later after failures."""

import asyncio

import pytest

from personalize.caches.memory import MemoryCache
from personalize.domain.signal import Surroundings
from personalize.errors import SignalError, StoreError
from personalize.signals import cached
from personalize.signals.cached import Cached, Fetched
from personalize.telemetry import Telemetry


class World:
    """A source whose answers tests say, and a clock that they turn."""

    def __init__(self, cache=None, **options):
        self.now, self.calls, self.answer = 1_000_000.0, 0, Fetched("sun", 60.0)
        self.gate = asyncio.Event()
        self.gate.set()
        self.telemetry = Telemetry()
        around = Surroundings(self.telemetry, lambda: self.now, cache or MemoryCache())
        self.cached = Cached("sky", self.fetch, str, around, **{"deadline": 5.0, "keep": 600.0, **options})

    async def fetch(self, key):
        self.calls += 1
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def read(self, key="here"):
        """What a request gets, and then what it started has ended."""
        value = self.cached.read(key)
        await self.settle()
        return value

    async def settle(self):
        while flights := list(self.cached.flights.values()):
            await asyncio.gather(*flights)

    def outcome(self, name):
        labels = {"source": "sky", "outcome": name}
        return self.telemetry.registry.get_sample_value("personalize_signal_calls_total", labels) or 0

    def state(self, name):
        labels = {"source": "sky", "state": name}
        return self.telemetry.registry.get_sample_value("personalize_signal_reads_total", labels)

    @property
    def breaker(self):
        return self.telemetry.registry.get_sample_value("personalize_signal_breaker", {"source": "sky"})


async def test_a_thousand_reads_of_a_cold_key_make_one_call():
    world = World()
    world.gate.clear()

    async def one():
        value = world.cached.read("here")
        await asyncio.sleep(0)
        return value

    assert await asyncio.gather(*(one() for _ in range(1_000))) == [None] * 1_000
    world.gate.set()
    await world.settle()
    assert [world.cached.read("here") for _ in range(1_000)] == ["sun"] * 1_000
    assert world.calls == 1
    assert (world.state("missing"), world.state("fresh")) == (1_000, 1_000)


async def test_what_is_due_is_given_out_while_it_is_fetched_anew():
    world = World()
    await world.read()
    world.now, world.answer = world.now + 60, Fetched("rain", 60.0)
    assert await world.read() == "sun"
    assert await world.read() == "rain"
    assert world.calls == 2
    assert world.state("stale") == 1


async def test_after_failures_it_is_tried_later_and_later_and_the_old_value_holds_for_a_while():
    world = World()
    await world.read()
    world.answer, gaps, last = ValueError("no sky"), [], None
    world.now += 60
    for _ in range(500):
        before = world.calls
        value = await world.read()
        if world.calls > before:
            gaps.append(0 if last is None else world.now - last)
            last = world.now
        assert value == ("sun" if world.now - 1_000_000 <= 600 else None)
        world.now += 2
    assert 4 <= len(gaps) <= 9
    assert gaps[-1] > gaps[1] * 3
    assert world.outcome("failed") == len(gaps)
    world.answer = Fetched("rain", 60.0)
    world.now += 2 * cached.LONGEST_PAUSE
    await world.read()
    assert await world.read() == "rain"


async def test_a_source_that_fails_in_a_row_is_left_alone():
    world = World()
    world.answer = SignalError("busy")
    for number in range(20):
        await world.read(f"cell {number}")
    assert world.calls == cached.FAILURES
    assert (world.breaker, world.outcome("breaker")) == (1.0, 1)
    world.now += cached.REST
    assert world.breaker == 0.0
    world.answer = Fetched("sun", 60.0)
    await world.read("cell 0")
    assert await world.read("cell 0") == "sun"


async def test_who_says_when_to_come_again_is_left_alone_until_then():
    world = World()
    world.answer = SignalError("too many", retry_after=300.0)
    await world.read("a")
    world.now += 299
    await world.read("b")
    assert (world.calls, world.breaker, world.outcome("told_to_wait")) == (1, 1.0, 1)
    world.now += 1
    await world.read("b")
    assert world.calls == 2


async def test_a_source_that_hangs_is_given_up():
    world = World(deadline=0.01)
    world.gate.clear()
    assert await world.read() is None
    assert (world.outcome("late"), world.telemetry.counted("signal", "sky_late")) == (1, 1)


async def test_nothing_there_is_an_answer_too():
    world = World()
    world.answer = Fetched(None, 3_600.0)
    for _ in range(10):
        assert await world.read() is None
    assert (world.calls, world.outcome("nothing"), world.breaker) == (1, 1, 0.0)


async def test_calls_keys_and_flights_are_bounded():
    world = World()
    world.gate.clear()
    for number in range(5_000):
        world.cached.read(f"cell {number}")
    assert len(world.cached.flights) == cached.MAX_FLIGHTS
    world.gate.set()
    await world.settle()
    for number in range(5_000):
        await world.read(f"cell {number}")
    assert world.calls == cached.MAX_CALLS
    assert len(world.cached.entries) <= cached.MAX_KEYS
    world.now += cached.MINUTE
    await world.read("one more")
    assert world.calls == cached.MAX_CALLS + 1


async def test_a_clock_that_is_put_back_makes_nothing_last_for_ever():
    world = World()
    await world.read()
    world.now -= 86_400
    assert await world.read() == "sun"
    assert world.calls == 2


async def test_closing_ends_what_is_under_way_and_starts_no_more():
    world = World()
    world.gate.clear()
    world.cached.read("here")
    await asyncio.sleep(0)
    await world.cached.close()
    world.cached.read("there")
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_processes_that_share_a_cache_share_its_calls():
    cache = MemoryCache()
    first, second = World(cache), World(cache)
    first.gate.clear()
    first.cached.read("here")
    await asyncio.sleep(0.01)
    assert await second.read() is None  # the first is asking: it need not
    assert second.calls == 0
    first.gate.set()
    await first.settle()
    second.now += cached.CLAIM
    await second.read()
    assert await second.read() == "sun"
    assert (first.calls, second.calls) == (1, 0)
    second.now += 60
    assert await second.read() == "sun"
    assert second.calls == 1


class Broken(MemoryCache):
    async def get(self, key, at):
        raise StoreError("down")

    async def add(self, key, body, expires_at, at):
        raise RuntimeError("a bug")

    async def put(self, key, body, expires_at, at):
        raise StoreError("down")


async def test_a_broken_cache_costs_nothing_but_a_count():
    world = World(Broken())
    await world.read()
    assert await world.read() == "sun"
    assert world.telemetry.counted("cache", "read_failed") == world.telemetry.counted("cache", "write_failed") == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"value": 3, "at": 0, "again": 0}', b'{"value":"x","at":"y"}'])
async def test_what_others_left_in_the_cache_is_not_trusted(body):
    cache = MemoryCache()
    world = World(cache)
    await cache.put("sky/here", body, world.now + 60, world.now)
    await world.read()
    assert await world.read() == "sun"
