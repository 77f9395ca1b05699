"""The book: all stores and their stock in memory, made to be asked for a few items and a few stores at once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from personalize.domain.places.distance import haversine
from personalize.domain.places.shop_store import ShopStore
from personalize.domain.places.stock import StockRow


class Seen(NamedTuple):
    """What is known of an item in a store: how many (of its variants the most), and when that was seen."""

    quantity: int
    observed_at: float


class Tally(NamedTuple):
    """What a store's stock amounts to: rows in all, none left, few left, seen too long ago; first and last seen at."""

    rows: int
    out: int
    low: int
    stale: int
    oldest: float | None
    newest: float | None


class Book:
    """Immutable. Stores are numbered in the order of their ids; stock lies in columns, 24 bytes a row.

    Rows of stores that nobody knows are left out.
    """

    def __init__(self, stores: Mapping[str, ShopStore] | None = None, stock: Iterable[StockRow] = ()) -> None:
        self.stores: tuple[ShopStore, ...] = tuple(one for _, one in sorted((stores or {}).items()))
        self.number = {store.id: at for at, store in enumerate(self.stores)}
        self._at = np.array([store.at for store in self.stores], np.float64).reshape(-1, 2)
        variants: dict[str, int] = {}
        products: dict[str, list[int]] = {}
        of, where, quantity, seen = array("q"), array("q"), array("q"), array("d")
        for row in stock:
            at = self.number.get(row.store)
            if at is None:
                continue
            variant = variants.get(row.variant)
            if variant is None:
                variant = variants[row.variant] = len(variants)
                products.setdefault(row.product, []).append(variant)
            of.append(variant)
            where.append(at)
            quantity.append(row.quantity)
            seen.append(row.observed_at)
        self.variants, self.products = variants, {name: tuple(numbers) for name, numbers in products.items()}
        key = np.array(of, np.int64) * max(len(self.stores), 1) + np.array(where, np.int64)
        order = np.argsort(key, kind="stable")
        self._key = key[order]
        self._quantity: NDArray[np.int64] = np.array(quantity, np.int64)[order]
        self._seen: NDArray[np.float64] = np.array(seen, np.float64)[order]

    def __len__(self) -> int:
        """Rows of stock."""
        return len(self._key)

    @property
    def newest(self) -> float:
        """When the latest observation was made, -inf without any."""
        return float(self._seen.max()) if len(self._seen) else float("-inf")

    def distances(self, origin: tuple[float, float]) -> NDArray[np.float64]:
        """Kilometres from a (latitude, longitude) to each store, (n,)."""
        return haversine(origin, self._at)

    def variants_of(self, product: str, variant: str) -> tuple[int, ...]:
        """The numbers of the variants that a row stands for: its own, or all of its product where it names none."""
        if variant == product:  # ids of products and of variants may be the same numbers
            return self.products.get(product, ())
        number = self.variants.get(variant)
        return () if number is None else (number,)

    def seen(self, variants: Sequence[int], stores: Sequence[int], since: float) -> list[Seen | None]:
        """What is known in each of `stores` of an item of these variants; None where nothing is.

        What was seen at `since` or later goes before what is older; of equals the largest quantity counts.
        """
        found: list[Seen | None] = [None] * len(stores)
        if not len(self._key) or not variants or not stores:
            return found
        keys = [variant * len(self.stores) + store for variant in variants for store in stores]
        places = np.minimum(np.searchsorted(self._key, keys), len(self._key) - 1)
        columns = zip(
            keys, self._key[places].tolist(), self._quantity[places].tolist(), self._seen[places].tolist(), strict=True
        )
        for at, (key, there, quantity, observed_at) in enumerate(columns):
            if there != key:
                continue
            old = found[at % len(stores)]
            if old is None or (observed_at >= since, quantity) > (old.observed_at >= since, old.quantity):
                found[at % len(stores)] = Seen(quantity, observed_at)
        return found

    def has(self, store: str, products: Sequence[str], since: float) -> NDArray[np.bool_]:
        """Whether a store has each product, (n,), as seen at `since` or later."""
        found = np.zeros(len(products), np.bool_)
        at = self.number.get(store)
        if at is None or not len(self._key):
            return found
        numbers = [self.products.get(product, ()) for product in products]
        owner = np.repeat(np.arange(len(products)), [len(some) for some in numbers])
        keys = np.array([number for some in numbers for number in some], np.int64) * len(self.stores) + at
        places = np.minimum(np.searchsorted(self._key, keys), len(self._key) - 1)
        there = (self._key[places] == keys) & (self._quantity[places] > 0) & (self._seen[places] >= since)
        found[owner[there]] = True
        return found

    def tally(self, low: int, since: float) -> list[Tally]:
        """One of each store, in their order; `low` or fewer are few, and what was seen before `since` is stale.

        Looks at all rows (a tenth of a second for some millions): for the operator, off the loop.
        """
        count = len(self.stores)
        if not count:
            return []
        where = self._key % count
        oldest, newest = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(oldest, where, self._seen)
        np.maximum.at(newest, where, self._seen)
        few = (self._quantity > 0) & (self._quantity <= low)
        columns = [
            np.bincount(where[mask], minlength=count).tolist()
            for mask in (slice(None), self._quantity <= 0, few, self._seen < since)
        ]
        seen = zip(oldest.tolist(), newest.tolist(), strict=True)
        return [
            Tally(*numbers, *(ends if numbers[0] else (None, None)))
            for numbers, ends in zip(zip(*columns, strict=True), seen, strict=True)
        ]

    def called(self, store: str) -> str | None:
        """A store's name."""
        at = self.number.get(store)
        return None if at is None else self.stores[at].name
