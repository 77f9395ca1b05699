"""A personal price as clients read it, written in strawberry; `gateway/pricing/telling.py` fills it."""

from __future__ import annotations

import strawberry

from personalize.gateway.ours.reasoned import ReasonView


@strawberry.type(name="PersonalizationMoney", description="An exact amount of money.")
class MoneyView:
    amount: str = strawberry.field(description="In major units with the currency's decimals, like `12.90`.")
    currency: str = strawberry.field(description="ISO 4217.")
    minor_units: int = strawberry.field(description="The same in minor units, like 1290.")


@strawberry.type(
    name="PersonalizationOffer",
    description="A personal price that checkout charges. The shop's own price fields stay as the shop sent them.",
)
class OfferView:
    variant_id: strawberry.ID = strawberry.field(
        description="The variant whose price this is: of a product with several, the one whose price the row shows."
    )
    list_price: MoneyView = strawberry.field(description="Of one piece, as the shop asks it of everybody.")
    price: MoneyView = strawberry.field(description="Of one piece, as this visitor is charged it.")
    saving: MoneyView = strawberry.field(
        description="What one piece costs less than `listPrice`, or than `lowestPrice30d` where that is told."
    )
    code: str = strawberry.field(description="The coupon code that the shop honours; for this visitor, once.")
    automatic: bool = strawberry.field(
        description="Whether the code goes into the cart by itself; else the shopper enters it."
    )
    pieces: int = strawberry.field(description="For how many pieces of one order the price holds.")
    valid_until: str = strawberry.field(description="RFC 3339: the price is promised until then.")
    reason: ReasonView = strawberry.field(description="Why it is offered.")
    disclosure: str | None = strawberry.field(
        description="To be shown beside the price, as the law wants it; null: nothing."
    )
    lowest_price30d: MoneyView | None = strawberry.field(
        name="lowestPrice30d",
        description="The lowest price of the 30 days before, to be shown beside a general reduction; null: none.",
    )
