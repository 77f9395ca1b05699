"""Merchandising: what the shop's people order by hand, on top of whatever order the other decisions made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.placed import Placed, arranged, placed_by
from personalize.decisions.spread import PAGE
from personalize.domain.desk.knob import Kind, Knob
from personalize.domain.desk.rules import AnyRule, Boost, places, read_rules
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.parameter import MERCHANDISING
from personalize.domain.patch import EMPTY, Author, Later, Patch, Reason, Reorder
from personalize.domain.reason import ARRANGED, FAVOURED, PICKED, SET_BACK
from personalize.domain.visit import Visit

MOST_PLACES = 2_000


class Merchandising:
    """Applies rules (`domain/desk/rules.py`) to the order of the others; deterministic, and always a permutation.

    What a rule says of a listing is worked out once a window. Where rules contradict each other, a pin goes before
    bury, and both before boost; of shares and `apart` as many hold as can, from the top down. With `max_displacement`
    no item that is neither pinned nor buried goes further than so many places among those items. What the visitor
    refused is neither pinned nor boosted: the last word is the shopper's.
    """

    name = "merchandising"
    version = "0"
    only_orders = True
    final = True
    code = MERCHANDISING
    reads: frozenset[str] = frozenset()
    knobs = (
        Knob("rules", Kind.RULES, "pin, sequence, boost, bury, share and apart, as docs/strategies.md lists them", []),
        Knob("max_displacement", Kind.INTEGER,
             "places that boost, share and apart may move an item; 0: as many as they like", 0, 0, MOST_PLACES),
    )  # fmt: skip

    def __init__(self, rules: tuple[AnyRule, ...] = (), max_displacement: int = 0) -> None:
        self.rules, self.max_displacement = rules, max_displacement
        self._placed: WeakKeyDictionary[Listing, Placed | None] = WeakKeyDictionary()

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """Without rules: those are published."""
        return cls()

    def configured(self, name: str, version: str, parameters: Mapping[str, object]) -> Self:
        """One with these rules. Raises DeskError for what is no rule."""
        most = parameters.get("max_displacement", 0)
        made = type(self)(read_rules(parameters.get("rules", [])), most if isinstance(most, int) else 0)
        made.name, made.version = name, version
        return made

    def binds(self, listing: Listing) -> bool:
        """Whether any rule is about this listing: chance then has no move in it."""
        return self._of(listing) is not None

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """What it makes of the shop's own order."""
        return self.bend(target, listing, visit, popularity, None)

    def bend(
        self, target: str, listing: Listing, visit: Visit, popularity: Popularity, before: Reorder | None
    ) -> Patch:
        """One Reorder made of the order `before` (None: the shop's), or the empty Patch where that one stays."""
        placed = self._of(listing)
        if placed is None:
            return EMPTY
        refused = _refused(listing, visit)
        start = np.arange(len(listing)) if before is None else np.array(before.order, np.intp)
        order = arranged(start, placed, refused, self.max_displacement)
        if (order == start).all():
            return EMPTY
        known = before.reasons if before is not None else {}
        told = Later(lambda: {**known, **_because(placed, refused, start, order)})
        version = self.version if before is None else f"{self.version}+{before.author.strategy}@{before.author.version}"
        reason = Reason(ARRANGED) if before is None else before.reason
        return Patch((Reorder(target, tuple(order.tolist()), Author(self.name, version), reason, told),))

    def weight(self, visit: Visit) -> float:
        """The share it has in an order: that of the places it gives on a first page, or its strongest boost's."""
        given = len({place for place, _ in places(self.rules) if place < PAGE}) / PAGE
        boost = max((rule.strength for rule in self.rules if isinstance(rule, Boost)), default=0.0)
        return min(max(given, boost / (boost + math.log2(PAGE))), 1.0)

    def _of(self, listing: Listing) -> Placed | None:
        try:
            return self._placed[listing]
        except KeyError:
            found = self._placed[listing] = placed_by(self.rules, listing)
            return found


def _refused(listing: Listing, visit: Visit) -> frozenset[int]:
    """The rows that the visitor does not want."""
    profile = visit.profile
    if profile is None or not profile.rejected:
        return frozenset()
    return frozenset(row for row, item in enumerate(listing.ids) if item in profile.rejected)


def _because(
    placed: Placed, refused: frozenset[int], start: NDArray[np.intp], order: NDArray[np.intp]
) -> dict[int, Reason]:
    """Reasons of the rows that a rule names, and of those that rose to make a share or a distance."""
    was = np.argsort(start)
    rose = was - np.argsort(order)  # places up, by row
    reasons: dict[int, Reason] = {}
    pinned = {row for row in placed.pins.values() if row not in refused}
    for row, up in enumerate(rose.tolist()):
        if row in pinned:
            reasons[row] = Reason(PICKED)
        elif row in placed.buried:
            if up < 0:
                reasons[row] = Reason(SET_BACK)
        elif up > 0 and placed.boosts is not None and placed.boosts[row] and row not in refused:
            reasons[row] = Reason(FAVOURED)
        elif up > 0 and (placed.shares or placed.marks):
            reasons[row] = Reason(ARRANGED)
    return reasons
