"""Charging: a cart held against a promise, by the shop's own answer."""

from __future__ import annotations

from collections.abc import Callable

from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.money import Money, MoneyError
from personalize.events.infer import Cart, Line


def pieces(promise: Promise, cart: Cart) -> int:
    """How many pieces in a cart a promise lowers."""
    return sum(line.quantity for line in _lowered(promise, cart))


def saving(promise: Promise, cart: Cart) -> Money:
    """What the pieces in a cart cost less, as promised."""
    listed_and_price = ((promise.prices[line.variant], line.quantity) for line in _lowered(promise, cart))
    return sum(
        ((listed - price) * count for (listed, price), count in listed_and_price),
        start=Money(0, promise.reserved.currency),
    )


def saved(promise: Promise, cart: Cart) -> Money:
    """What an order cost less by a promise: list prices of its lines less what they were charged.

    Beside other codes it is what was promised of each piece at most: the rest is theirs.
    """
    if not promise.prices:  # free shipping: what it was reckoned to cost
        return promise.reserved
    least = Money(0, promise.reserved.currency)
    total = least
    for line in _lowered(promise, cart):
        if line.charged is not None:
            listed, price = promise.prices[line.variant]
            off = max(least, listed * line.quantity - Money.of(line.charged, least.currency))
            total += min(off, (listed - price) * line.quantity) if len(cart.codes) > 1 else off
    return total


def relisted(promise: Promise, cart: Cart) -> str | None:
    """A variant in a cart whose list price is not the one that was promised from; None: there is none, or none told."""
    for line in _lowered(promise, cart):
        listed = promise.prices[line.variant][0]
        if line.price is not None and _money(line.price, listed.currency) != listed:
            return line.variant
    return None


def as_promised(promise: Promise, cart: Cart, bears: Callable[[str, Money], bool] | None = None) -> bool:
    """Whether each line is charged what was promised; with `bears` it may be less, as far as that allows a piece."""
    return all(_holds(promise, line, bears) for line in _lowered(promise, cart))


def _holds(promise: Promise, line: Line, bears: Callable[[str, Money], bool] | None) -> bool:
    price = promise.prices[line.variant][1]
    charged = None if line.charged is None else _money(line.charged, price.currency)
    if charged is None:
        return False
    if bears is None or charged == price * line.quantity:
        return charged == price * line.quantity
    return charged < price * line.quantity and bears(
        line.variant, Money(charged.minor // line.quantity, price.currency)
    )


def _lowered(promise: Promise, cart: Cart) -> list[Line]:
    return [line for line in cart.lines if line.variant in promise.prices and line.quantity > 0]


def _money(amount: float, currency: str) -> Money | None:
    try:
        return Money.of(amount, currency)
    except MoneyError:
        return None
