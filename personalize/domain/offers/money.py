"""Money in minor units: whole cents (yen, fils), never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import total_ordering

from personalize.errors import PersonalizeError

ZERO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"}
    | {"XPF"}
)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
FOUR_DECIMALS = frozenset({"CLF", "UYW"})
MAX_MINOR = 10**15
"""No price of a shop is larger; what is, is no price."""
_CODE = re.compile(r"[A-Z]{3}")


class MoneyError(PersonalizeError):
    """An amount or a currency that is none, or amounts of two currencies together."""

    code = "MONEY_INVALID"


def exponent(currency: str) -> int:
    """Decimals of a currency (ISO 4217, list one): 0, 2, 3 or 4. Raises MoneyError where it is no code."""
    if not _CODE.fullmatch(currency):
        raise MoneyError(f"{currency!r} is no currency code", hint="ISO 4217, like EUR")
    if currency in ZERO_DECIMALS:
        return 0
    if currency in THREE_DECIMALS:
        return 3
    return 4 if currency in FOUR_DECIMALS else 2


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents) of `currency`; only amounts of one currency add up or compare."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if isinstance(self.minor, bool) or not isinstance(self.minor, int) or abs(self.minor) > MAX_MINOR:
            raise MoneyError(f"{self.minor!r} is no amount in minor units", hint=f"a whole number up to {MAX_MINOR}")

    @classmethod
    def of(cls, amount: Decimal | str | int | float, currency: str) -> Money:
        """An amount in major units (`"12.90"`). Raises MoneyError where it is finer than the currency's minor unit.

        A float is read as it is printed: 12.9 is 12.90.
        """
        places = exponent(currency)
        try:
            exact = Decimal(str(amount)).scaleb(places)
            if not exact.is_finite() or exact != exact.to_integral_value():
                raise MoneyError(f"{amount} is no amount of {currency}", hint=f"up to {places} decimals")
            return cls(int(exact), currency)
        except InvalidOperation as error:
            raise MoneyError(f"{amount!r} is no amount", hint="a number like 12.90") from error

    @property
    def amount(self) -> Decimal:
        """In major units, with the currency's decimals: 12.90."""
        places = exponent(self.currency)
        return Decimal(self.minor).scaleb(-places).quantize(Decimal(1).scaleb(-places))

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def _same(self, other: Money) -> Money:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise MoneyError(f"{self} and {other} are of two currencies", hint="one offer, one currency")
        return other
