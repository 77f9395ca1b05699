"""The demo shop's coupons: what they take off, for whom, how often, and until when; by Vendure's rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from personalize.demo.catalogue import Text

MAX_PROMOTIONS = 20_000
PAST = 1_767_225_600.0
"""A moment that is over (2026-01-01)."""


@dataclass(frozen=True, slots=True)
class Action:
    """So many `percent` off a piece, of certain variants or of a category's (None: any)."""

    percent: float
    variants: frozenset[str] | None = None
    category: str | None = None

    def off(self, unit: int, pieces: int, variant: str, category: str) -> int:
        """Gross cents off a line, rounded once a line, as Vendure does (halves of what is taken off go down)."""
        if self.category not in (None, category) or (self.variants is not None and variant not in self.variants):
            return 0
        return -math.floor(-unit * (self.percent / 100) * pieces + 0.5)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A coupon. Its actions are taken off every line once the lines reach `minimum` (gross cents).

    `per_customer` and `limit` are how many orders of one customer and of all may have it (None: any number); `ends` is
    in epoch seconds. `told` are the actions in the Admin API's words.
    """

    id: str
    coupon_code: str
    name: Text
    actions: tuple[Action, ...] = ()
    free_shipping: bool = False
    minimum: int = 0
    per_customer: int | None = None
    limit: int | None = None
    ends: float | None = None
    enabled: bool = True
    description: str = ""
    made: float = PAST
    told: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()

    @property
    def key(self) -> str:
        """Codes are the same in any letter case."""
        return self.coupon_code.casefold()

    def over(self, now: float) -> bool:
        """Whether its time has passed."""
        return self.ends is not None and self.ends < now


PROMOTIONS: tuple[Promotion, ...] = (
    Promotion("1", "WILLKOMMEN10", Text("10 % welcome", "10 % zur Begrüßung"), (Action(10),)),
    Promotion("2", "ZUHAUSE15", Text("15 % from 150 €", "15 % ab 150 €"), (Action(15),), minimum=15_000),
    Promotion("3", "STRICK20", Text("20 % on knitwear", "20 % auf Strick"), (Action(20, category="womens-knitwear"),)),
    Promotion("4", "EINMAL25", Text("25 % once", "25 % einmalig"), (Action(25),), per_customer=1),
    Promotion("5", "SOMMER2025", Text("Summer 2025", "Sommer 2025"), (Action(30),), ends=PAST),
)


class Promotions:
    """The promotions that are not archived, and which orders hold which code."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known = {promotion.id: promotion for promotion in PROMOTIONS}
        self._ids = {promotion.key: promotion.id for promotion in PROMOTIONS}
        self._holders: dict[str, set[str]] = {}
        self._last = len(PROMOTIONS)

    def all(self) -> list[Promotion]:
        """By id."""
        return list(self._known.values())

    def get(self, identity: str) -> Promotion | None:
        """The promotion with that id."""
        return self._known.get(identity)

    def with_code(self, code: str) -> Promotion | None:
        """The promotion that may be used with that code: enabled, whether or not its time has passed."""
        found = self._known.get(self._ids.get(code.casefold(), ""))
        return found if found is not None and found.enabled else None

    def live(self, codes: Iterable[str]) -> list[Promotion]:
        """What these codes take off now."""
        now = self._clock()
        found = (self.with_code(code) for code in codes)
        return [promotion for promotion in found if promotion is not None and not promotion.over(now)]

    def add(self, promotion: Promotion) -> Promotion:
        """A new one, with an id; a code that two promotions have means the later one. Raises OverflowError."""
        if len(self._known) >= MAX_PROMOTIONS:
            raise OverflowError(f"more than {MAX_PROMOTIONS} promotions")
        self._last += 1
        promotion = replace(promotion, id=str(self._last), made=self._clock())
        self.put(promotion)
        return promotion

    def put(self, promotion: Promotion) -> None:
        """Changes one."""
        before = self._known.get(promotion.id)
        if before is not None and self._ids.get(before.key) == promotion.id:
            del self._ids[before.key]
        self._known[promotion.id] = promotion
        self._ids[promotion.key] = promotion.id

    def archive(self, identity: str) -> bool:
        """It is no promotion any more; orders keep what it took off. Whether there was one."""
        promotion = self._known.pop(identity, None)
        if promotion is None:
            return False
        if self._ids.get(promotion.key) == identity:
            del self._ids[promotion.key]
        self._holders.pop(identity, None)
        return True

    def hold(self, promotion: Promotion, order_id: str) -> None:
        """An order has that code; a limit counts the orders that are placed or being paid."""
        if promotion.limit is not None or promotion.per_customer is not None:
            self._holders.setdefault(promotion.id, set()).add(order_id)

    def holders(self, promotion: Promotion) -> frozenset[str]:
        """Ids of the orders that had that code at some time."""
        return frozenset(self._holders.get(promotion.id, ()))
