"""A connection to the SQLite file, in a thread of its own; the file's schema, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from personalize.errors import StoreError
from personalize.stores.sqlite_schema import SCHEMA, VERSION
from personalize.stores.worker import Worker

T = TypeVar("T")


def open_file(path: Path, busy: float) -> sqlite3.Connection:
    """A connection to the file, made where it is missing, its schema brought up to date."""
    # The file holds what people did: it is created readable by its owner only (SQLite's side files follow it).
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)
    try:
        write_ahead(database, busy)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlisted
        _migrate(database, path)
    except BaseException:
        database.close()
        raise
    return database


def write_ahead(database: sqlite3.Connection, seconds: float) -> None:
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


class Connection:
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
        """The job's result, in one transaction that waits for the lock first; an exception rolls back."""

        def whole(database: sqlite3.Connection) -> T:
            with Transaction(database):
                return job(database)

        return await self.run(whole)

    async def close(self) -> None:
        def last() -> None:
            if self._database is not None:
                self._database.close()
                self._database = None

        await self._worker.close(last)


class Transaction:
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
    with Transaction(database):
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
