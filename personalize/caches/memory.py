"""The reference cache: everything in this process, bounded, gone at its end."""

from __future__ import annotations

from cachetools import LRUCache

MAX_BYTES = 32 * 1024 * 1024
OVERHEAD = 256  # bytes an entry costs beside its key and body, roughly


class MemoryCache:
    """Keeps what was used last, up to `size` bytes."""

    def __init__(self, size: int = MAX_BYTES) -> None:
        self._entries: LRUCache[str, tuple[bytes, float]] = LRUCache(size, getsizeof=lambda one: OVERHEAD + len(one[0]))

    @classmethod
    def from_url(cls, url: str) -> MemoryCache:
        """`memory://`; the address holds nothing else."""
        return cls()

    async def open(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def get(self, key: str, at: float) -> bytes | None:
        body, expires_at = self._entries.get(key, (b"", 0.0))
        return body if expires_at > at else None

    async def put(self, key: str, body: bytes, expires_at: float, at: float) -> None:
        if OVERHEAD + len(body) <= self._entries.maxsize:  # one that is larger than all would raise, and is not kept
            self._entries[key] = (body, expires_at)
        else:
            self._entries.pop(key, None)

    async def add(self, key: str, body: bytes, expires_at: float, at: float) -> bool:
        if await self.get(key, at) is not None:
            return False
        await self.put(key, body, expires_at, at)
        return True

    async def drop(self, key: str) -> None:
        self._entries.pop(key, None)
