"""A store in trouble, a full outbox, decisions that fail: the answer still comes, and what was lost is counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from personalize.domain.listing import Listing
from personalize.domain.patch import Author, Patch, Reason, Reorder
from personalize.domain.store import EventRow, ProfileRow
from personalize.errors import StoreError
from tests.gateway_world import counted
from tests.toy_shop import Toy, numbered
from tests.toy_world import Turned, turned_world

ROWS = "query R($f: Int) { rows(from: $f, size: 6) { total items { id } } }"


async def shown(world: Turned, headers: dict[str, str] | None = None) -> list[str]:
    response = await world.send(ROWS, {"f": 0}, headers=headers or world.signed())
    assert response.status_code == 200
    return [item["id"] for item in response.json()["data"]["rows"]["items"]]


async def test_a_locked_store_costs_events_not_answers(tmp_path):
    file = tmp_path / "store.sqlite"
    async with turned_world(toy=Toy(numbered(30)), folder=tmp_path, store_url=f"sqlite:///{file}") as world:
        outbox = world.gateway.outbox
        outbox._attempts = 1  # so that the test need not wait for the pauses between attempts
        other = sqlite3.connect(file)
        other.execute("BEGIN IMMEDIATE")
        assert len(await shown(world)) == 6
        await outbox.flush()
        other.rollback()
        other.close()
        fates = counted(world.gateway, "personalize_events_total")
        assert fates["dropped"] >= 1
        assert world.faults()["outbox store_failed"] >= 1
        assert len(await shown(world)) == 6
        await outbox.flush()
        assert counted(world.gateway, "personalize_events_total")["stored"] == 1


async def test_a_full_disk_costs_events_not_answers(tmp_path, monkeypatch):
    async with turned_world(toy=Toy(numbered(30)), folder=tmp_path) as world:

        async def full(rows: Sequence[EventRow]) -> int:
            raise StoreError("database or disk is full", code="STORE_FULL")

        async def unwritable(rows: Sequence[ProfileRow]) -> None:
            raise StoreError("database or disk is full", code="STORE_FULL")

        outbox = world.gateway.outbox
        outbox._append, outbox._attempts = full, 1
        monkeypatch.setattr(world.gateway.store, "put_profiles", unwritable)
        anna = world.signed()
        first = await shown(world, anna)
        await outbox.flush()
        assert await shown(world, anna) == first
        assert counted(world.gateway, "personalize_events_total") == {"dropped": 1.0}
        assert world.faults()["outbox write_failed"] >= 1


async def test_a_full_outbox_drops_and_counts(tmp_path):
    async with turned_world(toy=Toy(numbered(30)), folder=tmp_path) as world:
        world.gateway.outbox._capacity = 0
        assert len(await shown(world)) == 6
        assert counted(world.gateway, "personalize_events_total") == {"dropped": 1.0}
        assert world.faults() == {"outbox full": 1.0}


class Odd:
    """A decision that proposes what must not be."""

    name, version = "odd", "1"

    def __init__(self, order: tuple[int, ...] | None) -> None:
        self.order = order

    def decide(self, target: str, listing: Listing, visit: object, popularity: object) -> Patch:
        if self.order is None:
            raise RuntimeError("on purpose")
        return Patch((Reorder(target, self.order, Author("odd", "1"), Reason("popular")),))


@pytest.mark.parametrize("order", [None, (), (0,), (0, 0, 1, 2, 3, 4), tuple(range(1, 7)), tuple(range(7))])
async def test_a_decision_that_fails_or_loses_rows_is_the_shops_order(tmp_path, order):
    toy = Toy(numbered(6))
    async with turned_world(toy=toy, folder=tmp_path, strategies=("odd",), decisions={"odd": Odd(order)}) as world:
        for _ in range(2):
            assert await shown(world) == [row for row, _ in toy.rows]
            await world.settle()
        kind = "decision odd" if order is None else "guardrail odd_cut"
        assert world.faults()[kind] >= 1


@pytest.mark.parametrize("rows", [[("a", "p"), ("a", "p")], [("a", "p"), ("b", "q"), ("a", "r")]])
async def test_rows_with_one_id_are_left_as_the_shop_has_them(tmp_path, rows):
    async with turned_world(toy=Toy(rows), folder=tmp_path) as world:
        for _ in range(3):
            assert await shown(world) == [row for row, _ in rows]
            await world.settle()
        assert world.faults()["gave_up a row is there twice"] >= 1


async def test_a_bug_that_nothing_foresaw_says_nothing_of_itself(tmp_path, monkeypatch):
    async with turned_world(toy=Toy(numbered(30)), folder=tmp_path) as world:

        async def broken(*_):
            raise RuntimeError("the secret is hunter2")

        monkeypatch.setattr(type(world.gateway.pipeline), "respond", broken)
        response = await world.send(ROWS, {"f": 0})
        assert response.status_code == 500
        assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "hunter2" not in response.text
        assert world.faults()["storefront RuntimeError"] == 1
