"""What a shared cache has to do; the plugs live in `caches/`."""

from __future__ import annotations

from typing import Protocol


class Cache(Protocol):
    """Bytes under names, until they expire; anything may be dropped at any time. Methods raise `StoreError`, soon.

    A cache has no clock: `at` is the caller's now in seconds since the epoch. No request ever waits for it.
    """

    async def open(self) -> None:
        """Connect."""
        ...

    async def close(self) -> None:
        """Let go of connections. Closing twice is allowed."""
        ...

    async def get(self, key: str, at: float) -> bytes | None:
        """The bytes under `key`, or None if there are none or they expired."""
        ...

    async def put(self, key: str, body: bytes, expires_at: float, at: float) -> None:
        """Keep the bytes under `key`, in place of what was there."""
        ...

    async def add(self, key: str, body: bytes, expires_at: float, at: float) -> bool:
        """Keep the bytes where there are none yet; whether it did. Of many callers at once one is told yes."""
        ...

    async def drop(self, key: str) -> None:
        """Forget what is under `key`, if anything is."""
        ...
