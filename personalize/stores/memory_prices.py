"""The ledger of list prices in this process: lowest and highest by variant, currency and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cachetools import LRUCache

from personalize.domain.offers.ledger import ListPrice
from personalize.domain.offers.money import Money

VARIANTS_MAX = 50_000


class MemoryPrices:
    """Fulfils `PriceLedger`, for the most recently noted variants."""

    def __init__(self) -> None:
        self._days: LRUCache[tuple[str, str], dict[str, tuple[int, int]]] = LRUCache(VARIANTS_MAX)

    async def note(self, prices: Sequence[ListPrice]) -> None:
        for variant, day, price in prices:
            days = self._days.setdefault((variant, price.currency), {})
            low, high = days.get(day, (price.minor, price.minor))
            days[day] = min(low, price.minor), max(high, price.minor)

    async def lowest(self, variants: Sequence[str], currency: str, first: str, last: str) -> Mapping[str, Money]:
        found = {}
        for variant in variants:
            days = self._days.get((variant, currency), {})
            lows = [low for day, (low, _) in days.items() if first <= day <= last]
            if lows:
                found[variant] = Money(min(lows), currency)
        return found

    async def highest(self, variants: Sequence[str], currency: str, day: str) -> Mapping[str, Money]:
        days = {variant: self._days.get((variant, currency), {}).get(day) for variant in variants}
        return {variant: Money(both[1], currency) for variant, both in days.items() if both is not None}

    async def since(self) -> str | None:
        return min((day for days in self._days.values() for day in days), default=None)

    async def prune(self, before: str) -> int:
        gone = 0
        for key, days in list(self._days.items()):
            for day in [day for day in days if day < before]:
                del days[day]
                gone += 1
            if not days:
                del self._days[key]
        return gone
