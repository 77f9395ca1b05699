"""Popularity: what draws more clicks than its position explains comes earlier, blended with the shop's order."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.ordering import descending, moved, reorder
from personalize.decisions.parameters import weighted
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.parameter import POPULARITY, SHOP_ORDER, Parameter
from personalize.domain.patch import Author, Later, Patch, Reason
from personalize.domain.reason import MADE_ROOM, POPULAR
from personalize.domain.visit import Visit

BLEND = 0.5  # log rate that one doubling of the position outweighs


class PopularityOrder:
    """Orders by smoothed click rate and shop position; equal for all visitors, so it needs no consent."""

    name = "popularity"
    version = "1"
    only_orders = True
    reads: frozenset[str] = frozenset()

    def __init__(self, blend: float = BLEND) -> None:
        self.blend = blend

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """As every plug is made; there is nothing to set."""
        return cls()

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """One Reorder; the empty Patch while nothing is known of the items."""
        order = descending(self.scores(popularity.rate(listing.ids, visit.at)))
        reasons = Later(lambda: {row: Reason(POPULAR) for row, up in moved(order).items() if up > 0})
        return reorder(target, order, Author(self.name, self.version), Reason(MADE_ROOM), reasons)

    def scores(self, rate: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores (n,) of rows in the shop's order with clicks per expected click `rate` (1 = as expected)."""
        scores: NDArray[np.float64] = np.log(rate) - self.blend * np.log2(1.0 + np.arange(len(rate)))
        return scores

    def parameters(self) -> tuple[Parameter, ...]:
        """Click rate and the shop's order, by what a doubling of each adds to the score."""
        doubled = float(np.log(2.0))
        return weighted({POPULARITY: doubled, SHOP_ORDER: self.blend})
