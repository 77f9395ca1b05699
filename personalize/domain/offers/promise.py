"""A promise: the price one visitor was shown, until when it holds, and the code that makes the shop honour it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Benefit


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code that the shop honours for one offer; `reference` is the shop's own id of it (a promotion).

    `prices` are the variants whose price it lowers: the list price (as shown) when it was minted, and what the shop
    then charges for one piece. Where the shop's price is another one by now, the item carries no offer. Empty: the code
    is of the order as a whole (free shipping).
    """

    code: str
    offer: str
    reference: str
    ends: float
    prices: Mapping[str, tuple[Money, Money]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Priced:
    """A variant as the Admin API prices it: `listed` as shoppers see it, `tax_rate` in percent, `cost` of one."""

    variant: str
    product: str
    listed: Money
    tax_rate: float | None = None
    cost: Money | None = None
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What is to be minted: a benefit on these variants, good until `ends`, for `uses` orders."""

    offer: str
    benefit: Benefit
    variants: tuple[Priced, ...]
    ends: float
    uses: int = 1


class Standing(StrEnum):
    """What the shop says of a code now."""

    GOOD = "good"
    USED = "used"
    EXPIRED = "expired"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class PersonalPrice:
    """One item's price for one visitor: what is shown, and what checkout charges for one piece."""

    variant: str
    product: str
    listed: Money
    price: Money
    offer: str
    code: str
    valid_until: float

    @property
    def saving(self) -> Money:
        """What one piece costs less."""
        return self.listed - self.price
