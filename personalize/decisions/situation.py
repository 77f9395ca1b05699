"""The situation: bends whatever order the others made towards what fits the weather, the moment and what was told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.because import because
from personalize.decisions.ordering import reorder
from personalize.decisions.spread import PAGE, groups_of, spread
from personalize.decisions.sunk import sunk
from personalize.decisions.variety import STRENGTH as VARIETY
from personalize.decisions.variety import varied
from personalize.domain.affinity import WORDS, Affinities
from personalize.domain.desk.knob import Kind, Knob
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Author, Later, Patch, Reason, Reorder
from personalize.domain.reason import MADE_ROOM
from personalize.domain.visit import Visit
from personalize.features.affinity import Suited
from personalize.features.fit import READ, fits
from personalize.features.likeness import Likeness

STRENGTH = 1.5  # doublings of its place that a full fit outweighs


class Situation:
    """Scores each row by its place p (0-based) in the order before and its fit f: -log2(1 + p) + STRENGTH f.

    f is the sum of the fits of all that the item is for, within -1 and 1: a row that fits fully counts as standing at
    a third (2 ** -1.5) of its place, one that is wrong now at three times its place, and no further. A row that fits
    better never falls behind one that stood below it and fits less. Then the shopping mode arranges the first page
    (`variety.py`). Without a fit, or an item that is for anything, it changes nothing. What the visitor refused, and
    what an order before put to the end, is not lifted.
    """

    name = "situation"
    version = "1"
    only_orders = True
    reads = frozenset(READ)
    knobs = (Knob("strength", Kind.NUMBER, "doublings of its place that a full fit outweighs", STRENGTH, 0.0, 5.0),)

    def __init__(self, strength: float = STRENGTH, spread: bool = True) -> None:
        self.strength, self.spread = strength, spread
        self.likeness = Likeness()
        self.knows(Affinities())

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """With the setting `spread`."""
        return cls(spread=bool(getattr(settings, "spread", True)))

    def configured(self, name: str, version: str, parameters: Mapping[str, object]) -> Self:
        """One of another strength."""
        strength = parameters.get("strength", self.strength)
        made = type(self)(float(strength) if isinstance(strength, (int, float)) else self.strength, self.spread)
        made.name, made.version = name, f"{self.version}.{version}"
        made.knows(self.suited.affinities)
        return made

    def knows(self, affinities: Affinities) -> None:
        """Take what the shop's properties are for."""
        self.suited = Suited(affinities)
        self._heard = np.ones(len(WORDS))
        self._heard[list(affinities.silent)] = 0.0

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """What it makes of the shop's own order."""
        return self.bend(target, listing, visit, popularity, None)

    def bend(
        self, target: str, listing: Listing, visit: Visit, popularity: Popularity, before: Reorder | None
    ) -> Patch:
        """One Reorder made of the order `before` (None: the shop's), or the empty Patch where that one stays."""
        n, mode = len(listing), visit.context.get("mode")
        if n < 2:
            return EMPTY
        fit = self.fit(listing, visit)
        if fit is None and mode not in VARIETY:
            return EMPTY
        start = np.arange(n) if before is None else np.array(before.order, np.intp)
        fixed = sunk(start, listing, visit) if before is not None and visit.profile is not None else 0
        order = start if fit is None else self.bent(start, fit, fixed)
        arranged = order
        if mode in VARIETY:
            arranged = varied(order, self.likeness.vectors(listing), mode, fixed)
        if self.spread and (arranged != start).any():
            arranged = spread(arranged, groups_of(listing), fixed)
        if (arranged == start).all():
            return EMPTY
        known = before.reasons if before is not None else {}
        cheap = self.likeness.cheap(listing) if mode == "bargain" else None
        suited, orders = self.suited.of(listing), (start, order, arranged)
        told = Later(lambda: {**known, **because(suited, cheap, visit, orders, known)})
        if before is None:
            return reorder(target, arranged, Author(self.name, self.version), Reason(MADE_ROOM), told)
        author = Author(self.name, f"{self.version}+{before.author.strategy}@{before.author.version}")
        return Patch((Reorder(target, tuple(arranged.tolist()), author, before.reason, told),))

    def fit(self, listing: Listing, visit: Visit) -> NDArray[np.float64] | None:
        """The fit of each row, (n,), -1 to 1; None where none has any."""
        now = fits(visit.context) * self._heard
        bargain = visit.context.get("mode") == "bargain"
        if not bargain and not now.any():
            return None
        found: NDArray[np.float64] = self.suited.of(listing) @ now
        if bargain:
            found = found + self.likeness.cheap(listing)
        if not found.any():
            return None
        np.clip(found, -1.0, 1.0, out=found)
        if visit.profile is not None and visit.profile.rejected:
            for row, item in enumerate(listing.ids):
                if item in visit.profile.rejected:
                    found[row] = min(found[row], 0.0)
        return found

    def bent(self, start: NDArray[np.intp], fit: NDArray[np.float64], fixed: int = 0) -> NDArray[np.intp]:
        """The order by place and fit; the last `fixed` rows of `start` stay where they are."""
        moving = start[: len(start) - fixed]
        cost = _places(len(moving)) - self.strength * fit[moving]
        order: NDArray[np.intp] = moving[np.argsort(cost, kind="stable")]
        return np.concatenate([order, start[len(moving) :]]) if fixed else order

    def weight(self, visit: Visit) -> float:
        """The share it has in an order: a full fit now, beside all places of a first page; 0 where nothing is told."""
        most = max(
            float(np.abs(fits(visit.context) * self._heard).max()), float(visit.context.get("mode") == "bargain")
        )
        return self.strength * most / (self.strength * most + math.log2(PAGE))


@lru_cache(maxsize=256)
def _places(size: int) -> NDArray[np.float64]:
    """log2 of the places 1..size."""
    places: NDArray[np.float64] = np.log2(1.0 + np.arange(size))
    return places
