"""The book of offers: what a visitor is promised, within a few milliseconds or not at all; the rest happens behind."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from cachetools import TTLCache

from personalize.domain.breaker import Breaker
from personalize.domain.clock import Clock
from personalize.domain.desk.programme import OfferSwitch
from personalize.domain.offers.law import disclosure
from personalize.domain.offers.ledger import Limits, OfferStore, PriceLedger, Promise, PromiseState, Shown, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Offer
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.promise import Priced
from personalize.domain.offers.shop import CouponDesk
from personalize.domain.patch import Reprice
from personalize.errors import PersonalizeError, StoreError
from personalize.gateway.offers.granting import Ready
from personalize.gateway.offers.keeper import Keeper
from personalize.gateway.offers.notes import PriceNotes, Record
from personalize.gateway.offers.trust import Refusals
from personalize.guardrails.price import Cut, Sight, out_of_bounds
from personalize.telemetry import Telemetry

DAY = 86_400.0
VISITORS = 20_000
WANTED_MAX = 8
OPERATOR = "operator"
"""Why an offer halts that the operator stopped."""
RELISTED = "list_changed"
FRESH = 5.0
"""Seconds that what a visitor holds is remembered: so long may another process's withdrawal go unnoticed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What has to stand beside a changed price: the disclosure (None: nothing), the lowest price of 30 days before."""

    disclosure: str | None
    lowest: Money | None


@dataclass(frozen=True, slots=True)
class _Held:
    promises: tuple[Promise, ...]
    asked: frozenset[str]


class OfferBook:
    """All that a request needs of offers, in this process.

    `running` says which offers may be promised; `promises` makes promises; `sight` is what `guardrails.price.clip`
    holds Reprices against; `told` what stands beside a price; `showed` records it. A cart reports by `applied`,
    `refused`, `raised` and `kept`. Nothing here raises except where it says so; what fails means: list price, counted.
    `deadline` is seconds for the one store call of a request, `clock` seconds since the epoch, `zone` the shop's.
    """

    def __init__(
        self,
        offers: Sequence[Offer],
        prices: Prices,
        desk: CouponDesk,
        store: OfferStore,
        ledger: PriceLedger,
        telemetry: Telemetry,
        zone: tzinfo,
        *,
        clock: Clock = time.time,
        deadline: float = 0.05,
        fresh_for: float = FRESH,
        profile_seconds: float = 90 * DAY,
    ) -> None:
        self.prices, self.desk, self.store, self.telemetry = prices, desk, store, telemetry
        self._clock, self._deadline, self._zone = clock, deadline, zone
        self._offers = {offer.name: offer for offer in offers}
        self._held: TTLCache[str, _Held] = TTLCache(VISITORS, fresh_for, timer=clock)
        self._relisted: TTLCache[str, bool] = TTLCache(VISITORS, DAY, timer=clock)
        self._breaker = Breaker(clock)
        self.settles: Callable[[], bool] = lambda: False
        self.refusals = Refusals(prices.mismatch)
        self._switches: frozenset[OfferSwitch] = frozenset()
        self.stopped: frozenset[str] = frozenset()
        self.notes = PriceNotes(ledger, telemetry, self.day)
        self.record = Record(store, telemetry)
        self.keeper = Keeper(self, ledger, profile_seconds)

    async def start(self) -> None:
        """Begin the work behind: a first round at once, then every minute. Raises nothing."""
        self.keeper.start()

    async def stop(self) -> None:
        """End it, and put down what is still in memory."""
        await self.keeper.stop()

    def use(self, offers: Sequence[Offer], prices: Prices) -> None:
        """Take changed settings into use: an offer that changed begins anew, one that is gone is wound up behind."""
        fresh = {offer.name: offer for offer in offers}
        for name in self._offers.keys() | fresh.keys():
            if self._offers.get(name) != fresh.get(name) or prices != self.prices:
                self.keeper.ready.pop(name, None)
                self.refusals.release(name)
        self._offers, self.prices, self.refusals.threshold = fresh, prices, prices.mismatch
        self.keeper.wake()

    def follow(self, switches: frozenset[OfferSwitch]) -> None:
        """Take over the operator's switches: what is stopped halts at once, what was let run since begins anew.

        That also ends the halt of an offer that stopped itself.
        """
        if switches == self._switches:
            return
        for one in switches - self._switches:
            if not one.stopped:
                self.refusals.release(one.name)
        self._switches = switches
        self.stopped = frozenset(one.name for one in switches if one.stopped)
        self.keeper.wake()

    def halted(self, offer: str) -> str | None:
        """Why an offer is halted: `OPERATOR`, or the last refusal of one that stopped itself; None: it is not."""
        return OPERATOR if offer in self.stopped else self.refusals.halted.get(offer)

    @property
    def offers(self) -> Mapping[str, Offer]:
        """All offers of the settings by name, whether they run or not."""
        return self._offers

    def now(self) -> float:
        """The book's time, seconds since the epoch."""
        return self._clock()

    def day(self, at: float | None = None) -> str:
        """The shop's day of a moment (default: now), `2026-11-22`."""
        return datetime.fromtimestamp(self._clock() if at is None else at, self._zone).date().isoformat()

    def running(self) -> Mapping[str, Ready]:
        """The offers that may be promised now, in the order of the settings: begun, not ended or halted, codes ready.

        This is what a decision chooses from: each with its tariff and what one promise sets aside.
        """
        at, ready = self._clock(), self.keeper.ready
        return {
            name: ready[name]
            for name, offer in self._offers.items()
            if name in ready and ready[name].stocked and _runs(offer, at) and self.halted(name) is None
        }

    async def promises(
        self, visitor: str, wanted: Sequence[str], deadline: float | None = None
    ) -> tuple[Promise, ...]:  # fmt: skip
        """The promises that a visitor (by profile key) holds, after the wanted offers were promised where they may be.

        The most wanted first, `WANTED_MAX` of them. From memory where it is there, else one call of the store; where
        that fails or is late there are none, and what it still made is found by the next request. Ask
        `domain.offers.law.may_have_offers` before: this trusts the key. With nothing wanted: what is held.
        """
        at = self._clock()
        held = self._held.get(visitor)
        names = frozenset(wanted[:WANTED_MAX])
        if held is None or not names <= held.asked:
            held = await self._ask(visitor, wanted[:WANTED_MAX], at, self._deadline if deadline is None else deadline)
        return tuple(one for one in held.promises if one.valid_until > at) if held else ()

    async def held(self, visitor: str) -> tuple[Promise, ...]:
        """The promises that a visitor holds now, for work behind a request: as the store has them, however late.

        Another process may have made or withdrawn one a moment ago. Raises `StoreError`.
        """
        return tuple(await self.store.open_promises(visitor, self._clock()))

    def holds(self, visitor: str) -> bool:
        """Whether a visitor may hold promises, as far as this process knows: one who never asked here may, too."""
        held = self._held.get(visitor)
        return held is None or bool(held.promises)

    def priced(self, currency: str) -> Mapping[str, Priced]:
        """The variants of all offers in a currency, as the shop prices them."""
        return self.keeper.priced.get(currency, {})

    def variants(self, product: str, currency: str) -> Sequence[str]:
        """The variants of a product that offers in a currency are on."""
        return self.keeper.products.get(currency, {}).get(product, ())

    @property
    def automatic(self) -> bool:
        """Whether codes go into carts by themselves, as far as the shop's map and schema tell how."""
        return self.settles()

    async def find(self, code: str) -> Promise | None:
        """The promise that a code was claimed for; None: not ours. Raises `StoreError`."""
        return await self.store.find(code)

    async def _ask(self, visitor: str, wanted: Sequence[str], at: float, deadline: float) -> _Held | None:
        if self._breaker.open:
            self.telemetry.count("offers", "store_paused")
            return None
        running = self.running()
        wishes = [self._wish(running[name], at) for name in wanted if name in running]
        try:
            async with asyncio.timeout(deadline):
                found = await self.store.promise(visitor, wishes, at)
        except (StoreError, TimeoutError) as error:
            self._breaker.failed()
            self.telemetry.fault("offers", "late" if isinstance(error, TimeoutError) else "store", error)
            return None
        self._breaker.worked()
        held = self._held[visitor] = _Held(tuple(found), frozenset(wanted))
        return held

    def _wish(self, ready: Ready, at: float) -> Wish:
        offer = ready.offer
        end = at + offer.hold if offer.ends is None else min(at + offer.hold, offer.ends)
        return Wish(secrets.token_hex(8), offer.name, ready.tariff, ready.reserve, end, self.limits(offer.name, at))

    def limits(self, offer: str, at: float) -> Limits:
        """The bounds of a promise of an offer made at `at`."""
        budget, frequency = self._offers[offer].budget, self._offers[offer].frequency
        ready = self.keeper.ready.get(offer)
        return Limits(
            self.day(at), budget.total, budget.per_day, budget.per_visitor,
            None if frequency is None else frequency.times,
            0.0 if frequency is None else at - frequency.days * DAY,
            frozenset() if ready is None else ready.apart,
        )  # fmt: skip

    def sight(self, promises: Sequence[Promise], currency: str) -> Sight:
        """What Reprices, of rows in a currency, of a visitor who holds these promises are held against.

        An offer that was not looked up yet (just started, the Admin API down) is none: what the law wants beside its
        prices is not known.
        """
        ready = self.keeper.ready
        return Sight(
            self._clock(),
            self.prices,
            {
                name: self._offers[name]
                for name in ready.keys() & self._offers.keys() - self.refusals.halted.keys() - self.stopped
            },
            promises,
            self.priced(currency),
            self.notes.dearest,
            {name: one.lowest for name, one in ready.items() if one.reduced},
        )

    def told(self, offer: str, variant: str, language: str) -> Told:
        """What has to stand beside the price of a variant that an offer lowered."""
        known, ready = self._offers.get(offer), self.keeper.ready.get(offer)
        if known is None:
            return Told(None, None)
        lowest = ready.lowest.get(variant) if ready is not None and ready.reduced else None
        return Told(disclosure(known.audience.kind, language, self.prices.jurisdictions), lowest)

    def showed(self, visitor: str, promise: Promise, changes: Sequence[Reprice], language: str) -> None:
        """Record the prices that a visitor is being shown, and why: the first time each, written down behind."""
        self.record.add(visitor, promise, changes, {c.price.variant: self.told(promise.offer, c.price.variant, language)
                                                   for c in changes}, self._clock())  # fmt: skip

    def cut(self, cuts: Sequence[Cut]) -> None:
        """Count what the guardrail cut."""
        for one in cuts:
            self.telemetry.count("offer_cut", one.rule)

    def applied(self, offer: str) -> None:
        """The shop took a promised code."""
        self.refusals.applied(offer)

    def bears(self, promise: Promise, variant: str, price: Money) -> bool:
        """Whether a promised variant may be charged `price` for a piece, which a coupon of the shop's own lowered."""
        offer, known = self._offers.get(promise.offer), self.priced(promise.reserved.currency).get(variant)
        if offer is None or known is None:
            return False
        item = replace(known, listed=promise.prices[variant][0])
        return out_of_bounds(price, item, offer, self.prices, self.notes.dearest.get(variant)) is None

    def relisted(self, promise: Promise, variant: str) -> None:
        """A cart asks another list price of a variant than the one promised from; counted once for each code.

        Prices change, and are looked up at once then. Where the catalogue goes on asking the old one, carts are priced
        in some other way: that is as good as a refusal.
        """
        if promise.code in self._relisted:
            return
        self._relisted[promise.code] = True
        self.telemetry.count("offer_mismatch", RELISTED)
        known = self.priced(promise.reserved.currency).get(variant)
        if known is not None and known.listed == promise.prices[variant][0]:
            self._refused(promise.offer, RELISTED)
        self.keeper.wake()

    def _refused(self, offer: str, why: str) -> None:
        if self.refusals.refused(offer, why):
            self.telemetry.fault("offer_halted", offer)

    async def raised(self, code: str, saving: Money) -> bool:
        """Whether the budget bears `saving` for a code whose cart wants more; False: the code may not be applied."""
        at = self._clock()
        try:
            promise = await self.store.find(code)
            if promise is None or promise.offer not in self._offers:
                return False
            return await self.store.raise_promise(code, saving, self.limits(promise.offer, at), at)
        except PersonalizeError as error:
            self.telemetry.fault("offers", "raise", error)
            return False

    async def kept(self, code: str, spent: Money, order: str) -> bool:
        """An order was placed with a code of ours and saved `spent`; False: not ours, or the store failed (retry)."""
        try:
            promise = await self.store.find(code)
            if promise is None or not await self.store.keep(code, spent, order, self._clock()):
                return False
        except PersonalizeError as error:
            self.telemetry.fault("offers", "keep", error)
            return False
        self._held.pop(promise.visitor, None)
        if promise.state is not PromiseState.OPEN:
            self.telemetry.count("offers", f"bought_{promise.state}")
        if spent > promise.reserved:
            self.telemetry.fault("offers", "more_than_reserved")
        return True

    async def refused(self, code: str, why: str) -> None:
        """The shop refused a promised code, or charged another price: it is withdrawn at once, and counted.

        `why` is a word (`used`, `expired`, `not_combinable`, `price`). Past the threshold the offer stops itself.
        """
        self.telemetry.count("offer_mismatch", why)
        try:
            promise = await self.store.find(code)
            if promise is None:
                return
            self._held.pop(promise.visitor, None)
            self._refused(promise.offer, why)
            await self.store.withdraw(code, self._clock())
            self.keeper.end(code)
        except PersonalizeError as error:
            self.telemetry.fault("offers", "withdraw", error)

    def forget(self, visitor: str) -> None:
        """Drop what memory holds of a visitor; `Store.erase` does the rest."""
        self._held.pop(visitor, None)
        self.record.forget(visitor)

    async def history(self, visitor: str) -> tuple[list[Promise], list[Shown]]:
        """What is kept of a visitor: their promises, and what they were shown. Raises `StoreError`."""
        return await self.store.history(visitor), await self.store.recorded(visitor)


def _runs(offer: Offer, at: float) -> bool:
    return offer.starts <= at and (offer.ends is None or at < offer.ends)
