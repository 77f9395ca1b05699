"""The operator's desk in SQLite: versions, switches and the audit, beside the visitors' tables of the same file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from personalize.domain.desk.store import CHANGED, MAX_ROWS, AuditRow, DeskRow
from personalize.errors import StoreError

T = TypeVar("T")

SCHEMA = """
    CREATE TABLE desk_row (
      kind TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL,
      at REAL NOT NULL, author TEXT NOT NULL, PRIMARY KEY (kind, name, number)
    ) WITHOUT ROWID;
    CREATE TABLE desk_audit (
      number INTEGER PRIMARY KEY, at REAL NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL,
      name TEXT NOT NULL, version INTEGER NOT NULL, why TEXT NOT NULL, before BLOB NOT NULL, after BLOB NOT NULL
    );
    CREATE INDEX desk_audit_name ON desk_audit (name, number)
    """
"""What a file needs beside the visitors' tables; `sqlite.py` runs it."""


class Connection(Protocol):
    """A connection in a thread of its own (`sqlite.py`); every `sqlite3.Error` becomes a `StoreError`."""

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result."""
        ...

    async def transact(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result, in one transaction that waits for the lock first; an exception rolls back."""
        ...


class SqliteDesk:
    """Fulfils `DeskStore` on the connections of a store."""

    def __init__(self, reader: Connection, writer: Connection) -> None:
        self._reader, self._writer = reader, writer

    async def revision(self) -> int:
        """The number of the last line of the audit."""
        return await self._reader.run(_revision)

    async def rows(
        self, kind: str, *, name: str | None = None, states: Sequence[str] = (), before: int | None = None,
        after: str = "", limit: int = MAX_ROWS,
    ) -> list[DeskRow]:  # fmt: skip
        """By the primary key."""
        query = "SELECT * FROM desk_row WHERE kind = ?"
        bound: list[str | int] = [kind, *states]
        if states:
            query += f" AND state IN ({', '.join('?' * len(states))})"
        if name is not None:
            query, bound = query + " AND name = ?", [*bound, name]
            if before is not None:
                query, bound = query + " AND number < ?", [*bound, before]
        else:
            query, bound = query + " AND name > ?", [*bound, after]
        query += " ORDER BY name, number DESC LIMIT ?"
        bound.append(min(max(limit, 0), MAX_ROWS))
        found = await self._reader.run(lambda database: database.execute(query, bound).fetchall())
        return [DeskRow(*row) for row in found]

    async def write(self, rows: Sequence[DeskRow], audit: AuditRow, *, seen: int) -> int:
        """In one transaction that holds the file's lock from the start."""

        def job(database: sqlite3.Connection) -> int:
            now = _revision(database)
            if now != seen:
                raise StoreError("the desk was changed meanwhile", code=CHANGED, hint="look again, then repeat")
            database.executemany(
                "INSERT INTO desk_row VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, name, number) DO UPDATE SET state = excluded.state",
                list(rows),
            )
            database.execute(
                "INSERT INTO desk_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", audit._replace(number=now + 1)
            )
            return now + 1

        return await self._writer.transact(job)

    async def audit(self, *, before: int | None = None, name: str | None = None, limit: int = MAX_ROWS
                    ) -> list[AuditRow]:  # fmt: skip
        """By number, or by name and number."""
        query = "SELECT * FROM desk_audit WHERE number < ?"
        values: list[str | int] = [2**62 if before is None else before]
        if name is not None:
            query, values = query + " AND name = ?", [*values, name]
        query += " ORDER BY number DESC LIMIT ?"
        values.append(min(max(limit, 0), MAX_ROWS))
        found = await self._reader.run(lambda database: database.execute(query, values).fetchall())
        return [AuditRow(*row) for row in found]


def _revision(database: sqlite3.Connection) -> int:
    (number,) = database.execute("SELECT coalesce(max(number), 0) FROM desk_audit").fetchone()
    return int(number)
