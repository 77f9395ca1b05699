"""Errors that index into a reordered list point to where their row stands now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cases.failing_shop import MAP, FailingShop
from tests.gateway_world import World, world

STRANGER = [("authorization", "Bearer " + "d" * 64)]
QUERY = "{\n side rows(take: 10) { total\n items { id name } } }"


@pytest.fixture
def shop_map(tmp_path: Path) -> str:
    """The path of the map."""
    path = tmp_path / "failing.graphql"
    path.write_text(MAP, "utf-8")
    return str(path)


@asynccontextmanager
async def failing(shop_map: str, **bad: tuple[int, ...]) -> AsyncIterator[World]:
    """A reversing gateway in front of a shop with bad rows."""
    async with world(shop=FailingShop(**bad), shop_map=shop_map) as one:
        yield one


async def both(one: World, headers: Any = (), query: str = QUERY) -> tuple[dict[str, Any], dict[str, Any]]:
    """The shop's own body and the one through the gateway."""
    direct = await one.direct(query, headers=headers)
    through = await one.send(query, headers=headers)
    assert b"_pz_" not in through.content
    assert direct.status_code == through.status_code
    return orjson.loads(direct.content), orjson.loads(through.content)


async def test_guest(shop_map: str) -> None:
    """The page by itself is turned: row 3 of 10 stands at place 6. The window has errors too, and is not shared."""
    async with failing(shop_map, name=(3,)) as one:
        for _ in range(3):
            direct, through = await both(one)
            await one.settle()
            rows = through["data"]["rows"]["items"]
            assert rows == direct["data"]["rows"]["items"][::-1]
            assert [error["path"] for error in direct["errors"]] == [["side"], ["rows", "items", 3, "name"]]
            assert [error["path"] for error in through["errors"]] == [["side"], ["rows", "items", 6, "name"]]
            assert rows[6] == {"id": "3", "name": None}
            assert [e["locations"] for e in through["errors"]] == [e["locations"] for e in direct["errors"]]
            assert [e["message"] for e in through["errors"]] == [e["message"] for e in direct["errors"]]


async def test_stranger(shop_map: str) -> None:
    """Of a private window only the rows shown tell their errors."""
    async with failing(shop_map, name=(3, 12)) as one:
        _, through = await both(one, STRANGER)
        rows = through["data"]["rows"]["items"]
        assert [row["id"] for row in rows] == [str(number) for number in range(19, 9, -1)]
        assert [error["path"] for error in through["errors"]] == [["side"], ["rows", "items", 7, "name"]]
        assert rows[7] == {"id": "12", "name": None}


async def test_no_error_is_left(shop_map: str) -> None:
    """Where only hidden rows failed there is no `errors` at all."""
    async with failing(shop_map, name=(3,)) as one:
        _, through = await both(one, STRANGER, "{ rows { items { id name } } }")
        assert "errors" not in through


async def test_a_row_outside_the_page_fails_the_window(shop_map: str) -> None:
    """The client gets the page it asked for, which is whole."""
    async with failing(shop_map, nick=(15,)) as one:
        direct, through = await both(one, STRANGER, "{ rows { items { id nick } } }")
        assert "errors" not in direct
        assert through == direct


async def test_a_row_of_the_page_fails_the_list(shop_map: str) -> None:
    """The shop's null and the shop's error."""
    async with failing(shop_map, nick=(4,)) as one:
        for who in ((), STRANGER):
            direct, through = await both(one, who, "{ rows { items { id nick } } side }")
            assert direct["data"]["rows"] is None
            assert through == direct


async def test_a_hidden_field_fails(shop_map: str) -> None:
    """What we asked for beside the client's own fields never shows."""
    async with failing(shop_map, price=(2,)) as one:
        for who in ((), (), STRANGER):
            direct, through = await both(one, who, "{ rows { items { id name } } }")
            await one.settle()
            assert "errors" not in through
            assert through == direct


async def test_a_list_beside(shop_map: str) -> None:
    """Errors in another field of the same container stay where they are."""
    async with failing(shop_map, nick=(4,)) as one:
        direct, through = await both(one, (), "{ rows { items { id } maybe { id nick } } }")
        assert through["errors"] == direct["errors"]
        assert through["data"]["rows"]["maybe"] == direct["data"]["rows"]["maybe"]
        assert through["data"]["rows"]["items"] == direct["data"]["rows"]["items"][::-1]
