"""A tariff: which variants a code lowers, from which list price to which, with one short name for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from personalize.domain.offers.money import Money
from personalize.errors import StoreError

VARIANTS_MAX = 10_000
"""Variants of one tariff; an offer on more of them is cut down to the first."""


class Tariff(Mapping[str, tuple[Money, Money]]):
    """Variant -> (list price, personal price), never changed. Equal tariffs have an equal `key`."""

    __slots__ = ("_prices", "key", "most")

    def __init__(self, prices: Mapping[str, tuple[Money, Money]]) -> None:
        self._prices = dict(prices)
        lines = (
            f"{variant!r} {listed.minor} {price.minor} {listed.currency}\n"
            for variant, (listed, price) in sorted(self._prices.items())
        )
        self.key: str = blake2b("".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        """128 bits in hex."""
        self.most: Money | None = max((listed - price for listed, price in self._prices.values()), default=None)
        """The largest saving on one piece. Building a tariff of two currencies raises MoneyError."""

    @classmethod
    def of(cls, prices: Mapping[str, tuple[Money, Money]]) -> Tariff:
        """The prices as a tariff; what is one already is not copied."""
        return prices if isinstance(prices, Tariff) else cls(prices)

    def __getitem__(self, variant: str) -> tuple[Money, Money]:
        return self._prices[variant]

    def __iter__(self) -> Iterator[str]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Tariff({len(self)} variants, {self.key})"

    def to_bytes(self) -> bytes:
        """For a store; `from_bytes` reads it."""
        currency = next(iter(self._prices.values()))[0].currency if self._prices else ""
        prices = {variant: (listed.minor, price.minor) for variant, (listed, price) in self._prices.items()}
        return orjson.dumps({"currency": currency, "prices": prices})

    @classmethod
    def from_bytes(cls, body: bytes) -> Tariff:
        """Raises StoreError where the bytes are no tariff."""
        try:
            raw: Any = orjson.loads(body)
            currency = raw["currency"]
            return cls({v: (Money(low, currency), Money(high, currency)) for v, (low, high) in raw["prices"].items()})
        except Exception as error:
            raise StoreError(f"a stored tariff cannot be read: {error}", code="STORE_DAMAGED") from error


NO_PRICES = Tariff({})
"""The tariff of what lowers no item's price (free shipping)."""
