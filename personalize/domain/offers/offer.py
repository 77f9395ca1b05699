"""An offer: what an operator allows, for whom, on which products, within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from personalize.domain.offers.money import Money


class AudienceKind(StrEnum):
    """How personal an offer is, in the law's sense: to one person, to a group somebody is in, to everybody."""

    INDIVIDUAL = "individual"
    GROUP = "group"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Percent:
    """So many percent off every piece, above 0 and at most 100."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class AmountOff:
    """A fixed amount off every piece."""

    amount: Money


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """The order is shipped for nothing; no price of an item changes. `worth`: what that costs at most, for budgets."""

    worth: Money | None = None


Benefit = Percent | AmountOff | FreeShipping


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items: products or variants by id, or attribute values (any of them per attribute, all attributes).

    Empty: all items. `never` are product ids that no offer touches ("never discount").
    """

    products: frozenset[str] = frozenset()
    variants: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    never: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom: `orders` bounds the purchases known of them (least, most; None: any), `store` a chosen store.

    `share` is the part of those visitors that get it by lot (1: all). Never a country, device, age or health.
    """

    kind: AudienceKind = AudienceKind.INDIVIDUAL
    orders: tuple[int, int | None] = (0, None)
    store: str | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be given away: savings in all, in a day (the shop's time zone), to one visitor; None: no bound."""

    total: Money | None = None
    per_day: Money | None = None
    per_visitor: Money | None = None


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `times` promises to one visitor in `days` days."""

    times: int
    days: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Guardrails of one offer, a piece: no price below `floor`, no saving above `most`, no margin below `margin`.

    `margin` is the share of the price without tax (0..1) that is left over the cost; where the cost of an item is not
    known, the item is not part of the offer.
    """

    floor: Money | None = None
    margin: Decimal | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer of the operator. `starts` and `ends` are epoch seconds, `hold` is how long a shown price is promised.

    `pieces` is for how many pieces of one order the personal price holds: it bounds what one promise can cost.
    `stackable`: may stand beside coupons of the shop's own. `explore` is the share of its audience (0..1) for whom a
    lot decides, so that what the offer changes can be told.
    """

    name: str
    currency: str
    benefit: Benefit
    selection: Selection = Selection()
    audience: Audience = Audience()
    budget: Budget = Budget()
    bounds: Bounds = Bounds()
    frequency: Frequency | None = None
    starts: float = 0.0
    ends: float | None = None
    hold: float = 3_600.0
    pieces: int = 1
    stackable: bool = False
    explore: float = 0.0
