"""Likeness: how alike the items of a listing are by their properties, and how dear each is beside items like it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from personalize.domain.listing import Listing
from personalize.domain.tokens import words
from personalize.features.window import log_prices

MAX_PROPERTIES = 256  # that tell items apart, the most frequent ones of a listing
RIDGE = 0.1  # rows against which a property has to prove its price: few, so that a cup is no bargain among lamps
DEAR = 0.35  # of the log price: about a third cheaper than its like is a bargain to 3 parts in 4

Vectors = NDArray[np.float32]


class Likeness:
    """What is known of a listing's rows beside each other, remembered as long as it lives."""

    def __init__(self) -> None:
        self._vectors: WeakKeyDictionary[Listing, Vectors] = WeakKeyDictionary()
        self._cheap: WeakKeyDictionary[Listing, NDArray[np.float64]] = WeakKeyDictionary()

    def vectors(self, listing: Listing) -> Vectors:
        """Unit vectors (n, k) of the rows' properties, rare ones weighing more (idf); zero where nothing is known.

        Their products are cosines, 0 to 1. What all rows bear tells nothing apart, nor does what one alone bears.
        """
        found = self._vectors.get(listing)
        if found is None:
            found = self._vectors[listing] = _vectors(listing)
        return found

    def cheap(self, listing: Listing) -> NDArray[np.float64]:
        """Shape (n,), -1 to 1: how far the price is below what rows with such properties cost here; 0 is unknown.

        The expected price is a hedonic regression (Rosen 1974): the log price on the properties, with a ridge.
        """
        found = self._cheap.get(listing)
        if found is None:
            found = self._cheap[listing] = _cheap(self.vectors(listing), log_prices(listing))
        return found


def variety(vectors: Vectors) -> float:
    """The mean dissimilarity (1 - cosine) of all pairs of rows: 0 all alike, 1 nothing in common."""
    n = len(vectors)
    if n < 2:
        return 0.0
    alike = vectors @ vectors.T
    return 1.0 - float(alike.sum() - np.trace(alike)) / (n * (n - 1))


def _vectors(listing: Listing) -> Vectors:
    n = len(listing)
    numbers: dict[tuple[str, str], int] = {}
    rows: list[int] = []
    kinds: list[int] = []
    for row, attributes in enumerate(listing.attributes):
        pairs = set(words(attributes))
        rows += [row] * len(pairs)
        kinds += [numbers.setdefault(pair, len(numbers)) for pair in pairs]
    counts = np.bincount(kinds, minlength=len(numbers)) if kinds else np.zeros(0, np.int64)
    telling = np.flatnonzero((counts > 1) & (counts < n))
    telling = telling[np.argsort(-counts[telling], kind="stable")[:MAX_PROPERTIES]]
    table = np.zeros((n, len(numbers)), np.float32)
    table[rows, kinds] = 1.0
    table = table[:, telling] * np.log(n / counts[telling]).astype(np.float32)
    length = np.sqrt((table * table).sum(axis=1, keepdims=True))
    found: Vectors = np.divide(table, length, out=np.zeros_like(table), where=length > 0)
    return found


def _cheap(vectors: Vectors, price: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(price)
    found = np.zeros(len(price))
    if known.sum() < 3 or not vectors.shape[1]:
        return found
    mean = float(price[known].mean())
    rows = vectors[known].astype(np.float64)
    square = rows.T @ rows + RIDGE * np.eye(rows.shape[1])
    weights = np.linalg.solve(square, rows.T @ (price[known] - mean))
    found[known] = np.tanh((mean + rows @ weights - price[known]) / DEAR)
    return found
