"""Every client of the table: a personalised listing, a paged list, a mutation, and a cache that stays right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.front import Front, front, ordered, shop_order
from tests.clients.install import SOURCE
from tests.clients.table import CLIENTS, Client
from tests.vendure.server import Vendure


@dataclass(frozen=True, slots=True)
class Shelves:
    """What is listed in a shop: `whole` is paged to its end, `part` shares items with it."""

    whole: dict[str, Any]
    part: dict[str, Any]

    @property
    def scenario(self) -> str:
        """As `js/run.mjs` takes it."""
        products = {"take": self.whole["take"]}
        return json.dumps({"list": self.whole, "other": self.part, "products": products, "variant": "1", "tooMany": -1})


DEMO = Shelves(
    {"collectionSlug": "women", "groupByProduct": True, "take": 48},
    {"collectionSlug": "womens-dresses", "groupByProduct": True, "take": 48},
)
VENDURE = Shelves(
    {"groupByProduct": True, "take": 12}, {"collectionSlug": "electronics", "groupByProduct": True, "take": 12}
)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
async def test_client(client: Client) -> None:
    async with front() as served:
        await goes_through(client, served, DEMO)


@pytest.mark.vendure
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
async def test_client_of_vendure(client: Client, vendure: Vendure) -> None:
    async with front(vendure.shop_url) as served:
        await goes_through(client, served, VENDURE)


async def goes_through(client: Client, served: Front, shelves: Shelves) -> None:
    """All that a storefront does, by this client."""
    got = await client.take_through(served.gateway, str(SOURCE / "operations.graphql"), shelves.scenario)
    shop = await shop_order(served.shop, shelves.whole)
    assert sorted(got["methods"]) == sorted(client.methods)
    is_personalised(got["first"], served, got["visitors"], shop, shelves.whole["take"])
    assert sorted(got["read"]) == sorted(shop)  # paged to its end, each product once
    assert len(got["read"]) > 4 * shelves.whole["take"]
    is_bought(got["added"], got["refused"])
    keeps_its_cache(client, got["cached"])


def is_personalised(data: Any, served: Front, visitors: list[str], shop: list[str], size: int) -> None:
    """The first page is ordered for the one visitor whom the gateway named and the client went on naming."""
    assert len(visitors) == len(served.taste.visitors) == 1
    shown = [item["productId"] for item in data["search"]["items"]]
    assert shown == ordered(shop[:size], *served.taste.visitors)  # a cold window: ordered within the shop's page
    assert shown != shop[:size]
    assert all(item["personalization"]["itemId"] == item["productId"] for item in data["search"]["items"])
    assert all(item["personalization"]["bought"] is False for item in data["search"]["items"])
    assert data["personalization"]["visit"]["identified"] is True
    assert data["personalization"]["visit"]["consent"] == "CONSENTED"
    (report,) = data["personalization"]["listings"]
    assert (report["path"], report["personalized"], report["strategy"]) == ("search", True, "taste")
    assert [one["itemId"] for one in report["items"]] == shown
    assert [one["position"] for one in report["items"]] == list(range(size))
    assert [shop[one["shopPosition"]] for one in report["items"]] == shown


def is_bought(added: Any, refused: Any) -> None:
    """A cart of two, and the refusal of the error union as data."""
    order, error = added["addItemToOrder"], refused["addItemToOrder"]
    assert order["__typename"] == "Order"
    assert [line["quantity"] for line in order["lines"]] == [order["totalQuantity"]] == [2]
    assert error["__typename"] == "NegativeQuantityError"
    assert error["errorCode"] == "NEGATIVE_QUANTITY_ERROR"


def keeps_its_cache(client: Client, cached: list[Any]) -> None:
    """What was fetched is read back as it was, though lists share items and some were asked for less of them."""
    first, narrow = (cached[at]["fetched"]["search"]["items"] for at in (0, 1))
    assert {item["productId"] for item in first} & {item["productId"] for item in narrow}
    assert [one["operation"] for one in cached] == ["Listing", "Narrow", "Products", "Detail"]
    for one in cached:
        assert not client.cache or one["read"] == one["fetched"], one["operation"]
