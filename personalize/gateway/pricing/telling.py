"""What stands at an item of the offer that it carries: prices, code, until when, why, and what the law wants told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from personalize.domain.offers.money import Money
from personalize.domain.reason import words
from personalize.gateway.document.hidden import Item, row_key
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.offers.book import OfferBook

OFFER = "offer"


class OfferTeller:
    """Fills `offer` of an item from the personal prices that were decided for this answer; null: none."""

    fields, reads = frozenset({OFFER}), True

    def __init__(self, book: OfferBook) -> None:
        self.book = book

    def tell(self, item: Item, arrival: Arrival) -> Mapping[str, Any]:
        """The offer of one item."""
        change = arrival.prices.get(row_key(item))
        if change is None:
            return {}
        price, language = change.price, arrival.visit.language
        offer, told = self.book.offers[price.offer], self.book.told(price.offer, price.variant, language)
        # Where the law wants the lowest price of 30 days, a saving is one on that (CJEU, C-330/23).
        saving = price.saving if told.lowest is None else told.lowest - price.price
        return {
            OFFER: {
                "__typename": "PersonalizationOffer",
                "variantId": price.variant,
                "listPrice": _money(price.listed),
                "price": _money(price.price),
                "saving": _money(saving),
                "code": price.code,
                "automatic": self.book.automatic,
                "pieces": offer.pieces,
                "validUntil": datetime.fromtimestamp(price.valid_until, UTC).isoformat(timespec="seconds"),
                "reason": {
                    "__typename": "PersonalizationReason",
                    "code": change.reason.code,
                    "text": words(change.reason, language),
                },
                "disclosure": told.disclosure,
                "lowestPrice30d": None if told.lowest is None else _money(told.lowest),
            }
        }


def _money(money: Money) -> dict[str, Any]:
    return {
        "__typename": "PersonalizationMoney",
        "amount": str(money.amount),
        "currency": money.currency,
        "minorUnits": money.minor,
    }
