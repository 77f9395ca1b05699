"""The book of profiles: consent, time limits, logins, forgetting, and a store in trouble."""

import asyncio

import orjson
import pytest

from personalize.domain.entry import Entry
from personalize.domain.event import Event, EventItem
from personalize.domain.permission import Keep
from personalize.domain.profile import Profile
from personalize.domain.store import EventRow, ProfileRow
from personalize.domain.visit import Trust, VisitorId
from personalize.errors import StoreError
from personalize.settings import Settings
from personalize.stores.memory import MemoryStore
from personalize.telemetry import Telemetry
from personalize.visitors.identity import profile_key
from personalize.visitors.profiles import DAY, Kept, ProfileBook, RightsError
from personalize.visitors.readable import readable

ANNA, BEN = VisitorId("anna-anna", Trust.SIGNED), VisitorId("ben-ben-ben", Trust.SIGNED)
BEFORE, AFTER = VisitorId("0" * 32, Trust.SHOP), VisitorId("1" * 32, Trust.SHOP)


class _Store(MemoryStore):
    """A memory store that can be broken, slow and watched."""

    def __init__(self):
        super().__init__()
        self.broken = self.full = False
        self.gate = None
        self.reads = self.writes = 0

    async def get_profile(self, key, at):
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise StoreError("no disk")
        return await super().get_profile(key, at)

    async def put_profiles(self, rows):
        self.writes += 1
        if self.full:
            raise StoreError("no disk")
        await super().put_profiles(rows)


class World:
    """A book, its store, and a clock that tests turn."""

    def __init__(self, **options):
        self.now = 1_700_000_000.0
        self.store, self.telemetry = _Store(), Telemetry()
        self.options = {"clock": lambda: self.now, **options}
        self.number = 0
        self.restart()

    def restart(self):
        self.book = ProfileBook(self.store, self.telemetry, **self.options)

    async def buys(self, visitor, *items, keep=Keep.STORE, write=True):
        entries = []
        for item in items:
            self.number += 1
            event = Event("purchase", f"e{self.number}", self.now, items=(EventItem(item, price=9.0),))
            entries.append(Entry(event, profile_key(visitor), keep))
        await self.book.fold(entries)
        if write:
            await self.book.write()

    async def bought(self, visitor, keep=Keep.STORE):
        profile = (await self.book.find(visitor, keep)).profile
        return None if profile is None else set(profile.bought)


@pytest.fixture
def world():
    return World()


async def test_a_consented_profile_survives_a_restart_and_belongs_to_one(world):
    assert await world.bought(ANNA) == set()
    await world.buys(ANNA, "lamp", "chair")
    await world.buys(BEN, "sofa")
    world.restart()
    assert await world.bought(ANNA) == {"lamp", "chair"}
    assert await world.bought(BEN) == {"sofa"}
    assert await world.bought(VisitorId(ANNA.value, Trust.BARE)) == set()


async def test_it_ends_after_its_time_without_events(world):
    await world.buys(ANNA, "lamp")
    world.now += 90 * DAY - 1
    assert await world.bought(ANNA) == {"lamp"}
    world.now += 1801  # what is cached ends too
    assert await world.bought(ANNA) == set()


async def test_without_consent_nothing_is_read_or_written(world):
    await world.buys(ANNA, "lamp", keep=Keep.NOWHERE)
    assert await world.book.find(ANNA, Keep.NOWHERE) == (ANNA, None)
    assert (world.store.reads, world.store.writes) == (0, 0)


async def test_a_session_profile_never_reaches_the_store(world):
    await world.buys(BEFORE, "lamp", keep=Keep.MEMORY)
    assert await world.bought(BEFORE, Keep.MEMORY) == {"lamp"}
    assert await world.bought(BEFORE, Keep.STORE) == set()
    assert world.store.writes == 0
    for _ in range(4):  # used, it lives on
        world.now += 1700
        assert await world.bought(BEFORE, Keep.MEMORY) == {"lamp"}
    world.now += 1801
    assert await world.bought(BEFORE, Keep.MEMORY) == set()


@pytest.mark.parametrize("keep", [Keep.MEMORY, Keep.STORE])
async def test_a_login_is_followed(world, keep):
    await world.buys(BEFORE, "lamp", keep=keep)
    world.book.follow(BEFORE, AFTER, keep)
    assert await world.book.find(AFTER, keep) == (BEFORE, (await world.book.find(BEFORE, keep)).profile)
    await world.buys(AFTER, "chair", keep=keep)
    assert await world.bought(AFTER, keep) == {"lamp", "chair"}
    third = VisitorId("2" * 32, Trust.SHOP)
    world.book.follow(AFTER, third, keep)
    assert await world.bought(third, keep) == {"lamp", "chair"}


async def test_a_followed_login_survives_a_restart(world):
    assert (await world.book.find(AFTER, Keep.STORE)).visitor == AFTER
    await world.buys(BEFORE, "lamp", write=False)
    world.book.follow(BEFORE, AFTER, Keep.STORE)
    await world.book.write()
    world.restart()
    assert (await world.book.find(AFTER, Keep.STORE)).visitor == BEFORE
    assert await world.bought(AFTER) == {"lamp"}


async def test_a_session_with_a_history_of_its_own_keeps_it(world):
    await world.buys(BEFORE, "lamp")
    await world.buys(AFTER, "chair")
    world.book.follow(BEFORE, AFTER, Keep.STORE)
    assert await world.bought(AFTER) == {"chair"}


async def test_what_is_no_session_of_the_shop_is_never_linked(world):
    await world.buys(ANNA, "lamp")
    bare = VisitorId("bare-bare", Trust.BARE)
    for old, new in ((ANNA, bare), (bare, ANNA), (ANNA, AFTER), (None, AFTER), (AFTER, AFTER)):
        world.book.follow(old, new, Keep.STORE)
    world.book.follow(BEFORE, AFTER, Keep.NOWHERE)
    assert await world.bought(bare) == set()
    assert (await world.book.find(AFTER, Keep.STORE)).visitor == AFTER


async def test_forgetting_takes_everything(world):
    await world.buys(BEFORE, "lamp")
    world.book.follow(BEFORE, AFTER, Keep.STORE)
    await world.book.write()
    await world.store.append_events([EventRow("e", world.now, profile_key(BEFORE), b"{}")])
    await world.buys(ANNA, "sofa")
    assert await world.book.forget(AFTER) == 3
    assert await world.bought(BEFORE) == set()
    assert (await world.book.find(AFTER, Keep.STORE)).visitor == AFTER
    world.restart()
    assert await world.bought(BEFORE) == set()
    assert await world.bought(ANNA) == {"sofa"}
    assert await world.book.forget(AFTER) == 0


async def test_forgetting_wins_over_what_is_unwritten_and_being_read(world):
    await world.buys(ANNA, "lamp")
    world.restart()
    world.store.gate = asyncio.Event()
    reading = asyncio.create_task(world.book._load(profile_key(ANNA)))
    await asyncio.sleep(0)
    forgetting = asyncio.create_task(world.book.forget(ANNA))
    await asyncio.sleep(0)
    world.store.gate.set()
    await asyncio.gather(reading, forgetting)
    world.store.gate = None
    assert await world.bought(ANNA) == set()

    await world.buys(ANNA, "lamp", write=False)
    assert await world.book.forget(ANNA) == 1
    await world.book.write()
    world.restart()
    assert await world.bought(ANNA) == set()


async def test_export_gives_profile_and_events_as_plain_values(world):
    assert await world.book.kept(ANNA) == Kept(profile_key(ANNA), None, None)
    await world.buys(ANNA, "lamp")
    await world.store.append_events([EventRow("e", world.now, profile_key(ANNA), b"line\n")])
    kept = await world.book.kept(ANNA)
    told = orjson.loads(orjson.dumps(readable(kept.lasting, {}, world.now)))
    assert [one["item_id"] for one in told["bought"]] == ["lamp"]
    assert kept.session is None
    assert [row.line async for row in world.book.lines(kept.key, None)] == [b"line\n"]


async def test_a_bare_id_has_no_rights(world):
    bare = VisitorId("anna-anna", Trust.BARE)
    await world.buys(bare, "lamp")
    for ask in (world.book.forget, world.book.kept):
        with pytest.raises(RightsError) as caught:
            await ask(bare)
        assert caught.value.hint
    assert await world.bought(bare) == {"lamp"}


async def test_a_late_store_is_no_profile_now_and_one_next_time():
    world = World(read_deadline=0.01)
    await world.buys(ANNA, "lamp")
    world.restart()
    world.store.gate = asyncio.Event()
    assert await world.bought(ANNA) is None
    assert world.telemetry.counted("profile", "late") == 1
    world.store.gate.set()
    await asyncio.sleep(0.001)
    reads = world.store.reads
    assert await world.bought(ANNA) == {"lamp"}
    assert world.store.reads == reads


async def test_many_at_once_read_once(world):
    await world.buys(ANNA, "lamp")
    world.restart()
    before = world.store.reads
    found = await asyncio.gather(*(world.book.find(ANNA, Keep.STORE) for _ in range(20)))
    assert world.store.reads == before + 1
    assert len({id(one.profile) for one in found}) == 1


async def test_a_broken_store_is_left_alone_for_a_moment(world):
    await world.buys(ANNA, "lamp")
    world.restart()
    world.store.broken = True
    before = world.store.reads
    for _ in range(10):
        assert await world.bought(ANNA) is None
    assert world.store.reads == before + 3
    assert world.telemetry.counted("profile", "store_paused") == 7
    world.store.broken = False
    world.now += 2
    assert await world.bought(ANNA) == {"lamp"}


async def test_events_never_overwrite_a_profile_that_cannot_be_read(world):
    await world.buys(ANNA, "lamp")
    world.restart()
    world.store.broken = True
    await world.buys(ANNA, "chair")
    world.store.broken = False
    assert await world.bought(ANNA) == {"lamp"}
    assert world.telemetry.counted("profile", "event_lost") == 1


async def test_what_could_not_be_written_is_written_later(world):
    world.store.full = True
    with pytest.raises(StoreError):
        await world.buys(ANNA, "lamp")
    world.store.full = False
    await world.book.write()
    world.restart()
    assert await world.bought(ANNA) == {"lamp"}


async def test_what_is_unwritten_is_bounded():
    world = World(capacity=3)
    for number in range(10):
        await world.buys(VisitorId(f"visitor-{number}", Trust.SIGNED), "lamp", write=False)
    await world.book.write()
    assert world.telemetry.counted("profile", "unwritten") == 7


async def test_a_damaged_profile_is_learned_anew(world):
    await world.store.put_profiles([ProfileRow(profile_key(ANNA), b"\xffnonsense", world.now + DAY)])
    assert await world.bought(ANNA) == set()
    assert world.telemetry.counted("profile", "damaged") == 1
    await world.buys(ANNA, "lamp")
    world.restart()
    assert await world.bought(ANNA) == {"lamp"}


async def test_two_processes_on_one_store_lose_nothing():
    world = World(shared=True, fresh_for=2.0)
    here = world.book
    world.restart()
    there = world.book
    for number, book in enumerate((here, there, here, there)):
        world.book = book
        await world.buys(ANNA, f"item{number}")
        world.now += 1
    assert await world.bought(ANNA) == {"item0", "item1", "item2", "item3"}
    world.now += 2
    world.book = here
    assert await world.bought(ANNA) == {"item0", "item1", "item2", "item3"}


async def test_settings_decide_time_and_sharing():
    world = World()
    world.book = ProfileBook.from_settings(world.store, Settings(profile_days=1), world.telemetry)
    await world.book.fold([Entry(Event("purchase", "e", 1.0), profile_key(ANNA), Keep.STORE)])
    await world.book.write()
    (row,) = world.store._profiles.values()
    assert Profile.from_bytes(row.body).version == 1
