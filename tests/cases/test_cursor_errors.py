"""Errors in edges and nodes point to where their rows stand now; foreign cursors are the shop's to judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cursor_shops import CursorShop, cursor_of, rack_of, small_map
from tests.gateway_world import world

QUERY = """query Q($c: String) { products(first: 6, after: $c) {
  edges { cursor node { id note } } pageInfo { hasNextPage endCursor } } }"""
BOTH = "{ products(first: 6) { nodes { id note } edges { cursor node { id note } } } }"


@pytest.mark.parametrize("kind", ["saleor", "shopify"])
async def test_paths_move_with_their_rows(kind: str, tmp_path: Path) -> None:
    """Row 2 of 6 stands at place 3 once the page is turned."""
    shop = CursorShop(kind, rack_of(30, broken={2}))
    async with world(shop=shop, shop_map=small_map(kind, tmp_path)) as one:
        for _ in range(2):
            found = (await one.send(QUERY)).json()
            await one.settle()
            assert [edge["node"]["id"] for edge in found["data"]["products"]["edges"]] == ["5", "4", "3", "2", "1", "0"]
            assert [edge["cursor"] for edge in found["data"]["products"]["edges"]] == [
                cursor_of(float(at)) for at in range(6)
            ]
            assert [error["path"] for error in found["errors"]] == [["products", "edges", 3, "node", "note"]]


async def test_paths_in_nodes_and_edges_at_once(tmp_path: Path) -> None:
    """Both views are turned alike."""
    async with world(
        shop=CursorShop("shopify", rack_of(30, broken={2})), shop_map=small_map("shopify", tmp_path)
    ) as one:
        found = (await one.send(BOTH)).json()
    assert sorted(error["path"][1:3] for error in found["errors"]) == [["edges", 3], ["nodes", 3]]
    assert found["data"]["products"]["nodes"] == [edge["node"] for edge in found["data"]["products"]["edges"]]


@pytest.mark.parametrize("kind", ["saleor", "shopify"])
async def test_foreign_cursors_go_to_the_shop(kind: str, tmp_path: Path) -> None:
    """Nonsense gets the shop's own error; a stale cursor, where nothing is known of it, the shop's own page."""
    async with world(shop=CursorShop(kind, rack_of(30)), shop_map=small_map(kind, tmp_path)) as one:
        for cursor in ("nonsense", cursor_of(9.5), cursor_of(12.0)):
            direct, through = await one.direct(QUERY, {"c": cursor}), await one.send(QUERY, {"c": cursor})
            assert direct.json() == through.json()
