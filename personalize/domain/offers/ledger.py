"""What is kept of offers: budgets and promises, the pool of codes minted ahead, what was shown, and earlier prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon
from personalize.domain.offers.tariff import Tariff

PAGE = 500
"""Rows that one answer of a store holds at most, where nothing else is said."""


class PromiseState(StrEnum):
    """A promise holds (`open`), was bought at (`kept`), ran out (`lapsed`), or was taken back (`withdrawn`)."""

    OPEN = "open"
    KEPT = "kept"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Promise:
    """What one visitor was promised of one offer: a code, prices by variant, the most it can cost, until when."""

    promise_id: str
    offer: str
    visitor: str
    code: str
    prices: Mapping[str, tuple[Money, Money]]
    """Variant -> (list price, personal price): all that the code lowers."""
    reserved: Money
    made_at: float
    valid_until: float
    state: PromiseState = PromiseState.OPEN
    spent: Money | None = None
    """What orders with the code really cost, where there were any."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds a reservation has to keep; None: no bound. `day` names the shop's day (`2026-11-22`)."""

    day: str
    total: Money | None = None
    per_day: Money | None = None
    per_visitor: Money | None = None
    times: int | None = None
    since: float = 0.0
    """Promises made before do not count for `times`."""
    apart: frozenset[str] = frozenset()
    """Offers that lower some of the same variants: while the visitor holds a code of one, there is none of this one."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A promise that somebody may get: a code of the pool with exactly these prices, and what is set aside for it."""

    promise_id: str
    offer: str
    prices: Tariff
    reserved: Money
    valid_until: float
    limits: Limits


class Purse(NamedTuple):
    """What is set aside for open promises, and what kept ones cost."""

    reserved: Money
    spent: Money


class Shown(NamedTuple):
    """A personal price as a visitor first saw it, and why; `body` is a JSON object with what the record holds."""

    promise_id: str
    variant: str
    visitor: str
    at: float
    body: bytes


class OfferStore(Protocol):
    """Where offers' money is counted: atomic, also between processes on one store. Raises `StoreError`, soon.

    `Store.offers` is one, or None: then no offers run. At any time, for each bound of the `Limits` that promises were
    made within: reserved + spent <= bound. A promise counts for the day it was made on.
    """

    async def add_coupons(self, coupons: Sequence[Coupon]) -> int:
        """Put minted codes into the pool; how many were new."""
        ...

    async def pool(self, offer: str, prices: Tariff, at: float) -> int:
        """How many codes of an offer with these prices are unclaimed and good at `at`."""
        ...

    async def pooled(self) -> frozenset[str]:
        """The offers that have unclaimed codes."""
        ...

    async def unpool(self, offer: str, prices: Tariff | None, good_at: float) -> list[Coupon]:
        """Take unclaimed codes out of the pool that have other prices, or are not good at `good_at`; a page of them.

        `prices` None: all codes of the offer.
        """
        ...

    async def promise(self, visitor: str, wishes: Sequence[Wish], at: float) -> list[Promise]:
        """Reserve and claim in one step; all promises of the visitor that hold then, oldest first.

        A wish for an offer that the visitor holds a promise of is met by that: the same code and prices again. Else a
        code of the pool is claimed (by one visitor, once) and `reserved` is set aside, unless a bound forbids it, no
        code with these prices is good until `valid_until`, or the code of an earlier promise of that offer has not been
        ended yet (two codes together would lower a price twice): then that wish gets nothing.
        """
        ...

    async def open_promises(self, visitor: str, at: float) -> list[Promise]:
        """The promises of a visitor that hold at `at`, oldest first, a page."""
        ...

    async def find(self, code: str) -> Promise | None:
        """The promise that a code was claimed for, in whatever state."""
        ...

    async def coupon(self, code: str) -> Coupon | None:
        """A code as it was minted, claimed or not."""
        ...

    async def raise_promise(self, code: str, reserved: Money, limits: Limits, at: float) -> bool:
        """Set aside `reserved` in all for an open promise (a cart holds more pieces); whether it is set aside now.

        Never lowers a reservation. `limits` as for a new promise; `times` and `apart` do not matter.
        """
        ...

    async def keep(self, code: str, spent: Money, order: str, at: float) -> bool:
        """An order was placed with that code: `spent` is what it really cost; the rest of the reservation is free.

        The same order twice counts once. What was spent is booked whatever the promise's state; False: no such code.
        `order` empty: the shop says that the code was used, nobody knows by which order; the order replaces that.
        """
        ...

    async def withdraw(self, code: str, at: float) -> bool:
        """The promise does not hold any more (refused by the shop): its reservation is free; whether it was open."""
        ...

    async def due(self, at: float, grace: float) -> list[Promise]:
        """Open promises whose time ended `grace` seconds ago or longer; a page. End their codes, then `lapse` them."""
        ...

    async def lapse(self, codes: Sequence[str], at: float) -> int:
        """Open promises whose time has ended and whose codes buy nothing any more: their reservations are free."""
        ...

    async def open_of(self, offer: str, prices: Tariff | None, after: str = "") -> list[Promise]:
        """Open promises of an offer with other prices than these (None: any), by code, a page that begins `after`."""
        ...

    async def known(self, codes: Sequence[str]) -> frozenset[str]:
        """Which of these codes are in the pool or belong to an open promise; the others are orphans."""
        ...

    async def spent(self, offer: str, currency: str, day: str | None = None) -> Purse:
        """What is reserved and spent of an offer, in all or for the promises of one day."""
        ...

    async def counts(self) -> Mapping[str, Mapping[PromiseState, int]]:
        """How many promises there are of each offer by state, as far as they are kept (`prune`). Reads all of them."""
        ...

    async def history(self, visitor: str) -> list[Promise]:
        """All promises of a visitor in whatever state, oldest first, a page (the latest ones)."""
        ...

    async def forget(self, visitor: str) -> int:
        """Take the visitor's name from their promises and delete what was recorded of them; how many rows.

        The money stays counted. `Store.erase` does this, too.
        """
        ...

    async def record(self, rows: Sequence[Shown]) -> None:
        """Write down what visitors were shown, for good until `prune` or `forget`; the same again changes nothing."""
        ...

    async def recorded(self, visitor: str) -> list[Shown]:
        """What a visitor was shown, oldest first, a page (the latest)."""
        ...

    async def reach(self, offer: str, since: float, profiles_after: float) -> tuple[int, int]:
        """How many visitors were promised an offer since then, and how many profiles expire after `profiles_after`."""
        ...

    async def first_day(self, offer: str) -> str | None:
        """The first day that a promise of an offer was made on, as far as it is kept."""
        ...

    async def prune(self, before: float) -> int:
        """Delete promises, codes and records that ended before; the purses stay. How many rows went."""
        ...


class ListPrice(NamedTuple):
    """A price that everybody was asked for a variant on a day."""

    variant: str
    day: str
    price: Money


class PriceLedger(Protocol):
    """The lowest and highest general price of each variant by day, for a few weeks. Raises `StoreError`, soon."""

    async def note(self, prices: Sequence[ListPrice]) -> None:
        """Write down prices as seen; lowest and highest of a day are kept."""
        ...

    async def lowest(self, variants: Sequence[str], currency: str, first: str, last: str) -> Mapping[str, Money]:
        """The lowest price of each variant from day `first` to day `last`, both included; unknown ones are left out."""
        ...

    async def highest(self, variants: Sequence[str], currency: str, day: str) -> Mapping[str, Money]:
        """The highest price of each variant on a day; unknown ones are left out."""
        ...

    async def since(self) -> str | None:
        """The first day that the ledger knows of."""
        ...

    async def prune(self, before: str) -> int:
        """Forget the days before; how many rows went."""
        ...
