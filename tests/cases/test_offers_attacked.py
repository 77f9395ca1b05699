"""Offers under attack and in trouble: list price, nothing broken, counted."""

from __future__ import annotations

import asyncio
from typing import Any

from personalize.app import Gateway
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Budget
from tests.offer_world import Shopper, offer, offer_settings, offering

APPLY = """mutation ($code: String!) { applyCouponCode(couponCode: $code) { __typename
  ... on Order { couponCodes } ... on ErrorResult { errorCode } } }"""
REMOVE = "mutation ($code: String!) { removeCouponCode(couponCode: $code) { couponCodes } }"


def refused(gateway: Gateway) -> float:
    """How often the shop refused a code that was promised."""
    return sum(gateway.telemetry.counted("offer_mismatch", why) for why in ("unknown", "expired", "used"))


async def shown(shopper: Shopper) -> dict[str, Any]:
    """The first offer that a shopper is shown."""
    await shopper.listed()
    return (await shopper.offered())[0]["personalization"]["offer"]


async def test_a_code_of_somebody_else_is_taken_out_again(shop, browser):
    async with offering(offer_settings(shop, offer())) as (_, front):
        owner, thief = browser(front), browser(front, consent="session")
        told = await shown(owner)
        await thief.listed()
        await thief.add(told["variantId"])
        applied = await thief.ask(APPLY, code=told["code"])
        assert applied["applyCouponCode"]["__typename"] == "Order"  # the shop took it; nobody asked us
        cart = await thief.cart_with(0)
        assert cart["lines"][0]["proratedLinePriceWithTax"] == told["listPrice"]["minorUnits"]
        await owner.add(told["variantId"])
        assert (await owner.cart_with(1))["couponCodes"] == [told["code"]]


async def test_a_forged_code_is_the_shops_to_refuse(shop, browser):
    async with offering(offer_settings(shop, offer())) as (_, front):
        shopper = browser(front)
        told = await shown(shopper)
        await shopper.add(told["variantId"])
        await shopper.cart_with(1)
        forged = told["code"][:-2] + ("AA" if told["code"][-2:] != "AA" else "BB")
        assert (await shopper.ask(APPLY, code=forged))["applyCouponCode"]["errorCode"] == "COUPON_CODE_INVALID_ERROR"
        assert (await shopper.cart())["couponCodes"] == [told["code"]]


async def test_a_used_code_is_withdrawn_and_counted(shop, browser):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        shopper = browser(front)
        told = await shown(shopper)
        await gateway.coupons.withdraw(await gateway.store.offers.coupon(told["code"]))  # behind our back
        await shopper.add(told["variantId"])
        async with asyncio.timeout(60):
            while not refused(gateway):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        cart = await shopper.cart()
        assert cart["couponCodes"] == []
        again = await shopper.offered()
        assert all(row["personalization"]["offer"]["code"] != told["code"] for row in again)


async def test_who_takes_the_code_out_has_the_last_word(shop, browser):
    async with offering(offer_settings(shop, offer(pieces=3))) as (_, front):
        shopper = browser(front)
        told = await shown(shopper)
        await shopper.add(told["variantId"])
        await shopper.cart_with(1)
        await shopper.ask(REMOVE, code=told["code"])
        await shopper.add(told["variantId"])
        await shopper.add(told["variantId"])
        assert (await shopper.cart())["couponCodes"] == []


async def test_an_admin_api_that_is_down_or_only_read_means_list_prices(shop, browser):
    for changes in ({"admin_url": "http://127.0.0.1:9/admin-api"}, {"admin_user": "reader"}):
        settings = offer_settings(shop, offer(), **changes)
        async with offering(settings, ready=0) as (gateway, front):
            shopper = browser(front)
            await shopper.listed()
            assert len(await shopper.listed()) == 24
            assert not await shopper.offered()
            assert not gateway.book.running()


async def test_a_clock_that_jumps_ends_promises_and_no_more(shop, browser):
    jumped = 0.0

    def clock() -> float:
        import time

        return time.time() + jumped

    async with offering(offer_settings(shop, offer(hold=600.0)), clock=clock) as (_, front):
        shopper = browser(front)
        told = await shown(shopper)
        jumped = 700.0  # the promise is over; another one may be made
        rows = await shopper.offered()
        assert all(row["personalization"]["offer"]["validUntil"] > told["validUntil"] for row in rows)
        jumped = -86_400.0
        assert len(await shopper.listed()) == 24


async def test_two_visitors_and_a_budget_for_one(shop, browser):
    money = Money.of("1000", "EUR")
    async with offering(offer_settings(shop, offer())) as (gateway, _):
        most = gateway.book.running()["welcome"].reserve
    assert most < money
    budget = Budget(total=Money(most.minor + most.minor // 2, "EUR"))
    async with offering(offer_settings(shop, offer(budget=budget))) as (gateway, front):
        first, second = browser(front), browser(front)
        await first.listed()
        await second.listed()
        assert await first.offered()
        assert not await second.offered()
        purse = await gateway.store.offers.spent("welcome", "EUR")
        assert purse.reserved <= budget.total


async def test_erased_visitors_leave_no_promise_behind(shop, browser):
    async with offering(offer_settings(shop, offer())) as (gateway, front):
        shopper = browser(front)
        await shown(shopper)
        assert (await shopper.ask("mutation { personalization { forget } }"))["personalization"]["forget"]
        purse = await gateway.store.offers.spent("welcome", "EUR")
        assert purse.reserved.minor > 0  # the money stays counted until the code is ended
        assert isinstance(gateway, Gateway)
