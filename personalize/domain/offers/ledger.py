"""What is kept of offers: budgets and promises, and the pool of codes that were minted ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon


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
    """Variant -> (list price, personal price) as shown."""
    reserved: Money
    made_at: float
    valid_until: float
    state: PromiseState = PromiseState.OPEN


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds a reservation has to keep; None: no bound. `day` names the shop's day (`2026-11-22`)."""

    total: Money | None
    per_day: Money | None
    per_visitor: Money | None
    times: int | None
    since: float
    """Promises made before do not count for `times`."""
    day: str


class OfferStore(Protocol):
    """Where offers' money is counted: atomic, also between processes on one store. Raises `StoreError`, soon.

    A store that cannot do this says so by not having it: then no offers run.
    """

    async def add_coupons(self, coupons: Sequence[Coupon]) -> int:
        """Put minted codes into the pool; how many were new."""
        ...

    async def pool(self, offer: str, at: float) -> int:
        """How many codes of an offer are unclaimed and good at `at`."""
        ...

    async def promise(self, wanted: Promise, limits: Limits, at: float) -> Promise | None:
        """Reserve and claim in one step, all or nothing: the visitor's open promise of that offer if there is one (the
        same code and prices again), else a new one with a code of the pool and `wanted.reserved` set aside; None where
        a bound does not allow it or the pool is empty. A code is claimed by one visitor, once.
        """
        ...

    async def open_promises(self, visitor: str, at: float) -> list[Promise]:
        """The promises of a visitor that hold at `at`, oldest first, bounded."""
        ...

    async def keep(self, code: str, spent: Money, order: str, at: float) -> bool:
        """The order was placed with that code: `spent` is what it really cost; the rest of the reservation is free."""
        ...

    async def withdraw(self, code: str, at: float) -> bool:
        """The promise does not hold any more (refused by the shop, halted): its reservation is free."""
        ...

    async def lapse(self, at: float, grace: float) -> list[Promise]:
        """Promises whose time ended `grace` seconds ago or longer become lapsed; they are returned, a bounded page."""
        ...

    async def spent(self, offer: str, day: str | None = None) -> Mapping[str, Money]:
        """`reserved` and `spent` of an offer, in all or in one day."""
        ...
