"""Promises, budgets and codes in this process: every method is one step of the event loop, so nothing comes between."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from personalize.domain.offers.ledger import PAGE, Limits, Promise, PromiseState, Purse, Shown, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon
from personalize.domain.offers.tariff import Tariff
from personalize.stores.orders import ASSUMED, ORDERS_MAX, order_name

COUPONS_MAX = 100_000
PROMISES_MAX = 200_000
SHOWN_MAX = 200_000


@dataclass(slots=True)
class _Entry:
    promise: Promise
    day: str
    orders: list[str]


class MemoryOffers:
    """Fulfils `OfferStore`, for one process and up to bounds: past them no promise is made, and nothing recorded.

    `profiles` says how many profiles expire after a time.
    """

    def __init__(self, profiles: Callable[[float], int]) -> None:
        self._profiles = profiles
        self._coupons: dict[str, Coupon] = {}
        self._free: dict[str, None] = {}
        self._entries: dict[str, _Entry] = {}
        self._of_visitor: dict[str, list[str]] = defaultdict(list)
        self._purses: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(dict)
        self._shown: dict[tuple[str, str], Shown] = {}

    async def add_coupons(self, coupons: Sequence[Coupon]) -> int:
        new = 0
        for coupon in coupons:
            if coupon.code not in self._coupons and len(self._coupons) < COUPONS_MAX:
                self._coupons[coupon.code] = replace(coupon, prices=coupon.tariff)
                self._free[coupon.code] = None
                new += 1
        return new

    async def pool(self, offer: str, prices: Tariff, at: float) -> int:
        return len(self._good(offer, prices, at))

    async def pooled(self) -> frozenset[str]:
        return frozenset(self._coupons[code].offer for code in self._free)

    async def unpool(self, offer: str, prices: Tariff | None, good_at: float) -> list[Coupon]:
        free = [self._coupons[code] for code in self._free]
        taken = [c for c in free if c.offer == offer and (c.tariff != prices or c.ends < good_at)]
        taken = sorted(taken, key=lambda coupon: coupon.code)[:PAGE]
        for coupon in taken:
            del self._free[coupon.code]
        return taken

    async def promise(self, visitor: str, wishes: Sequence[Wish], at: float) -> list[Promise]:
        for wish in wishes:
            held = self._open_of(visitor, wish.offer)
            if visitor and not held and self._allowed(visitor, wish) and len(self._entries) < PROMISES_MAX:
                self._claim(visitor, wish, at)
        return await self.open_promises(visitor, at)

    async def open_promises(self, visitor: str, at: float) -> list[Promise]:
        return [one for one in self._all_of(visitor) if _is_open(one) and one.valid_until > at][:PAGE]

    async def find(self, code: str) -> Promise | None:
        entry = self._entries.get(code)
        return None if entry is None else entry.promise

    async def coupon(self, code: str) -> Coupon | None:
        return self._coupons.get(code)

    async def raise_promise(self, code: str, reserved: Money, limits: Limits, at: float) -> bool:
        entry = self._entries.get(code)
        if entry is None or not _is_open(entry.promise) or entry.promise.valid_until <= at:
            return False
        promise = entry.promise
        if reserved.currency != promise.reserved.currency:
            return False
        more = reserved - promise.reserved
        if more.minor <= 0:
            return True
        if not promise.visitor:  # forgotten: nobody's bounds can be kept
            return False
        if not self._room(promise.visitor, promise.offer, more, limits, entry.day):
            return False
        entry.promise = replace(promise, reserved=reserved)
        self._book(promise.offer, entry.day, reserved.currency, more.minor, 0)
        return True

    async def keep(self, code: str, spent: Money, order: str, at: float) -> bool:
        entry, name = self._entries.get(code), order_name(order)
        if entry is None or spent.currency != entry.promise.reserved.currency:
            return False
        if name in entry.orders or (name == ASSUMED and entry.orders):
            return True
        promise = entry.promise
        before = promise.spent.minor if promise.spent is not None else 0
        assumed = before if ASSUMED in entry.orders else 0
        entry.orders = [*(one for one in entry.orders if one != ASSUMED), name][-ORDERS_MAX:]
        freed = -promise.reserved.minor if _is_open(promise) else 0
        self._book(promise.offer, entry.day, spent.currency, freed, spent.minor - assumed)
        total = Money(before - assumed + spent.minor, spent.currency)
        entry.promise = replace(promise, state=PromiseState.KEPT, spent=total)
        return True

    async def withdraw(self, code: str, at: float) -> bool:
        return self._end(code, PromiseState.WITHDRAWN)

    async def due(self, at: float, grace: float) -> list[Promise]:
        found = [
            e.promise for e in self._entries.values() if _is_open(e.promise) and e.promise.valid_until <= at - grace
        ]
        return sorted(found, key=lambda promise: promise.valid_until)[:PAGE]

    async def lapse(self, codes: Sequence[str], at: float) -> int:
        ended = [code for code in codes if (e := self._entries.get(code)) and e.promise.valid_until <= at]
        return sum(self._end(code, PromiseState.LAPSED) for code in ended)

    async def open_of(self, offer: str, prices: Tariff | None, after: str = "") -> list[Promise]:
        found = (e.promise for e in self._entries.values() if e.promise.offer == offer and _is_open(e.promise))
        return sorted(
            (one for one in found if one.prices != prices and one.code > after), key=lambda promise: promise.code
        )[:PAGE]

    async def known(self, codes: Sequence[str]) -> frozenset[str]:
        return frozenset(
            code for code in codes
            if code in self._free or ((e := self._entries.get(code)) is not None and _is_open(e.promise))
        )  # fmt: skip

    async def spent(self, offer: str, currency: str, day: str | None = None) -> Purse:
        days = self._purses[offer, currency]
        counted = list(days.values()) if day is None else [days.get(day, [0, 0])]
        reserved, spent = sum(one[0] for one in counted), sum(one[1] for one in counted)
        return Purse(Money(reserved, currency), Money(spent, currency))

    async def counts(self) -> Mapping[str, Mapping[PromiseState, int]]:
        found: dict[str, Counter[PromiseState]] = defaultdict(Counter)
        for entry in self._entries.values():
            found[entry.promise.offer][entry.promise.state] += 1
        return found

    async def history(self, visitor: str) -> list[Promise]:
        return self._all_of(visitor)[-PAGE:]

    async def forget(self, visitor: str) -> int:
        return self.forget_now(visitor)

    def forget_now(self, visitor: str) -> int:
        """The same without waiting, for the store's own `erase`."""
        codes = self._of_visitor.pop(visitor, [])
        for code in codes:
            entry = self._entries[code]
            entry.promise, entry.orders = replace(entry.promise, visitor=""), []
        records = [key for key, row in self._shown.items() if row.visitor == visitor]
        for key in records:
            del self._shown[key]
        return len(codes) + len(records)

    async def record(self, rows: Sequence[Shown]) -> None:
        for row in rows:
            if len(self._shown) < SHOWN_MAX:
                self._shown.setdefault((row.promise_id, row.variant), row)

    async def recorded(self, visitor: str) -> list[Shown]:
        return sorted((row for row in self._shown.values() if row.visitor == visitor), key=lambda row: row.at)[-PAGE:]

    async def reach(self, offer: str, since: float, profiles_after: float) -> tuple[int, int]:
        promises = (entry.promise for entry in self._entries.values())
        visitors = {one.visitor for one in promises if one.offer == offer and one.made_at >= since}
        return len(visitors), self._profiles(profiles_after)

    async def first_day(self, offer: str) -> str | None:
        return min((day for (name, _), days in self._purses.items() if name == offer for day in days), default=None)

    async def prune(self, before: float) -> int:
        ended = [
            code for code, entry in self._entries.items()
            if not _is_open(entry.promise) and entry.promise.valid_until < before
        ]  # fmt: skip
        for code in ended:
            visitor = self._entries.pop(code).promise.visitor
            if visitor:
                self._of_visitor[visitor].remove(code)
                if not self._of_visitor[visitor]:
                    del self._of_visitor[visitor]
        unused = [c.code for c in self._coupons.values() if c.ends < before and c.code not in self._entries]
        for code in unused:
            del self._coupons[code]
            self._free.pop(code, None)
        old = [key for key, row in self._shown.items() if row.at < before]
        for key in old:
            del self._shown[key]
        return len(ended) + len(unused) + len(old)

    def _all_of(self, visitor: str) -> list[Promise]:
        return [self._entries[code].promise for code in self._of_visitor.get(visitor, ())]

    def _open_of(self, visitor: str, offer: str) -> bool:
        """Whether a code of this offer may still buy something: it holds, or has run out and is not ended yet."""
        return any(one.offer == offer and _is_open(one) for one in self._all_of(visitor))

    def _good(self, offer: str, prices: Tariff, at: float) -> list[Coupon]:
        free = (self._coupons[code] for code in self._free)
        return [one for one in free if one.offer == offer and one.tariff == prices and one.ends >= at]

    def _allowed(self, visitor: str, wish: Wish) -> bool:
        limits, own = wish.limits, self._all_of(visitor)
        if limits.times is not None:
            made = sum(one.offer == wish.offer and one.made_at >= limits.since for one in own)
            if made >= limits.times:
                return False
        if any(one.offer in limits.apart and _is_open(one) for one in own):
            return False
        return wish.reserved.minor >= 0 and self._room(visitor, wish.offer, wish.reserved, limits, limits.day)

    def _room(self, visitor: str, offer: str, more: Money, limits: Limits, day: str) -> bool:
        """Whether `more` can be set aside within all bounds; a bound in another currency allows nothing."""
        days = self._purses[offer, more.currency]
        own = (one for one in self._all_of(visitor) if one.offer == offer and one.reserved.currency == more.currency)
        used_by = (
            (limits.total, sum(map(sum, days.values()))),
            (limits.per_day, sum(days.get(day, [0]))),
            (limits.per_visitor, sum(_cost(one) for one in own)),
        )
        return all(
            bound is None or (bound.currency == more.currency and used + more.minor <= bound.minor)
            for bound, used in used_by
        )

    def _claim(self, visitor: str, wish: Wish, at: float) -> None:
        good = self._good(wish.offer, wish.prices, wish.valid_until)
        if not good:
            return
        code = min(good, key=lambda coupon: coupon.ends).code
        del self._free[code]
        promise = Promise(
            wish.promise_id, wish.offer, visitor, code, wish.prices, wish.reserved, at, wish.valid_until
        )  # fmt: skip
        self._entries[code] = _Entry(promise, wish.limits.day, [])
        self._of_visitor[visitor].append(code)
        self._book(wish.offer, wish.limits.day, wish.reserved.currency, wish.reserved.minor, 0)

    def _end(self, code: str, state: PromiseState) -> bool:
        entry = self._entries.get(code)
        if entry is None or not _is_open(entry.promise):
            return False
        reserved = entry.promise.reserved
        entry.promise = replace(entry.promise, state=state)
        self._book(entry.promise.offer, entry.day, reserved.currency, -reserved.minor, 0)
        return True

    def _book(self, offer: str, day: str, currency: str, reserved: int, spent: int) -> None:
        purse = self._purses[offer, currency].setdefault(day, [0, 0])
        purse[0] += reserved
        purse[1] += spent


def _is_open(promise: Promise) -> bool:
    return promise.state is PromiseState.OPEN


def _cost(promise: Promise) -> int:
    """What a promise has cost so far, and what is set aside for it."""
    spent = promise.spent.minor if promise.spent is not None else 0
    return spent + (promise.reserved.minor if _is_open(promise) else 0)
