"""Which session of the shop continues which: a login changes the token, the visitor stays."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import TTLCache

from personalize.domain.permission import Keep
from personalize.domain.store import Store
from personalize.domain.visit import Trust, VisitorId
from personalize.visitors.identity import profile_key, visitor_of

CAPACITY = 16_384
ABSENT = 2.0
"""Seconds that `there is no link` is believed; another process may have written one."""


class Links:
    """Links from a session's key to the key it began as; session-only ones live `memory` seconds, in memory."""

    def __init__(self, store: Store, clock: Callable[[], float], *, memory: float, ttl: float) -> None:
        self._store, self._clock, self._ttl = store, clock, ttl
        self._known: TTLCache[str, str] = TTLCache(CAPACITY, memory, timer=clock)
        self._absent: TTLCache[str, bool] = TTLCache(CAPACITY, ABSENT, timer=clock)
        self._unwritten: dict[str, str] = {}

    def known_key(self, key: str) -> str:
        """The key that `key` is linked to as far as memory knows, else `key` itself."""
        target = self._known.get(key)
        if target is None:
            return key
        self._known[key] = target  # its time begins anew
        return target

    def known(self, visitor: VisitorId) -> VisitorId:
        """The visitor behind a session, as far as memory knows."""
        key = profile_key(visitor)
        target = self.known_key(key)
        return visitor if target == key else visitor_of(target)

    async def canonical(self, visitor: VisitorId) -> VisitorId:
        """The visitor behind a session; only sessions of the shop are ever linked. Raises `StoreError`."""
        key = profile_key(visitor)
        if visitor.trust is not Trust.SHOP or key in self._absent:
            return visitor
        if key not in self._known:
            target = await self._store.get_link(visitor.value, self._clock())
            if target is None:
                self._absent[key] = True
                return visitor
            self._known[key] = target
        return self.known(visitor)

    def add(self, old: VisitorId, new: VisitorId, keep: Keep) -> None:
        """Let `new` continue `old`; both are sessions of the shop, else nothing happens."""
        if old == new or old.trust is not Trust.SHOP or new.trust is not Trust.SHOP:
            return
        key, target = profile_key(new), self.known_key(profile_key(old))
        if key == target or key in self._known:
            return
        self._known[key] = target
        self._absent.pop(key, None)
        if keep is Keep.STORE and len(self._unwritten) < CAPACITY:
            self._unwritten[new.value] = target

    async def write(self) -> None:
        """Put new links down. Raises `StoreError`; what is not written yet is tried again next time."""
        for session in list(self._unwritten):
            await self._store.put_link(session, self._unwritten[session], self._clock() + self._ttl)
            del self._unwritten[session]

    def drop(self, target: str) -> None:
        """Forget every link to a key."""
        for key in [key for key, value in self._known.items() if value == target]:
            self._known.pop(key, None)
        for session in [session for session, value in self._unwritten.items() if value == target]:
            del self._unwritten[session]
