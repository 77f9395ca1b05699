"""What a code may lower: the variants of an offer whose price stays within all bounds, as a tariff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, FreeShipping, Offer
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.promise import Coupon, Priced
from personalize.domain.offers.shop import CouponDesk
from personalize.domain.offers.tariff import NO_PRICES, VARIANTS_MAX, Tariff
from personalize.guardrails.price import out_of_bounds


@dataclass(frozen=True, slots=True)
class Ready:
    """An offer that may be promised: its tariff, the variants as the shop prices them, and what a promise sets aside.

    `apart` are the offers that lower some of the same variants. `lowest` holds the lowest price of the 30 days before
    by variant, where the law wants it (`reduced`: it does) and it is known. The tariff of an offer of which no item is
    left within the bounds is empty.
    """

    offer: Offer
    tariff: Tariff
    priced: Mapping[str, Priced]
    reserve: Money
    apart: frozenset[str] = frozenset()
    reach: float = 0.0
    reduced: bool = False
    lowest: Mapping[str, Money] = field(default_factory=dict)
    stocked: bool = False

    def shows(self, variants: Iterable[str]) -> bool:
        """Whether a price of one of these may be shown: where the lowest of 30 days has to be told, if it can be."""
        lowered = (variant for variant in variants if variant in self.tariff)
        if not self.reduced:
            return next(lowered, None) is not None
        return any(variant in self.lowest and self.lowest[variant] > self.tariff[variant][1] for variant in lowered)


def tariff_of(
    offer: Offer, priced: Sequence[Priced], desk: CouponDesk, prices: Prices, dearest: Mapping[str, Money]
) -> tuple[Tariff, Counter[str]]:
    """The prices that an offer's codes make, and how many variants were left out by which rule.

    A variant is left out where the shop cannot charge the benefit exactly, where the price breaks a bound, and where
    one promise of it would cost more than one visitor may get.
    """
    left: Counter[str] = Counter()
    if isinstance(offer.benefit, FreeShipping):
        return NO_PRICES, left
    found: dict[str, tuple[Money, Money]] = {}
    for item in sorted(priced, key=lambda item: item.variant):
        if len(found) >= VARIANTS_MAX:
            left["too_many"] += 1
            continue
        price = charged(offer, item, desk)
        if price is None:
            left["not_exact"] += 1
        elif (broken := out_of_bounds(price, item, offer, prices, dearest.get(item.variant))) is not None:
            left[broken[0]] += 1
        elif _too_much(offer, item.listed - price):
            left["per_visitor"] += 1
        else:
            found[item.variant] = (item.listed, price)
    return Tariff(found), left


def charged(offer: Offer, item: Priced, desk: CouponDesk) -> Money | None:
    """What the shop charges for one piece under an offer; None: not exactly known, or of another currency."""
    benefit = offer.benefit
    if isinstance(benefit, AmountOff) and benefit.amount.currency != item.listed.currency:
        return None
    return desk.charged(benefit, item.listed, item.tax_rate, offer.pieces)


def empty(offer: Offer, tariff: Tariff) -> bool:
    """Whether an offer lowers nothing at all now."""
    return not tariff and not isinstance(offer.benefit, FreeShipping)


def reserve_of(offer: Offer, tariff: Tariff) -> Money:
    """The most that one promise of an offer can cost."""
    if isinstance(offer.benefit, FreeShipping):
        return offer.benefit.worth or Money(0, offer.currency)
    return (tariff.most or Money(0, offer.currency)) * offer.pieces


def as_granted(coupon: Coupon, offer: Offer, tariff: Tariff) -> bool:
    """Whether the shop made a code as it was asked to."""
    return coupon.offer == offer.name and coupon.prices == tariff and bool(coupon.code)


def apart(tariffs: Mapping[str, Tariff]) -> dict[str, frozenset[str]]:
    """By offer, the others that lower some of the same variants."""
    by_variant: dict[str, list[str]] = {}
    for name, tariff in tariffs.items():
        for variant in tariff:
            by_variant.setdefault(variant, []).append(name)
    found: dict[str, set[str]] = {name: set() for name in tariffs}
    for together in {tuple(names) for names in by_variant.values() if len(names) > 1}:
        for name in together:
            found[name].update(together)
    return {name: frozenset(others - {name}) for name, others in found.items()}


def _too_much(offer: Offer, saving: Money) -> bool:
    most = offer.budget.per_visitor
    return most is not None and saving * offer.pieces > most
