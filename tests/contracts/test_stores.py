"""What every store of the registry has to do."""

import asyncio

import pytest

from personalize.domain.store import EventRow, ProfileRow
from personalize.registry import names
from personalize.stores import open_store

NOW = 1_700_000_000.0


def _url(scheme, tmp_path):
    """An address for a plug of ours; a plug that is not embedded brings its own server's address here."""
    return f"{scheme}:///{tmp_path}/store.sqlite" if scheme == "sqlite" else f"{scheme}://"


@pytest.fixture(params=names("stores"))
async def store(request, tmp_path):
    store = open_store(_url(request.param, tmp_path))
    await store.open()
    yield store
    await store.close()


def _event(number, visitor="s:a", at=None):
    return EventRow(f"e{number}", NOW + number if at is None else at, visitor, b'{"event":"view_item"}\n')


async def _ids(events):
    return [row.event_id async for row in events]


async def test_profiles_end_when_they_expire(store):
    assert await store.get_profile("s:a", NOW) is None
    await store.put_profiles([ProfileRow("s:a", b"\x00one", NOW + 10), ProfileRow("s:b", b"two", NOW + 20)])
    assert await store.get_profile("s:a", NOW) == b"\x00one"
    assert await store.get_profile("s:a", NOW + 10) is None
    assert await store.get_profile("s:b", NOW + 10) == b"two"


async def test_the_last_profile_of_a_key_wins(store):
    await store.put_profiles([ProfileRow("s:a", b"one", NOW + 10), ProfileRow("s:a", b"two", NOW + 10)])
    await store.put_profiles([])
    assert await store.get_profile("s:a", NOW) == b"two"
    await store.put_profiles([ProfileRow("s:a", b"three", NOW + 20)])
    assert await store.get_profile("s:a", NOW + 15) == b"three"


async def test_keys_are_opaque_and_exact(store):
    keys = ["s:a", "b:a", "S:a", "s:a ", "s:%", "s:'; DROP TABLE profile; --", "s:ä"]
    await store.put_profiles([ProfileRow(key, key.encode(), NOW + 10) for key in keys])
    assert [await store.get_profile(key, NOW) for key in keys] == [key.encode() for key in keys]


async def test_deleting_a_profile_says_whether_there_was_one(store):
    await store.put_profiles([ProfileRow("s:a", b"one", NOW + 10)])
    assert await store.delete_profile("s:a")
    assert not await store.delete_profile("s:a")
    assert await store.get_profile("s:a", NOW) is None


async def test_events_are_appended_once(store):
    assert await store.append_events([_event(1), _event(2)]) == 2
    assert await store.append_events([_event(2), _event(3), _event(3)]) == 1
    assert await store.append_events([]) == 0
    assert await _ids(store.events()) == ["e1", "e2", "e3"]


async def test_events_come_in_time_order_within_bounds(store):
    await store.append_events([_event(3), _event(1), _event(2, visitor=None), _event(4, visitor="s:b")])
    assert await _ids(store.events()) == ["e1", "e2", "e3", "e4"]
    assert await _ids(store.events(since=NOW + 2)) == ["e2", "e3", "e4"]
    assert await _ids(store.events(until=NOW + 2)) == ["e1"]
    assert await _ids(store.events(since=NOW + 2, until=NOW + 4)) == ["e2", "e3"]
    assert await _ids(store.events(visitor="s:a")) == ["e1", "e3"]
    rows = [row async for row in store.events(visitor="s:b")]
    assert rows == [_event(4, visitor="s:b")]


async def test_many_events_of_one_moment_are_all_read(store):
    rows = [_event(number, at=NOW) for number in range(1203)]
    assert await store.append_events(rows) == 1203
    assert sorted(await _ids(store.events())) == sorted(row.event_id for row in rows)


async def test_links_expire_and_are_replaced(store):
    assert await store.get_link("h", NOW) is None
    await store.put_link("h", "s:a", NOW + 10)
    assert await store.get_link("h", NOW) == "s:a"
    assert await store.get_link("h", NOW + 10) is None
    await store.put_link("h", "s:b", NOW + 20)
    assert await store.get_link("h", NOW + 10) == "s:b"


async def test_erase_takes_everything_of_one_visitor_and_nothing_of_another(store):
    for visitor in ("s:a", "s:b"):
        await store.put_profiles([ProfileRow(visitor, b"x", NOW + 10)])
        await store.append_events([EventRow(f"{visitor}{n}", NOW, visitor, b"{}") for n in range(3)])
        await store.put_link(f"h{visitor}", visitor, NOW + 10)
    assert await store.erase("s:a") == 5
    assert await store.erase("s:a") == 0
    assert await store.get_profile("s:a", NOW) is None
    assert await store.get_link("hs:a", NOW) is None
    assert await store.get_profile("s:b", NOW) == b"x"
    assert await store.get_link("hs:b", NOW) == "s:b"
    assert await _ids(store.events()) == ["s:b0", "s:b1", "s:b2"]


async def test_prune_takes_what_expired_and_old_events(store):
    await store.put_profiles([ProfileRow("s:a", b"x", NOW + 10), ProfileRow("s:b", b"x", NOW + 20)])
    await store.put_link("h", "s:a", NOW + 10)
    await store.append_events([_event(1), _event(2), _event(3)])
    assert await store.prune(NOW + 10) == 2
    assert await store.prune(NOW + 10, NOW + 3) == 2
    assert await _ids(store.events()) == ["e3"]
    assert await store.get_profile("s:b", NOW) == b"x"


async def test_many_callers_at_once(store):
    await asyncio.gather(
        *(store.append_events([_event(number)]) for number in range(40)),
        *(store.put_profiles([ProfileRow(f"s:{number}", b"x", NOW + 10)]) for number in range(40)),
    )
    assert len(await _ids(store.events())) == 40
    assert await asyncio.gather(*(store.get_profile(f"s:{number}", NOW) for number in range(40))) == [b"x"] * 40


async def test_closing_twice_is_allowed(store):
    await store.close()
    await store.close()


async def test_the_newest_events_come_first(store):
    await store.append_events([_event(number) for number in (3, 1, 4, 2)])
    assert [row.event_id for row in await store.newest(3)] == ["e4", "e3", "e2"]
    assert [row.event_id for row in await store.newest(10, since=NOW + 3)] == ["e4", "e3"]
    assert await store.newest(0) == []
    assert (await store.newest(1))[0] == _event(4)


async def test_the_newest_of_one_moment_come_in_the_order_they_were_told(store, monkeypatch):
    monkeypatch.setattr("personalize.stores.sqlite.NEWEST_PAGE", 2)
    await store.append_events([_event(number, at=NOW) for number in range(5)])
    assert [row.event_id for row in await store.newest(5)] == ["e4", "e3", "e2", "e1", "e0"]
