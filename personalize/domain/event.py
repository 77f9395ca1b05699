"""Events in the words of GA4 e-commerce: what happened, to which items, in which list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

Scalar = str | float | int | bool | None
AttributeValue = Scalar | list[str] | list[float]

NOTHING: Mapping[str, object] = MappingProxyType({})


def _nothing() -> Mapping[str, object]:
    """The shared empty mapping."""
    return NOTHING


NOTHING_EARLIER: Mapping[str, int] = MappingProxyType({})

EVENT_NAMES = frozenset(
    {
        "view_item_list", "select_item", "view_item", "search", "add_to_cart", "remove_from_cart",
        "begin_checkout", "purchase", "refund", "add_to_wishlist", "remove_from_wishlist",
        "not_interested", "scan", "advisor_answer", "stock_change",
    }
)  # fmt: skip


class EventItem(msgspec.Struct, frozen=True, gc=False):
    """One item of an event.

    `index` is 0-based, as shown; `shop_index` 0-based in the shop's own order; `price` in major units of
    `currency`; `title` is GA4's `item_name`; `attributes` holds every other key of the line's item object, unchanged.
    """

    item_id: str
    index: int | None = None
    shop_index: int | None = None
    price: float | None = None
    currency: str | None = None
    quantity: int | None = None
    attributes: Mapping[str, object] = msgspec.field(default_factory=_nothing)
    title: str | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of the event log (DESIGN: names of GA4, `at` in seconds since the epoch, UTC).

    `extra` keeps every key of the line that has no field here.
    """

    event: str
    event_id: str
    at: float
    visitor: str | None = None
    session: str | None = None
    context: Mapping[str, object] = msgspec.field(default_factory=_nothing)
    items: tuple[EventItem, ...] = ()
    list_event_id: str | None = None
    list_id: str | None = None
    search_term: str | None = None
    transaction_id: str | None = None
    extra: Mapping[str, object] = msgspec.field(default_factory=_nothing)
