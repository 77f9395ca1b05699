"""Item attributes by detected type: words become hashed tokens, numbers stay numbers; no attribute name is special."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import pack, unpack
from zlib import crc32

import msgspec

from personalize.domain.denied import denied

MAX_TOKENS = 24  # per item; the first ones win, in the order the shop gives them
MAX_NUMBERS = 8  # per item
LARGEST = 1e30  # what is beyond is no property of anything, and no 32-bit float
MAX_WORD = 64  # characters; longer strings are prose or addresses, not properties
MAX_ITEMS = 50_000  # items whose traits are remembered
BANDS_PER_OCTAVE = 2  # a price band is a factor of about 1.41 wide


@lru_cache(maxsize=65_536)
def token(name: str, value: str) -> int:
    """The 32-bit number that stands for the property `name = value` in profiles and features."""
    return crc32(f"{name}\x1f{value}".encode())


def words(attributes: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield `(name, value)` for every string and list of strings that is short enough to be a property.

    Names that nobody may be sorted by (`domain/denied.py`) are left out.
    """
    for name, value in attributes.items():
        if denied(name) is not None:
            continue
        if isinstance(value, str):
            if 0 < len(value) <= MAX_WORD:
                yield name, value
        elif isinstance(value, (list, tuple)):
            for part in value:
                if isinstance(part, str) and 0 < len(part) <= MAX_WORD:
                    yield name, part


def numbers(attributes: Mapping[str, object]) -> dict[str, float]:
    """The numeric attributes up to `LARGEST` (booleans count as 0 and 1), at most `MAX_NUMBERS`."""
    found: dict[str, float] = {}
    for name, value in attributes.items():
        if isinstance(value, (int, float)) and abs(value) <= LARGEST and denied(name) is None:
            found[name] = float(value)
            if len(found) == MAX_NUMBERS:
                break
    return found


class Known(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is known of an item from where it was last shown: its price and hashed properties.

    `packed` are the tokens as 32-bit numbers in a row: a profile knows many items and few of them are looked into, so
    reading it must not make an object of each.
    """

    price: float | None
    currency: str | None
    packed: bytes
    numbers: dict[str, float]

    @property
    def tokens(self) -> tuple[int, ...]:
        """The hashed properties."""
        return unpack(f"<{len(self.packed) // 4}I", self.packed)


@dataclass(frozen=True, slots=True)
class Traits:
    """What is read of an item's attributes and price: its properties, their tokens (packed, 32 bit each), numbers.

    `known` is what profiles keep of it, one for all of them.
    """

    pairs: tuple[tuple[str, str], ...]
    packed: bytes
    numbers: dict[str, float]
    known: Known

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens, unpacked."""
        return self.known.tokens


def traits(
    item_id: str, attributes: Mapping[str, object], price: float | None = None, currency: str | None = None
) -> Traits:
    """The traits of an item. Remembered by id as long as nothing about it changes: to read one costs 20 us."""
    price, currency = price if price == price else None, currency or None  # NaN is not equal to itself
    held = _known.get(item_id)
    if held is not None and held[0] == price and held[1] == currency:
        if held[2] is attributes:
            return held[3]
        if held[2] == attributes:  # whoever folds the same event next comes with this very mapping
            _known[item_id] = price, currency, attributes, held[3]
            return held[3]
    pairs = tuple(properties(attributes, price, currency))
    packed, told = pack(f"<{len(pairs)}I", *(token(name, value) for name, value in pairs)), numbers(attributes)
    paid = price if price is not None and 0 < price < math.inf else None
    found = Traits(pairs, packed, told, Known(paid, currency, packed, told))
    if len(_known) >= MAX_ITEMS:
        _known.clear()
    _known[item_id] = price, currency, attributes, found
    return found


def price_band(price: float | None, currency: str | None) -> tuple[str, str] | None:
    """The price band as a property, or None without a positive price; bands of two currencies never mix."""
    if price is None or not price > 0 or not math.isfinite(price):
        return None
    return "price_band", f"{currency or ''}{math.floor(BANDS_PER_OCTAVE * math.log2(price))}"


def properties(
    attributes: Mapping[str, object], price: float | None = None, currency: str | None = None
) -> list[tuple[str, str]]:
    """The distinct properties of one item, price band first, at most `MAX_TOKENS`."""
    found: dict[tuple[str, str], None] = {}
    band = price_band(price, currency)
    if band is not None:
        found[band] = None
    for pair in words(attributes):
        if len(found) >= MAX_TOKENS:
            break
        found[pair] = None
    return list(found)


_known: dict[str, tuple[float | None, str | None, Mapping[str, object], Traits]] = {}
