"""Real Vendure charges what the desk says: odd prices, several taxes, both kinds of channel, other currencies."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from typing import Any

import pytest

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Percent, Selection
from personalize.domain.offers.promise import Grant
from tests.coupon_shops import CART, World, charged, opened, set_prices, taxed
from tests.vendure.server import Vendure, running

pytestmark = pytest.mark.vendure
VARIANTS = [str(number) for number in range(1, 11)]


@pytest.fixture(scope="module")
def changeable():
    """A Vendure of our own: its taxes, prices and channel are changed here."""
    with running() as shop:
        yield shop


async def carts_agree(world: World, currency: str, seed: int, params: str = "") -> int:
    """Mints codes for all variants, fills carts with them, and compares; how many variants had a price."""
    draw = random.Random(seed)
    desk = world.desk()
    priced = tuple(await desk.priced(Selection(variants=frozenset(VARIANTS)), currency))
    benefits = [
        Percent(Decimal(draw.randint(100, 6_000)) / 100),
        AmountOff(Money(draw.randint(1, 40) if currency == "JPY" else draw.randint(60, 300), currency)),
    ]
    coupons = await desk.mint([Grant("odd", benefit, priced, time.time() + 600, pieces=5) for benefit in benefits])
    for coupon in coupons:
        for pieces in (1, 3, 5):
            shopper = world.shopper()
            shopper.url += params
            items = ", ".join(f'{{productVariantId: "{v}", quantity: {pieces}}}' for v in coupon.prices)
            filled = await shopper.do(
                f"addItemsToOrder(inputs: [{items}])", f"order {{ {CART} }} errorResults {{ __typename }}"
            )
            assert filled["errorResults"] == []
            order = await shopper.code(coupon.code)
            told = {v: shop_units(price) * pieces for v, (_, price) in coupon.prices.items()}
            assert charged(order) == told
            assert order["totalWithTax"] == sum(told.values())
    for coupon in coupons:
        await desk.withdraw(coupon)
    return min(len(coupon.prices) for coupon in coupons)


def shop_units(money: Money) -> int:
    """In hundredths, in which Vendure counts every currency."""
    units = money.amount * 100
    assert units == int(units)
    return int(units)


@pytest.mark.parametrize("kind", ["net", "gross"])
@pytest.mark.parametrize("rate", [0, 8.1, 19])
async def test_odd_prices_under_several_taxes(changeable: Vendure, kind: str, rate: float) -> None:
    draw = random.Random(f"{kind} {rate}")
    async with opened(kind, changeable) as world:
        set_prices(changeable, {variant: draw.randint(499, 40_000) for variant in VARIANTS})
        with taxed(changeable, rate):
            assert await carts_agree(world, "USD", seed=int(rate)) >= 9


def enter(vendure: Vendure, currency: str, prices: dict[str, int]) -> None:
    """Sell in a currency beside dollars."""
    vendure.admin(
        """mutation($all: [CurrencyCode!]) {
          updateChannel(input: {id: 1, availableCurrencyCodes: $all}) { __typename } }""",
        {"all": ["USD", currency]},
    )
    rows: list[dict[str, Any]] = [
        {"id": i, "trackInventory": "FALSE", "prices": [{"currencyCode": currency, "price": p}]}
        for i, p in prices.items()
    ]
    vendure.admin(
        "mutation($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }",
        {"input": rows},
    )


@pytest.mark.parametrize("kind", ["net", "gross"])
@pytest.mark.parametrize("currency", ["JPY", "KWD"])
async def test_currencies_of_no_decimals_and_of_three(changeable: Vendure, kind: str, currency: str) -> None:
    """Vendure keeps all of them in hundredths: yen are whole, a fils is a tenth of what it can say."""
    draw = random.Random(f"{kind} {currency}")
    step = 100 if currency == "JPY" and kind == "gross" else 1
    async with opened(kind, changeable) as world:
        prices = {variant: draw.randint(50, 900) * 100 // step * step for variant in VARIANTS}
        if currency == "JPY" and kind == "net":  # so that it is shown in whole yen with 20 % on top
            prices = {variant: draw.randint(10, 900) * 250 for variant in VARIANTS}
        enter(changeable, currency, prices)
        assert await carts_agree(world, currency, seed=1, params=f"?currencyCode={currency}") >= 8


async def test_half_a_yen_is_no_price(changeable: Vendure) -> None:
    async with opened("gross", changeable) as world:
        enter(changeable, "JPY", {"1": 123_450, "2": 123_400})
        found = await world.desk().priced(Selection(variants=frozenset({"1", "2"})), "JPY")
        assert [(one.variant, one.listed) for one in found] == [("2", Money(1_234, "JPY"))]
