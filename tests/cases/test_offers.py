"""Personal prices, shown and charged: a real gateway in front of the demo shop and its Admin API."""

from __future__ import annotations

import asyncio

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Audience, FreeShipping, Selection
from personalize.domain.strategy import Mode, Strategy
from personalize.events.log import parse
from tests.offer_world import offer, offer_settings, offering, unit_price

HELD = "{ personalization { offers { kind percent amount { amount } code automatic validUntil disclosure } } }"


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
        assert told["automatic"]
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


async def lines(gateway, count, kind="view_item_list"):
    """The lines of a kind once the log holds so many."""
    async with asyncio.timeout(60):
        while True:
            found = [line async for row in gateway.store.events() if (line := parse(row.line)).event == kind]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_who_is_tried_out_on_is_drawn_and_the_log_says_so(shop, browser):
    async with offering(offer_settings(shop, offer(explore=1.0))) as (gateway, front):
        met = {"offer": 0, "none": 0}
        for number in range(1, 41):
            shopper = browser(front)
            await shopper.listed()
            rows = await shopper.offered()
            told = (await lines(gateway, 3 * number - 1))[-1].extra["offers"]["welcome"]
            assert (told["propensity"], told["explored"]) == (0.5, True)
            assert bool(rows) == (told["arm"] == "offer")
            shown = [row["personalization"]["itemId"] for row in rows]
            assert told["shown"] == shown
            assert await shopper.offered() == rows  # it stays
            met[told["arm"]] += 1
            if min(met.values()) >= 2:
                break
        assert min(met.values()) >= 2
        purse = await gateway.store.offers.spent("welcome", "EUR")
        assert purse.reserved.minor > 0


async def test_what_is_decided_is_logged_for_the_consented_alone(shop, browser):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        silent = browser(front, consent=None)
        await silent.listed()
        assert "offers" not in (await lines(gateway, 1))[0].extra
        shopper = browser(front)
        await shopper.listed()
        row = (await shopper.offered())[0]
        told = (await lines(gateway, 3))[-1].extra["offers"]["welcome"]
        assert (told["arm"], told["propensity"], told["explored"]) == ("offer", 1.0, False)
        await shopper.add(row["personalization"]["offer"]["variantId"])
        await shopper.cart_with(1)
        await shopper.pay()
        (bought,) = await lines(gateway, 1, "purchase")
        saving = row["personalization"]["offer"]["saving"]["minorUnits"]
        assert round(bought.extra["discount"] * 100) == saving


async def test_free_shipping_is_told_and_given(shop, browser):
    free = offer("shipping", benefit=FreeShipping(Money.of("4.90", "EUR")), selection=Selection())
    async with offering(offer_settings(shop, free)) as (gateway, front):
        shopper = browser(front)
        assert (await shopper.ask(HELD))["personalization"]["offers"] == []  # nobody is here yet
        (told,) = (await shopper.ask(HELD))["personalization"]["offers"]
        assert told["kind"] == "FREE_SHIPPING"
        assert "automated decision" in told["disclosure"]
        (row, *_) = await shopper.listed(group=False)
        assert row["personalization"]["offer"] is None
        await shopper.add(row["productVariantId"])
        assert (await shopper.cart_with(1))["couponCodes"] == [told["code"]]
        order = await shopper.pay()
        assert order["shippingWithTax"] == 0
        assert (await gateway.store.offers.spent("shipping", "EUR")).spent == Money.of("4.90", "EUR")
