"""The shop's stores and stock in the SQLite store: its tables, and one statement each for what is done to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from secrets import randbits

from personalize.domain.places.stock import StockRow
from personalize.domain.store import PlaceRow
from personalize.stores.memory import changed_meanwhile

STEP = 10_000
"""Rows of one transaction, or of one page: some 50 ms."""

SCHEMA = """
    CREATE TABLE place (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE stock (
      generation INTEGER NOT NULL, store TEXT NOT NULL, variant TEXT NOT NULL, product TEXT NOT NULL,
      quantity INTEGER NOT NULL, observed_at REAL NOT NULL, PRIMARY KEY (generation, store, variant)
    ) WITHOUT ROWID;
    CREATE TABLE places_state (
      version INTEGER NOT NULL, generation INTEGER NOT NULL
    );
    INSERT INTO places_state VALUES (0, 0)
    """
"""`stock` may hold rows of several generations: the one in `places_state` is the stock, others are being written."""


def draw(database: sqlite3.Connection) -> int:
    """A generation that no other writer has, above the one that is the stock."""
    return current(database) + 1 + randbits(32)


def version(database: sqlite3.Connection) -> int:
    """How often stores or stock were put."""
    return int(database.execute("SELECT version FROM places_state").fetchone()[0])


def current(database: sqlite3.Connection) -> int:
    """The generation that is the stock."""
    return int(database.execute("SELECT generation FROM places_state").fetchone()[0])


def put_places(database: sqlite3.Connection, rows: Sequence[PlaceRow]) -> None:
    """Put these stores in the place of all."""
    database.execute("DELETE FROM place")
    database.executemany("INSERT INTO place VALUES (?, ?)", rows)
    database.execute("UPDATE places_state SET version = version + 1")


def places(database: sqlite3.Connection) -> list[PlaceRow]:
    """All stores."""
    return [PlaceRow(name, bytes(body)) for name, body in database.execute("SELECT id, body FROM place ORDER BY id")]


def write(database: sqlite3.Connection, rows: Sequence[StockRow], generation: int) -> None:
    """Write rows of a generation. Safe to repeat."""
    database.executemany("INSERT OR REPLACE INTO stock VALUES (?, ?, ?, ?, ?, ?)", [(generation, *row) for row in rows])


def publish(database: sqlite3.Connection, generation: int, before: int) -> None:
    """Make a generation the stock. Raises StoreError where others put something since version `before`."""
    if current(database) == generation:  # a step that was thought lost
        return
    if version(database) != before:
        raise changed_meanwhile()
    database.execute("UPDATE places_state SET version = version + 1, generation = ?", (generation,))


def sweep(database: sqlite3.Connection, mine: int) -> int:
    """Delete some rows of a generation that did not come to hold, or that no longer can; how many went.

    One below the stock's was drawn before that one was put, so it cannot be put any more.
    """
    now = current(database)
    return database.execute(
        "DELETE FROM stock WHERE (generation, store, variant) IN (SELECT generation, store, variant FROM stock"
        " WHERE generation < ? OR generation = ? LIMIT ?)",
        (now, mine if mine != now else -1, STEP),
    ).rowcount


def page(database: sqlite3.Connection, generation: int, after: tuple[str, str]) -> list[StockRow]:
    """The rows of a generation behind (store, variant)."""
    rows = database.execute(
        "SELECT store, variant, product, quantity, observed_at FROM stock WHERE generation = ? AND (store, variant) >"
        " (?, ?) ORDER BY store, variant LIMIT ?",
        (generation, *after, STEP),
    )
    return [StockRow(*row) for row in rows]
