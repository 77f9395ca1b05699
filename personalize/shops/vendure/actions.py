"""What a promotion has to do so that a grant's prices are charged: one action for each percentage that is needed."""

from __future__ import annotations

from collections import defaultdict

import orjson

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import FreeShipping
from personalize.domain.offers.promise import Grant
from personalize.errors import CouponError
from personalize.shops.vendure.channel import Channel
from personalize.shops.vendure.wire import Action

MAX_BYTES = 48 * 1024
"""The actions of one promotion as JSON: MySQL gives that column 64 KB, and every cart reads it."""
Prices = dict[str, tuple[Money, Money]]


def actions_of(grant: Grant, channel: Channel) -> tuple[list[Action], Prices]:
    """The actions, and the prices they make. Raises CouponError where there is none, or where they are too many."""
    if isinstance(grant.benefit, FreeShipping):
        return [{"code": "free_shipping", "arguments": []}], {}
    prices: Prices = {}
    variants: dict[float, list[str]] = defaultdict(list)
    for one in grant.variants:
        exact = channel.price(grant.benefit, one.listed, one.tax_rate, grant.pieces)
        if exact is not None and one.variant not in prices:
            prices[one.variant] = (one.listed, exact.price)
            variants[exact.percent].append(one.variant)
    if not prices:
        raise CouponError(
            f"none of {len(grant.variants)} variants has a price that the shop charges exactly",
            code="COUPON_NO_PRICE", hint="is the benefit more than the items cost, or in another currency?",
        )  # fmt: skip
    actions = [_action(percent, ids) for percent, ids in variants.items()]
    if (size := len(orjson.dumps(actions))) > MAX_BYTES:
        raise CouponError(
            f"a promotion for {len(prices)} variants takes {size} bytes, expected at most {MAX_BYTES}",
            code="COUPON_TOO_LARGE", hint="narrow the offer's selection: an action is needed for each list price",
        )  # fmt: skip
    return actions, prices


def _action(percent: float, ids: list[str]) -> Action:
    return {
        "code": "products_percentage_discount",
        "arguments": [
            {"name": "discount", "value": repr(percent)},
            {"name": "productVariantIds", "value": orjson.dumps(ids).decode()},
        ],
    }
