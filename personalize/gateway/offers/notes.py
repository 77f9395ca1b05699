"""Notes taken beside requests and written down behind them: list prices by day, and what visitors were shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import orjson
from cachetools import LRUCache

from personalize.domain.offers.ledger import ListPrice, OfferStore, PriceLedger, Promise, Shown
from personalize.domain.offers.money import Money
from personalize.domain.patch import Reprice
from personalize.guardrails.price import sound
from personalize.telemetry import Telemetry

if TYPE_CHECKING:
    from personalize.gateway.offers.book import Told

NOTED_MAX = 50_000
"""Prices, or records, that wait to be written; what is over it is dropped and counted."""
SEEN_MAX = 100_000
STEP = 1_000


class PriceNotes:
    """List prices as everybody is asked them: lowest and highest of the day by variant, until `flush` writes them."""

    def __init__(self, ledger: PriceLedger, telemetry: Telemetry, day: Callable[[], str]) -> None:
        self._ledger, self._telemetry, self._day = ledger, telemetry, day
        self._waiting: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._said: LRUCache[tuple[str, str, str], tuple[int, int]] = LRUCache(SEEN_MAX)
        self.dearest: dict[str, Money] = {}
        """The highest price of today by variant, of the variants that offers lower (`remember`)."""

    def note(self, variant: str, price: Money) -> None:
        """Note one price of now; what is no price of an item is left out."""
        if not variant or not sound(price) or price.minor == 0:
            return
        key = (variant, self._day(), price.currency)
        said = self._said.get(key)
        if said is not None and said[0] <= price.minor <= said[1]:
            return
        low, high = self._waiting.get(key, said or (price.minor, price.minor))
        if key not in self._waiting and len(self._waiting) >= NOTED_MAX:
            self._telemetry.count("offers", "price_not_noted")
            return
        self._waiting[key] = self._said[key] = min(low, price.minor), max(high, price.minor)
        known = self.dearest.get(variant)
        if known is not None and known.currency == price.currency and price > known:
            self.dearest[variant] = price

    def remember(self, dearest: Mapping[str, Money]) -> None:
        """Take over the highest prices of today for the variants of offers."""
        self.dearest = dict(dearest)

    async def flush(self) -> None:
        """Write down what was noted. Raises `StoreError`; then it is tried again."""
        waiting = list(self._waiting.items())
        for start in range(0, len(waiting), STEP):
            part = waiting[start : start + STEP]
            await self._ledger.note(
                [ListPrice(v, day, Money(minor, currency)) for (v, day, currency), both in part for minor in {*both}]
            )
            for key, both in part:
                if self._waiting.get(key) == both:
                    del self._waiting[key]


class Record:
    """What visitors were shown and why: each promised price the first time, until `flush` writes it."""

    def __init__(self, store: OfferStore, telemetry: Telemetry) -> None:
        self._store, self._telemetry = store, telemetry
        self._seen: LRUCache[tuple[str, str], bool] = LRUCache(SEEN_MAX)
        self._waiting: dict[tuple[str, str], Shown] = {}

    def add(
        self, visitor: str, promise: Promise, changes: Sequence[Reprice], told: Mapping[str, Told], at: float
    ) -> None:  # fmt: skip
        """Note the prices of one promise that are being shown; those that were before cost a look."""
        for change in changes:
            price = change.price
            key = (promise.promise_id, price.variant)
            if key in self._seen:
                continue
            if len(self._waiting) >= NOTED_MAX:
                self._telemetry.count("offers", "showing_not_recorded")
                return
            self._seen[key] = True
            beside = told[price.variant]
            body = orjson.dumps({
                "offer": price.offer, "product": price.product, "currency": price.price.currency,
                "listed": str(price.listed.amount), "price": str(price.price.amount),
                "valid_until": price.valid_until, "disclosure": beside.disclosure,
                "lowest_price_30d": None if beside.lowest is None else str(beside.lowest.amount),
                "strategy": change.author.strategy, "version": change.author.version,
                "reason": change.reason.code, "parameters": dict(change.reason.parameters),
            })  # fmt: skip
            self._waiting[key] = Shown(promise.promise_id, price.variant, visitor, at, body)

    def forget(self, visitor: str) -> None:
        """Drop what waits of a visitor."""
        for key in [key for key, row in self._waiting.items() if row.visitor == visitor]:
            del self._waiting[key]

    async def flush(self) -> None:
        """Write down what was noted. Raises `StoreError`; then it is tried again."""
        waiting = list(self._waiting.items())
        for start in range(0, len(waiting), STEP):
            part = waiting[start : start + STEP]
            await self._store.record([row for _, row in part])
            for key, row in part:
                if self._waiting.get(key) is row:
                    del self._waiting[key]
