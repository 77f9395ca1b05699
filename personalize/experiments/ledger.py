"""The ledger: a log read once into columns, a row an act, and who met which variant of an experiment when."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from personalize.domain.event import Event
from personalize.domain.experiment import HOLDOUT, Unit
from personalize.errors import EventError

MAX_EVENTS = 30_000_000  # lines of one ledger; about 50 bytes of memory each
ACTS = ("list", "click", "cart", "order", "refund", "rejected")
LIST, CLICK, CART, ORDER, REFUND, REJECTED = range(len(ACTS))
_KINDS = {
    "view_item_list": LIST, "select_item": CLICK, "add_to_cart": CART, "purchase": ORDER, "refund": REFUND,
    "not_interested": REJECTED,
}  # fmt: skip
ACCOUNT, LATENCY, COST = "account", "latency_ms", "cost"
EXPOSED, OVERRIDDEN, ASSIGNMENTS = "exposed", "overridden", "assignments"

Costs = Mapping[str, float]


@dataclass
class Ledger:
    """m acts as columns: `unit` (m,), `at` epoch seconds, `kind` of `ACTS`, and what the act tells.

    `amount` is an order's revenue in the first currency or a list's latency in ms (NaN where untold), `margin` an
    order's revenue without what its items cost (NaN where unknown). `visits` holds (unit, first time) of every session.
    `met` maps a variant's name to its number, `meetings` holds (unit, time, variant, whether the difference was met).
    """

    unit: NDArray[np.int64]
    at: NDArray[np.float64]
    kind: NDArray[np.int8]
    amount: NDArray[np.float64]
    margin: NDArray[np.float64]
    visits: tuple[NDArray[np.int64], NDArray[np.float64]]
    meetings: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]
    overridden: NDArray[np.int64]
    names: list[str]
    units: int
    knows_exposure: bool
    currency: str | None
    noted: Counter[str] = field(default_factory=Counter)

    def until(self, moment: float) -> Ledger:
        """The ledger as it stood then (epoch seconds); overrides and notes are those of the whole."""
        acts, visits, met = self.at < moment, self.visits[1] < moment, self.meetings[1] < moment
        return replace(
            self, unit=self.unit[acts], at=self.at[acts], kind=self.kind[acts], amount=self.amount[acts],
            margin=self.margin[acts], visits=(self.visits[0][visits], self.visits[1][visits]),
            meetings=(self.meetings[0][met], self.meetings[1][met], self.meetings[2][met], self.meetings[3][met]),
            noted=Counter(self.noted),
        )  # fmt: skip


MAX_ACCOUNTS = 5_000_000
"""Visitors whose account is remembered while a log is read."""


def unit_of(event: Event, unit: Unit) -> str | None:
    """Whose line it is, as the experiment counts."""
    if unit is Unit.VISITOR:
        return event.visitor
    if unit is Unit.SESSION:
        return event.session
    account = event.extra.get(ACCOUNT)
    return account if isinstance(account, str) else None


def read(events: Iterable[Event], experiment: str, unit: Unit = Unit.VISITOR, costs: Costs | None = None) -> Ledger:
    """Read a log for one experiment; lines may be unsorted and repeated. EventError beyond `MAX_EVENTS`.

    A list's `assignments` names the variant; `exposed`, where it is there, the experiments whose difference the list
    really held; `overridden` those whose variant a token ordered. A log without any `exposed` counts assignments.
    """
    book = Book(experiment, unit, costs or {})
    for event in events:
        book.note(event)
    return book.close()


class Book:
    """What is gathered while a log is read; it may be closed, read from, and gone on with."""

    def __init__(self, experiment: str, unit: Unit, costs: Costs) -> None:
        self.experiment, self.by, self.costs = experiment, unit, costs
        self.accounts: dict[str, str] = {}
        self.noted: Counter[str] = Counter()
        self.codes: dict[str, int] = {}
        self.names: dict[str, int] = {}
        self.orders: set[bytes] = set()
        self.sessions: dict[tuple[int, str], float] = {}
        self.overridden: set[int] = set()
        self.unit, self.at, self.kind = array("q"), array("d"), array("b")
        self.amount, self.margin, self.id = array("d"), array("d"), array("Q")
        self.met_unit, self.met_at, self.met_variant, self.met = array("q"), array("d"), array("q"), array("b")
        self.knows_exposure = False
        self.currency: str | None = None

    def __len__(self) -> int:
        return len(self.unit)

    def unit_of(self, event: Event) -> str | None:
        """Whose line it is. Lists name an account; what the visitor of one did since is the account's."""
        name = unit_of(event, self.by)
        if self.by is not Unit.ACCOUNT or event.visitor is None:
            return name
        if name is None:
            return self.accounts.get(event.visitor)
        if len(self.accounts) < MAX_ACCOUNTS:
            self.accounts[event.visitor] = name
        return name

    def note(self, event: Event) -> None:
        """Put one line down."""
        if len(self.unit) >= MAX_EVENTS:
            raise EventError(f"The log holds more than {MAX_EVENTS:,} acts", code="LOG_TOO_LONG",
                             hint="Give its newer part.")  # fmt: skip
        kind = _KINDS.get(event.event)
        name = self.unit_of(event)
        if name is None:
            self.noted["NO_UNIT"] += 1
            return
        code = self.codes.setdefault(name, len(self.codes))
        if event.session is not None:
            key = (code, event.session)
            self.sessions[key] = min(event.at, self.sessions.get(key, event.at))
        if kind is None:
            return
        amount = margin = float("nan")
        if kind == LIST:
            self._meet(event, code)
            told = event.extra.get(LATENCY)
            if isinstance(told, int | float) and not isinstance(told, bool) and told >= 0:
                amount = float(told)
        elif kind in (ORDER, REFUND):
            if event.transaction_id is not None:  # one order is one, under whatever event ids it was told
                mark = blake2b(f"{kind} {code} {event.transaction_id}".encode(), digest_size=12).digest()
                if mark in self.orders:
                    self.noted["REPEATED_ORDER"] += 1
                    return
                self.orders.add(mark)
            amount, margin = self._paid(event)
        self.unit.append(code)
        self.at.append(event.at)
        self.kind.append(kind)
        self.amount.append(amount)
        self.margin.append(margin)
        self.id.append(int.from_bytes(blake2b(event.event_id.encode(), digest_size=8).digest()))

    def _meet(self, event: Event, code: int) -> None:
        assigned = event.extra.get(ASSIGNMENTS)
        variant = assigned.get(self.experiment) if isinstance(assigned, Mapping) else None
        if not isinstance(variant, str):
            return
        forced = event.extra.get(OVERRIDDEN)
        if isinstance(forced, list) and self.experiment in forced:
            self.overridden.add(code)
            return
        exposed = event.extra.get(EXPOSED)
        # Of the holdout a log need not tell it: whoever is served is served by whatever runs.
        if isinstance(exposed, list) and (self.experiment != HOLDOUT or HOLDOUT in exposed):
            self.knows_exposure = True
        self.met_unit.append(code)
        self.met_at.append(event.at)
        self.met_variant.append(self.names.setdefault(variant, len(self.names)))
        self.met.append(isinstance(exposed, list) and self.experiment in exposed)

    def _paid(self, event: Event) -> tuple[float, float]:
        """Revenue and margin of an order's items, major units."""
        revenue = margin = 0.0
        for item in event.items:
            if item.price is None:
                self.noted["NO_PRICE"] += 1
                continue
            if item.currency is not None:
                self.currency = self.currency or item.currency
                if item.currency != self.currency:
                    self.noted["OTHER_CURRENCY"] += 1
                    continue
            quantity = 1 if item.quantity is None else item.quantity
            cost = self.costs.get(item.item_id, item.attributes.get(COST))
            revenue += item.price * quantity
            if isinstance(cost, int | float) and not isinstance(cost, bool):
                margin += (item.price - float(cost)) * quantity
            else:
                margin = float("nan")
                self.noted["NO_COST"] += 1
        return revenue, margin

    def close(self) -> Ledger:
        """The columns, each event id once."""
        ids = np.asarray(self.id, np.uint64)
        kept = np.sort(np.unique(ids, return_index=True)[1]) if len(ids) else np.zeros(0, np.int64)
        if len(kept) < len(ids):
            self.noted["REPEATED"] += len(ids) - len(kept)
        return Ledger(
            np.asarray(self.unit, np.int64)[kept], np.asarray(self.at)[kept], np.asarray(self.kind, np.int8)[kept],
            np.asarray(self.amount)[kept], np.asarray(self.margin)[kept],
            (
                np.fromiter((code for code, _ in self.sessions), np.int64, len(self.sessions)),
                np.fromiter(self.sessions.values(), np.float64, len(self.sessions)),
            ),
            (
                np.asarray(self.met_unit, np.int64), np.asarray(self.met_at, np.float64),
                np.asarray(self.met_variant, np.int64), np.asarray(self.met, np.int8).astype(bool),
            ),
            np.array(sorted(self.overridden), np.int64), list(self.names), len(self.codes),
            self.knows_exposure, self.currency, self.noted,
        )  # fmt: skip
