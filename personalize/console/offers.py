"""Offers for the operator: which run and why not, what they may still give away, and the switch that stops one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from personalize.console.desk import Desk
from personalize.domain.desk.actor import Actor, Role
from personalize.domain.desk.programme import EVERYTHING
from personalize.domain.desk.reading import nearest
from personalize.domain.offers.ledger import PromiseState
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Offer
from personalize.domain.offers.prices import PRICE_STRATEGIES
from personalize.domain.strategy import Mode
from personalize.errors import DeskError
from personalize.gateway.offers.book import OPERATOR, OfferBook
from personalize.gateway.offers.granting import Ready, empty
from personalize.settings import Settings
from personalize.telemetry import Telemetry

COUNTED = 10.0
"""Seconds that the counts of all promises are kept: counting reads each of them."""
NONE: Mapping[PromiseState, int] = {}


class Why(StrEnum):
    """Why an offer is promised to nobody now."""

    NO_ADMIN = "no_admin"
    STOPPED = "stopped"
    HALTED = "halted"
    ENDED = "ended"
    NOT_BEGUN = "not_begun"
    EVERYTHING_STOPPED = "everything_stopped"
    STRATEGY_OFF = "strategy_off"
    NOT_DISCLOSED = "not_disclosed"
    NOT_HONOURED = "not_honoured"
    NOT_LOOKED_UP = "not_looked_up"
    NOTHING_LEFT = "nothing_left"
    NO_CODES = "no_codes"
    SPENT = "spent"
    SPENT_TODAY = "spent_today"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound of a budget (None: there is none), what is set aside of it for open promises, and what orders cost."""

    limit: Money | None
    reserved: Money
    spent: Money

    @property
    def left(self) -> Money | None:
        """What may still be promised, never below nothing; None without a bound."""
        if self.limit is None:
            return None
        return max(self.limit - self.reserved - self.spent, Money(0, self.limit.currency))

    def bears(self, reserve: Money) -> bool:
        """Whether one more promise fits."""
        left = self.left
        return left is None or reserve <= left


@dataclass(frozen=True, slots=True)
class OfferStanding:
    """An offer as it stands in this process; `why` None: it may be promised now. No code is ever part of it.

    `refusal` is the last refusal of one that stopped itself. `priced` are the variants it is on, `variants` those whose
    price stays within all bounds, `products` theirs; `pool` are the codes ready, `reserve` what one promise sets aside,
    `reach` the share of the visitors of 30 days (0..1, None: nobody yet, or too few visitors to tell). `promises`
    counts those that are kept, by state.
    """

    offer: Offer
    why: Why | None
    refusal: str
    stopped: bool
    priced: int
    variants: int
    products: int
    pool: int
    reserve: Money | None
    reach: float | None
    total: Bar
    today: Bar
    promises: Mapping[PromiseState, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """What this process counted since its start, by reason: Reprices cut, promised codes refused, other trouble."""

    cuts: Mapping[str, int]
    mismatches: Mapping[str, int]
    troubles: Mapping[str, int]


class OfferDesk:
    """The offers of the settings. `book` is None where no shop's Admin API is set, or the store counts no money."""

    def __init__(
        self, book: OfferBook | None, desk: Desk, settings: Callable[[], Settings], effective: Callable[[], Settings],
        telemetry: Telemetry,
    ) -> None:  # fmt: skip
        self.book, self.desk, self.telemetry = book, desk, telemetry
        self._settings, self._effective = settings, effective
        self._counts: tuple[float, Mapping[str, Mapping[PromiseState, int]]] = (float("-inf"), {})
        self._counting = asyncio.Lock()

    async def standings(self) -> list[OfferStanding]:
        """All offers of the settings, in their order. Raises StoreError."""
        offers = self._settings().offers
        if self.book is None:
            return [_without(offer) for offer in offers]
        counts = await self._promises(self.book)
        stopped = EVERYTHING in await self.desk.killed()
        return [await self._standing(self.book, offer, counts.get(offer.name, NONE), stopped) for offer in offers]

    def counted(self) -> Counted:
        """What was cut, refused and went wrong since this process began."""
        return Counted(*(self.telemetry.tally(kind) for kind in ("offer_cut", "offer_mismatch", "offers")))

    async def stop(self, actor: Actor, name: str, why: str) -> None:
        """List prices for everybody, at once. Raises DeskError, StoreError."""
        actor.needs(Role.OPERATOR)
        await self.desk.stop_offer(actor, self._known(name), why)

    async def release(self, actor: Actor, name: str, why: str) -> None:
        """Let an offer run again, also one that stopped itself. Raises DeskError, StoreError."""
        actor.needs(Role.OPERATOR)
        await self.desk.release_offer(actor, self._known(name), why)

    def _known(self, name: str) -> str:
        known = [offer.name for offer in self._settings().offers]
        if name not in known:
            raise DeskError(f"there is no offer {name[:80]!r}", code="OFFER_UNKNOWN", hint=nearest(name, known))
        return name

    async def _promises(self, book: OfferBook) -> Mapping[str, Mapping[PromiseState, int]]:
        async with self._counting:
            if book.now() - self._counts[0] > COUNTED:
                self._counts = book.now(), await book.store.counts()
            return self._counts[1]

    async def _standing(
        self, book: OfferBook, offer: Offer, promises: Mapping[PromiseState, int], everything: bool
    ) -> OfferStanding:  # fmt: skip
        budget, name, at = offer.budget, offer.name, book.now()
        total = Bar(budget.total, *await book.store.spent(name, offer.currency))
        today = Bar(budget.per_day, *await book.store.spent(name, offer.currency, book.day()))
        ready = book.keeper.ready.get(name)
        pool = await book.store.pool(name, ready.tariff, at) if ready is not None else 0
        why = Why.EVERYTHING_STOPPED if everything else self._why(book, offer, ready, total, today)
        halted = book.halted(name)
        tariff = ready.tariff if ready is not None else {}
        products = {ready.priced[variant].product for variant in tariff if variant in ready.priced} if ready else set()
        return OfferStanding(
            offer, why, halted if halted is not None and halted != OPERATOR else "", halted == OPERATOR,
            len(ready.priced) if ready else 0, len(tariff), len(products), pool, ready.reserve if ready else None,
            (ready.reach or None) if ready else None, total, today, promises,
        )  # fmt: skip

    def _why(self, book: OfferBook, offer: Offer, ready: Ready | None, total: Bar, today: Bar) -> Why | None:
        at, halted = book.now(), book.halted(offer.name)
        if halted is not None:
            return Why.STOPPED if halted == OPERATOR else Why.HALTED
        if offer.ends is not None and offer.ends <= at:
            return Why.ENDED
        if offer.starts > at:
            return Why.NOT_BEGUN
        if not self._switched_on():
            return Why.STRATEGY_OFF
        if not book.prices.disclosed:
            return Why.NOT_DISCLOSED
        if not book.desk.honours(offer.benefit):
            return Why.NOT_HONOURED
        if ready is None:
            return Why.NOT_LOOKED_UP
        if empty(offer, ready.tariff):
            return Why.NOTHING_LEFT
        if not total.bears(ready.reserve):
            return Why.SPENT
        if not today.bears(ready.reserve):
            return Why.SPENT_TODAY
        return None if offer.name in book.running() else Why.NO_CODES

    def _switched_on(self) -> bool:
        """Whether a strategy for prices is on for anybody, an arm of an experiment included."""
        effective = self._effective()
        arms = [arm for experiment in effective.experiments for arm in experiment.variants]
        switches = [*effective.strategies, *(switch for arm in arms for switch in arm.strategies)]
        return any(one.name in PRICE_STRATEGIES and one.mode in (Mode.ON, Mode.SHARE) for one in switches)


def _without(offer: Offer) -> OfferStanding:
    """An offer of a gateway that cannot make any."""
    nothing, budget = Money(0, offer.currency), offer.budget
    return OfferStanding(
        offer, Why.NO_ADMIN, "", False, 0, 0, 0, 0, None, None, Bar(budget.total, nothing, nothing),
        Bar(budget.per_day, nothing, nothing), NONE,
    )  # fmt: skip
