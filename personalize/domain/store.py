"""What a store of visitors' profiles, events and links has to do; the plugs live in `stores/`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from personalize.domain.desk.store import DeskStore

MAX_LINKS = 1_000
"""Links of one visitor that are told."""


class ProfileRow(NamedTuple):
    """A profile as a store sees it: an opaque key, opaque bytes, and when it ends (seconds since the epoch)."""

    key: str
    body: bytes
    expires_at: float


class EventRow(NamedTuple):
    """An event as a store sees it: its id, its time (seconds since the epoch), whose it is, and its JSON line."""

    event_id: str
    at: float
    visitor: str | None
    line: bytes


class Store(Protocol):
    """Where profiles, events and links stay. Every method raises `StoreError`, soon, and never blocks the loop.

    A store has no clock: `at` is the caller's now in seconds since the epoch. What has expired at `at` is not
    there, even when it is not deleted yet.
    """

    @property
    def desk(self) -> DeskStore:
        """Where the operator's desk stays, beside all this and of none of these visitors."""
        ...

    async def open(self) -> None:
        """Connect and bring the schema up to date. Later calls connect by themselves if this failed."""
        ...

    async def close(self) -> None:
        """Let go of files and threads. Closing twice is allowed."""
        ...

    async def get_profile(self, key: str, at: float) -> bytes | None:
        """The bytes last put under `key`, or None if there are none or they expired."""
        ...

    async def put_profiles(self, rows: Sequence[ProfileRow]) -> None:
        """Write all rows or none; the last of equal keys wins."""
        ...

    async def delete_profile(self, key: str) -> bool:
        """Delete a profile; whether there was one."""
        ...

    async def append_events(self, rows: Sequence[EventRow]) -> int:
        """Append all rows whose `event_id` is not known yet, all or none; how many were new."""
        ...

    def events(
        self, since: float | None = None, until: float | None = None, visitor: str | None = None
    ) -> AsyncIterator[EventRow]:
        """Events with `since` <= time < `until`, in time order; read in pages, so writes go on meanwhile."""
        ...

    async def newest(self, limit: int, *, since: float | None = None) -> list[EventRow]:
        """The last `limit` events with `since` <= time, the newest first."""
        ...

    async def get_link(self, session: str, at: float) -> str | None:
        """The visitor key that a session hash was linked to, or None."""
        ...

    async def put_link(self, session: str, visitor: str, expires_at: float) -> None:
        """Link a session hash to a visitor key until `expires_at`."""
        ...

    async def links(self, visitor: str, at: float) -> list[str]:
        """The session hashes linked to a visitor key, in the order of their letters, at most `MAX_LINKS`."""
        ...

    async def erase(self, visitor: str) -> int:
        """Delete the profile, the events and the links of a visitor key; how many rows went."""
        ...

    async def prune(self, at: float, events_before: float | None = None) -> int:
        """Delete what expired at `at`, and events older than `events_before`; how many rows went."""
        ...
