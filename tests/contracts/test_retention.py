"""Retention: in every store, what has expired is gone from it after tidying, and before that is not there any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from personalize.domain.entry import Entry
from personalize.domain.event import Event, EventItem
from personalize.domain.permission import Keep
from personalize.domain.store import EventRow, Store
from personalize.domain.visit import Trust, VisitorId
from personalize.registry import names
from personalize.settings import Settings
from personalize.stores import open_store
from personalize.stores.tidy import tidy
from personalize.telemetry import Telemetry
from personalize.visitors.identity import profile_key
from personalize.visitors.profiles import ProfileBook
from tests.contracts.test_stores import NOW, _url

DAY = 86_400.0
SETTINGS = Settings(profile_days=90.0, events_days=400.0)
ANNA = VisitorId("anna-anna", Trust.SIGNED)
KEY = profile_key(ANNA)


@pytest.fixture(params=names("stores"))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(_url(request.param, tmp_path))
    await store.open()
    yield store
    await store.close()


async def left(store: Store, at: float) -> tuple[bool, list[str], list[str]]:
    """Whether there is a profile of Anna, her links, and all events."""
    return (
        await store.get_profile(KEY, at) is not None,
        await store.links(KEY, at),
        [row.event_id async for row in store.events()],
    )


async def test_a_profile_ends_so_many_days_after_the_last_event_and_an_event_after_its_own(store: Store) -> None:
    now = [NOW]
    book = ProfileBook(store, Telemetry(), clock=lambda: now[0], ttl=SETTINGS.profile_days * DAY)

    async def acts(number: int) -> None:
        event = Event("view_item", f"e{number}", now[0], KEY, "s", items=(EventItem("lamp"),))
        await book.fold([Entry(event, KEY, Keep.STORE)])
        await book.write()
        await store.append_events([EventRow(event.event_id, now[0], KEY, b"{}\n")])

    await acts(1)
    await store.put_link("h", KEY, now[0] + SETTINGS.profile_days * DAY)
    now[0] += 60 * DAY
    await acts(2)
    now[0] += 89 * DAY  # after the last event; the link is older
    await tidy(store, SETTINGS, Telemetry(), now[0])
    assert await left(store, now[0]) == (True, [], ["e1", "e2"])
    now[0] += 1.5 * DAY
    assert await store.get_profile(KEY, now[0]) is None  # at once, tidied or not
    assert await store.get_profile(KEY, NOW) is not None
    await tidy(store, SETTINGS, Telemetry(), now[0])
    assert await store.get_profile(KEY, NOW) is None  # and then for good
    now[0] = NOW + 400.5 * DAY
    await tidy(store, SETTINGS, Telemetry(), now[0])
    assert await left(store, now[0]) == (False, [], ["e2"])
    now[0] += 60 * DAY
    await tidy(store, SETTINGS, Telemetry(), now[0])
    assert await left(store, NOW) == (False, [], [])


async def test_the_links_of_a_visitor_are_told(store: Store) -> None:
    for session, visitor, end in (("b", KEY, 10), ("a", KEY, 20), ("c", "s:ben", 20)):
        await store.put_link(session, visitor, NOW + end)
    assert await store.links(KEY, NOW) == ["a", "b"]
    assert await store.links(KEY, NOW + 10) == ["a"]
    assert await store.links("s:nobody", NOW) == []


async def erased(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder}/store.sqlite")
    await store.append_events([EventRow(f"e{n}", NOW, KEY, b"canary-of-anna" * 40) for n in range(50)])
    await store.append_events([EventRow(f"b{n}", NOW, "s:ben", b"line-of-ben" * 40) for n in range(50)])
    await store.erase(KEY)
    await store.close()


def test_what_is_erased_is_overwritten_in_the_file(tmp_path: Path) -> None:
    """Not only unlisted: a copy of the file tells nothing of who was forgotten."""
    asyncio.run(erased(tmp_path))
    content = b"".join(part.read_bytes() for part in tmp_path.iterdir())
    assert b"line-of-ben" in content
    assert b"canary-of-anna" not in content
