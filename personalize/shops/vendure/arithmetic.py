"""Vendure's arithmetic of a discounted line: where it rounds, and which prices a percentage can make exactly.

A `products_percentage_discount` takes `unit price * percent / 100 * pieces` off a line, rounded to a whole unit of the
shop's money; tax comes after, rounded once a line. All amounts here are such units (see `Admin.precision`). Floats are
computed as JavaScript does, step by step, so that what is told here is what the shop will say.
"""

from __future__ import annotations

import math
from fractions import Fraction

PIECES = 5
"""A price is written so that at least so many pieces cost as many times as much as one."""
TRIES = 24
"""So many steps a price may be dearer than what the benefit asks for, where tax added afterwards rounds."""
MAX_UNITS = 10**12


def js_round(value: float) -> int:
    """`Math.round`: halves go up, also below 0."""
    low = math.floor(value)
    return low + 1 if value - low >= 0.5 else low


def shown_of(net: int, rate: float) -> int:
    """What a piece costs with tax, as the storefront shows it."""
    return js_round(net + net * (rate / 100))


def net_of(shown: int, rate: float) -> int | None:
    """The net price that is shown as `shown` with tax on top, None where there is none (or not one alone)."""
    middle = round(shown / (1 + rate / 100))
    found = [net for net in range(max(0, middle - 2), middle + 3) if shown_of(net, rate) == shown]
    return found[0] if len(found) == 1 else None


def line(unit: int, percent: float, pieces: int, tax: float | None) -> int:
    """What a line of so many pieces is charged; `tax` is added on top (None: `unit` is a price with tax)."""
    amount = max(js_round(-unit * (percent / 100) * pieces), -unit * pieces)
    piece = unit + amount / pieces
    return js_round((piece if tax is None else piece + piece * (tax / 100)) * pieces)


def percent_for(unit: int, price: int, pieces: int, tax: float | None) -> float | None:
    """The percentage that makes 1, 2 ... `pieces` pieces cost so many times `price`; None where none does.

    `unit` is one piece before the discount: with tax, or without where `tax` is added on top.
    """
    if not 0 <= price <= MAX_UNITS or not 0 < unit <= MAX_UNITS:
        return None
    saving = Fraction(unit - price) if tax is None else _saving(unit, price, pieces, Fraction(tax))
    if saving is None or not 0 < saving <= unit:
        return None
    percent = float(saving * 100 / unit)
    exact = all(line(unit, percent, count, tax) == price * count for count in range(1, pieces + 1))
    return percent if exact else None


def _saving(unit: int, price: int, pieces: int, tax: Fraction) -> Fraction | None:
    """The net saving on a piece that keeps every line's net amount at the one that tax rounds to `price * count`.

    With tax on top at most one net amount gives a gross one, and some gross amounts have none. Each count bounds the
    saving from both sides; the middle of what is left is furthest from every rounding.
    """
    factor = 1 + tax / 100
    low, high = Fraction(0), Fraction(unit)
    for count in range(1, pieces + 1):
        net = math.ceil((price * count - Fraction(1, 2)) / factor)
        if not net * factor < price * count + Fraction(1, 2):
            return None
        off = unit * count - net
        low, high = max(low, (off - Fraction(1, 2)) / count), min(high, (off + Fraction(1, 2)) / count)
    return (low + high) / 2 if low < high else None
