"""What every coupon desk of the registry has to do, at a real shop: made, honoured to the cent, used up, ended."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import Any

import pytest

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, FreeShipping, Percent, Selection
from personalize.domain.offers.promise import Coupon, Grant, Standing
from personalize.errors import CouponError
from personalize.registry import names
from tests.coupon_shops import WORLDS, World, charged, opened
from tests.vendure.server import running

pytestmark = pytest.mark.vendure
HOUR = 3_600.0


def later(seconds: float = HOUR) -> float:
    return time.time() + seconds


@pytest.fixture(scope="module")
def changeable():
    """A Vendure of our own: the one that all tests share keeps its prices as it does."""
    with running() as shop:
        yield shop


@pytest.fixture(params=[world for plug in names("coupons") for world in WORLDS[plug]])
async def world(request, changeable):
    async with opened(request.param, changeable) as world:
        yield world


@pytest.fixture
async def desk(world):
    desk = world.desk()
    await desk.check()
    return desk


async def granted(world: World, desk: Any, *variants: str, **given: Any) -> Coupon:
    """A code for some variants, by default 10 % for an hour."""
    priced = await desk.priced(Selection(variants=frozenset(variants)), world.currency)
    grant = {"offer": "winter", "benefit": Percent(Decimal(10)), "variants": tuple(priced), "ends": later(), **given}
    (coupon,) = await desk.mint([Grant(**grant)])
    return coupon


@pytest.mark.parametrize(
    "benefit", [Percent(Decimal(10)), Percent(Decimal("33.3")), 123], ids=["ten", "third", "amount"]
)
async def test_a_shown_price_is_charged_for_each_number_of_pieces(world, desk, benefit):
    if isinstance(benefit, int):
        benefit = AmountOff(Money(benefit, world.currency))
    wanted = world.goods[:3]
    coupon = await granted(world, desk, *wanted, benefit=benefit)
    assert len(coupon.prices) == len(wanted)
    for listed, price in coupon.prices.values():
        assert Money(0, world.currency) < price < listed
        if isinstance(benefit, Percent):
            assert abs(price.amount - listed.amount * (100 - benefit.percent) / 100) < Decimal("0.3")
    for pieces in (1, 2, 5):
        shopper = world.shopper()
        for variant in wanted:
            added = await shopper.add(variant, pieces)
            assert added["__typename"] == "Order", added
        order = await shopper.code(coupon.code)
        assert order["couponCodes"] == [coupon.code]
        assert charged(order) == {v: price.minor * pieces for v, (_, price) in coupon.prices.items()}
        assert {v: listed.minor for v, (listed, _) in coupon.prices.items()} == {
            line["productVariant"]["id"]: line["unitPriceWithTax"] for line in order["lines"]
        }
        # what is not in the code costs what it did
        other = await shopper.add(world.goods[-1], 2)
        line = next(line for line in other["lines"] if line["productVariant"]["id"] == world.goods[-1])
        assert line["proratedLinePriceWithTax"] == 2 * line["unitPriceWithTax"]


async def test_a_placed_order_costs_what_was_shown_and_uses_the_code_up(world, desk):
    coupon = await granted(world, desk, world.goods[0])
    price = coupon.prices[world.goods[0]][1]
    shopper = world.shopper()
    await shopper.add(world.goods[0], 2)
    await shopper.code(coupon.code)
    await shopper.checkout()
    assert await desk.standing(coupon) is Standing.GOOD
    order = await shopper.pay()
    assert order["state"] in ("PaymentAuthorized", "PaymentSettled")
    assert order["totalWithTax"] - order["shippingWithTax"] == 2 * price.minor
    assert desk.single_use
    assert await desk.standing(coupon) is Standing.USED
    again = world.shopper()
    await again.add(world.goods[0])
    assert (await again.code(coupon.code))["errorCode"] == "COUPON_CODE_LIMIT_ERROR"


async def test_a_checkout_left_open_holds_its_code(world, desk):
    """In Vendure a parked checkout counts as a use: whoever else has the code is refused, and it is not used up."""
    coupon = await granted(world, desk, world.goods[0])
    parked, other = world.shopper(), world.shopper()
    for shopper in (parked, other):
        await shopper.add(world.goods[0])
    assert (await other.code(coupon.code))["__typename"] == "Order"
    await parked.code(coupon.code)
    assert (await parked.checkout())["state"] == "ArrangingPayment"
    late = world.shopper()
    await late.add(world.goods[0])
    assert (await late.code(coupon.code))["errorCode"] == "COUPON_CODE_LIMIT_ERROR"
    assert await desk.standing(coupon) is Standing.GOOD
    # the other has the code in the cart already: the shop takes it out before the payment, and says so
    kept = await other.checkout()
    if kept.get("couponCodes"):
        assert (await other.pay())["errorCode"] == "COUPON_REMOVED_DURING_CHECKOUT_ERROR"
    assert (await parked.pay())["couponCodes"] == [coupon.code]


async def test_codes_are_alike_in_nothing(world, desk):
    priced = tuple(await desk.priced(Selection(variants=frozenset([world.goods[0]])), world.currency))
    grants = [Grant("winter", Percent(Decimal(10)), priced, later())] * 3
    coupons = await desk.mint(grants)
    assert len({one.code for one in coupons}) == len({one.reference for one in coupons}) == 3
    assert all(re.fullmatch(r"[2-9A-HJ-NP-Z]{16}", one.code) for one in coupons)
    assert len({tuple(one.prices.items()) for one in coupons}) == 1
    shopper = world.shopper()
    await shopper.add(world.goods[0])
    shown = await shopper.do(
        f'applyCouponCode(couponCode: "{coupons[0].code.lower()}")',
        "... on Order { couponCodes promotions { name description } discounts { description } }",
    )
    assert shown["couponCodes"] == [coupons[0].code], "letter case does not matter, and there is one spelling"
    assert "winter" not in str(shown), "a cart says nothing of the offer"


async def test_two_codes_lie_in_one_cart(world, desk):
    one, two = (
        await granted(world, desk, world.goods[0]),
        await granted(world, desk, world.goods[1], benefit=Percent(Decimal(25))),
    )
    shopper = world.shopper()
    await shopper.add(world.goods[0], 2)
    await shopper.add(world.goods[1], 3)
    await shopper.code(one.code)
    order = await shopper.code(two.code)
    assert charged(order) == {
        world.goods[0]: 2 * one.prices[world.goods[0]][1].minor,
        world.goods[1]: 3 * two.prices[world.goods[1]][1].minor,
    }
    gone = await shopper.drop(one.code)
    assert charged(gone) == {
        world.goods[0]: 2 * one.prices[world.goods[0]][0].minor,
        world.goods[1]: 3 * two.prices[world.goods[1]][1].minor,
    }


async def test_what_is_charged_is_told_before_a_code_is_made(world, desk):
    coupon = await granted(world, desk, world.goods[0])
    listed = coupon.prices[world.goods[0]][0]
    assert (
        desk.charged(Percent(Decimal(10)), listed, 20.0 if world.name != "demo" else 19.0)
        == coupon.prices[world.goods[0]][1]
    )


async def test_shipping_for_nothing(world, desk):
    assert desk.honours(FreeShipping())
    coupon = await granted(world, desk, world.goods[0], benefit=FreeShipping())
    assert not coupon.prices
    shopper = world.shopper()
    await shopper.add(world.goods[0])
    await shopper.do('setOrderShippingMethod(shippingMethodId: ["2"])')
    before = await shopper.drop("NONE")
    assert before["shippingWithTax"] > 0
    after = await shopper.code(coupon.code)
    assert after["shippingWithTax"] == 0
    assert charged(after) == charged(before)


async def test_a_code_ends_by_itself(world, desk):
    coupon = await granted(world, desk, world.goods[0], ends=later(-5))
    shopper = world.shopper()
    await shopper.add(world.goods[0])
    assert (await shopper.code(coupon.code))["errorCode"] == "COUPON_CODE_EXPIRED_ERROR"
    assert await desk.standing(coupon) is Standing.EXPIRED


async def test_a_code_is_withdrawn_for_good(world, desk):
    coupon = await granted(world, desk, world.goods[0])
    shopper = world.shopper()
    await shopper.add(world.goods[0])
    await shopper.code(coupon.code)
    await desk.withdraw(coupon)
    await desk.withdraw(coupon)
    assert await desk.standing(coupon) is Standing.GONE
    changed = await shopper.add(world.goods[0])
    assert charged(changed) == {world.goods[0]: 2 * coupon.prices[world.goods[0]][0].minor}, (
        "the cart loses it with its next change"
    )
    late = world.shopper()
    await late.add(world.goods[0])
    assert (await late.code(coupon.code))["errorCode"] == "COUPON_CODE_INVALID_ERROR"


async def test_our_codes_are_found_again_and_nobody_elses(world, desk):
    desk, other = world.desk(admin_mark="one"), world.desk(admin_mark="two")
    await desk.check()
    await other.check()
    mine = [await granted(world, desk, world.goods[0]), await granted(world, desk, world.goods[0], ends=later(-5))]
    theirs = await granted(world, other, world.goods[0])
    found, after = await desk.ours()
    assert after is None
    assert {one.code: one.reference for one in found} == {one.code: one.reference for one in mine}
    assert [round(one.ends) for one in found] == [round(one.ends) for one in mine]
    for one in found:
        await desk.withdraw(one)
    assert await desk.ours() == ([], None)
    assert [one.code for one in (await other.ours())[0]] == [theirs.code]
    await other.withdraw(theirs)


async def test_selections(world, desk):
    async def ids(**given):
        chosen = Selection(**{name: frozenset(value) for name, value in given.items()})
        return {(one.product, one.variant) for one in await desk.priced(chosen, world.currency)}

    first = await ids(products=["1"])
    assert first
    assert {product for product, _ in first} == {"1"}
    variant = max(first)[1]
    both = await ids(products=["1"], variants=[world.goods[-1]])
    assert both > first
    assert await ids(products=["1"], variants=[world.goods[-1]], never=["1"]) == both - first
    (one,) = await desk.priced(Selection(variants=frozenset([variant])), world.currency)
    assert one.attributes == {}
    assert one.tax_rate in (19.0, 20.0)
    tagged = await desk.priced(
        Selection(products=frozenset(["1", "2"]), attributes={"collection": frozenset(["-1"])}), world.currency
    )
    assert tagged == []


async def test_tags_are_those_of_the_map(world, desk):
    some = frozenset(str(number) for number in range(1, 10_000))
    narrow = Selection(products=frozenset(["1", "2"]), attributes={"facet": some, "collection": some})
    found = await desk.priced(narrow, world.currency)
    assert found
    tag = min(found[0].attributes["facet"])
    assert found[0].attributes["collection"]
    only = Selection(products=frozenset(["1", "2"]), attributes={"facet": frozenset([tag])})
    assert found[0].variant in {one.variant for one in await desk.priced(only, world.currency)}


@pytest.mark.parametrize("benefit", [Percent(Decimal(0)), Percent(Decimal(101)), AmountOff(Money(10**9, "EUR"))])
async def test_what_lowers_no_price_is_refused(world, desk, benefit):
    with pytest.raises(CouponError) as caught:
        await granted(world, desk, world.goods[0], benefit=benefit)
    assert caught.value.code == "COUPON_NO_PRICE"


async def test_another_currency_has_no_prices(world, desk):
    with pytest.raises(CouponError):
        await desk.priced(Selection(), "CHF")


async def test_a_wrong_password_is_told_and_never_repeated_to_anybody(world):
    desk = world.desk(admin_password="not-the-password")
    with pytest.raises(CouponError) as caught:
        await desk.check()
    assert caught.value.code == "ADMIN_LOGIN"
    assert "not-the-password" not in str(caught.value) + repr(caught.value.__cause__)
    with pytest.raises(CouponError) as caught:
        await desk.check()
    assert caught.value.code == "ADMIN_RESTING", "a wrong password is not tried again at once"


async def test_who_may_only_read_is_told_what_is_missing(world):
    user, password = "reader", world.password
    if world.vendure is not None:
        user, password = reader_of(world), "only-reading-1"
    desk = world.desk(admin_user=user, admin_password=password)
    with pytest.raises(CouponError, match="create promotions, delete promotions") as caught:
        await desk.check()
    assert caught.value.code == "COUPON_RIGHTS"
    priced = tuple(await desk.priced(Selection(variants=frozenset([world.goods[0]])), world.currency))
    with pytest.raises(CouponError) as caught:
        await desk.mint([Grant("winter", Percent(Decimal(10)), priced, later())])
    assert caught.value.code == "ADMIN_FORBIDDEN"


def reader_of(world: World) -> str:
    """An administrator of Vendure who may read and nothing else."""
    name = f"reader-{world.name}@shop.example"
    role = world.vendure.admin(
        """mutation($code: String!) { createRole(input: {code: $code, description: "reads",
          permissions: [ReadCatalog, ReadPromotion, ReadOrder], channelIds: [1]}) { id } }""",
        {"code": f"reader-{world.name}"},
    )["createRole"]["id"]
    world.vendure.admin(
        """mutation($name: String!, $role: ID!) { createAdministrator(input: {firstName: "R", lastName: "R",
          emailAddress: $name, password: "only-reading-1", roleIds: [$role]}) { id } }""",
        {"name": name, "role": role},
    )
    return name
