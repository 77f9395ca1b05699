"""Two hundred random carts at real Vendures: what the listing showed is what the placed order charged, to the cent."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import httpx
import pytest

from personalize.app import Gateway
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Bounds, Budget, Offer, Percent, Selection
from personalize.domain.offers.prices import Prices
from tests.offer_world import Shopper, offer_settings, offering, unit_price
from tests.vendure.server import SUPERADMIN, Vendure, running

pytestmark = pytest.mark.vendure
CARTS, SHOPS, AT_ONCE, SEED = 200, 2, 4, 11
"""Shops side by side: whatever a cart is asked, Vendure reads all codes there are, of which each shop has half."""
PIECES = 2


@pytest.fixture(scope="module")
def shops():
    """Vendures of our own: promotions stay in them."""
    with ExitStack() as stack:
        yield [stack.enter_context(running()) for _ in range(SHOPS)]


def _offers(vendure: Vendure, currency: str) -> tuple[Offer, ...]:
    """Three offers on different products, with a floor, an amount and a budget that does not reach for all."""
    ids = sorted((row["productId"] for row in _all(vendure)), key=int)
    ids = list(dict.fromkeys(ids))
    third = len(ids) // 3
    first, second, third_part = ids[:third], ids[third : 2 * third], ids[2 * third :]
    whole = Money.of("200.00", currency)
    return (
        Offer("percent", currency, Percent(Decimal("12.5")), Selection(products=frozenset(first)),
              bounds=Bounds(floor=Money.of("20.00", currency)), pieces=PIECES),
        Offer("amount", currency, AmountOff(Money.of("3.21", currency)), Selection(products=frozenset(second)),
              pieces=PIECES),
        Offer("scarce", currency, Percent(Decimal("7.77")), Selection(products=frozenset(third_part)),
              budget=Budget(total=whole, per_visitor=Money.of("40.00", currency)), pieces=1),
    )  # fmt: skip


def _all(vendure: Vendure) -> list[dict[str, Any]]:
    query = (
        "{ search(input: { take: 1000, groupByProduct: false }) { items { productId productVariantId currencyCode } } }"
    )
    with httpx.Client(timeout=30) as client:
        told = client.post(vendure.shop_url, json={"query": query}).json()
    return told["data"]["search"]["items"]


@pytest.mark.timeout(900)
async def test_two_hundred_random_carts(shops):
    seen: Counter[str] = Counter()
    await asyncio.gather(*(_carts(shop, range(at, CARTS, SHOPS), seen) for at, shop in enumerate(shops)))
    assert seen["carts"] == CARTS
    assert seen["lines at a personal price"] > CARTS // 3, seen
    assert seen["lines at the list price"] > CARTS // 10, seen


async def _carts(shop: Vendure, numbers: range, seen: Counter[str]) -> None:
    """Carts of these numbers at one shop, `AT_ONCE` at a time, and what is left of its budgets."""
    currency = _all(shop)[0]["currencyCode"]
    offers = _offers(shop, currency)
    floors = {
        product: one.bounds.floor.minor for one in offers if one.bounds.floor for product in one.selection.products
    }
    settings = offer_settings(
        shop.shop_url.removesuffix("/shop-api"), *offers, shop_url=shop.shop_url, admin_url=shop.admin_url,
        admin_user=SUPERADMIN.username, admin_password=SUPERADMIN.password,
        # These offers reach most visitors: where the law wants the lowest price of 30 days told, they would end soon.
        prices=Prices(disclosed=True, jurisdictions=frozenset()),
    )  # fmt: skip
    async with offering(settings, ready=3) as (gateway, front):
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with gate, httpx.AsyncClient(base_url=front, timeout=60) as client:
                await _codes(gateway)
                await _cart(random.Random(SEED * 10_000 + number), client, seen, floors)

        await asyncio.gather(*(one(number) for number in numbers))
        for told in offers:
            purse = await gateway.store.offers.spent(told.name, currency)
            if told.budget.total is not None:
                assert purse.reserved + purse.spent <= told.budget.total
            assert purse.spent.minor > 0 or told.budget.total is not None
        assert gateway.telemetry.counted("offer_mismatch", "price") == 0


async def _codes(gateway: Gateway) -> None:
    """Wait until there are codes for the two offers whose budget has no end: a minute makes ten, ours is shorter."""
    assert gateway.book is not None
    assert gateway.store.offers is not None
    ready = gateway.book.keeper.ready
    async with asyncio.timeout(60):
        while not all([
            await gateway.store.offers.pool(name, ready[name].tariff, gateway.book.now() + ready[name].offer.hold)
            for name in ("percent", "amount")
        ]):  # fmt: skip
            gateway.book.keeper.wake()
            await asyncio.sleep(0.1)


async def _cart(dice: random.Random, client: httpx.AsyncClient, seen: Counter[str], floors: dict[str, int]) -> None:
    shopper = Shopper(client, consent=dice.choice(["personalization"] * 4 + [None]))
    await shopper.listed(take=1, group=False)
    rows = await shopper.listed(take=48, skip=dice.choice([0, 24]), group=False)
    chosen = dice.sample(rows, dice.randint(1, 3))
    shown, pieces = {}, {}
    for row in chosen:
        variant, told = row["productVariantId"], row["personalization"]["offer"]
        quantity = dice.choice([1, 1, 2, 3])
        added = await shopper.add(variant, quantity)
        if added["__typename"] != "Order":
            continue  # out of stock
        pieces[variant] = quantity
        shown[variant] = row, told
    if not pieces:
        seen["carts"] += 1
        return
    order = await shopper.pay()
    codes = {told["code"] for _, told in shown.values() if told}
    of_code: Counter[str] = Counter()
    for variant, (_, told) in shown.items():
        if told:
            assert told["variantId"] == variant
            of_code[told["code"]] += pieces[variant]
    assert set(order["couponCodes"]) <= codes
    for line in order["lines"]:
        variant = line["productVariant"]["id"]
        row, told = shown[variant]
        listed, quantity = unit_price(row), line["quantity"]
        if told and of_code[told["code"]] <= told["pieces"]:
            price = told["price"]["minorUnits"]
            assert line["proratedLinePriceWithTax"] == price * quantity, (variant, told, line)
            assert told["listPrice"]["minorUnits"] == listed
            assert price < listed
            assert price >= floors.get(row["productId"], 1)
            seen["lines at a personal price"] += 1
        else:
            assert line["proratedLinePriceWithTax"] == line["linePriceWithTax"], (variant, told, line)
            assert line["unitPriceWithTax"] == listed
            seen["lines at the list price"] += 1
    seen["carts"] += 1
