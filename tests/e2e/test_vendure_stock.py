"""Stock locations of the real Vendure, by its Admin API: read whole, kept, refreshed, and told as channels."""

from __future__ import annotations

import time

import msgspec
import pytest

from personalize.domain.places.shop_store import ShopStore
from personalize.domain.places.terms import Terms
from personalize.errors import PersonalizeError
from personalize.shops.vendure.admin import Admin
from personalize.shops.vendure.stock import VendureStock
from tests.gateway_world import world
from tests.vendure.server import Vendure

pytestmark = pytest.mark.vendure
STORES = {"altona": ShopStore("altona", "Altona", 53.55, 9.93), "depot": ShopStore("depot", "Depot", 53.5, 10.0)}
LOCATION = """mutation($name: String!) { createStockLocation(input: {name: $name}) { id } }"""
LEVEL = """mutation($id: ID!, $where: ID!, $count: Int!) {
  updateProductVariants(input: [{id: $id, stockLevels: [{stockLocationId: $where, stockOnHand: $count}]}]) { id } }"""
ITEMS = """{ search(input: {term: "laptop", groupByProduct: false, take: 4}) { items { productId productVariantId
  personalization { channels { kind availability quantityAtLeast store { id } } } } } }"""


def admin_of(vendure: Vendure, password: str = "") -> Admin:
    """A client of the shop's Admin API."""
    who = vendure.superadmin
    return Admin(vendure.admin_url, user=who.username, password=password or who.password)


async def test_stock_locations(vendure: Vendure) -> None:
    made = vendure.admin(LOCATION, {"name": "altona"})["createStockLocation"]["id"]
    shop = VendureStock(admin_of(vendure), {})
    try:
        rows = await shop.fetch(STORES, 1.0)
        assert all(row.store == "altona" for row in rows)  # the shop's own warehouse is no store
        vendure.admin(LEVEL, {"id": "1", "where": made, "count": 7})
        rows = await shop.fetch(STORES, 2.0)
        (found,) = [row for row in rows if row.variant == "1"]
        assert (found.store, found.product, found.quantity, found.observed_at) == ("altona", "1", 7, 2.0)
        named = VendureStock(shop.admin, {"1": "depot"})
        rows = await named.fetch(STORES, 3.0)
        assert {row.store for row in rows} == {"altona", "depot"}
        assert len({row.variant for row in rows}) > 80
        with pytest.raises(PersonalizeError) as refused:
            await shop.fetch({}, 1.0)
        assert refused.value.code == "STOCK_NOWHERE"
        assert "altona" in refused.value.message
    finally:
        await shop.close()


async def test_channels_of_a_real_shop(vendure: Vendure) -> None:
    """From the shop's locations to the item in the listing; what sells out there is out after a refresh."""
    locations = vendure.admin("{ stockLocations { items { id name } } }")["stockLocations"]["items"]
    where = next((one["id"] for one in locations if one["name"] == "store b"), None)
    where = where or vendure.admin(LOCATION, {"name": "store b"})["createStockLocation"]["id"]
    terms = Terms(source="vendure", locations={"store b": "altona"}, refresh=5.0)
    who = vendure.superadmin
    async with world(
        ("nothing",), shop_url=vendure.shop_url, sockets=True, stores=STORES, admin_url=vendure.admin_url,
        admin_user=who.username, admin_password=who.password,
    ) as at:  # fmt: skip
        keeper = at.gateway.keeper  # not refreshed by itself: the test says when
        source = keeper.source = VendureStock.from_settings(msgspec.structs.replace(at.gateway.settings, places=terms))
        keeper._due = float("inf")
        for count, told in ((5, ("IN_STOCK", 3)), (0, ("OUT", None))):
            for variant in ("1", "2", "3", "4"):
                vendure.admin(LEVEL, {"id": variant, "where": where, "count": count})
            keeper.clock = at.gateway.reception.clock = lambda late=600.0 * (5 - count): time.time() + late
            await keeper.refresh(source)
            answer = await at.send(ITEMS, headers={"x-personalize-context": "store=altona"})
            rows = answer.json()["data"]["search"]["items"]
            assert {row["productVariantId"] for row in rows} == {"1", "2", "3", "4"}
            for row in rows:
                ship, collect = row["personalization"]["channels"]
                assert ship["kind"] == "SHIP"
                assert collect["store"] == {"id": "altona"}
                assert (collect["availability"], collect["quantityAtLeast"]) == told
        assert at.faults() == {}
        changes = [row.line async for row in at.gateway.store.events() if b'"stock_change"' in row.line]
        assert changes


async def test_a_shop_that_does_not_let_us_in(vendure: Vendure) -> None:
    """Named, counted, and nothing else."""
    shop = VendureStock(admin_of(vendure, "wrong"), {})
    try:
        with pytest.raises(PersonalizeError) as refused:
            await shop.fetch(STORES, 1.0)
        assert refused.value.code == "ADMIN_LOGIN"
        assert "wrong" not in str(refused.value)
    finally:
        await shop.close()
