"""The guardrail of prices: whatever a decision proposed, only a promised price within all bounds is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from personalize.domain.offers.ledger import Promise, PromiseState
from personalize.domain.offers.money import MAX_MINOR, Money
from personalize.domain.offers.offer import Offer
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.promise import Priced
from personalize.domain.patch import Change, Patch, Reprice


class Rule(StrEnum):
    """Why a price was cut."""

    MALFORMED = "malformed"
    UNKNOWN_ITEM = "unknown_item"
    NO_OFFER = "no_offer"
    NOT_PROMISED = "not_promised"
    SECOND_PRICE = "second_price"
    LIST_CHANGED = "list_changed"
    CURRENCY = "currency"
    NEVER = "never"
    NO_SAVING = "no_saving"
    BELOW_FLOOR = "below_floor"
    BELOW_BRAND_FLOOR = "below_brand_floor"
    COST_UNKNOWN = "cost_unknown"
    BELOW_MARGIN = "below_margin"
    SAVING_TOO_LARGE = "saving_too_large"
    SPREAD_TOO_LARGE = "spread_too_large"
    LOWEST_PRICE_UNKNOWN = "lowest_price_unknown"
    NO_REDUCTION = "no_reduction"


class Cut(NamedTuple):
    """A Change that was not let through, the rule that it broke, and how."""

    change: Reprice
    rule: Rule
    detail: str


class Clipped(NamedTuple):
    """What is left of a Patch, and what was cut from it."""

    patch: Patch
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the shop itself says of a row: its product, and the list price of each variant that the row sells."""

    product: str
    listed: Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Sight:
    """All that prices are held against; nothing of it comes from a decision.

    `promises` are those of this visitor, `priced` the variants as the Admin API knows them, `dearest` the highest price
    that anybody was shown for a variant today. `lowest` are the offers that have to name the lowest price of the 30
    days before, with that price by variant, as far as it is known.
    """

    at: float
    prices: Prices
    offers: Mapping[str, Offer]
    promises: Sequence[Promise]
    priced: Mapping[str, Priced] = field(default_factory=dict)
    dearest: Mapping[str, Money] = field(default_factory=dict)
    lowest: Mapping[str, Mapping[str, Money]] = field(default_factory=dict)


def clip(patch: Patch, target: str, shelves: Mapping[int, Shelf], sight: Sight) -> Clipped:
    """The Patch without the Reprices of `target` that may not stand, and those with the rule each one broke.

    Other Changes pass. `shelves` are the rows of the target as the shop answered them. Raises nothing.
    """
    kept: list[Change] = []
    cuts: list[Cut] = []
    rows: set[tuple[int, object]] = set()
    for change in patch.changes:
        if not isinstance(change, Reprice):
            kept.append(change)
            continue
        try:
            broken = _broken(change, target, shelves, sight)
            seen = (change.row, change.price.variant)
            if broken is None and seen in rows:
                broken = Rule.SECOND_PRICE, "the row has this price already"
        except Exception as error:  # what is no price at all may fail in any way
            broken = Rule.MALFORMED, type(error).__name__
        if broken is None:
            rows.add(seen)
            kept.append(change)
        else:
            cuts.append(Cut(change, *broken))
    return Clipped(Patch(tuple(kept)) if cuts else patch, tuple(cuts))


def repriced(clipped: Clipped, target: str) -> dict[int, list[Reprice]]:
    """The Reprices that stand, by row: what is shown is made from this, never from a Patch that was not clipped."""
    found: dict[int, list[Reprice]] = {}
    for change in clipped.patch.changes:
        if isinstance(change, Reprice) and change.target == target:
            found.setdefault(change.row, []).append(change)
    return found


def holder(promises: Sequence[Promise], variant: str, at: float) -> Promise | None:
    """The one promise whose price holds for a variant: of several open ones the oldest, then the first code."""
    holding = [one for one in promises if variant in one.prices and _open(one, at)]
    if len(holding) < 2:
        return holding[0] if holding else None
    return min(holding, key=lambda one: (one.made_at, one.code))


def _open(promise: Promise, at: float) -> bool:
    return promise.state is PromiseState.OPEN and promise.made_at <= at < promise.valid_until


def _broken(change: Reprice, target: str, shelves: Mapping[int, Shelf], sight: Sight) -> tuple[Rule, str] | None:
    price = change.price
    if change.target != target or type(change.row) is not int or not (sound(price.listed) and sound(price.price)):
        return Rule.MALFORMED, "no amounts of money, or of another listing"
    shelf = shelves.get(change.row)
    listed = None if shelf is None else shelf.listed.get(price.variant)
    if shelf is None or listed is None or shelf.product != price.product:
        return Rule.UNKNOWN_ITEM, f"row {change.row} does not sell {price.variant!r}"
    if price.listed.currency != listed.currency or price.price.currency != listed.currency:
        return Rule.CURRENCY, f"the shop asks {listed}"
    if price.listed != listed:
        return Rule.LIST_CHANGED, f"the shop asks {listed}, not {price.listed}"
    offer = sight.offers.get(price.offer)
    if offer is None or not offer.starts <= sight.at or (offer.ends is not None and sight.at >= offer.ends):
        return Rule.NO_OFFER, f"{price.offer!r} does not run"
    promise = holder(sight.promises, price.variant, sight.at)
    if promise is None:
        return Rule.NOT_PROMISED, "no open promise lowers it"
    if promise.code != price.code or promise.offer != price.offer:
        return Rule.SECOND_PRICE, "another promise holds for it"
    if promise.prices[price.variant] != (listed, price.price):
        return Rule.NOT_PROMISED, "promised was another price"
    if not sight.at < price.valid_until <= promise.valid_until:
        return Rule.NOT_PROMISED, "promised was another time"
    if (lowest := sight.lowest.get(offer.name)) is not None:
        before = lowest.get(price.variant)
        if before is None or before.currency != listed.currency:
            return Rule.LOWEST_PRICE_UNKNOWN, "the lowest price of 30 days has to be told, and is not known"
        if before.minor <= price.price.minor:
            return Rule.NO_REDUCTION, f"it was asked for {before} within the 30 days before"
    known = sight.priced.get(price.variant)
    if known is not None and known.listed == listed and known.product == shelf.product:
        item = known
    else:  # what the shop answers now is what counts
        cost, rate = (None, None) if known is None else (known.cost, known.tax_rate)
        item = Priced(price.variant, shelf.product, listed, rate, cost)
    return out_of_bounds(price.price, item, offer, sight.prices, sight.dearest.get(price.variant))


def out_of_bounds(
    price: Money, item: Priced, offer: Offer, prices: Prices, dearest: Money | None = None
) -> tuple[Rule, str] | None:
    """Which bound a personal price of an item breaks and how; None: it keeps all of them.

    The same bounds hold when codes are made (a code lowers nothing that this refuses) and when a price is shown.
    """
    listed = item.listed
    if not (sound(price) and sound(listed)) or price.currency != listed.currency or offer.currency != price.currency:
        return Rule.CURRENCY, f"{price} is not of {listed} and {offer.currency}"
    if item.product in prices.never or item.product in offer.selection.never:
        return Rule.NEVER, f"{item.product!r} is never discounted"
    if price.minor < 0 or price.minor >= listed.minor:
        return Rule.NO_SAVING, f"{price} of {listed}"
    bounds = offer.bounds
    if bounds.floor is not None and _less(price, bounds.floor):
        return Rule.BELOW_FLOOR, f"{price} is below {bounds.floor}"
    floor = prices.floors.get(price.currency)
    if floor is not None and _less(price, floor):
        return Rule.BELOW_BRAND_FLOOR, f"{price} is below {floor}"
    saving = listed.minor - price.minor
    if bounds.most is not None and (bounds.most.currency != price.currency or saving > bounds.most.minor):
        return Rule.SAVING_TOO_LARGE, f"{listed - price} is more than {bounds.most}"
    if _more_than(saving, prices.max_saving, listed.minor):
        return Rule.SAVING_TOO_LARGE, f"{listed - price} is more than {prices.max_saving} % of {listed}"
    known = dearest is not None and dearest.currency == listed.currency and dearest.minor > listed.minor
    top = dearest if known and dearest is not None else listed
    if _more_than(top.minor - price.minor, prices.spread, top.minor):
        return Rule.SPREAD_TOO_LARGE, f"{price} is more than {prices.spread} % below {top}"
    return None if bounds.margin is None else _thin(price, item, bounds.margin)


def _less(one: Money, other: Money) -> bool:
    """Whether one is below the other; of two currencies: no price is known to keep such a bound."""
    return one.currency != other.currency or one.minor < other.minor


def _more_than(part: int, percent: Decimal, whole: int) -> bool:
    """Whether a part is more than so many percent, exactly; in whole numbers, since every row shown asks this."""
    top, bottom = _ratio(percent)
    return part * 100 * bottom > whole * top


@lru_cache(maxsize=256)
def _ratio(percent: Decimal) -> tuple[int, int]:
    return percent.as_integer_ratio()


def _thin(price: Money, item: Priced, margin: Decimal) -> tuple[Rule, str] | None:
    """Margin = (price without tax - cost) / price without tax."""
    if item.cost is None or item.cost.currency != price.currency:
        return Rule.COST_UNKNOWN, "its margin is bounded, its cost is not known"
    net = price.minor / _with_tax(item.tax_rate or 0.0)
    if net - item.cost.minor < net * Fraction(*_ratio(margin)):
        return Rule.BELOW_MARGIN, f"less than {margin:.0%} of {price} is left over its cost"
    return None


@lru_cache(maxsize=256)
def _with_tax(rate: float) -> Fraction:
    return 1 + Fraction(str(rate)) / 100


def sound(money: object) -> bool:
    """Whether something is an amount that a price can be: typed as such, whole, not negative, not absurd."""
    return (
        type(money) is Money
        and type(money.minor) is int
        and 0 <= money.minor <= MAX_MINOR
        and type(money.currency) is str
    )
