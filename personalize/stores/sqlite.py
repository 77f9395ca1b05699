"""The embedded default store: one SQLite file, written by one thread, read by another."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from personalize.domain.store import MAX_LINKS, EventRow, ProfileRow
from personalize.errors import StoreError
from personalize.stores import sqlite_desk
from personalize.stores.worker import Worker

T = TypeVar("T")

SCHEMA = (
    """
    CREATE TABLE profile (key TEXT PRIMARY KEY, body BLOB NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX profile_end ON profile (expires_at);
    CREATE TABLE event (
      number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, at REAL NOT NULL, visitor TEXT, line BLOB NOT NULL
    );
    CREATE INDEX event_time ON event (at, number);
    CREATE INDEX event_visitor ON event (visitor, at, number) WHERE visitor IS NOT NULL;
    CREATE TABLE link (session TEXT PRIMARY KEY, visitor TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX link_end ON link (expires_at);
    CREATE INDEX link_visitor ON link (visitor);
    """,
    sqlite_desk.SCHEMA,
)
"""`SCHEMA[n]` brings a file of version n to n + 1."""

VERSION = len(SCHEMA)

PAGE = 500
NEWEST_PAGE = 5_000
PRUNE_STEP = 5_000


class SqliteStore:
    """Profiles, events and links in a file. `deadline` and `busy` (waiting for another process's lock) in seconds.

    Two connections in write-ahead mode, each in a thread of its own, so that a reader never waits for a writer.
    """

    def __init__(self, path: Path | str, *, deadline: float = 2.0, busy: float = 1.0) -> None:
        self._path = Path(path)
        self._busy = busy
        self._writer = _Connection("store writer", deadline, self._connect)
        self._reader = _Connection("store reader", deadline, self._connect)
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

    async def erase(self, visitor: str) -> int:
        def job(database: sqlite3.Connection) -> int:
            with _Transaction(database):
                return sum(
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

    async def _prune(self, table: str, key: str, condition: str, value: float) -> int:
        """Small transactions, so that pruning a big file does not hold up writes."""
        query = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {condition} LIMIT ?)"  # noqa: S608
        gone = 0
        while True:
            step = await self._writer.change(query, [(value, PRUNE_STEP)])
            gone += step
            if step < PRUNE_STEP:
                return gone

    def _connect(self) -> sqlite3.Connection:
        # The file holds what people did: it is created readable by its owner only (SQLite's side files follow it).
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(self._path, timeout=self._busy, isolation_level=None, check_same_thread=False)
        try:
            _write_ahead(database, self._busy)
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlisted
            _migrate(database, self._path)
        except BaseException:
            database.close()
            raise
        return database


def _write_ahead(database: sqlite3.Connection, seconds: float) -> None:
    """Switch to the write-ahead log, which SQLite refuses at once while another process does the same."""
    until = time.monotonic() + seconds
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.01)
        else:
            return


class _Connection:
    """A connection that lives in a thread of its own, made when first needed and again after it failed."""

    def __init__(self, name: str, deadline: float, connect: Callable[[], sqlite3.Connection]) -> None:
        self._worker = Worker(name, deadline=deadline)
        self._connect = connect
        self._database: sqlite3.Connection | None = None

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result; every `sqlite3.Error` becomes a `StoreError`."""

        def inside() -> T:
            try:
                if self._database is None:
                    self._database = self._connect()
                return job(self._database)
            except (sqlite3.Error, OSError) as error:
                raise _told(error) from error

        return await self._worker.run(inside)

    async def change(self, query: str, rows: Sequence[tuple[object, ...]]) -> int:
        """Run a statement for all rows in one transaction; how many rows changed."""

        return await self.transact(lambda database: database.executemany(query, rows).rowcount)

    async def transact(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result, in one transaction."""

        def whole(database: sqlite3.Connection) -> T:
            with _Transaction(database):
                return job(database)

        return await self.run(whole)

    async def close(self) -> None:
        def last() -> None:
            if self._database is not None:
                self._database.close()
                self._database = None

        await self._worker.close(last)


class _Transaction:
    """`BEGIN IMMEDIATE` to the end of the block: waits for the lock at once, commits all or nothing."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            try:
                self._database.execute("COMMIT")
                return
            except sqlite3.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    if _version(database) == VERSION:
        return
    with _Transaction(database):
        database.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        version = _version(database)
        if version > VERSION:
            raise StoreError(
                f"store file {path.name!r} has schema version {version}, this release knows {VERSION}",
                code="STORE_NEWER",
                hint="run the release that wrote it, or point store_url at another file",
            )
        for step in SCHEMA[version:]:
            for statement in step.split(";"):
                database.execute(statement)
        database.execute("DELETE FROM schema_version")
        database.execute("INSERT INTO schema_version VALUES (?)", (VERSION,))


def _version(database: sqlite3.Connection) -> int:
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone() is None:
        return 0
    row = database.execute("SELECT version FROM schema_version").fetchone()
    return 0 if row is None else int(row[0])


_CODES = {
    sqlite3.SQLITE_BUSY: ("STORE_LOCKED", "another process holds the file; give each gateway its own or wait"),
    sqlite3.SQLITE_LOCKED: ("STORE_LOCKED", "another process holds the file; give each gateway its own or wait"),
    sqlite3.SQLITE_FULL: ("STORE_FULL", "free some disk space, or shorten events_days"),
    sqlite3.SQLITE_NOTADB: ("STORE_FOREIGN", "point store_url at a file of this program, or at a new one"),
    sqlite3.SQLITE_CANTOPEN: ("STORE_UNOPENED", "does the folder exist, and may this user write there?"),
    sqlite3.SQLITE_READONLY: ("STORE_READONLY", "let this user write the file"),
}


def _told(error: sqlite3.Error | OSError) -> StoreError:
    if isinstance(error, OSError):
        return StoreError(f"store file: {error.strerror or error}", code="STORE_UNOPENED", hint=_CODES[14][1])
    code, hint = _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, ("STORE_FAILED", ""))
    return StoreError(f"store file: {error}", code=code, hint=hint)
