"""Stock: how many of a variant lie in a store, as somebody observed it, and what may be promised of that."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

MAX_ROWS = 2_000_000
MAX_QUANTITY = 1_000_000_000
STEPS = (1, 3, 10)
"""What is told of a number: that it is at least this. An exact number is old when it is read, and nobody's business."""


class StockRow(NamedTuple):
    """`quantity` of `variant` in `store`, seen at `observed_at` (epoch seconds).

    `product` is the id of the product, the variant's own where a shop has no variants or nobody said.
    """

    store: str
    variant: str
    product: str
    quantity: int
    observed_at: float


class Availability(StrEnum):
    """What may be said of an item in a place; `UNKNOWN` is never a promise."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


def is_stale(observed_at: float, at: float, max_age: float) -> bool:
    """Whether an observation is too old to promise anything by (seconds)."""
    return at - observed_at > max_age


def availability(quantity: int, low: int) -> Availability:
    """What a fresh number means: `low` or fewer are few."""
    if quantity <= 0:
        return Availability.OUT
    return Availability.LOW if quantity <= low else Availability.IN_STOCK


def at_least(quantity: int) -> int | None:
    """The largest of `STEPS` that a quantity reaches."""
    return max((step for step in STEPS if step <= quantity), default=None)
