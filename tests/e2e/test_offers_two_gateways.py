"""Two gateway processes on one SQLite store, shoppers buying at both: no budget overspent, no promise broken."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import orjson

from personalize.demo.shop.state import DEMO_PASSWORD
from personalize.domain.offers.money import Money
from personalize.stores import open_store
from tests.e2e.served import served
from tests.gateway_world import demo_shop, listening
from tests.offer_world import FIRST, Shopper

SHOPPERS = 24
PATIENCE = 20
"""Looks of a shopper after somebody was shown a price."""
TOTAL = "36.00"
OFFER = {
    "currency": "EUR", "amount": "3.00", "products": sorted(FIRST, key=int),
    "budget": {"total": TOTAL}, "floor": "1.00", "pieces": 1,
}  # fmt: skip


async def test_two_gateways_sell_out_one_budget(tmp_path: Path):
    async with listening(demo_shop()) as shop:
        settings = {
            "PERSONALIZE_ADMIN_URL": f"{shop}/admin-api",
            "PERSONALIZE_ADMIN_USER": "superadmin",
            "PERSONALIZE_ADMIN_PASSWORD": DEMO_PASSWORD,
            "PERSONALIZE_STRATEGIES": "popularity=on, offer=on",
            "PERSONALIZE_OFFERS": orjson.dumps({"welcome": OFFER}).decode(),
            "PERSONALIZE_PRICES": '{"disclosed": true}',
        }

        with ExitStack() as running:
            gateways = [
                await asyncio.to_thread(running.enter_context, served(f"{shop}/shop-api", tmp_path, settings))
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
        purse = await store.offers.spent("welcome", "EUR")
    finally:
        await store.close()
    assert purse.reserved + purse.spent <= Money.of(TOTAL, "EUR")
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
