"""What holds for the prices of all offers: bounds of the brand, places of the law, when offers stop themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from personalize.domain.offers.money import Money

PRICE_STRATEGIES = frozenset({"offer"})
"""The strategies that change prices: they start only where the operator confirmed the disclosure."""

JURISDICTIONS = ("DE", "EU", "US-NY")


@dataclass(frozen=True, slots=True)
class Prices:
    """The operator's settings for prices; percentages are of the list price, above 0 and at most 100.

    `disclosed`: the operator confirms that the storefront shows `disclosure` and `lowestPrice30d` where they are told.
    `floors` is the price that nothing goes below, by currency. `never` are products that no offer touches.
    `spread` bounds how far a price may lie below the dearest one that anybody was shown for the variant that day.
    `reach` (0..1): an offer promised to that share of the visitors of 30 days is one for everybody, whatever it is
    called. `mismatch` (0..1): an offer stops itself when the shop refused that share of its codes.
    `listed_since`: the operator knows that list prices have not been lower from that day to the ledger's first.
    `pool` is how many codes of an offer are kept ready.
    """

    disclosed: bool = False
    jurisdictions: frozenset[str] = frozenset({"EU"})
    floors: Mapping[str, Money] = field(default_factory=dict)
    max_saving: Decimal = Decimal(50)
    never: frozenset[str] = frozenset()
    spread: Decimal = Decimal(50)
    reach: float = 0.5
    mismatch: float = 0.05
    listed_since: date | None = None
    pool: int = 30
