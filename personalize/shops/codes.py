"""The fields by which coupon codes go into a cart and out of it, as a shop map names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""A coupon code that can be written into an operation as it is."""


class Refusal(StrEnum):
    """Why a shop does not take a code: it does not know it, its time is over, it was used, or something else."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    OTHER = "other"


class CouponMove(StrEnum):
    """What a field does with a code: put it into the cart, or take it out."""

    APPLY = "apply"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class CouponMap:
    """A mutation field that puts a code into the visitor's cart or takes it out; `code` is the path of its argument.

    `refusal` is a selection on its answer whose first leaf says why not; `meanings` are what that may say, and what
    is meant by it.
    """

    parent: str
    field: str
    move: CouponMove
    code: tuple[str, ...]
    cart: str | None = None
    refusal: str | None = None
    meanings: tuple[tuple[str, Refusal], ...] = ()

    @property
    def coordinates(self) -> str:
        """`Type.field`."""
        return f"{self.parent}.{self.field}"

    def selection(self, code: str, inner: str) -> str:
        """The field with a code in its argument and `inner` selected on the cart's place, ready for an operation.

        A code that is not plain (letters, digits, `-`, `_`) raises ValueError: it is written into GraphQL text.
        """
        if not PLAIN.fullmatch(code):
            raise ValueError("a code of other than letters, digits, '-' and '_'")
        value = f'"{code}"'
        for step in reversed(self.code[1:]):
            value = f"{{ {step}: {value} }}"
        held = f"{self.cart} {{ {inner} }}" if self.cart else inner
        return f"{self.field}({self.code[0]}: {value}) {{ {held} {self.refusal or ''} }}"

    def refused(self, said: str) -> Refusal:
        """What the first leaf of `refusal` means."""
        return dict(self.meanings).get(said, Refusal.OTHER)
