"""The embedded default store: one SQLite file, written by one thread, read by another."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

from personalize.domain.offers.ledger import OfferStore, PriceLedger
from personalize.domain.places.stock import StockRow
from personalize.domain.store import MAX_LINKS, MAX_TRIALS, EventRow, PlaceRow, ProfileRow
from personalize.errors import StoreError
from personalize.stores import sqlite_desk, sqlite_places
from personalize.stores.memory import changed_meanwhile
from personalize.stores.sqlite_file import Connection, Transaction, open_file
from personalize.stores.sqlite_offers import SqliteOffers, forget_promises
from personalize.stores.sqlite_prices import SqlitePrices

PAGE = 500
NEWEST_PAGE = 5_000
PRUNE_STEP = 5_000


class SqliteStore:
    """Profiles, events and links in a file. `deadline` and `busy` (waiting for another process's lock) in seconds.

    Connections in write-ahead mode, each in a thread of its own, so that a reader never waits for a writer, and a
    promise never for a batch of events that is still queued.
    """

    def __init__(self, path: Path | str, *, deadline: float = 2.0, busy: float = 1.0) -> None:
        self._path = Path(path)
        connect = partial(open_file, self._path, busy)
        self._writer = Connection("store writer", deadline, connect)
        self._reader = Connection("store reader", deadline, connect)
        self._offers = Connection("offers writer", deadline, connect)
        self.offers: OfferStore | None = SqliteOffers(self._offers, self._reader)
        self.list_prices: PriceLedger | None = SqlitePrices(self._offers, self._reader)
        self.desk = sqlite_desk.SqliteDesk(self._reader, self._writer)

    @classmethod
    def from_url(cls, url: str) -> SqliteStore:
        """`sqlite:///relative/path` or `sqlite:////absolute/path`."""
        path = url.partition(":///")[2]
        if not path or path.startswith(":"):
            raise StoreError(
                f"store address {url!r} names no file, expected sqlite:///path", hint="without a file use memory://"
            )
        return cls(path)

    async def open(self) -> None:
        await self._writer.run(lambda database: None)
        await self._reader.run(lambda database: None)  # now, not within the deadline of the first visitor

    async def close(self) -> None:
        await self._reader.close()
        await self._offers.close()
        await self._writer.close()

    async def get_profile(self, key: str, at: float) -> bytes | None:
        row = await self._reader.run(
            lambda database: database.execute(
                "SELECT body FROM profile WHERE key = ? AND expires_at > ?", (key, at)
            ).fetchone()
        )
        return None if row is None else bytes(row[0])

    async def put_profiles(self, rows: Sequence[ProfileRow]) -> None:
        if rows:
            await self._writer.change("INSERT OR REPLACE INTO profile VALUES (?, ?, ?)", list(rows))

    async def delete_profile(self, key: str) -> bool:
        return await self._writer.change("DELETE FROM profile WHERE key = ?", [(key,)]) > 0

    async def append_events(self, rows: Sequence[EventRow]) -> int:
        if not rows:
            return 0
        return await self._writer.change(
            "INSERT INTO event (event_id, at, visitor, line) VALUES (?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
            list(rows),
        )

    async def events(
        self, since: float | None = None, until: float | None = None, visitor: str | None = None
    ) -> AsyncIterator[EventRow]:
        low, high = (-1e18 if since is None else since), (1e18 if until is None else until)
        whose, values = ("visitor = ? AND", (visitor,)) if visitor is not None else ("", ())
        query = (
            f"SELECT event_id, at, visitor, line, number FROM event WHERE {whose} at < ? AND (at, number) > (?, ?)"  # noqa: S608
            " ORDER BY at, number LIMIT ?"
        )
        after = (low, -1)
        while True:
            page = await self._reader.run(
                lambda database, after=after: database.execute(query, (*values, high, *after, PAGE)).fetchall()  # type: ignore[misc]
            )
            for event_id, at, whom, line, _ in page:
                yield EventRow(event_id, at, whom, bytes(line))
            if len(page) < PAGE:
                return
            after = (page[-1][1], page[-1][4])

    async def newest(self, limit: int, *, since: float | None = None) -> list[EventRow]:
        query = (
            "SELECT event_id, at, visitor, line, number FROM event WHERE at >= ? AND (at, number) < (?, ?)"
            " ORDER BY at DESC, number DESC LIMIT ?"
        )
        low, before, found = (-1e18 if since is None else since), (1e18, 0), list[EventRow]()
        while len(found) < limit:
            size = min(NEWEST_PAGE, limit - len(found))
            page = await self._reader.run(
                lambda database, size=size, before=before: database.execute(query, (low, *before, size)).fetchall()  # type: ignore[misc]
            )
            found += [EventRow(event_id, at, whom, bytes(line)) for event_id, at, whom, line, _ in page]
            if len(page) < size:
                break
            before = (page[-1][1], page[-1][4])
        return found

    async def get_link(self, session: str, at: float) -> str | None:
        row = await self._reader.run(
            lambda database: database.execute(
                "SELECT visitor FROM link WHERE session = ? AND expires_at > ?", (session, at)
            ).fetchone()
        )
        return None if row is None else str(row[0])

    async def put_link(self, session: str, visitor: str, expires_at: float) -> None:
        await self._writer.change("INSERT OR REPLACE INTO link VALUES (?, ?, ?)", [(session, visitor, expires_at)])

    async def links(self, visitor: str, at: float) -> list[str]:
        rows = await self._reader.run(
            lambda database: database.execute(
                "SELECT session FROM link WHERE visitor = ? AND expires_at > ? ORDER BY session LIMIT ?",
                (visitor, at, MAX_LINKS),
            ).fetchall()
        )
        return [str(session) for (session,) in rows]

    async def trials(self) -> dict[str, bytes]:
        rows = await self._reader.run(
            lambda database: database.execute(
                "SELECT name, body FROM trial ORDER BY name LIMIT ?", (MAX_TRIALS,)
            ).fetchall()
        )
        return {str(name): bytes(body) for name, body in rows}

    async def put_trial(self, name: str, body: bytes) -> None:
        await self._writer.change("INSERT OR REPLACE INTO trial VALUES (?, ?)", [(name, body)])

    async def drop_trial(self, name: str) -> bool:
        return await self._writer.change("DELETE FROM trial WHERE name = ?", [(name,)]) > 0

    async def erase(self, visitor: str) -> int:
        def job(database: sqlite3.Connection) -> int:
            with Transaction(database):
                return forget_promises(database, visitor) + sum(
                    database.execute(f"DELETE FROM {table} WHERE {column} = ?", (visitor,)).rowcount  # noqa: S608
                    for table, column in (("profile", "key"), ("event", "visitor"), ("link", "visitor"))
                )

        return await self._writer.run(job)

    async def prune(self, at: float, events_before: float | None = None) -> int:
        gone = await self._prune("profile", "key", "expires_at <= ?", at)
        gone += await self._prune("link", "session", "expires_at <= ?", at)
        if events_before is not None:
            gone += await self._prune("event", "number", "at < ?", events_before)
        return gone

    async def places_version(self) -> int:
        return await self._reader.run(sqlite_places.version)

    async def put_places(self, rows: Sequence[PlaceRow]) -> None:
        def job(database: sqlite3.Connection) -> None:
            with Transaction(database):
                sqlite_places.put_places(database, rows)

        await self._writer.run(job)

    async def places(self) -> list[PlaceRow]:
        return await self._reader.run(sqlite_places.places)

    async def put_stock(self, rows: Sequence[StockRow], before: int) -> None:
        """In steps of their own transactions, so that other writers get their turn; the last one makes it hold."""

        def step(some: Sequence[StockRow], generation: int) -> Callable[[sqlite3.Connection], None]:
            def job(database: sqlite3.Connection) -> None:
                with Transaction(database):
                    sqlite_places.write(database, some, generation)

            return job

        def last(database: sqlite3.Connection) -> None:
            with Transaction(database):
                sqlite_places.publish(database, generation, before)

        generation = await self._reader.run(sqlite_places.draw)
        try:
            for start in range(0, len(rows), sqlite_places.STEP):
                await self._writer.run(step(rows[start : start + sqlite_places.STEP], generation))
            await self._writer.run(last)
        finally:
            await self._sweep(generation)

    async def _sweep(self, generation: int) -> None:
        """Delete stock that no longer holds, or never came to."""

        def job(database: sqlite3.Connection) -> int:
            with Transaction(database):
                return sqlite_places.sweep(database, generation)

        while await self._writer.run(job) == sqlite_places.STEP:
            pass

    async def stock(self) -> AsyncIterator[StockRow]:
        generation, after = await self._reader.run(sqlite_places.current), ("", "")
        while True:
            page = await self._reader.run(
                lambda database, after=after: sqlite_places.page(database, generation, after)  # type: ignore[misc]
            )
            if await self._reader.run(sqlite_places.current) != generation:  # the page may be of what is being deleted
                raise changed_meanwhile()
            for row in page:
                yield row
            if len(page) < sqlite_places.STEP:
                return
            after = (page[-1].store, page[-1].variant)

    async def _prune(self, table: str, key: str, condition: str, value: float) -> int:
        """Small transactions, so that pruning a big file does not hold up writes."""
        query = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {condition} LIMIT ?)"  # noqa: S608
        gone = 0
        while True:
            step = await self._writer.change(query, [(value, PRUNE_STEP)])
            gone += step
            if step < PRUNE_STEP:
                return gone
