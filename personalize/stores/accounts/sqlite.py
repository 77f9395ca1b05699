"""Accounts and sessions in tables of their own in the store's SQLite file."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from personalize.domain.desk.account import MAX_ACCOUNTS, MAX_SESSIONS, Account, SignIn, full
from personalize.domain.desk.actor import Role
from personalize.stores.sqlite import SqliteStore
from personalize.stores.sqlite_file import Connection, Transaction, write_ahead

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL,"
    " made_at REAL NOT NULL, changed_at REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS sign_in (digest TEXT PRIMARY KEY, account TEXT NOT NULL, begun_at REAL NOT NULL,"
    " seen_at REAL NOT NULL, ends_at REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS sign_in_account ON sign_in (account, begun_at)",
)


class SqliteAccounts:
    """Tables of their own in the store's file, behind a thread of their own; `deadline` and `busy` in seconds."""

    def __init__(self, path: Path | str, *, deadline: float = 2.0, busy: float = 1.0) -> None:
        self._path, self._busy = Path(path), busy
        self._file = Connection("accounts", deadline, self._connect)

    @classmethod
    def from_url(cls, url: str) -> SqliteAccounts:
        """As the store's own address."""
        return cls(SqliteStore.from_url(url)._path)

    async def open(self) -> None:
        await self._file.run(lambda database: None)

    async def close(self) -> None:
        await self._file.close()

    async def account(self, name: str) -> Account | None:
        row = await self._file.run(lambda db: db.execute("SELECT * FROM account WHERE name = ?", (name,)).fetchone())
        return None if row is None else _account(row)

    async def accounts(self) -> list[Account]:
        query = "SELECT * FROM account ORDER BY name LIMIT ?"
        return [_account(row) for row in await self._file.run(lambda db: db.execute(query, (MAX_ACCOUNTS,)).fetchall())]

    async def add_account(self, account: Account) -> bool:
        def job(database: sqlite3.Connection) -> bool:
            with Transaction(database):
                if database.execute("SELECT 1 FROM account WHERE name = ?", (account.name,)).fetchone():
                    return False
                if database.execute("SELECT count(*) FROM account").fetchone()[0] >= MAX_ACCOUNTS:
                    raise full()
                row = (account.name, account.role.value, account.password, account.made_at, account.changed_at)
                database.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?)", row)
                return True

        return await self._file.run(job)

    async def change_account(self, account: Account) -> bool:
        row = (account.role.value, account.password, account.changed_at, account.name)
        return await self._change("UPDATE account SET role = ?, password = ?, changed_at = ? WHERE name = ?", row) > 0

    async def remove_account(self, name: str) -> bool:
        def job(database: sqlite3.Connection) -> bool:
            with Transaction(database):
                database.execute("DELETE FROM sign_in WHERE account = ?", (name,))
                return database.execute("DELETE FROM account WHERE name = ?", (name,)).rowcount > 0

        return await self._file.run(job)

    async def begin(self, session: SignIn) -> None:
        row = (session.digest, session.account, session.begun_at, session.seen_at, session.ends_at)
        old = (
            "DELETE FROM sign_in WHERE account = ? AND digest NOT IN"
            " (SELECT digest FROM sign_in WHERE account = ? ORDER BY begun_at DESC, digest DESC LIMIT ?)"
        )

        def job(database: sqlite3.Connection) -> None:
            with Transaction(database):
                database.execute("INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?)", row)
                database.execute(old, (session.account, session.account, MAX_SESSIONS))

        await self._file.run(job)

    async def session(self, digest: str) -> SignIn | None:
        query = "SELECT * FROM sign_in WHERE digest = ?"
        row = await self._file.run(lambda db: db.execute(query, (digest,)).fetchone())
        return None if row is None else SignIn(*row)

    async def seen(self, digest: str, at: float) -> None:
        await self._change("UPDATE sign_in SET seen_at = ? WHERE digest = ?", (at, digest))

    async def end(self, digest: str) -> bool:
        return await self._change("DELETE FROM sign_in WHERE digest = ?", (digest,)) > 0

    async def end_all(self, account: str, but: str = "") -> int:
        return await self._change("DELETE FROM sign_in WHERE account = ? AND digest <> ?", (account, but))

    async def prune(self, at: float) -> int:
        return await self._change("DELETE FROM sign_in WHERE ends_at <= ?", (at,))

    async def _change(self, query: str, row: tuple[object, ...]) -> int:
        return await self._file.change(query, [row])

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))  # hashes of passwords: its owner's only
        database = sqlite3.connect(self._path, timeout=self._busy, isolation_level=None, check_same_thread=False)
        try:
            write_ahead(database, self._busy)
            database.execute("PRAGMA secure_delete = ON")
            with Transaction(database):
                for statement in SCHEMA:
                    database.execute(statement)
        except BaseException:
            database.close()
            raise
        return database


def _account(row: tuple[str, str, str, float, float]) -> Account:
    name, role, password, made_at, changed_at = row
    return Account(name, Role(role), password, made_at, changed_at)
