"""The null decision: the shop's own order, the empty Patch."""

from __future__ import annotations

from typing import Self

from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.parameter import SHOP_ORDER, Parameter
from personalize.domain.patch import EMPTY, Patch
from personalize.domain.visit import Visit


class ShopOrder:
    """Changes nothing."""

    name = "shop_order"
    version = "1"
    only_orders = True
    reads: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """As every plug is made; there is nothing to set."""
        return cls()

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The empty Patch."""
        return EMPTY

    def parameters(self) -> tuple[Parameter, ...]:
        """The shop's order and nothing else."""
        return (Parameter(SHOP_ORDER, 1.0),)
