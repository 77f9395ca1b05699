"""Orders: whose checkout an order code was seen in, so that a payment told later, by a server, finds its visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from cachetools import TTLCache

from personalize.domain.clock import Clock
from personalize.domain.event import EventItem
from personalize.domain.permission import Keep
from personalize.domain.store import Store
from personalize.errors import EventError, StoreError
from personalize.events.log import parse

ORDER_SECONDS = 7 * 86_400.0
"""So long after its checkout an order may be told of by its code alone."""

MAX_ORDERS = 10_000
MAX_LINES = 2_000  # lines of a visitor's log that are looked through for a checkout
FIND_SECONDS = 0.5
PREFIX = "order:"


@dataclass(frozen=True, slots=True)
class Order:
    """Whose order it is, how long that may be kept, and what was in the cart at its checkout (may be unknown)."""

    key: str
    keep: Keep
    items: tuple[EventItem, ...] = ()


class Orders:
    """Order code to visitor, for ORDER_SECONDS after the checkout; MAX_ORDERS of them in memory, consented ones stored.

    What is stored is a link from a hash of the code to the visitor's key: it goes when the visitor is forgotten. What
    was in the cart stands in the visitor's own lines of the log.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._seen: TTLCache[str, Order] = TTLCache(MAX_ORDERS, ORDER_SECONDS, timer=clock)
        self._unwritten: dict[str, str] = {}

    def note(self, code: str, key: str, keep: Keep, items: Sequence[EventItem]) -> None:
        """Remember a checkout."""
        if keep is Keep.NOWHERE:
            return
        known = self._seen.get(code)
        self._seen[code] = Order(key, keep, tuple(items))
        if keep is Keep.STORE and (known is None or known.key != key) and len(self._unwritten) < MAX_ORDERS:
            self._unwritten[_link(code)] = key

    async def write(self) -> None:
        """Put new links down. Raises `StoreError`; what is not written yet is tried again next time."""
        for link in list(self._unwritten):
            await self._store.put_link(link, self._unwritten[link], self._clock() + ORDER_SECONDS)
            self._unwritten.pop(link, None)

    async def find(self, code: str) -> Order | None:
        """The order of a code; None where no checkout was seen. Raises `StoreError`, also where the store is late."""
        found = self._seen.get(code)
        if found is not None:
            return found
        try:
            async with asyncio.timeout(FIND_SECONDS):
                key = await self._store.get_link(_link(code), self._clock())
                return None if key is None else Order(key, Keep.STORE, await self._items(code, key))
        except TimeoutError:
            raise StoreError("the store did not find an order in time", code="STORE_LATE") from None

    async def bought(self, code: str, owner: str) -> bool:
        """Whether the lines of an owner (`Entry.owner`) hold a purchase of this order. Raises `StoreError`."""
        left = MAX_LINES * 10
        try:
            async with asyncio.timeout(FIND_SECONDS):
                async for row in self._store.events(visitor=owner):
                    left -= 1
                    if left < 0:
                        break
                    if b'"purchase"' not in row.line:
                        continue
                    event = parse(row.line)
                    if event.event == "purchase" and event.transaction_id == code:
                        return True
        except TimeoutError:
            raise StoreError("the store did not find an order in time", code="STORE_LATE") from None
        return False

    def forget(self, key: str) -> None:
        """Forget the orders of a visitor; stored links go with the visitor's rows."""
        for code in [code for code, order in self._seen.items() if order.key == key]:
            self._seen.pop(code, None)
        for link in [link for link, whose in self._unwritten.items() if whose == key]:
            del self._unwritten[link]

    async def _items(self, code: str, key: str) -> tuple[EventItem, ...]:
        """What was in the cart, of the last checkout with this code in the visitor's log."""
        items: tuple[EventItem, ...] = ()
        left = MAX_LINES
        async for row in self._store.events(since=self._clock() - ORDER_SECONDS, visitor=key):
            left -= 1
            if left < 0:
                break
            if b'"begin_checkout"' not in row.line:
                continue
            try:
                event = parse(row.line)
            except EventError:
                continue
            seen = event.extra.get("source") is None  # not told by a client
            if seen and event.event == "begin_checkout" and event.transaction_id == code:
                items = event.items
        return items


def _link(code: str) -> str:
    return PREFIX + blake2b(code.encode(), digest_size=16).hexdigest()
