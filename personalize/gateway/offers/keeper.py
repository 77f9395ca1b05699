"""Keeps offers ready behind the requests: prices looked up, codes made ahead and ended, reservations freed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from personalize.domain.offers.ledger import PAGE, PriceLedger, Promise
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import FreeShipping, Offer
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.promise import Coupon, Grant, Priced, Standing
from personalize.domain.offers.tariff import Tariff
from personalize.errors import PersonalizeError
from personalize.gateway.offers.granting import Ready, apart, as_granted, charged, empty, reserve_of, tariff_of
from personalize.gateway.offers.lawful import lawful
from personalize.guardrails.price import out_of_bounds

if TYPE_CHECKING:
    from personalize.gateway.offers.book import OfferBook

DAY = 86_400.0
ROUND = 60.0
CALL = 30.0
"""Seconds that one call of the shop's Admin API may take; its own deadlines are shorter."""
GRACE = 300.0
"""Seconds after a promise ended before its code is ended: orders on their way, clocks that differ."""
SPARE = 2 * GRACE
"""A code outlives its promise by this, so that the shop can still be asked whether it was used."""
LIFE = DAY
"""How long a code may wait for its visitor."""
AHEAD = 40 * DAY
"""So long before an offer begins the list prices of its items are noted: the law may ask for those of 30 days."""
MINTED = 10
"""Codes that one round makes for one offer."""
ENDED_MAX = 200
"""Codes that one round ends."""
PAGES = 20
"""Pages of the shop's codes that one search for orphans reads."""
SEARCH = 10
"""Rounds from one search for orphans to the next."""
ORPHANS_MAX = 10_000
STOPS = 10
LATE = (PersonalizeError, TimeoutError)
ANEW = 60
"""Rounds after which tariffs are made anew, whatever the shop's prices: its taxes and rounding may have changed."""


class _Looked(NamedTuple):
    """All that a tariff is made from."""

    offer: Offer
    prices: Prices
    priced: list[Priced]
    dearest: dict[str, Money]
    hour: int


class Keeper:
    """One round a minute, each step for itself: what fails is counted, and tried again in the next round."""

    def __init__(self, book: OfferBook, ledger: PriceLedger, profile_seconds: float) -> None:
        self._book, self._ledger, self._profile_seconds = book, ledger, profile_seconds
        self.ready: dict[str, Ready] = {}
        self.priced: dict[str, dict[str, Priced]] = {}
        self.products: dict[str, dict[str, tuple[str, ...]]] = {}
        """Both by currency: a shop may ask several of one variant."""
        self._looked: dict[str, tuple[_Looked, Tariff]] = {}
        self._ending: dict[str, None] = {}
        self._orphans: set[str] = set()
        self._rounds = 0
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin rounds, the first one at once."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """No more rounds; notes are written down."""
        task, self._task = self._task, None
        for _ in range(STOPS):  # before Python 3.12 a cancellation is lost where it meets a result (gh-86296)
            if task is None or task.done():
                break
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
        await self._flush()

    def wake(self) -> None:
        """The next round begins now."""
        self._awake.set()

    def end(self, code: str) -> None:
        """End a code at the shop in the next round, which begins now."""
        if len(self._ending) < ORPHANS_MAX:  # one that is not noted is found as an orphan
            self._ending[code] = None
        self.wake()

    async def _run(self) -> None:
        while self._task is not None:
            self._awake.clear()
            await self.round()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), ROUND)

    async def round(self) -> None:
        """Everything once. Raises nothing."""
        self._rounds += 1
        await self._flush()
        for offer in list(self._book.offers.values()):
            with self._counting("look_up"):
                await self._look_up(offer)
        self._set_apart()
        with self._counting("dearest"):
            await self._dearest()
        for name in list(self.ready):
            with self._counting("mint"):
                await self._stock(name)
        for step, work in (
            ("outdated", self._outdated), ("wind_up", self._wind_up), ("end", self._end), ("lapse", self._lapse),
        ):  # fmt: skip
            with self._counting(step):
                await work()
        if self._rounds % SEARCH == 1:
            with self._counting("orphans"):
                await self._search()

    def _counting(self, step: str) -> _Counting:
        return _Counting(self._book, step)

    async def _priced(self, offer: Offer) -> list[Priced]:
        async with asyncio.timeout(CALL):
            return await self._book.desk.priced(offer.selection, offer.currency)

    async def _look_up(self, offer: Offer) -> None:
        """The prices of an offer's items now, its tariff, and what the law wants of it."""
        at = self._book.now()
        if offer.starts > at + DAY:
            self.ready.pop(offer.name, None)
            if offer.starts <= at + AHEAD and not isinstance(offer.benefit, FreeShipping):
                for item in await self._priced(offer):
                    self._book.notes.note(item.variant, item.listed)
            return
        if offer.ends is not None and offer.ends <= at:
            await self._give_up(offer.name)
            return
        if not self._book.desk.honours(offer.benefit):
            self._book.telemetry.fault("offer_not_honoured", offer.name)
            await self._give_up(offer.name)
            return
        priced = [] if isinstance(offer.benefit, FreeShipping) else await self._priced(offer)
        for item in priced:
            self._book.notes.note(item.variant, item.listed)
        tariff = await self._tariff(offer, priced)
        known = {item.variant: item for item in priced}
        self.priced.setdefault(offer.currency, {}).update(known)
        before = self.ready.get(offer.name)
        same = before is not None and before.tariff == tariff
        fresh = Ready(
            offer, before.tariff if before is not None and same else tariff, known, reserve_of(offer, tariff),
            stocked=before is not None and same and before.stocked,
        )  # fmt: skip
        self.ready[offer.name] = await lawful(fresh, self._book, self._ledger, self._profile_seconds)

    async def _tariff(self, offer: Offer, priced: list[Priced]) -> Tariff:
        """The tariff of what the shop asks now; made anew where something changed, and once an hour."""
        book = self._book
        dearest = {item.variant: book.notes.dearest.get(item.variant, item.listed) for item in priced}
        looked = _Looked(offer, book.prices, priced, dearest, self._rounds // ANEW)
        known = self._looked.get(offer.name)
        if known is not None and known[0] == looked:
            return known[1]
        # In a thread: some thousand prices take a tenth of a second, and requests go first.
        tariff, left = await asyncio.to_thread(tariff_of, offer, priced, book.desk, book.prices, dearest)
        for rule, count in left.items():
            book.telemetry.say(
                f"offer_left/{offer.name}/{rule}", f"offer {offer.name}: items left out: {rule}", items=count
            )
        self._looked[offer.name] = looked, tariff
        return tariff

    def _set_apart(self) -> None:
        """Offers that lower some of the same variants are told so; prices of what is offered no more are forgotten."""
        overlaps = apart({name: one.tariff for name, one in self.ready.items()})
        for name, others in overlaps.items():
            if self.ready[name].apart != others:
                self.ready[name] = replace(self.ready[name], apart=others)
        wanted: dict[str, set[str]] = {}
        for one in self.ready.values():
            wanted.setdefault(one.offer.currency, set()).update(one.priced)
        for currency in list(self.priced):
            kept = wanted.get(currency, set())
            self.priced[currency] = {v: item for v, item in sorted(self.priced[currency].items()) if v in kept}
        self.products = {currency: _by_product(priced) for currency, priced in self.priced.items()}

    async def _dearest(self) -> None:
        by_currency: dict[str, list[str]] = {}
        for one in self.ready.values():
            by_currency.setdefault(one.offer.currency, []).extend(one.priced)
        found: dict[str, Money] = {}
        for currency, variants in by_currency.items():
            found |= await self._ledger.highest(variants, currency, self._book.day())
        self._book.notes.remember(found)

    async def _stock(self, name: str) -> None:
        """Codes with other prices leave the pool, and new ones come, a few a round."""
        book, ready = self._book, self.ready[name]
        offer, at = ready.offer, book.now()
        halted = book.halted(name) is not None
        last = (at + offer.hold if offer.ends is None else min(at + offer.hold, offer.ends)) + SPARE
        stale = await book.store.unpool(name, None if halted else ready.tariff, last)
        for coupon in stale:
            self.end(coupon.code)
        if halted:
            self.ready[name] = replace(ready, stocked=False)
            return
        if empty(offer, ready.tariff):
            return
        left = await book.store.pool(name, ready.tariff, last)
        self.ready[name] = replace(ready, stocked=left > 0)
        if (wanted := min(book.prices.pool - left, MINTED)) <= 0:
            return
        end = at + LIFE + offer.hold + SPARE
        end = end if offer.ends is None else min(end, offer.ends + SPARE)
        variants = tuple(ready.priced[variant] for variant in ready.tariff)
        async with asyncio.timeout(CALL):
            made = await book.desk.mint([Grant(name, offer.benefit, variants, end, pieces=offer.pieces)] * wanted)
        good = [replace(coupon, prices=ready.tariff) for coupon in made if as_granted(coupon, offer, ready.tariff)]
        if len(good) < len(made):
            book.telemetry.fault("offers", "made_otherwise")
            self._looked.pop(name, None)
            good_codes = {coupon.code for coupon in good}
            for coupon in made:
                if coupon.code not in good_codes:
                    await self._withdraw(coupon)
        if good:
            await book.store.add_coupons(good)
            self.ready[name] = replace(self.ready[name], stocked=True)

    async def _wind_up(self) -> None:
        """Unclaimed codes of offers that are no more leave the pool."""
        book = self._book
        for name in await book.store.pooled() - book.offers.keys():
            await self._give_up(name)

    async def _give_up(self, name: str) -> None:
        """An offer is promised no more: its unclaimed codes end."""
        self.ready.pop(name, None)
        for coupon in await self._book.store.unpool(name, None, self._book.now()):
            self.end(coupon.code)

    async def _end(self) -> None:
        """End the codes that were refused, or left the pool."""
        for code in list(self._ending)[:ENDED_MAX]:
            coupon = await self._book.store.coupon(code)
            if coupon is not None:
                await self._withdraw(coupon)
            self._ending.pop(code, None)

    async def _lapse(self) -> None:
        """Free what promises set aside whose time is over, once their codes buy nothing any more."""
        book = self._book
        for promise in (await book.store.due(book.now(), GRACE))[:ENDED_MAX]:
            with self._counting("close"):
                await self._close(promise)

    async def _close(self, promise: Promise) -> None:
        """An order that nobody told of costs what was set aside; else the code ends, then its reservation.

        Where the shop cannot say for a day whether a code was used, it is taken to be.
        """
        book = self._book
        coupon = await book.store.coupon(promise.code)
        if coupon is not None:
            try:
                async with asyncio.timeout(CALL):
                    used = await book.desk.standing(coupon) is Standing.USED
            except LATE as error:
                book.telemetry.fault("offers", "standing_unknown", error)
                if promise.valid_until > book.now() - DAY:
                    return
                used = True
            await self._withdraw(coupon)
            if used:
                book.telemetry.count("offers", "bought_unseen")
                await book.store.keep(promise.code, promise.reserved, "", book.now())
                return
        await book.store.lapse([promise.code], book.now())

    async def _outdated(self) -> None:
        """Promises whose codes would now break a bound, since a list price fell: they end at once."""
        book = self._book
        for name, ready in list(self.ready.items()):
            after = ""
            for _ in range(PAGES):
                page = await book.store.open_of(name, ready.tariff, after)
                for promise in page:
                    if self._breaks(promise, ready):
                        book.telemetry.count("offer_mismatch", "list_price_fell")
                        await book.store.withdraw(promise.code, book.now())
                        self.end(promise.code)
                if len(page) < PAGE:
                    break
                after = page[-1].code

    def _breaks(self, promise: Promise, ready: Ready) -> bool:
        for variant, (listed, _) in promise.prices.items():
            item = ready.priced.get(variant)
            if item is None or item.listed == listed:
                continue
            price = charged(ready.offer, item, self._book.desk)
            if price is None or out_of_bounds(price, item, ready.offer, self._book.prices) is not None:
                return True
        return False

    async def _search(self) -> None:
        """End codes of ours that nobody knows: made before a failure, of offers that are gone, or of another store.

        Only what was an orphan in two searches is one: another process may be about to put its codes into the pool.
        """
        book, after = self._book, None
        seen: set[str] = set()
        for _ in range(PAGES):
            async with asyncio.timeout(CALL):
                page, after = await book.desk.ours(after)
            known = await book.store.known([coupon.code for coupon in page])
            for coupon in page:
                if coupon.code in known:
                    continue
                if coupon.code in self._orphans:
                    await self._withdraw(coupon)
                elif len(seen) < ORPHANS_MAX:
                    seen.add(coupon.code)
            if after is None:
                break
        self._orphans = seen

    async def _withdraw(self, coupon: Coupon) -> None:
        async with asyncio.timeout(CALL):
            await self._book.desk.withdraw(coupon)

    async def _flush(self) -> None:
        for step, notes in (("note", self._book.notes), ("record", self._book.record)):
            with self._counting(step):
                await notes.flush()


def _by_product(priced: Mapping[str, Priced]) -> dict[str, tuple[str, ...]]:
    products: dict[str, list[str]] = {}
    for variant, item in priced.items():
        products.setdefault(item.product, []).append(variant)
    return {product: tuple(variants) for product, variants in products.items()}


class _Counting:
    """Counts what a step raised, and goes on with the next one."""

    def __init__(self, book: OfferBook, step: str) -> None:
        self._book, self._step = book, step

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._book.telemetry.fault("offers", f"{self._step}_failed", error)
        return True
