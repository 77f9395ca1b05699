"""The demo shop's coupons: what they take off, for whom, how often, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from personalize.demo.catalogue import Text


@dataclass(frozen=True, slots=True)
class Promotion:
    """A coupon. `percent` is taken off every line (0..100) once the lines reach `minimum` (gross cents).

    `category` limits it to products of that category; `per_customer` is how often one customer may use it (None: any
    number); `expired` coupons are known but no longer taken.
    """

    id: str
    coupon_code: str
    name: Text
    percent: int
    minimum: int = 0
    category: str | None = None
    per_customer: int | None = None
    expired: bool = False


PROMOTIONS: tuple[Promotion, ...] = (
    Promotion("1", "WILLKOMMEN10", Text("10 % welcome", "10 % zur Begrüßung"), 10),
    Promotion("2", "ZUHAUSE15", Text("15 % from 150 €", "15 % ab 150 €"), 15, minimum=15_000),
    Promotion("3", "STRICK20", Text("20 % on knitwear", "20 % auf Strick"), 20, category="womens-knitwear"),
    Promotion("4", "EINMAL25", Text("25 % once", "25 % einmalig"), 25, per_customer=1),
    Promotion("5", "SOMMER2025", Text("Summer 2025", "Sommer 2025"), 30, expired=True),
)
