"""A personal price as clients read it, written in strawberry; `gateway/pricing/telling.py` fills it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum

import strawberry

from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, FreeShipping, Offer, Percent
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


@strawberry.enum(name="PersonalizationOfferKind", description="What an offer gives.")
class OfferKind(Enum):
    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_SHIPPING = "free_shipping"


@strawberry.type(name="PersonalizationPromise", description="What the visitor is promised, whichever items it is on.")
class PromiseView:
    kind: OfferKind = strawberry.field(description="What it gives.")
    percent: str | None = strawberry.field(description="Off every piece, like `12.5`; of PERCENT.")
    amount: MoneyView | None = strawberry.field(description="Off every piece; of AMOUNT.")
    code: str = strawberry.field(description="The coupon code that the shop honours; for this visitor, once.")
    automatic: bool = strawberry.field(
        description="Whether the code goes into the cart by itself; else the shopper enters it."
    )
    pieces: int = strawberry.field(description="For how many pieces of one order it holds.")
    valid_until: str = strawberry.field(description="RFC 3339: it is promised until then.")
    disclosure: str | None = strawberry.field(description="To be shown beside it, as the law wants it; null: nothing.")


def money_view(money: Money) -> MoneyView:
    """An amount as clients read it."""
    return MoneyView(amount=str(money.amount), currency=money.currency, minor_units=money.minor)


def promise_view(offer: Offer, promise: Promise, disclosure: str | None, *, automatic: bool) -> PromiseView:
    """A promise as clients read it."""
    benefit = offer.benefit
    kinds = {Percent: OfferKind.PERCENT, AmountOff: OfferKind.AMOUNT, FreeShipping: OfferKind.FREE_SHIPPING}
    return PromiseView(
        kind=kinds[type(benefit)],
        percent=f"{benefit.percent.normalize():f}" if isinstance(benefit, Percent) else None,
        amount=money_view(benefit.amount) if isinstance(benefit, AmountOff) else None,
        code=promise.code, automatic=automatic, pieces=offer.pieces,
        valid_until=datetime.fromtimestamp(promise.valid_until, UTC).isoformat(timespec="seconds"),
        disclosure=disclosure,
    )  # fmt: skip
