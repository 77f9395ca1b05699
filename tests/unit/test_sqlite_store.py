"""The SQLite store in trouble: locked, full, foreign, newer, late, closed; and what survives a restart."""

import asyncio
import sqlite3
import stat
import threading

import pytest

from personalize.domain.store import EventRow, ProfileRow
from personalize.errors import StoreError
from personalize.stores import open_store
from personalize.stores.sqlite import SqliteStore
from personalize.stores.sqlite_schema import SCHEMA, VERSION
from personalize.stores.worker import Worker

NOW = 1_700_000_000.0
ROW = ProfileRow("s:a", b"x", NOW + 10)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
async def store(path):
    store = SqliteStore(path, busy=0.01)
    await store.open()
    yield store
    await store.close()


async def test_everything_survives_a_restart(path):
    for _ in range(2):
        store = open_store(f"sqlite:///{path}")
        await store.open()
        await store.put_profiles([ROW])
        await store.append_events([EventRow("e", NOW, None, b"{}")])
        await store.close()
    store = open_store(f"sqlite:///{path}")
    assert await store.get_profile("s:a", NOW) == b"x"
    assert [row.event_id async for row in store.events()] == ["e"]
    await store.close()


async def test_only_the_owner_may_read_the_file(store, path):
    await store.put_profiles([ROW])
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


async def test_a_lock_of_another_process_is_named_and_reading_goes_on(store, path):
    await store.put_profiles([ROW])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught:
        await store.append_events([EventRow("e", NOW, None, b"{}")])
    assert caught.value.code == "STORE_LOCKED"
    assert await store.get_profile("s:a", NOW) == b"x"
    other.execute("ROLLBACK")
    other.close()
    assert await store.append_events([EventRow("e", NOW, None, b"{}")]) == 1


async def test_a_full_disk_is_named_and_nothing_is_half_written(store):
    await store.put_profiles([ROW])

    def fill(database):
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages + 2}")

    await store._writer.run(fill)
    rows = [EventRow(f"e{number}", NOW, None, b"x" * 5000) for number in range(20)]
    with pytest.raises(StoreError) as caught:
        await store.append_events(rows)
    assert caught.value.code == "STORE_FULL"
    assert [row async for row in store.events()] == []
    await store._writer.run(lambda database: database.execute("PRAGMA max_page_count = 100000").fetchone())
    assert await store.append_events(rows) == 20


async def test_a_file_of_another_program_is_left_alone(path):
    path.write_bytes(b"These are the minutes of a meeting. " * 40)
    store = SqliteStore(path)
    with pytest.raises(StoreError) as caught:
        await store.open()
    assert caught.value.code == "STORE_FOREIGN"
    await store.close()
    assert path.read_bytes().startswith(b"These are")


async def test_a_file_of_a_newer_release_is_left_alone(path):
    other = sqlite3.connect(path)
    other.executescript("CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (99)")
    other.close()
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="has schema version 99") as caught:
        await store.open()
    assert caught.value.code == "STORE_NEWER"
    await store.close()


async def test_a_file_whose_profiles_have_no_row_ids_is_used_as_it_is(path):
    earlier = sqlite3.connect(path)
    now = "body BLOB NOT NULL, expires_at REAL NOT NULL)"
    first, *others = SCHEMA
    assert f"{now};" in first
    for step in (first.replace(f"{now};", f"{now} WITHOUT ROWID;"), *others):
        earlier.executescript(step)
    earlier.execute("CREATE TABLE schema_version (version INTEGER)")
    earlier.execute("INSERT INTO schema_version VALUES (?)", (VERSION,))
    bodies = {f"s:{n}": bytes([n]) * 9_000 for n in range(50)}
    earlier.executemany("INSERT INTO profile VALUES (?, ?, ?)", [(key, body, NOW + 9) for key, body in bodies.items()])
    earlier.commit()
    earlier.close()
    store = SqliteStore(path)
    await store.open()
    assert [await store.get_profile(key, NOW) for key in bodies] == list(bodies.values())
    await store.put_profiles([ProfileRow("s:1", b"newer", NOW + 99)])
    assert await store.erase("s:2") == 1
    assert await store.prune(NOW + 10) == 48
    assert await store.get_profile("s:1", NOW) == b"newer"
    await store.close()


async def test_a_folder_that_is_missing_is_named_and_works_once_it_is_there(tmp_path):
    store = SqliteStore(tmp_path / "later" / "store.sqlite")
    with pytest.raises(StoreError) as caught:
        await store.open()
    assert caught.value.code == "STORE_UNOPENED"
    (tmp_path / "later").mkdir()
    await store.put_profiles([ROW])
    assert await store.get_profile("s:a", NOW) == b"x"
    await store.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_addresses_without_a_file_are_refused(url):
    with pytest.raises(StoreError, match="names no file"):
        open_store(url)


async def test_a_closed_store_says_so(path):
    store = SqliteStore(path)
    await store.open()
    await store.close()
    with pytest.raises(StoreError) as caught:
        await store.get_profile("s:a", NOW)
    assert caught.value.code == "STORE_CLOSED"


async def test_a_stuck_thread_never_blocks_the_loop_and_never_queues_without_end():
    worker, gate = Worker("test", deadline=0.02, pending=3), threading.Event()
    late = await asyncio.gather(*(worker.run(gate.wait) for _ in range(5)), return_exceptions=True)
    assert (
        sorted(error.code for error in late if isinstance(error, StoreError)) == ["STORE_BUSY"] * 2 + ["STORE_LATE"] * 3
    )
    gate.set()
    while True:  # the waiting jobs were given up, so the thread is free again at once
        try:
            assert await worker.run(lambda: 7) == 7
            break
        except StoreError:
            await asyncio.sleep(0)
    await worker.close(lambda: None)


async def test_several_gateways_open_and_write_one_file_at_once(path):
    stores = [SqliteStore(path) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    rows = [EventRow(f"e{number}", NOW, None, b"{}") for number in range(50)]
    new = await asyncio.gather(*(store.append_events(rows) for store in stores))
    assert sum(new) == 50
    assert len([row async for row in stores[0].events()]) == 50
    for store in stores:
        await store.close()
