"""What the items of a listing are for, as a matrix: read once per window, multiplied with a situation per request."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from personalize.domain.affinity import WORDS, Affinities
from personalize.domain.listing import Listing
from personalize.domain.tokens import words

Matrix = NDArray[np.float64]


class Suited:
    """The matrices of listings, remembered as long as a listing lives and the names of its properties stay."""

    def __init__(self, affinities: Affinities) -> None:
        self.affinities = affinities
        self._made: WeakKeyDictionary[Listing, tuple[int, Matrix]] = WeakKeyDictionary()

    def of(self, listing: Listing) -> Matrix:
        """Shape (n, w), columns as `WORDS`: how much each item is for each of them, 0 to 1."""
        held = self._made.get(listing)
        if held is not None and held[0] == self.affinities.version:
            return held[1]
        found = np.zeros((len(listing), len(WORDS)))
        of, degrees = self.affinities.of, self.affinities.degrees
        rows: list[int] = []
        columns: list[int] = []
        for row, attributes in enumerate(listing.attributes):
            for name, value in words(attributes):
                if told := of(name, value):
                    rows += [row] * len(told)
                    columns += told
        found[rows, columns] = 1.0
        for row, attributes in enumerate(listing.attributes if self.affinities.numbers else ()):
            for column, degree in degrees(attributes):
                found[row, column] = max(found[row, column], degree)
        self._made[listing] = self.affinities.version, found
        return found
