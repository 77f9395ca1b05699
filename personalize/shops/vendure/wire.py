"""What is sent to Vendure's Admin API about promotions, and the shapes of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

NAMES = {"en": "Your price", "de": "Ihr Preis"}
"""What a cart calls the discount; everybody who has the code can read it."""

_FIELDS = "id createdAt endsAt couponCode usageLimit enabled"
CREATE = f"""mutation Create($input: CreatePromotionInput!) {{
  made: createPromotion(input: $input) {{ ... on Promotion {{ {_FIELDS} }} ... on ErrorResult {{ errorCode }} }} }}"""
PROMOTION = f"query One($id: ID!) {{ promotion(id: $id) {{ {_FIELDS} }} }}"
PROMOTIONS = f"""query Page($options: PromotionListOptions) {{
  promotions(options: $options) {{ items {{ {_FIELDS} }} }} }}"""
END = "mutation End($id: ID!) { deletePromotion(id: $id) { result } }"
ORDERS = "query Orders($options: OrderListOptions) { orders(options: $options) { items { couponCodes state } } }"

Operation = tuple[str, dict[str, Any]]
Action = dict[str, object]


class Promotion(msgspec.Struct, frozen=True):
    """A promotion; `limit` is how many orders may have it."""

    id: str
    enabled: bool
    made: datetime = msgspec.field(name="createdAt")
    ends: datetime | None = msgspec.field(name="endsAt", default=None)
    code: str | None = msgspec.field(name="couponCode", default=None)
    limit: int | None = msgspec.field(name="usageLimit", default=None)


class PromotionPage(msgspec.Struct, frozen=True):
    """A page of promotions."""

    items: list[Promotion]


class PlacedOrder(msgspec.Struct, frozen=True):
    """An order's codes."""

    state: str
    codes: list[str] = msgspec.field(name="couponCodes")


class Orders(msgspec.Struct, frozen=True):
    """A page of orders."""

    items: list[PlacedOrder]


def create(code: str, ends: datetime, uses: int, actions: Sequence[Action], mark: str, language: str) -> Operation:
    """A promotion that does `actions` for whoever has the code, in `uses` orders of all customers together."""
    names = {language: NAMES["en"], **NAMES}
    made = {
        "enabled": True,
        "couponCode": code,
        "endsAt": ends.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "usageLimit": uses,
        "perCustomerUsageLimit": uses,
        "conditions": [],
        "actions": list(actions),
        "translations": [
            {"languageCode": key, "name": name, "description": mark} for key, name in sorted(names.items())
        ],
    }
    return CREATE, {"input": made}


def end(identity: str) -> Operation:
    """Archives a promotion."""
    return END, {"id": identity}
