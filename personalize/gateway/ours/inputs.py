"""What a storefront may tell by `track`, and what it is answered, written in strawberry."""

from __future__ import annotations

from enum import Enum

import strawberry


@strawberry.enum(name="PersonalizationEventName", description="What happened, in the words of GA4 e-commerce.")
class EventName(Enum):
    VIEW_ITEM_LIST = "view_item_list"
    SELECT_ITEM = "select_item"
    VIEW_ITEM = "view_item"
    SEARCH = "search"
    ADD_TO_CART = "add_to_cart"
    REMOVE_FROM_CART = "remove_from_cart"
    ADD_TO_WISHLIST = "add_to_wishlist"
    REMOVE_FROM_WISHLIST = "remove_from_wishlist"
    SCAN = "scan"
    BEGIN_CHECKOUT = "begin_checkout"
    PURCHASE = "purchase"
    REFUND = "refund"


@strawberry.input(name="PersonalizationEventItemInput", description="One item of an event.")
class ItemInput:
    item_id: strawberry.ID = strawberry.field(description="The product's id, as the shop's listings have it.")
    index: int | None = strawberry.field(default=None, description="0-based position in the list.")
    price: float | None = strawberry.field(default=None, description="Of one piece; kept as told, never a right.")
    currency: str | None = strawberry.field(default=None, description="Of the price, ISO 4217.")
    quantity: int | None = strawberry.field(default=None, description="How many pieces.")


@strawberry.input(name="PersonalizationEventInput", description="One thing that the gateway could not see itself.")
class EventInput:
    name: EventName = strawberry.field(description="What happened.")
    items: list[ItemInput] = strawberry.field(
        default_factory=list, description="What it happened to, up to 200; of a list, in the order shown."
    )
    list_id: str | None = strawberry.field(default=None, description="The storefront's own name of the list.")
    list_path: str | None = strawberry.field(
        default=None, description="The response path a list of the gateway came under, as in `listings(path:)`."
    )
    search_term: str | None = strawberry.field(default=None, description="What was searched for.")
    transaction_id: str | None = strawberry.field(default=None, description="The shop's code of the order.")
    at: str | None = strawberry.field(
        default=None,
        description="When, RFC 3339 with an offset; left out: now. At most a day ago, orders a week; never ahead.",
    )
    event_id: strawberry.ID | None = strawberry.field(
        default=None, description="An id of one's own: the same one sent again is the same event."
    )


@strawberry.enum(name="PersonalizationRefusalCode", description="Why an event was not recorded.")
class RefusalCode(Enum):
    CONSENT = strawberry.enum_value("CONSENT", description="The visitor agreed to nothing, or objects.")
    NO_VISITOR = strawberry.enum_value("NO_VISITOR", description="Nobody is named whose event it could be.")
    NOT_VOUCHED = strawberry.enum_value(
        "NOT_VOUCHED", description="No signed visitor id or session vouches for it, or no purchase for a refund."
    )
    NOT_WATCHED = strawberry.enum_value(
        "NOT_WATCHED", description="A crawler, a prefetch, a static page or a library that names nobody."
    )
    INVALID = strawberry.enum_value("INVALID", description="The event is wrong; `message` says what.")
    TOO_MANY = strawberry.enum_value("TOO_MANY", description="More events than are taken at once, or in half an hour.")
    BUSY = strawberry.enum_value("BUSY", description="It cannot be taken now; send it again later.")


@strawberry.type(name="PersonalizationRefusal", description="An event that was not recorded.")
class Refusal:
    index: int = strawberry.field(description="Its place in `events`, from 0.")
    code: RefusalCode = strawberry.field(description="Why not.")
    message: str = strawberry.field(description="The same for people.")


@strawberry.type(name="PersonalizationTracked", description="What became of the events told.")
class Tracked:
    recorded: int = strawberry.field(description="How many were taken.")
    duplicates: int = strawberry.field(description="How many the gateway knew already, of itself or from before.")
    unconfirmed: int = strawberry.field(
        description="Orders told by their code alone: taken where their checkout was seen, which is not said."
    )
    refused: int = strawberry.field(description="How many were not taken.")
    refusals: list[Refusal] = strawberry.field(description="Which were not taken, and why.")
