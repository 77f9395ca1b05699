"""What every store of the registry has to do for the operator's desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from personalize.domain.desk.store import CHANGED, MAX_ROWS, STRATEGY, SWITCH, AuditRow, DeskRow, DeskStore
from personalize.errors import StoreError
from personalize.registry import names
from personalize.stores import open_store
from tests.contracts.test_stores import NOW, _url


@pytest.fixture(params=names("stores"))
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DeskStore]:
    store = open_store(_url(request.param, tmp_path))
    await store.open()
    yield store.desk
    await store.close()


def row(name: str = "autumn", number: int = 1, state: str = "draft", kind: str = STRATEGY) -> DeskRow:
    """A version."""
    return DeskRow(kind, name, number, state, b"\x00body", NOW + number, "anna")


def line(name: str = "autumn", number: int = 1, why: str = "as asked") -> AuditRow:
    """A line of the audit before it has a number."""
    return AuditRow(0, NOW, "anna", "draft", STRATEGY, name, number, why, b"before", b"after")


async def test_nothing_is_there_at_first(desk: DeskStore) -> None:
    assert await desk.revision() == 0
    assert await desk.rows(STRATEGY) == []
    assert await desk.audit() == []


async def test_rows_are_kept_as_they_were_written(desk: DeskStore) -> None:
    assert await desk.write([row()], line(), seen=0) == 1
    assert await desk.rows(STRATEGY) == [row()]
    assert await desk.rows(SWITCH) == []
    assert await desk.audit() == [line()._replace(number=1)]
    assert await desk.revision() == 1


async def test_a_row_that_is_there_changes_its_state_and_nothing_else(desk: DeskStore) -> None:
    await desk.write([row()], line(), seen=0)
    again = row(state="published")._replace(body=b"other", at=0.0, author="ben")
    await desk.write([again], line(), seen=1)
    assert await desk.rows(STRATEGY) == [row(state="published")]


async def test_a_write_that_saw_an_older_revision_writes_nothing(desk: DeskStore) -> None:
    await desk.write([row()], line(), seen=0)
    for seen in (0, 2):
        with pytest.raises(StoreError) as caught:
            await desk.write([row(number=2), row(state="published")], line(), seen=seen)
        assert caught.value.code == CHANGED
    assert await desk.rows(STRATEGY) == [row()]
    assert await desk.revision() == 1


async def test_of_writers_at_once_one_comes_through(desk: DeskStore) -> None:
    tries = [desk.write([row(number=n)], line(number=n), seen=0) for n in range(1, 9)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(map(str, map(type, found))) == sorted([str(int)] + [str(StoreError)] * 7)
    assert len(await desk.rows(STRATEGY)) == len(await desk.audit()) == 1


async def test_rows_come_by_name_and_then_the_newest_first(desk: DeskStore) -> None:
    rows = [row("b", 1), row("b", 2, "published"), row("a", 1), row("Z", 1), row("ä", 1)]
    await desk.write(rows, line(), seen=0)
    assert [(r.name, r.number) for r in await desk.rows(STRATEGY)] == [
        ("Z", 1), ("a", 1), ("b", 2), ("b", 1), ("ä", 1),
    ]  # fmt: skip
    assert [r.name for r in await desk.rows(STRATEGY, after="a")] == ["b", "b", "ä"]
    assert [r.number for r in await desk.rows(STRATEGY, name="b")] == [2, 1]
    assert [r.number for r in await desk.rows(STRATEGY, name="b", before=2)] == [1]
    assert [r.name for r in await desk.rows(STRATEGY, states=("published",))] == ["b"]
    assert [r.name for r in await desk.rows(STRATEGY, states=("draft", "published"), limit=2)] == ["Z", "a"]
    assert await desk.rows(STRATEGY, limit=0) == []


async def test_readings_are_bounded(desk: DeskStore) -> None:
    await desk.write([row(f"n{n:04}") for n in range(MAX_ROWS + 20)], line(), seen=0)
    first = await desk.rows(STRATEGY, limit=10**9)
    assert len(first) == MAX_ROWS
    assert len(await desk.rows(STRATEGY, after=first[-1].name)) == 20


async def test_the_audit_is_read_from_its_end_back(desk: DeskStore) -> None:
    for seen in range(7):
        await desk.write([], line("ab"[seen % 2], why=f"{seen}"), seen=seen)
    assert [one.why for one in await desk.audit(limit=3)] == ["6", "5", "4"]
    assert [one.number for one in await desk.audit(before=4)] == [3, 2, 1]
    assert [one.why for one in await desk.audit(name="b")] == ["5", "3", "1"]
    assert [one.why for one in await desk.audit(name="b", before=6, limit=1)] == ["3"]


async def test_names_are_opaque(desk: DeskStore) -> None:
    odd = ["'; DROP TABLE desk_row; --", "%", "", "  x"]
    await desk.write([row(name) for name in odd[:2] + odd[3:]], line(odd[0]), seen=0)
    assert {r.name for r in await desk.rows(STRATEGY)} == {odd[0], odd[1], odd[3]}
    assert (await desk.audit(name=odd[0]))[0].name == odd[0]
