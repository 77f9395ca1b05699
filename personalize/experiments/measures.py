"""The measures: what is told of each unit from its exposure on, which way is better, and what was known before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from personalize.experiments.effects import Arm
from personalize.experiments.ledger import CART, CLICK, LIST, ORDER, REFUND, REJECTED, Ledger

Floats = NDArray[np.float64]


class Side(StrEnum):
    """Whose interest a measure tells of."""

    SHOP = "shop"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Measure:
    """A mean over units of `value`, or the ratio of the sums of `value` and `per` (columns of `tell`).

    `better` is +1 where more is better and -1 where less is; a `guardrail` may not get worse.
    """

    name: str
    side: Side
    value: str
    per: str | None
    better: int
    guardrail: bool
    said: str


MEASURES = (
    Measure("conversion", Side.SHOP, "bought", None, 1, True, "share of units that buy"),
    Measure("revenue", Side.SHOP, "revenue", None, 1, False, "revenue per unit"),
    Measure("margin", Side.SHOP, "margin", None, 1, False, "margin per unit"),
    Measure("returns", Side.CUSTOMER, "refunds", "orders", -1, True, "refunded orders per order"),
    Measure("clicks_to_cart", Side.CUSTOMER, "clicks", "carts", -1, False, "clicks per item put in the cart"),
    Measure("not_this", Side.CUSTOMER, "rejected", "lists", -1, True, "\"not this\" per list shown"),
    Measure("repeat_visits", Side.CUSTOMER, "visits", None, 1, True, "later sessions per unit"),
    Measure("latency", Side.CUSTOMER, "latency", "timed", -1, True, "milliseconds per list"),
)  # fmt: skip
SLOW = Measure("slow", Side.CUSTOMER, "slow", "timed", -1, True, "share of lists that took longer than the limit")
"""Told where an experiment has a limit (`latency_p95_ms`): at most a twentieth of the lists may be slower."""

BY_NAME: Mapping[str, Measure] = {one.name: one for one in (*MEASURES, SLOW)}
COSTED = 0.95
"""Share of orders whose cost has to be known for a margin; the others count as none."""

PAST = ("orders", "revenue", "clicks", "carts", "lists", "visits", "there")
"""What of the time before the exposure is known, for any measure."""


def tell(ledger: Ledger, start: Floats, slow_ms: float = math.inf) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The columns (units,) of what each unit did from `start` (units,) on, and before it; NaN is never.

    Lists that took longer than `slow_ms` (milliseconds) are told apart as slow.
    """
    since = start[ledger.unit]
    after = ledger.at >= since
    visit_unit, visit_at = ledger.visits
    later = visit_at > start[visit_unit]
    found = _columns(ledger, after, slow_ms), _columns(ledger, ledger.at < since, slow_ms)
    for columns, which in zip(found, (later, visit_at < start[visit_unit]), strict=True):
        columns["visits"] = np.bincount(visit_unit[which], minlength=ledger.units).astype(np.float64)
    found[1]["there"] = (found[1]["lists"] > 0).astype(np.float64)
    return found


def _columns(ledger: Ledger, which: NDArray[np.bool_], slow_ms: float) -> dict[str, Floats]:
    """Sums by unit of the acts chosen."""

    def count(kind: int, weight: Floats | None = None) -> Floats:
        rows = which & (ledger.kind == kind)
        chosen = None if weight is None else np.nan_to_num(weight[rows])
        return np.bincount(ledger.unit[rows], chosen, ledger.units).astype(np.float64)

    timed, costed = ((~np.isnan(one)).astype(np.float64) for one in (ledger.amount, ledger.margin))
    told = {
        "lists": count(LIST), "clicks": count(CLICK), "carts": count(CART), "orders": count(ORDER),
        "refunds": count(REFUND), "rejected": count(REJECTED), "revenue": count(ORDER, ledger.amount),
        "margin": count(ORDER, ledger.margin), "latency": count(LIST, ledger.amount), "timed": count(LIST, timed),
        "costed": count(ORDER, costed), "slow": count(LIST, (ledger.amount > slow_ms).astype(np.float64)),
    }  # fmt: skip
    told["bought"] = (told["orders"] > 0).astype(np.float64)
    return told


def arm(measure: Measure, after: Mapping[str, Floats], before: Mapping[str, Floats], rows: NDArray[np.intp]) -> Arm:
    """One variant's units as a measure sees them."""
    past = np.stack([before[name][rows] for name in dict.fromkeys((*PAST, measure.value))], axis=1)
    per = after[measure.per][rows] if measure.per is not None else None
    return Arm(after[measure.value][rows], per, past if past.any() else None)


def untold(measure: Measure, after: Mapping[str, Floats], rows: NDArray[np.intp]) -> bool:
    """Whether the log says nothing of a measure: no such act, no time taken, hardly any order whose cost is known."""
    if measure.value == "margin" and after["costed"][rows].sum() < COSTED * after["orders"][rows].sum():
        return True
    if measure.per is not None and not after[measure.per][rows].any():
        return True
    return not after[measure.value][rows].any()
