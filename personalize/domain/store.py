"""What a store of profiles, events, links, and the shop's stores and stock has to do; the plugs live in `stores/`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from personalize.domain.desk.store import DeskStore
from personalize.domain.offers.ledger import OfferStore, PriceLedger
from personalize.domain.places.stock import StockRow

MAX_LINKS = 1_000
"""Links of one visitor that are told."""

MAX_TRIALS = 1_000
"""Experiments of which something is told."""


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


class PlaceRow(NamedTuple):
    """A store of the shop's as a store of ours sees it: its id and opaque bytes."""

    id: str
    body: bytes


class Store(Protocol):
    """Where profiles, events, links, and the shop's stores and stock stay.

    Every method raises `StoreError`, soon, and never blocks the loop.

    A store has no clock: `at` is the caller's now in seconds since the epoch. What has expired at `at` is not
    there, even when it is not deleted yet.
    """

    offers: OfferStore | None
    """Where offers' money is counted, atomically for all processes on the store; None: no offers run here."""

    list_prices: PriceLedger | None
    """The ledger of list prices; it is there where `offers` is."""

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

    async def trials(self) -> dict[str, bytes]:
        """What is kept of experiments, opaque bytes by name, at most `MAX_TRIALS`."""
        ...

    async def put_trial(self, name: str, body: bytes) -> None:
        """Keep this of an experiment, in place of anything before."""
        ...

    async def drop_trial(self, name: str) -> bool:
        """Keep nothing of an experiment any more; whether there was something."""
        ...

    async def erase(self, visitor: str) -> int:
        """Delete the profile, the events and the links of a visitor key, and its name in promises; how many rows."""
        ...

    async def prune(self, at: float, events_before: float | None = None) -> int:
        """Delete what expired at `at`, and events older than `events_before`; how many rows went."""
        ...

    async def places_version(self) -> int:
        """A number that goes up whenever stores or stock were put; 0 before."""
        ...

    async def put_places(self, rows: Sequence[PlaceRow]) -> None:
        """Put these in the place of all stores there were, all or none."""
        ...

    async def places(self) -> list[PlaceRow]:
        """All stores, in the order of their ids."""
        ...

    async def put_stock(self, rows: Sequence[StockRow], before: int) -> None:
        """Put these in the place of all stock there was, all or none; (store, variant) is there once.

        `before` is the `places_version` that they build on: `StoreError` (`STORE_CHANGED`) where it is another by now.
        Readers see the old stock until the new one is complete.
        """
        ...

    def stock(self) -> AsyncIterator[StockRow]:
        """All stock, of one moment, in the order of store and variant; read in pages.

        `StoreError` (`STORE_CHANGED`) where another put stock meanwhile, and what was begun cannot be ended.
        """
        ...
