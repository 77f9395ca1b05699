"""Who is offered what: the protocol of a decision on prices, and what it may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Offer
from personalize.domain.patch import Patch
from personalize.domain.visit import Visit


class Row(NamedTuple):
    """A row that is shown: its product, and the list price of each variant whose price it shows."""

    product: str
    listed: Mapping[str, Money]


class Arm(StrEnum):
    """What falls to a visitor of an offer: to have it, or to see list prices."""

    OFFER = "offer"
    NONE = "none"


class Lot(NamedTuple):
    """How an offer fell for a visitor: the arm, how likely it was, and whether chance drew it (else it was decided)."""

    arm: Arm
    propensity: float
    explored: bool


class Pricing(Protocol):
    """A decision that proposes Reprices, in two steps: which offers a visitor should have, and what rows show of them.

    Pure. `visit` is what `Visit.for_price` leaves of one: mood, device and origin are not in it.
    """

    name: str
    version: str

    def wanted(self, visit: Visit, offers: Sequence[Offer]) -> Sequence[str]:
        """The names of the offers (all of them run now) that this visitor should be promised, the best first.

        The same for the same visitor as long as offers and what is known of the visitor stay.
        """
        ...

    def lots(self, visit: Visit, offers: Sequence[Offer]) -> Mapping[str, Lot]:
        """How each of these offers fell, for the log: of those that this visitor may have, `wanted` or not."""
        ...

    def reprice(self, target: str, rows: Mapping[int, Row], promises: Sequence[Promise]) -> Patch:
        """Reprices of the rows of `target`, made of the promises that the visitor holds."""
        ...
