"""GTIN-13 numbers: their check digit, and numbers of the range kept for use inside one company."""

from __future__ import annotations

INTERNAL = "29"
"""Prefix of GS1's restricted circulation numbers: never given to a real trade item."""


def check_digit(body: str) -> int:
    """The GS1 check digit of `body` (the number without it, digits only)."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -weighted % 10


def valid(gtin: str) -> bool:
    """Whether `gtin` is 8, 12, 13 or 14 digits with the right last one."""
    return gtin.isdigit() and len(gtin) in (8, 12, 13, 14) and check_digit(gtin[:-1]) == int(gtin[-1])


def internal(number: int) -> str:
    """The GTIN-13 of the `number`-th article (0 .. 9,999,999,999) in the internal range."""
    body = f"{INTERNAL}{number:010d}"
    return f"{body}{check_digit(body)}"
