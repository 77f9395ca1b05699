"""What the chosen store has stands a little further up: bends whatever order the others made, within bounds."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from personalize.decisions.ordering import reorder
from personalize.decisions.spread import PAGE
from personalize.decisions.sunk import sunk
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Author, Later, Patch, Reason, Reorder
from personalize.domain.places.stocked import Stocked
from personalize.domain.places.terms import Terms
from personalize.domain.reason import MADE_ROOM, STORE_HAS_IT
from personalize.domain.visit import Visit

STRENGTH = 1.0


class StoreFirst:
    """A row that the chosen store has counts as standing at 1 / 2 ** `STRENGTH` of its place (1-based).

    So nothing moves further up than from place 2 p to p + 1 for that alone, and of two rows that the store has, or
    has not, none passes the other. Only what was seen in the store within `stock_max_age` counts. Without a chosen
    store, or stock, it changes nothing.
    """

    name = "store_first"
    version = "1"
    only_orders = True
    reads = frozenset({"store"})

    def __init__(self, max_age: float, strength: float = STRENGTH) -> None:
        self.max_age, self.strength = max_age, strength
        self.stocked: Stocked | None = None

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """With the setting `places.stock_max_age`."""
        return cls(getattr(settings, "places", Terms()).stock_max_age)

    def stocks(self, stocked: Stocked) -> None:
        """Take other stock into use."""
        self.stocked = stocked

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """What it makes of the shop's own order."""
        return self.bend(target, listing, visit, popularity, None)

    def bend(
        self, target: str, listing: Listing, visit: Visit, popularity: Popularity, before: Reorder | None
    ) -> Patch:
        """One Reorder made of the order `before` (None: the shop's), or the empty Patch where that one stays."""
        store = visit.context.get("store")
        if self.stocked is None or not isinstance(store, str) or len(listing) < 2:
            return EMPTY
        has = self.stocked.has(store, listing.ids, visit.at - self.max_age)
        if visit.profile is not None and visit.profile.rejected:
            has &= np.array([item not in visit.profile.rejected for item in listing.ids])
        if has.all() or not has.any():
            return EMPTY
        start = np.arange(len(listing)) if before is None else np.array(before.order, np.intp)
        fixed = sunk(start, listing, visit) if before is not None else 0
        moving = start[: len(start) - fixed]
        cost = np.log2(1.0 + np.arange(len(moving))) - self.strength * has[moving]
        order = np.concatenate([moving[np.argsort(cost, kind="stable")], start[len(moving) :]])
        if (order == start).all():
            return EMPTY
        known = before.reasons if before is not None else {}
        reason = Reason(STORE_HAS_IT, {"store": self.stocked.called(store) or store})

        def because() -> dict[int, Reason]:
            place = {row: at for at, row in enumerate(start.tolist())}
            lifted = [row for at, row in enumerate(order.tolist()) if has[row] and at < place[row]]
            return {**known, **dict.fromkeys(lifted, reason)}

        if before is None:
            return reorder(target, order, Author(self.name, self.version), Reason(MADE_ROOM), Later(because))
        author = Author(self.name, f"{self.version}+{before.author.strategy}@{before.author.version}")
        return Patch((Reorder(target, tuple(order.tolist()), author, before.reason, Later(because)),))

    def weight(self, visit: Visit) -> float:
        """The share it has in an order: nothing without a chosen store; else its strength beside a page's places."""
        if self.stocked is None or not isinstance(visit.context.get("store"), str):
            return 0.0
        return self.strength / (self.strength + math.log2(PAGE))
