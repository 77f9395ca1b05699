"""Stores and their stock for the operator: what is known of each, how old that is, whether it may be promised by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from personalize.domain.places.shop_store import ShopStore
from personalize.places.book import Tally
from personalize.places.keeper import Keeper

PAGE = 50


@dataclass(frozen=True, slots=True)
class StoreStanding:
    """A store and what its stock amounts to. `open` None: nobody knows its hours, or its time zone is none."""

    store: ShopStore
    open: bool | None
    stock: Tally

    @property
    def stale(self) -> bool:
        """Whether there is stock, and all of it was seen too long ago to promise anything by."""
        return 0 < self.stock.rows == self.stock.stale


class StoreBoard:
    """The stores that the gateway knows now. `zone` is the shop's time zone, for stores without their own."""

    def __init__(self, keeper: Keeper, zone: str) -> None:
        self._keeper, self._zone = keeper, zone

    @property
    def max_age(self) -> float:
        """Seconds after which an observation is stale."""
        return self._keeper.terms.stock_max_age

    @property
    def count(self) -> int:
        """How many stores there are."""
        return len(self._keeper.book.stores)

    async def standings(self, after: str = "", limit: int = PAGE) -> tuple[list[StoreStanding], str | None]:
        """Stores by id, and the id to go on after, None at the end."""
        book, terms, at = self._keeper.book, self._keeper.terms, self._keeper.clock()
        tallies = await asyncio.to_thread(book.tally, terms.low_stock, at - terms.stock_max_age)
        found = [pair for pair in zip(book.stores, tallies, strict=True) if pair[0].id > after]
        page = [StoreStanding(store, self._open(store, at), tally) for store, tally in found[:limit]]
        return page, page[-1].store.id if len(found) > limit else None

    def _open(self, store: ShopStore, at: float) -> bool | None:
        return None if store.hours is None else store.hours.is_open(at, store.zone(self._zone))
