"""The ledger of list prices in the SQLite file: lowest and highest by variant, currency and day."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from personalize.domain.offers.ledger import ListPrice
from personalize.domain.offers.money import Money
from personalize.stores.sqlite_file import Connection

AT_ONCE = 500
"""Variants of one question: SQLite takes a bounded number of values."""


class SqlitePrices:
    """Fulfils `PriceLedger`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer, self._reader = writer, reader

    async def note(self, prices: Sequence[ListPrice]) -> None:
        if prices:
            await self._writer.change(
                "INSERT INTO list_price VALUES (?, ?, ?, ?, ?) ON CONFLICT (variant, currency, day) DO UPDATE"
                " SET low = min(low, excluded.low), high = max(high, excluded.high)",
                [(one.variant, one.price.currency, one.day, one.price.minor, one.price.minor) for one in prices],
            )

    async def lowest(self, variants: Sequence[str], currency: str, first: str, last: str) -> Mapping[str, Money]:
        return await self._extreme("min(low)", variants, currency, first, last)

    async def highest(self, variants: Sequence[str], currency: str, day: str) -> Mapping[str, Money]:
        return await self._extreme("max(high)", variants, currency, day, day)

    async def since(self) -> str | None:
        row = await self._reader.run(lambda database: database.execute("SELECT min(day) FROM list_price").fetchone())
        return None if row[0] is None else str(row[0])

    async def prune(self, before: str) -> int:
        return await self._writer.change("DELETE FROM list_price WHERE day < ?", [(before,)])

    async def _extreme(
        self, what: str, variants: Sequence[str], currency: str, first: str, last: str
    ) -> Mapping[str, Money]:  # fmt: skip
        found: dict[str, Money] = {}
        for start in range(0, len(variants), AT_ONCE):
            part = list(variants[start : start + AT_ONCE])

            def job(database: sqlite3.Connection, part: list[str] = part) -> list[tuple[str, int]]:
                marks = ", ".join("?" * len(part))
                return database.execute(
                    f"SELECT variant, {what} FROM list_price WHERE variant IN ({marks})"  # noqa: S608
                    " AND currency = ? AND day BETWEEN ? AND ? GROUP BY variant",
                    (*part, currency, first, last),
                ).fetchall()

            found |= {variant: Money(minor, currency) for variant, minor in await self._reader.run(job)}
        return found
