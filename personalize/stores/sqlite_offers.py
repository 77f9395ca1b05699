"""Promises, budgets and codes in the SQLite file: every change is one `BEGIN IMMEDIATE`, so processes take turns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from cachetools import LRUCache

from personalize.domain.offers.ledger import PAGE, Limits, Promise, PromiseState, Purse, Shown, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon
from personalize.domain.offers.tariff import Tariff
from personalize.stores.orders import ASSUMED, ORDERS_MAX, order_name
from personalize.stores.sqlite_file import Connection, Transaction

T = TypeVar("T")

TARIFFS = 128
"""Tariffs kept as objects; promises of one tariff share it."""
STEP = 5_000
AT_ONCE = 500

_COLUMNS = "promise_id, offer, visitor, code, tariff, currency, reserved, spent, made_at, valid_until, state"
_PROMISE = f"SELECT {_COLUMNS} FROM promise"  # noqa: S608
_COUPON = "SELECT code, offer, reference, ends, tariff FROM coupon"


class SqliteOffers:
    """Fulfils `OfferStore`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer, self._reader = writer, reader
        self._tariffs: LRUCache[str, Tariff] = LRUCache(TARIFFS)

    async def add_coupons(self, coupons: Sequence[Coupon]) -> int:
        def job(database: sqlite3.Connection) -> int:
            tariffs = {coupon.tariff.key: coupon.tariff for coupon in coupons}
            database.executemany(
                "INSERT OR IGNORE INTO tariff VALUES (?, ?)", [(key, one.to_bytes()) for key, one in tariffs.items()]
            )
            return database.executemany(
                "INSERT INTO coupon (code, offer, reference, ends, tariff) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (code) DO NOTHING",
                [(one.code, one.offer, one.reference, one.ends, one.tariff.key) for one in coupons],
            ).rowcount

        return await self._change(job) if coupons else 0

    async def pool(self, offer: str, prices: Tariff, at: float) -> int:
        row = await self._one(
            "SELECT count(*) FROM coupon WHERE offer = ? AND tariff = ? AND ends >= ? AND claimed = 0",
            (offer, prices.key, at),
        )
        return int(row[0]) if row else 0

    async def pooled(self) -> frozenset[str]:
        return frozenset(row[0] for row in await self._all("SELECT DISTINCT offer FROM coupon WHERE claimed = 0", ()))

    async def unpool(self, offer: str, prices: Tariff | None, good_at: float) -> list[Coupon]:
        kept = "" if prices is None else prices.key

        def job(database: sqlite3.Connection) -> list[tuple[Any, ...]]:
            rows = database.execute(
                f"{_COUPON} WHERE offer = ? AND claimed = 0 AND (tariff != ? OR ends < ?) ORDER BY code LIMIT ?",
                (offer, kept, good_at, PAGE),
            ).fetchall()
            # Claimed by nobody, for good: nobody is promised it, and its end at the shop can still be looked up.
            database.executemany("UPDATE coupon SET claimed = 1 WHERE code = ?", [(row[0],) for row in rows])
            return rows

        return await self._coupons(await self._change(job))

    async def promise(self, visitor: str, wishes: Sequence[Wish], at: float) -> list[Promise]:
        def job(database: sqlite3.Connection) -> list[tuple[Any, ...]]:
            for wish in wishes:
                if not _open(database, visitor, wish.offer) and _allowed(database, visitor, wish):
                    _claim(database, visitor, wish, at)
            return _held(database, visitor, at)

        if wishes:
            return await self._promises(await self._change(job))
        return await self.open_promises(visitor, at)

    async def open_promises(self, visitor: str, at: float) -> list[Promise]:
        return await self._promises(await self._reader.run(lambda database: _held(database, visitor, at)))

    async def find(self, code: str) -> Promise | None:
        row = await self._one(f"{_PROMISE} WHERE code = ?", (code,))
        return None if row is None else (await self._promises([row]))[0]

    async def coupon(self, code: str) -> Coupon | None:
        row = await self._one(f"{_COUPON} WHERE code = ?", (code,))
        return None if row is None else (await self._coupons([row]))[0]

    async def raise_promise(self, code: str, reserved: Money, limits: Limits, at: float) -> bool:
        def job(database: sqlite3.Connection) -> bool:
            row = database.execute(
                "SELECT offer, visitor, currency, reserved, day FROM promise WHERE code = ? AND state = 'open'"
                " AND valid_until > ?",
                (code, at),
            ).fetchone()
            if row is None or row[2] != reserved.currency:
                return False
            offer, visitor, currency, before, day = row
            more = reserved.minor - before
            if more <= 0:
                return True
            if not visitor:  # forgotten: nobody's bounds can be kept
                return False
            if not _room(database, visitor, offer, currency, more, limits, day):
                return False
            database.execute("UPDATE promise SET reserved = ? WHERE code = ?", (reserved.minor, code))
            _book(database, offer, currency, day, more, 0)
            return True

        return await self._change(job)

    async def keep(self, code: str, spent: Money, order: str, at: float) -> bool:
        name = order_name(order)

        def job(database: sqlite3.Connection) -> bool:
            row = database.execute(
                "SELECT offer, currency, reserved, coalesce(spent, 0), day, state, orders FROM promise WHERE code = ?",
                (code,),
            ).fetchone()
            if row is None or row[1] != spent.currency:
                return False
            offer, currency, reserved, before, day, state, orders = row
            known = orders.split()
            if name in known or (name == ASSUMED and known):
                return True
            assumed = before if ASSUMED in known else 0
            known = [*(one for one in known if one != ASSUMED), name][-ORDERS_MAX:]
            database.execute(
                "UPDATE promise SET state = 'kept', spent = ?, orders = ? WHERE code = ?",
                (before - assumed + spent.minor, " ".join(known), code),
            )
            freed = -reserved if state == PromiseState.OPEN else 0
            _book(database, offer, currency, day, freed, spent.minor - assumed)
            return True

        return await self._change(job)

    async def withdraw(self, code: str, at: float) -> bool:
        return await self._change(lambda database: _free(database, [code], PromiseState.WITHDRAWN, None)) > 0

    async def due(self, at: float, grace: float) -> list[Promise]:
        return await self._page(
            f"{_PROMISE} WHERE state = 'open' AND valid_until <= ? ORDER BY valid_until LIMIT ?", (at - grace, PAGE)
        )

    async def lapse(self, codes: Sequence[str], at: float) -> int:
        return await self._change(lambda database: _free(database, codes, PromiseState.LAPSED, at))

    async def open_of(self, offer: str, prices: Tariff | None, after: str = "") -> list[Promise]:
        return await self._page(
            f"{_PROMISE} WHERE state = 'open' AND offer = ? AND tariff != ? AND code > ? ORDER BY code LIMIT ?",
            (offer, "" if prices is None else prices.key, after, PAGE),
        )

    async def known(self, codes: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        for start in range(0, len(codes), AT_ONCE):
            part = list(codes[start : start + AT_ONCE])

            def job(database: sqlite3.Connection, part: list[str] = part) -> list[tuple[str]]:
                marks = ", ".join("?" * len(part))
                return database.execute(
                    f"SELECT code FROM coupon WHERE claimed = 0 AND code IN ({marks}) UNION ALL"  # noqa: S608
                    f" SELECT code FROM promise WHERE state = 'open' AND code IN ({marks})",
                    (*part, *part),
                ).fetchall()

            found |= {code for (code,) in await self._reader.run(job)}
        return frozenset(found)

    async def spent(self, offer: str, currency: str, day: str | None = None) -> Purse:
        row = await self._one(
            "SELECT coalesce(sum(reserved), 0), coalesce(sum(spent), 0) FROM purse WHERE offer = ? AND currency = ?"
            " AND (? IS NULL OR day = ?)",
            (offer, currency, day, day),
        )
        assert row is not None
        return Purse(Money(row[0], currency), Money(row[1], currency))

    async def counts(self) -> Mapping[str, Mapping[PromiseState, int]]:
        found: dict[str, dict[PromiseState, int]] = {}
        for offer, state, count in await self._all("SELECT offer, state, count(*) FROM promise GROUP BY 1, 2", ()):
            found.setdefault(offer, {})[PromiseState(state)] = count
        return found

    async def history(self, visitor: str) -> list[Promise]:
        if not visitor:
            return []
        found = await self._page(f"{_PROMISE} WHERE visitor = ? ORDER BY number DESC LIMIT ?", (visitor, PAGE))
        return found[::-1]

    async def forget(self, visitor: str) -> int:
        return await self._change(lambda database: forget_promises(database, visitor))

    async def record(self, rows: Sequence[Shown]) -> None:
        if rows:
            await self._writer.change("INSERT OR IGNORE INTO shown VALUES (?, ?, ?, ?, ?)", list(rows))

    async def recorded(self, visitor: str) -> list[Shown]:
        rows = await self._all("SELECT * FROM shown WHERE visitor = ? ORDER BY at DESC LIMIT ?", (visitor, PAGE))
        return [Shown(*row) for row in reversed(rows)]

    async def reach(self, offer: str, since: float, profiles_after: float) -> tuple[int, int]:
        row = await self._one(
            "SELECT (SELECT count(DISTINCT visitor) FROM promise WHERE offer = ? AND made_at >= ?),"
            " (SELECT count(*) FROM profile WHERE expires_at > ?)",
            (offer, since, profiles_after),
        )
        assert row is not None
        return row[0], row[1]

    async def first_day(self, offer: str) -> str | None:
        row = await self._one("SELECT min(day) FROM purse WHERE offer = ?", (offer,))
        return None if row is None or row[0] is None else str(row[0])

    async def prune(self, before: float) -> int:
        gone = 0
        for table, key, condition in (
            ("promise", "number", "state != 'open' AND valid_until < ?"),
            ("coupon", "code", "ends < ? AND code NOT IN (SELECT code FROM promise)"),
            ("shown", "promise_id, variant", "at < ?"),
        ):
            # Small transactions, so that pruning does not hold up promises.
            query = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT ?)"  # noqa: S608
            step = STEP
            while step == STEP:
                step = await self._writer.change(query, [(before, STEP)])
                gone += step
        await self._writer.change(
            "DELETE FROM tariff WHERE key NOT IN (SELECT tariff FROM coupon UNION SELECT tariff FROM promise)", [()]
        )
        return gone

    async def _change(self, job: Callable[[sqlite3.Connection], T]) -> T:
        def inside(database: sqlite3.Connection) -> T:
            with Transaction(database):
                return job(database)

        return await self._writer.run(inside)

    async def _all(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        return await self._reader.run(lambda database: database.execute(query, values).fetchall())

    async def _one(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        return next(iter(await self._all(query, values)), None)

    async def _page(self, query: str, values: tuple[object, ...]) -> list[Promise]:
        return await self._promises(await self._all(query, values))

    async def _promises(self, rows: Iterable[tuple[Any, ...]]) -> list[Promise]:
        rows = list(rows)
        tariffs = await self._tariffs_of({row[4] for row in rows})
        return [_promise(row, tariffs[row[4]]) for row in rows]

    async def _coupons(self, rows: Iterable[tuple[Any, ...]]) -> list[Coupon]:
        rows = list(rows)
        tariffs = await self._tariffs_of({row[4] for row in rows})
        return [Coupon(row[0], row[1], row[2], row[3], tariffs[row[4]]) for row in rows]

    async def _tariffs_of(self, keys: set[str]) -> Mapping[str, Tariff]:
        found = {}
        for key in keys:
            known = self._tariffs.get(key)
            if known is None:
                row = await self._one("SELECT body FROM tariff WHERE key = ?", (key,))
                known = self._tariffs[key] = Tariff.from_bytes(b"" if row is None else bytes(row[0]))
            found[key] = known
        return found


def forget_promises(database: sqlite3.Connection, visitor: str) -> int:
    """Take a visitor's name from the promises and delete what was recorded of them, within a transaction."""
    if not visitor:
        return 0
    gone = database.execute("DELETE FROM shown WHERE visitor = ?", (visitor,)).rowcount
    return gone + database.execute(
        "UPDATE promise SET visitor = '', orders = '' WHERE visitor = ?", (visitor,)
    ).rowcount  # fmt: skip


def _held(database: sqlite3.Connection, visitor: str, at: float) -> list[tuple[Any, ...]]:
    return database.execute(
        f"{_PROMISE} WHERE visitor = ? AND visitor != '' AND state = 'open' AND valid_until > ?"
        " ORDER BY number LIMIT ?",
        (visitor, at, PAGE),
    ).fetchall()


def _open(database: sqlite3.Connection, visitor: str, offer: str) -> bool:
    """Whether a code of this offer may still buy something: it holds, or has run out and is not ended yet."""
    row = database.execute(
        "SELECT 1 FROM promise WHERE visitor = ? AND offer = ? AND state = 'open'", (visitor, offer)
    ).fetchone()
    return row is not None


def _allowed(database: sqlite3.Connection, visitor: str, wish: Wish) -> bool:
    limits = wish.limits
    if limits.times is not None:
        made = database.execute(
            "SELECT count(*) FROM promise WHERE visitor = ? AND offer = ? AND made_at >= ?",
            (visitor, wish.offer, limits.since),
        ).fetchone()[0]
        if made >= limits.times:
            return False
    if limits.apart:
        held = database.execute("SELECT DISTINCT offer FROM promise WHERE visitor = ? AND state = 'open'", (visitor,))
        if not limits.apart.isdisjoint(name for (name,) in held):
            return False
    reserved = wish.reserved
    return bool(visitor) and reserved.minor >= 0 and _room(
        database, visitor, wish.offer, reserved.currency, reserved.minor, limits, limits.day
    )  # fmt: skip


def _room(
    database: sqlite3.Connection, visitor: str, offer: str, currency: str, more: int, limits: Limits, day: str
) -> bool:
    """Whether `more` can be set aside within all bounds; a bound in another currency allows nothing."""
    purse = "SELECT coalesce(sum(reserved + spent), 0) FROM purse WHERE offer = ? AND currency = ?"
    of_visitor = (
        "SELECT coalesce(sum(CASE state WHEN 'open' THEN reserved ELSE 0 END + coalesce(spent, 0)), 0) FROM promise"
        " WHERE offer = ? AND currency = ? AND visitor = ?"
    )
    for bound, query, values in (
        (limits.total, purse, ()),
        (limits.per_day, f"{purse} AND day = ?", (day,)),
        (limits.per_visitor, of_visitor, (visitor,)),
    ):
        if bound is None:
            continue
        used = database.execute(query, (offer, currency, *values)).fetchone()[0]
        if bound.currency != currency or used + more > bound.minor:
            return False
    return True


def _claim(database: sqlite3.Connection, visitor: str, wish: Wish, at: float) -> None:
    row = database.execute(
        "SELECT code FROM coupon WHERE offer = ? AND tariff = ? AND ends >= ? AND claimed = 0 ORDER BY ends LIMIT 1",
        (wish.offer, wish.prices.key, wish.valid_until),
    ).fetchone()
    if row is None:
        return
    database.execute("UPDATE coupon SET claimed = 1 WHERE code = ?", row)
    reserved = wish.reserved
    database.execute(
        "INSERT INTO promise (promise_id, offer, visitor, code, tariff, currency, reserved, day, made_at, valid_until,"
        " state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
        (wish.promise_id, wish.offer, visitor, row[0], wish.prices.key, reserved.currency, reserved.minor,
         wish.limits.day, at, wish.valid_until),
    )  # fmt: skip
    _book(database, wish.offer, reserved.currency, wish.limits.day, reserved.minor, 0)


def _free(database: sqlite3.Connection, codes: Sequence[str], state: PromiseState, ended: float | None) -> int:
    """Open promises of these codes (`ended`: whose time is over then) get a state, and set nothing aside any more."""
    freed = 0
    for code in codes:
        row = database.execute(
            "SELECT offer, currency, day, reserved FROM promise"
            " WHERE code = ? AND state = 'open' AND (? IS NULL OR valid_until <= ?)",
            (code, ended, ended),
        ).fetchone()
        if row is not None:
            database.execute("UPDATE promise SET state = ? WHERE code = ?", (state, code))
            _book(database, row[0], row[1], row[2], -row[3], 0)
            freed += 1
    return freed


def _book(database: sqlite3.Connection, offer: str, currency: str, day: str, reserved: int, spent: int) -> None:
    database.execute(
        "INSERT INTO purse VALUES (?, ?, ?, ?, ?) ON CONFLICT (offer, currency, day) DO UPDATE"
        " SET reserved = reserved + excluded.reserved, spent = spent + excluded.spent",
        (offer, currency, day, reserved, spent),
    )


def _promise(row: tuple[Any, ...], tariff: Tariff) -> Promise:
    promise_id, offer, visitor, code, _, currency, reserved, spent, made_at, valid_until, state = row
    return Promise(
        promise_id, offer, visitor, code, tariff, Money(reserved, currency), made_at, valid_until, PromiseState(state),
        None if spent is None else Money(spent, currency),
    )  # fmt: skip
