"""Visitors of the gateway's own log: for whom an offer was drawn, what was known of them then, and what came of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event, EventItem
from personalize.domain.offers.deciding import Arm
from personalize.errors import EvidenceError
from personalize.features.visitor import NAMES, VisitorSchema
from personalize.learning.journal import EVERY, Journal, Progress
from personalize.learning.judgments import digest
from personalize.learning.shelf import Shelf
from personalize.learning.uplift.outcomes import Ints
from personalize.learning.uplift.trees import Floats, Matrix

DAY = 86_400.0
WINDOW_DAYS = 14.0  # in which what a visitor buys is counted
MAX_VISITORS = 1_000_000  # with a lot; later ones are left out
MAX_COSTS = 200_000  # items whose cost is known
ARMS = (Arm.NONE.value, Arm.OFFER.value)
"""Number 0 is the control."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """n visitors for whom a lot was drawn, by its time `at` (n,), the earliest first.

    `matrix` (n, f) are `VisitorSchema.values` from before that line, `arm` (n,) numbers of `ARMS`, `propensity` (n,) of
    that arm. `outcome` (n,) is the margin in the window after it: what was paid for goods, less their cost where that
    is known, less what came back. `saving` (n,) is what coupons and promotions took off these orders. `audience` counts
    all visitors who met the offer, drawn or decided, in `days` days.
    """

    schema: VisitorSchema
    at: Floats
    matrix: Matrix
    arm: Ints
    propensity: Floats
    outcome: Floats
    saving: Floats
    audience: int
    days: float

    def __len__(self) -> int:
        return len(self.at)


@dataclass(slots=True)
class _Visitor:
    at: float
    arm: int
    propensity: float
    values: list[float]
    saving: float = 0.0
    bought: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """By item: pieces still kept, and the margin of one."""

    def margin(self) -> float:
        return sum(pieces * each for kept in self.bought.values() for pieces, each in kept)


def collect(
    journal: Journal, offer: str, currency: str | None = None, window: float = WINDOW_DAYS * DAY,
    progress: Progress | None = None,
) -> Drawn:  # fmt: skip
    """One row a visitor, at the first line that says a lot was drawn. `window` is in seconds.

    Those whose window the log does not reach the end of are left out (`WINDOW_OPEN` in the journal's `noted`, which
    also counts purchases that could not be used). `currency` None: that of the first list the offer is on.
    EvidenceError where no line knows the offer, or nobody was drawn for it.
    """
    shelf, drawn, met, others = Shelf(), dict[str, _Visitor](), set[int](), Counter[str]()
    costs: dict[str, float] = {}
    noted: Counter[str] = Counter()
    first = last = math.nan
    schema = None if currency is None else VisitorSchema(currency)
    for number, event in enumerate(journal):
        if progress is not None and number % EVERY == 0:
            progress("events replayed", number)
        _learn_costs(costs, event)
        key = event.visitor
        if key is None:
            continue
        profile = shelf.take(key)
        told = event.extra.get("offers")
        if isinstance(told, dict):
            others.update(str(name) for name in list(told)[:32])
            if isinstance(lot := told.get(offer), dict):
                first, last = (event.at if math.isnan(first) else first), event.at
                met.add(digest(key))
                schema = schema or _schema(event)
                if schema is not None and key not in drawn and (read := _lot(lot)) is not None:
                    if len(drawn) < MAX_VISITORS:
                        drawn[key] = _Visitor(event.at, *read, schema.values(profile, event.at))
                    else:
                        noted["VISITORS_LEFT_OUT"] += 1
        visitor = drawn.get(key)
        if visitor is not None and schema is not None:
            _follow(visitor, event, schema.currency, window, costs, noted)
        profile.apply(event)
    if shelf.forgotten:
        noted["VISITORS_FORGOTTEN"] += shelf.forgotten
    end = journal.span[1]
    rows = sorted((one for one in drawn.values() if one.at + window <= end), key=lambda one: one.at)
    noted["WINDOW_OPEN"] += len(drawn) - len(rows)
    journal.noted += noted
    if schema is None or not drawn:
        raise _nobody(offer, others)
    return Drawn(
        schema, _array([one.at for one in rows]),
        np.array([one.values for one in rows], np.float32).reshape(len(rows), len(NAMES)),
        np.array([one.arm for one in rows], np.int64), _array([one.propensity for one in rows]),
        _array([one.margin() for one in rows]), _array([one.saving for one in rows]),
        len(met), max((last - first) / DAY, 1.0),
    )  # fmt: skip


def _lot(lot: Mapping[str, object]) -> tuple[int, float] | None:
    """Arm and propensity of a lot that chance drew."""
    arm, propensity = lot.get("arm"), lot.get("propensity")
    if lot.get("explored") is not True or arm not in ARMS:
        return None
    if isinstance(propensity, bool) or not isinstance(propensity, (int, float)) or not 0 < propensity < 1:
        return None
    return ARMS.index(str(arm)), float(propensity)


def _schema(event: Event) -> VisitorSchema | None:
    found = next((item.currency for item in event.items if item.currency is not None), None)
    return None if found is None else VisitorSchema(found)


def _follow(
    visitor: _Visitor, event: Event, currency: str, window: float, costs: Mapping[str, float], noted: Counter[str]
) -> None:
    """Count what a visitor bought within the window after the draw, and what of it came back, whenever that was."""
    if event.event == "refund":
        for item in event.items:
            _take_back(visitor, item)
        return
    if event.event != "purchase" or not visitor.at <= event.at <= visitor.at + window:
        return
    if event.extra.get("source") == "track" and event.extra.get("vouched") is not True:
        noted["UNVOUCHED"] += 1  # the client's word alone
        return
    lines = [(one, _pieces(one), one.price) for one in event.items if one.price is not None and one.price >= 0]
    lines = [line for line in lines if line[0].currency in (None, currency)]
    if len(lines) < len(event.items):
        noted["NO_PRICE"] += len(event.items) - len(lines)
    gross = sum(pieces * price for _, pieces, price in lines)
    if not 0 < gross < math.inf:
        return
    off = _number(event.extra.get("discount"))
    off = min(off, gross) if off > 0 else 0.0
    visitor.saving += off
    for item, pieces, price in lines:
        each = price * (1 - off / gross) - costs.get(item.item_id, 0.0)
        visitor.bought.setdefault(item.item_id, []).append((pieces, each))


def _take_back(visitor: _Visitor, item: EventItem) -> None:
    left, kept = _pieces(item), visitor.bought.get(item.item_id, [])
    while left and kept:
        pieces, each = kept.pop()
        if pieces > left:
            kept.append((pieces - left, each))
        left -= min(left, pieces)


def _learn_costs(costs: dict[str, float], event: Event) -> None:
    for item in event.items:
        cost = _number(item.attributes.get("cost")) if item.attributes else math.nan
        if cost >= 0 and (item.item_id in costs or len(costs) < MAX_COSTS):
            costs[item.item_id] = cost


def _pieces(item: EventItem) -> int:
    return item.quantity if item.quantity is not None and item.quantity > 0 else 1


def _number(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return math.nan


def _array(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def _nobody(offer: str, others: Counter[str]) -> EvidenceError:
    if offer in others:
        return EvidenceError(
            f"no line says that a lot was drawn for {offer!r}: all were decided",
            code="NOBODY_DRAWN",
            hint="Give the offer a share to explore, like explore = 0.2, and wait for visitors.",
        )
    near = get_close_matches(offer, list(others), n=1, cutoff=0.5)
    return EvidenceError(
        f"no line of the log knows offer {offer!r}, it knows: {', '.join(sorted(others)[:10]) or 'none'}",
        code="OFFER_UNKNOWN",
        hint=f"did you mean {near[0]!r}?" if near else "The gateway writes `offers` while one runs and is shown.",
    )
