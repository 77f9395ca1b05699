"""Carts that come by a code in ways nobody meant: the price charged is the promised one, or the list price."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import Any

from personalize.demo.variants import net
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Audience, AudienceKind, Bounds
from personalize.stores.memory_offers import MemoryOffers
from tests.cases.test_offers_attacked import APPLY, shown
from tests.gateway_world import catalogue
from tests.offer_world import offer, offer_settings, offering

NOT_OFFERED = "900"
COUPON = "WILLKOMMEN10"
TWICE = """mutation ($variant: ID!) {
  one: addItemToOrder(productVariantId: $variant, quantity: 1) { __typename }
  nine: addItemToOrder(productVariantId: $variant, quantity: 9) { __typename } }"""


@contextmanager
def asking(variant: str, cents: int):
    """The shop asks another list price of a variant for a while."""
    found = next(one for product in catalogue().products for one in product.variants if one.id == variant)
    before = found.price, found.price_with_tax
    for value, gross in ((net(cents), cents), before):
        object.__setattr__(found, "price", value)
        object.__setattr__(found, "price_with_tax", gross)
        if (value, gross) != before:
            yield


def charged(cart: dict[str, Any], variant: str) -> int:
    """What a cart charges for all pieces of a variant, in cents."""
    return next(
        line["proratedLinePriceWithTax"] for line in cart["lines"] if line["productVariant"]["id"] == variant
    )  # fmt: skip


async def test_who_withdraws_consent_pays_the_list_price_for_any_number_of_pieces(shop, browser):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        shopper = browser(front)
        told = await shown(shopper)
        shopper.consent, shopper.headers["Sec-GPC"] = None, "1"
        await shopper.add(told["variantId"], 3)
        assert (await shopper.ask(APPLY, code=told["code"]))["applyCouponCode"]["__typename"] == "Order"
        cart = await shopper.cart_with(0)
        assert charged(cart, told["variantId"]) == 3 * told["listPrice"]["minorUnits"]
        await shopper.pay()
        assert gateway.telemetry.counted("offers", "more_than_reserved") == 0


async def test_codes_gathered_by_several_visitors_do_not_add_up(shop, browser):
    async with offering(offer_settings(shop, offer())) as (_, front):
        several = [await shown(browser(front)) for _ in range(3)]
        nobody = browser(front, consent=None)
        await nobody.add(several[0]["variantId"])
        for told in several:
            await nobody.ask(APPLY, code=told["code"])
        cart = await nobody.cart_with(0)
        assert charged(cart, several[0]["variantId"]) == several[0]["listPrice"]["minorUnits"]


async def test_pieces_are_counted_where_one_document_changes_the_cart_twice(shop, browser):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        shopper = browser(front)
        told = await shown(shopper)
        await shopper.ask(TWICE, variant=told["variantId"])
        await gateway.carts.close()
        cart = await shopper.cart()
        assert cart["couponCodes"] == []
        pieces = cart["lines"][0]["quantity"]
        assert charged(cart, told["variantId"]) == pieces * told["listPrice"]["minorUnits"]
        assert gateway.telemetry.counted("offer_mismatch", "price") == 0


async def test_a_store_that_is_late_takes_no_code_out(shop, browser, monkeypatch):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        shopper = browser(front)
        told = await shown(shopper)
        await shopper.add(told["variantId"])
        await shopper.cart_with(1)
        asked = MemoryOffers.open_promises

        async def late(self: MemoryOffers, *args: Any) -> Any:
            await asyncio.sleep(0.2)
            return await asked(self, *args)

        monkeypatch.setattr(MemoryOffers, "open_promises", late)
        gateway.book._held.clear()  # as after five seconds
        await shopper.add(NOT_OFFERED)
        await gateway.carts.close()
        cart = await shopper.cart()
        assert cart["couponCodes"] == [told["code"]]
        assert charged(cart, told["variantId"]) == told["price"]["minorUnits"]


async def test_a_list_price_that_fell_takes_the_code_out_before_it_breaks_a_floor(shop, browser):
    floor = Money.of("60", "EUR")
    async with offering(offer_settings(shop, offer(bounds=Bounds(floor=floor)))) as (gateway, front):
        shopper = browser(front)
        told = await shown(shopper)
        await shopper.add(told["variantId"])
        await shopper.cart_with(1)
        with asking(told["variantId"], floor.minor + 100):
            await shopper.add(NOT_OFFERED)
            cart = await shopper.cart_with(0)
            assert charged(cart, told["variantId"]) == floor.minor + 100
        assert gateway.telemetry.counted("offer_mismatch", "list_changed") == 1
        assert not gateway.book.refusals.halted


async def test_a_coupon_of_the_shops_own_stands_beside_within_the_bounds_only(shop, browser):
    async with offering(offer_settings(shop, offer(stackable=True))) as (gateway, front):
        for _ in range(4):
            shopper = browser(front)
            told = await shown(shopper)
            await shopper.add(NOT_OFFERED)
            await shopper.ask(APPLY, code=COUPON)
            await shopper.add(told["variantId"])
            cart = await shopper.cart_with(2)
            assert charged(cart, told["variantId"]) < told["price"]["minorUnits"]
        assert not gateway.book.refusals.halted  # what the shopper's coupon does is no refusal of ours
        await shopper.pay()
        await gateway.carts.close()
        assert (await gateway.store.offers.spent("welcome", "EUR")).spent.minor == told["saving"]["minorUnits"]

        dear = Money(told["price"]["minorUnits"] - 1, "EUR")
        gateway.use(offer_settings(shop, offer(stackable=True, bounds=Bounds(floor=dear))))
        async with asyncio.timeout(30):
            while not gateway.book.running():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        another = browser(front)
        told = await shown(another)
        await another.add(told["variantId"])
        await another.cart_with(1)
        await another.ask(APPLY, code=COUPON)
        async with asyncio.timeout(60):
            while (cart := await another.cart())["couponCodes"] != [COUPON]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert charged(cart, told["variantId"]) >= dear.minor


async def test_nothing_is_set_aside_for_a_price_that_may_not_be_shown(shop, browser):
    everybody = offer(audience=Audience(kind=AudienceKind.GENERAL))  # the ledger begins today
    async with offering(offer_settings(shop, everybody)) as (gateway, front):
        shopper = browser(front)
        await shopper.listed()
        assert not await shopper.offered()
        purse = await gateway.store.offers.spent("welcome", "EUR")
        assert purse.reserved.minor == 0
