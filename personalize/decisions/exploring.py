"""Exploring: one small random move a listing, so that the log can tell what position does, and new items get seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Self

import numpy as np

from personalize.domain.desk.knob import Kind, Knob
from personalize.domain.learned.popularity import IMPRESSIONS, Popularity
from personalize.domain.listing import Listing
from personalize.domain.moves import FIRST_PAGE, Draw, Lift, Move, Swap
from personalize.domain.patch import EMPTY, Author, Explore, Patch, Reason
from personalize.domain.reason import TRIED_OUT
from personalize.domain.visit import Visit

TOP = FIRST_PAGE  # places that take part
DISTANCE = 6  # places between the rows of a swap
QUOTA = 0.5  # share of draws that a listing with new items gives to one of them
PLACE = 5  # the place (0-based) that a new item gets: seen by many, above it nothing moves
NEW = 50.0  # impressions, decayed, until an item is new no more
MAX_NEW = 32  # new items of a listing that one draw chooses from, the shop's first


class Exploring:
    """Draws, with known chances, a pair of places to swap (or to leave: a coin), or a new item to lift.

    The move changes whatever order the other strategies made, by one swap of at most `DISTANCE` places within the first
    `TOP`, or by one row that rises to `PLACE`, for which the rows between step down by one. Nothing above `keep` moves,
    and of these moves a cap of displacement leaves those that keep within it (`guardrails/chance.py`).
    The draw depends on the visitor's session and the listing alone, so an order that is being paged through stays as it
    is, and so does every chance: the log tells them as `propensity`. Only for visitors who allow experiments, and
    have been here before: what newcomers see is shared by all of them.
    """

    name = "exploring"
    version = "1"
    only_orders = False
    reads: frozenset[str] = frozenset()
    knobs = (Knob("keep", Kind.INTEGER, "places at the top where nothing moves", 0, 0, TOP),)

    def __init__(self, seed: str = "exploring", keep: int = 0) -> None:
        self.seed, self.keep = seed, max(keep, 0)

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """As every plug is made; whom it runs for is the strategy's share."""
        return cls()

    def configured(self, name: str, version: str, parameters: Mapping[str, object]) -> Self:
        """One that keeps the top, and draws for itself."""
        keep = parameters.get("keep", self.keep)
        made = type(self)(name, keep if isinstance(keep, int) else self.keep)
        made.name, made.version = name, f"{self.version}.{version}"
        return made

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """One Explore, or the empty Patch for listings of less than two rows and visitors who are not asked."""
        if visit.visitor is None or visit.profile is None or not visit.profile.version or not visit.experiments_allowed:
            return EMPTY
        moves = swaps(self.keep, min(TOP, len(listing)))
        if not moves:
            return EMPTY
        fresh = self.fresh(listing, visit, popularity)
        lifts: tuple[Move, ...] = tuple(Lift(row, max(PLACE, self.keep)) for row in fresh)
        quota = QUOTA if lifts else 0.0
        chances = ((1 - quota) / len(moves),) * len(moves) + (quota / max(len(lifts), 1),) * len(lifts)
        unit = f"{self.seed}\n{visit.session or visit.visitor.value}\n{visit.visitor.value}\n{listing.list_id}"
        place = int.from_bytes(blake2b(unit.encode(), digest_size=8).digest()) / 2**64
        if place < 1 - quota:
            rest, drawn = math.modf(place / (1 - quota) * len(moves))
        else:
            rest, drawn = math.modf((place - (1 - quota)) / quota * len(lifts))
            drawn += len(moves)
        draw = Draw((*moves, *lifts), chances, min(int(drawn), len(chances) - 1), rest)
        return Patch((Explore(target, draw, Author(self.name, self.version), Reason(TRIED_OUT)),))

    def fresh(self, listing: Listing, visit: Visit, popularity: Popularity) -> list[int]:
        """Rows whose items were hardly shown yet, at most `MAX_NEW`; none while little was shown at all.

        Rows that stand above `PLACE` in the shop's order are seen anyway. Rejected and bought items are left where they
        are.
        """
        shown = popularity.counts(listing.ids, visit.at)[:, IMPRESSIONS]
        if not (shown >= NEW).any():  # a new shop: everything is new, and the shop's order is the prior
            return []
        rows = np.flatnonzero(shown < NEW)
        profile = visit.profile
        known = {*profile.rejected, *profile.bought} if profile is not None else set()
        return [row for row in rows.tolist() if row > max(PLACE, self.keep) and listing.ids[row] not in known][:MAX_NEW]


@lru_cache(maxsize=64)
def swaps(keep: int, size: int) -> tuple[Move, ...]:
    """Every pair of places in [keep, size) at most `DISTANCE` apart, once swapped and once left as it is."""
    pairs = [(a, b) for a in range(keep, size) for b in range(a + 1, min(a + DISTANCE + 1, size))]
    return tuple(Swap(a, b, done) for a, b in pairs for done in (True, False))
