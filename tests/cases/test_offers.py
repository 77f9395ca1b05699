"""Personal prices, shown and charged: a real gateway in front of the demo shop and its Admin API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from personalize.domain.offers.offer import Audience
from personalize.domain.strategy import Mode, Strategy
from tests.gateway_world import demo_shop, listening
from tests.offer_world import Shopper, offer, offer_settings, offering, unit_price


@pytest.fixture
async def shop():
    async with listening(demo_shop()) as address:
        yield address


@pytest.fixture
async def browser():
    opened: list[httpx.AsyncClient] = []

    def open_one(front: str, **changes: Any) -> Shopper:
        client = httpx.AsyncClient(base_url=front, timeout=30)
        opened.append(client)
        return Shopper(client, **changes)

    yield open_one
    for client in opened:
        await client.aclose()


async def test_what_is_shown_is_charged(shop, browser):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        shopper = browser(front)
        await shopper.listed()  # hands out an id
        rows = await shopper.offered()
        assert rows
        row = rows[0]
        told = row["personalization"]["offer"]
        listed = unit_price(row)
        assert told["listPrice"]["minorUnits"] == listed  # the shop's own field stays as the shop sent it
        assert told["price"]["minorUnits"] == round(listed * 0.9)
        assert "automated decision" in told["disclosure"]
        assert told["reason"]["text"]
        await shopper.add(told["variantId"])
        cart = await shopper.cart_with(1)
        assert cart["couponCodes"] == [told["code"]]
        order = await shopper.pay()
        assert order["lines"][0]["proratedUnitPriceWithTax"] == told["price"]["minorUnits"]
        purse = await gateway.store.offers.spent("welcome", "EUR")
        assert purse.spent.minor == told["saving"]["minorUnits"]


async def test_nobody_else_sees_it(shop, browser):
    async with offering(offer_settings(shop, offer())) as (_, front):
        silent, session = browser(front, consent=None), browser(front, consent="session")
        for one in (silent, session):
            await one.listed()
            assert not await one.offered()
        bare = browser(front)
        bare.headers["X-Personalize-Visitor"] = "somebody-elses-id-that-nobody-signed"
        assert not await bare.offered()


async def test_off_means_list_prices(shop, browser):
    settings = offer_settings(shop, offer(), strategies=(Strategy("popularity", Mode.ON), Strategy("offer", Mode.OFF)))
    async with offering(settings) as (_, front):
        shopper = browser(front)
        await shopper.listed()
        assert not await shopper.offered()


async def test_more_pieces_than_promised_take_the_code_out_again(shop, browser):
    async with offering(offer_settings(shop, offer(pieces=2))) as (_, front):
        shopper = browser(front)
        await shopper.listed()
        told = (await shopper.offered())[0]["personalization"]["offer"]
        await shopper.add(told["variantId"], 2)
        cart = await shopper.cart_with(1)
        assert cart["lines"][0]["proratedLinePriceWithTax"] == 2 * told["price"]["minorUnits"]
        await shopper.add(told["variantId"], 1)
        cart = await shopper.cart_with(0)
        assert cart["lines"][0]["proratedLinePriceWithTax"] == 3 * told["listPrice"]["minorUnits"]


async def test_only_the_audience_is_promised_anything(shop, browser):
    async with offering(offer_settings(shop, offer(audience=Audience(orders=(1, None))))) as (gateway, front):
        shopper = browser(front)
        await shopper.listed()
        assert not await shopper.offered()
        assert (await gateway.store.offers.spent("welcome", "EUR")).reserved.minor == 0
