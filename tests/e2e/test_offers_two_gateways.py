"""Two gateway processes on one SQLite store, shoppers buying at both: no budget overspent, no promise broken."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest

from personalize.demo.shop.state import DEMO_PASSWORD
from personalize.domain.offers.money import Money
from personalize.stores import open_store
from tests.e2e.served import served
from tests.gateway_world import demo_shop, listening
from tests.offer_world import FIRST, Shopper
from tests.vendure.server import running

SHOPPERS = 24
PATIENCE = 20
"""Looks of a shopper after somebody was shown a price."""
TOTAL = "36.00"


@dataclass(frozen=True)
class Shop:
    """A shop whose Admin API makes codes."""

    url: str
    admin_url: str
    user: str
    password: str
    currency: str
    products: list[str]

    def settings(self) -> dict[str, str]:
        """One offer on these products, whose budget does not reach for all."""
        offer = {
            "currency": self.currency, "amount": "3.00", "products": self.products,
            "budget": {"total": TOTAL}, "floor": "1.00", "pieces": 1,
        }  # fmt: skip
        return {
            "PERSONALIZE_ADMIN_URL": self.admin_url,
            "PERSONALIZE_ADMIN_USER": self.user,
            "PERSONALIZE_ADMIN_PASSWORD": self.password,
            "PERSONALIZE_STRATEGIES": "popularity=on, offer=on",
            "PERSONALIZE_OFFERS": orjson.dumps({"welcome": offer}).decode(),
            "PERSONALIZE_PRICES": '{"disclosed": true}',
        }


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Shop]:
    """The demo shop, or a Vendure of our own: codes stay in it."""
    if name == "demo":
        async with listening(demo_shop()) as url:
            products = sorted(FIRST, key=int)
            yield Shop(f"{url}/shop-api", f"{url}/admin-api", "superadmin", DEMO_PASSWORD, "EUR", products)
        return
    with ExitStack() as stack:
        shop = await asyncio.to_thread(stack.enter_context, running())
        query = "{ search(input: { take: 100, groupByProduct: true }) { items { productId currencyCode } } }"
        async with httpx.AsyncClient(timeout=30) as client:
            items = (await client.post(shop.shop_url, json={"query": query})).json()["data"]["search"]["items"]
        who = shop.superadmin
        products = [item["productId"] for item in items]
        yield Shop(shop.shop_url, shop.admin_url, who.username, who.password, items[0]["currencyCode"], products)


@pytest.mark.parametrize("name", ["demo", pytest.param("vendure", marks=pytest.mark.vendure)])
async def test_two_gateways_sell_out_one_budget(name: str, tmp_path: Path):
    async with opened(name) as shop:
        with ExitStack() as both:
            gateways = [
                await asyncio.to_thread(both.enter_context, served(shop.url, tmp_path, shop.settings()))
                for _ in range(2)
            ]
            seen = await _rush(*(one.url for one in gateways))
            for one in gateways:
                await asyncio.to_thread(one.stop)
    assert seen["shown a price"] >= 5, seen
    assert seen["shown none"] >= 5, seen  # the budget does not reach for all
    assert seen["charged another"] == 0, seen
    store = open_store(f"sqlite:///{tmp_path / 'events.sqlite'}")
    await store.open()
    try:
        assert store.offers is not None
        purse = await store.offers.spent("welcome", shop.currency)
    finally:
        await store.close()
    assert purse.reserved + purse.spent <= Money.of(TOTAL, shop.currency)
    assert purse.spent.minor == seen["saved"]


async def _rush(*gateways: str) -> Counter[str]:
    """All shoppers at once, half of them at each gateway."""
    seen: Counter[str] = Counter()
    async with asyncio.timeout(120):
        await asyncio.gather(*(_buy(gateways[number % len(gateways)], seen) for number in range(SHOPPERS)))
    return seen


async def _buy(gateway: str, seen: Counter[str]) -> None:
    async with httpx.AsyncClient(base_url=gateway.removesuffix("/graphql"), timeout=60) as client:
        shopper = Shopper(client)
        left = PATIENCE
        while not (rows := await shopper.offered(take=48)) and left:  # until codes are there, or the budget is spent
            left -= bool(seen["shown a price"])
            await asyncio.sleep(0.1)
        if not rows:
            seen["shown none"] += 1
            return
        seen["shown a price"] += 1
        told = rows[0]["personalization"]["offer"]
        if (await shopper.add(told["variantId"]))["__typename"] != "Order":  # everybody was shown the same first row
            seen["out of stock"] += 1
            return
        (line,) = (await shopper.pay())["lines"]
        seen["charged another"] += line["proratedUnitPriceWithTax"] != told["price"]["minorUnits"]
        seen["saved"] += told["saving"]["minorUnits"]
