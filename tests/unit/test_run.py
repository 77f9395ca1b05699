"""Runs through the gateway: Back, expired windows, ids just given out, guests without one, several listings at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from personalize.gateway.listing.run import Run, RunBook
from tests.toy_shop import Toy, numbered
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

ROWS = "query R($f: Int, $s: Int) { rows(from: $f, size: $s) { total items { id } } }"
NONE, AGREED = {CONSENT: "none"}, {CONSENT: "personalization"}


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[Turned]:
    async with turned_world(toy=Toy(numbered(60)), folder=tmp_path) as world:
        yield world


async def rows(world: Turned, headers: dict[str, str], skip: int = 0, size: int = 6) -> list[str]:
    response = await world.send(ROWS, {"f": skip, "s": size}, headers=headers)
    if VISITOR in response.headers:
        headers[VISITOR] = response.headers[VISITOR]
    return [item["id"] for item in response.json()["data"]["rows"]["items"]]


async def warmed(world: Turned) -> None:
    for _ in range(2):
        await rows(world, {**NONE, "x-personalize-context": "mood=warm"})
        await world.settle()
    world.upstream.clear()


async def test_back_finds_the_page_as_it_was_even_after_the_window_is_gone(world):
    anna = world.signed()
    await warmed(world)
    first, second = await rows(world, anna), await rows(world, anna, 6)
    world.now[0] += 3600
    assert await rows(world, anna) == first
    assert await rows(world, anna, 6) == second


async def test_back_after_new_behaviour_opens_a_new_run(world):
    anna = world.signed()
    await warmed(world)
    first = await rows(world, anna)
    await world.behave(anna)
    assert await rows(world, anna) != first


async def test_another_situation_starts_afresh_at_page_one_and_re_ranks_behind_it(world):
    anna = world.signed()
    await warmed(world)
    first = await rows(world, anna)
    second = await rows(world, {**anna, "x-personalize-context": "mood=calm"}, 6)
    assert not set(first) & set(second)


async def test_an_id_just_given_out_goes_on_with_its_first_page(world):
    """The first page was cold and ranked within itself; the client comes back with the id that it was given."""
    visitor = dict(AGREED)
    first = await rows(world, visitor)
    assert VISITOR in visitor
    await world.settle()
    await warmed(world)
    shown = first
    for skip in range(6, 60, 6):
        shown = shown + await rows(world, visitor, skip)
    assert sorted(shown) == sorted(row for row, _ in world.shop.rows)
    assert len(world.gateway.runs.newborn) <= 1


async def test_clients_that_never_send_an_id_back_read_one_order(world):
    shown: list[str] = []
    for skip in range(0, 60, 6):
        shown += await rows(world, dict(AGREED), skip)
        await world.settle()
    assert sorted(shown) == sorted(row for row, _ in world.shop.rows)


async def test_guests_are_not_held_to_a_cold_page_for_long(world):
    """A page that was ranked within itself lasts as long as somebody may be paging on from it."""
    ticks = [0.0]
    world.gateway.runs.clock = lambda: ticks[0]
    cold = await rows(world, NONE)
    await world.settle()
    assert await rows(world, NONE) == cold
    ticks[0] += 61
    assert set(await rows(world, NONE)) != set(cold)


async def test_one_listing_twice_in_an_operation_is_one_run(world):
    anna = world.signed()
    query = """{ a: rows(from: 0, size: 6) { items { id } } b: rows(from: 6, size: 6) { items { id } }
      c: paged(from: 0, size: 6) { items { id } } }"""
    for _ in range(3):
        response = await world.send(query, headers=anna)
        data = response.json()["data"]
        both = [item["id"] for key in "ab" for item in data[key]["items"]]
        assert len(set(both)) == 12
        assert len({item["id"] for item in data["c"]["items"]}) == 6
        await world.settle()
    assert not set(both) & set(await rows(world, anna, 12))


async def test_a_report_names_the_strategy_under_another_alias_too(world):
    anna = world.signed()
    await warmed(world)
    report = "personalization { listings { path strategy personalized } }"
    for alias in ("one", "two"):
        for _ in range(2):
            response = await world.send(f"{{ {alias}: rows(size: 6) {{ items {{ id }} }} {report} }}", headers=anna)
            await world.settle()
        assert response.json()["data"]["personalization"]["listings"] == [
            {"path": alias, "strategy": "shuffling", "personalized": True}
        ]


async def test_a_kill_switch_ends_all_runs(world):
    anna = world.signed()
    await warmed(world)
    await rows(world, anna)
    gateway = world.gateway
    gateway.use(gateway.settings.__class__(**{**_fields(gateway.settings), "strategies": ()}))
    assert await rows(world, anna) == [f"r{number}" for number in range(6)]
    assert not gateway.runs.runs


def _fields(settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


def test_the_book_is_bounded_and_keeps_those_who_come_back():
    book = RunBook(size=2, seconds=10.0, clock=lambda: now[0])
    now = [0.0]
    book.expect("newborn", Run(span=7))
    assert book.get("newborn").span == 7
    assert "newborn" not in book.newborn
    book.open("a")
    book.open("b")
    assert len(book.runs) == 2
    now[0] = 9.0
    book.keep("b", book.get("b"))
    now[0] = 11.0
    assert book.get("a") is None
    assert book.get("b") is not None
    book.clear()
    assert book.get("b") is None


def test_what_was_served_first_keeps_its_place():
    run = Run()
    run.pin(0, ["a", "b"])
    run.pin(1, ["a", "c"])
    assert run.pinned == {"a": 0, "b": 1, "c": 2}
    other = run.copy()
    other.pin(3, ["d"])
    assert "d" not in run.pinned
