"""The reference store: everything in this process, bounded, gone at its end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

from cachetools import LRUCache

from personalize.domain.store import MAX_LINKS, EventRow, ProfileRow
from personalize.stores.memory_desk import MemoryDesk


class MemoryStore:
    """Keeps the most recently used profiles and links, and the newest events, up to the bounds given."""

    def __init__(self, *, profiles: int = 10_000, events: int = 200_000, links: int = 50_000) -> None:
        self._profiles: LRUCache[str, ProfileRow] = LRUCache(profiles)
        self._links: LRUCache[str, tuple[str, float]] = LRUCache(links)
        self._events: OrderedDict[str, EventRow] = OrderedDict()
        self._events_max = events
        self.desk = MemoryDesk()

    @classmethod
    def from_url(cls, url: str) -> MemoryStore:
        """`memory://`; the address holds nothing else."""
        return cls()

    async def open(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def get_profile(self, key: str, at: float) -> bytes | None:
        row = self._profiles.get(key)
        return None if row is None or row.expires_at <= at else row.body

    async def put_profiles(self, rows: Sequence[ProfileRow]) -> None:
        for row in rows:
            self._profiles[row.key] = row

    async def delete_profile(self, key: str) -> bool:
        return self._profiles.pop(key, None) is not None

    async def append_events(self, rows: Sequence[EventRow]) -> int:
        before = len(self._events)
        new = 0
        for row in rows:
            if row.event_id not in self._events:
                self._events[row.event_id] = row
                new += 1
        for _ in range(before + new - self._events_max):
            self._events.popitem(last=False)
        return new

    async def events(
        self, since: float | None = None, until: float | None = None, visitor: str | None = None
    ) -> AsyncIterator[EventRow]:
        rows = [
            row
            for row in self._events.values()
            if (since is None or row.at >= since)
            and (until is None or row.at < until)
            and (visitor is None or row.visitor == visitor)
        ]
        for row in sorted(rows, key=lambda row: row.at):
            yield row

    async def newest(self, limit: int, *, since: float | None = None) -> list[EventRow]:
        rows = [row for row in self._events.values() if since is None or row.at >= since]
        return sorted(rows, key=lambda row: row.at)[: -limit - 1 : -1] if limit > 0 else []

    async def get_link(self, session: str, at: float) -> str | None:
        visitor, expires_at = self._links.get(session, ("", 0.0))
        return visitor if visitor and expires_at > at else None

    async def put_link(self, session: str, visitor: str, expires_at: float) -> None:
        self._links[session] = (visitor, expires_at)

    async def links(self, visitor: str, at: float) -> list[str]:
        return sorted(name for name, (whose, end) in self._links.items() if whose == visitor and end > at)[:MAX_LINKS]

    async def erase(self, visitor: str) -> int:
        gone = int(self._profiles.pop(visitor, None) is not None)
        gone += _drop(self._events, [row.event_id for row in self._events.values() if row.visitor == visitor])
        return gone + _drop(self._links, [name for name, link in self._links.items() if link[0] == visitor])

    async def prune(self, at: float, events_before: float | None = None) -> int:
        gone = _drop(self._profiles, [row.key for row in self._profiles.values() if row.expires_at <= at])
        gone += _drop(self._links, [name for name, link in self._links.items() if link[1] <= at])
        if events_before is not None:
            gone += _drop(self._events, [row.event_id for row in self._events.values() if row.at < events_before])
        return gone


def _drop(
    table: LRUCache[str, ProfileRow] | LRUCache[str, tuple[str, float]] | OrderedDict[str, EventRow], keys: list[str]
) -> int:
    for key in keys:
        del table[key]
    return len(keys)
