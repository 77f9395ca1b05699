"""Keeps the book: reads stores and stock from the store, has them refreshed by their source, and puts them in place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from personalize.domain.breaker import Breaker
from personalize.domain.clock import Clock
from personalize.domain.places.shop_store import ShopStore, unpack
from personalize.domain.places.stock import StockRow
from personalize.domain.places.terms import Terms
from personalize.domain.store import EventRow, Store
from personalize.errors import PersonalizeError, PlaceError
from personalize.events.log import dump
from personalize.places.book import Book
from personalize.places.changes import Merged, events_of, merge
from personalize.telemetry import Telemetry

LOOK_SECONDS = 2.0
"""How soon the gateway knows of what another process put into the store."""
FETCH_SECONDS = 120.0
PAUSE_SECONDS = 300.0


class StockSource(Protocol):
    """Tells the stock of a shop: a plug of the socket `stock`."""

    async def fetch(self, stores: Mapping[str, ShopStore], at: float) -> list[StockRow]:
        """All stock in these stores, as observed at `at`. Raises PersonalizeError; never a part of it."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


async def put(store: Store, new: Sequence[StockRow], now: float) -> Merged:
    """Put new stock over what a store holds, and what changed into its log. Raises PlaceError, StoreError.

    All or nothing; two that do so at once do not lose each other's rows (the second is told, STORE_CHANGED).
    """
    before = await store.places_version()
    old = [row async for row in store.stock()]
    merged = await asyncio.to_thread(merge, old, new, now)
    await store.put_stock(merged.rows, before)
    events = [EventRow(one.event_id, one.at, None, dump(one)) for one in events_of(merged.changed, now)]
    if events:
        await store.append_events(events)
    return merged


async def stores_of(store: Store) -> dict[str, ShopStore]:
    """The stores that were imported, by id. Raises StoreError, or PlaceError where a row cannot be read."""
    try:
        return {row.id: unpack(row.body) for row in await store.places()}
    except ValueError as error:
        raise PlaceError(f"a store of the shop cannot be read: {error}", hint="import the stores again") from error


class Keeper:
    """Holds the `book`. `heard` is called with each new one; the loop never stops for a fault, it is counted."""

    def __init__(
        self, store: Store, named: Mapping[str, ShopStore], terms: Terms, telemetry: Telemetry, clock: Clock,
        source: StockSource | None = None,
    ) -> None:  # fmt: skip
        self.store, self.named, self.terms, self.telemetry, self.clock = store, named, terms, telemetry, clock
        self.source, self.book, self.version = source, Book(named), 0
        self.heard: list[Callable[[Book], None]] = []
        self._due = float("-inf")
        self._breaker = Breaker(clock, failures=3, pause=PAUSE_SECONDS)

    @property
    def active(self) -> bool:
        """Whether anything is known of any store."""
        return bool(self.book.stores)

    async def keep(self) -> None:
        """Look again and again, until cancelled."""
        if self.active:
            self._tell()
        while True:
            await self.look()
            if self.source is not None and self.active and self.clock() >= self._due and not self._breaker.open:
                self._due = self.clock() + self.terms.refresh
                await self.refresh(self.source)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> bool:
        """Take what is in the store into use, where it changed; whether it did."""
        try:
            version = await self.store.places_version()
            if version == self.version:
                return False
            stores = {**self.named, **await stores_of(self.store)}
            rows = [row async for row in self.store.stock()]
            self.book = await asyncio.to_thread(Book, stores, rows)
        except PersonalizeError as error:
            self.telemetry.fault("places", error.code, error)
            return False
        self.version = version
        self._tell()
        return True

    def _tell(self) -> None:
        for heard in self.heard:
            heard(self.book)

    async def refresh(self, source: StockSource) -> None:
        """Ask the source, unless another process did lately, and put what it says into the store."""
        if self.book.newest > self.clock() - self.terms.refresh / 2:
            return
        stores = {store.id: store for store in self.book.stores}
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                rows = await source.fetch(stores, self.clock())
                await put(self.store, rows, self.clock())
        except (PersonalizeError, TimeoutError) as error:
            self._breaker.failed()
            self.telemetry.fault("places", getattr(error, "code", "STOCK_LATE"), error)
        except Exception as error:  # a shop's answer that nobody thought of
            self._breaker.failed()
            self.telemetry.fault("places", type(error).__name__, error)
        else:
            self._breaker.worked()
            await self.look()

    async def close(self) -> None:
        """Let go of the source."""
        if self.source is not None:
            await self.source.close()
