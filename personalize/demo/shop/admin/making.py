"""Makes and changes promotions as the Admin API is asked to; what the demo shop cannot do is refused by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import orjson

from personalize.demo.catalogue import Text
from personalize.demo.shop.admin.wanted import ConfigurableOperationInput, CreatePromotionInput, UpdatePromotionInput
from personalize.demo.shop.call import user_input_error
from personalize.demo.shop.promotions import Action, Promotion

PERCENT, SHIPPING = "products_percentage_discount", "free_shipping"
MAX_ACTIONS = 2_000


def promotion_of(wanted: CreatePromotionInput) -> Promotion:
    """The promotion that is asked for, without an id. Raises USER_INPUT_ERROR."""
    if wanted.conditions or wanted.starts_at is not None:
        raise user_input_error("the demo shop's promotions have no conditions and no start")
    names = {one.language_code.value: one.name or "" for one in wanted.translations}
    said = next((one.description for one in wanted.translations if one.description), "")
    return Promotion(
        id="",
        coupon_code=wanted.coupon_code or "",
        name=Text(names.get("en", ""), names.get("de", names.get("en", ""))),
        actions=tuple(_actions(wanted.actions)),
        free_shipping=any(one.code == SHIPPING for one in wanted.actions),
        per_customer=wanted.per_customer_usage_limit,
        limit=wanted.usage_limit,
        ends=_moment(wanted.ends_at),
        enabled=wanted.enabled,
        description=said,
        told=tuple((one.code, tuple((arg.name, arg.value) for arg in one.arguments)) for one in wanted.actions),
    )


def changed(promotion: Promotion, wanted: UpdatePromotionInput) -> Promotion:
    """The promotion with what is given; what is not, stays."""
    given = {
        "enabled": wanted.enabled, "ends": _moment(wanted.ends_at), "limit": wanted.usage_limit,
        "per_customer": wanted.per_customer_usage_limit,
    }  # fmt: skip
    return replace(promotion, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _actions(wanted: Sequence[ConfigurableOperationInput]) -> list[Action]:
    if len(wanted) > MAX_ACTIONS:
        raise user_input_error(f"more than {MAX_ACTIONS} actions")
    found = []
    for one in wanted:
        if one.code == SHIPPING:
            continue
        args = {arg.name: arg.value for arg in one.arguments}
        try:
            percent, ids = float(args["discount"]), orjson.loads(args["productVariantIds"])
        except (KeyError, ValueError):
            percent, ids = math.nan, None
        if one.code != PERCENT or not 0 <= percent <= 100 or not isinstance(ids, list):
            raise user_input_error(f"the demo shop cannot do {one.code} with {sorted(args)}")
        found.append(Action(percent, frozenset(map(str, ids))))
    return found


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise user_input_error(f"no moment: {text[:40]}") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
