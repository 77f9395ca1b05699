"""Preference: which of two interleaved orders people click, told from the lists that showed both."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from personalize.domain.event import Event
from personalize.domain.experiment import Unit
from personalize.domain.interleaving import NEITHER, ONE, OTHER
from personalize.errors import EventError, EvidenceError
from personalize.experiments.effects import Floats, Interval
from personalize.experiments.ledger import unit_of
from personalize.experiments.sequences import ALPHA, boundary, fixed_boundary, tuning, watched_p

INTERLEAVED = "interleaved"
MAX_LISTS = 2_000_000
MIN_UNITS = 100

PLANNED = 2_000
"""Units after which it is expected to be read; it takes far fewer than an experiment on what visitors buy."""


@dataclass(slots=True)
class Preference:
    """How far clicks lean to the first of two orders: the mean over units of (a - b) / (a + b), -1 to 1.

    `wins` counts units that lean to the first, to the second, to neither. `orders` names the two.
    """

    orders: tuple[str, str]
    mean: float
    fixed: Interval
    watched: Interval
    p: float
    wins: tuple[int, int, int]
    noted: Counter[str] = field(default_factory=Counter)


def prefer(events: Iterable[Event], name: str, unit: Unit = Unit.VISITOR, planned: int = PLANNED) -> Preference:
    """Read a log (lines in any order) for the interleaving `name`.

    A list says `interleaved: {"experiment", "orders": [two names], "teams": a letter an item}`; clicks answer lists by
    `list_event_id`. EvidenceError: NO_EXPOSURES, TOO_FEW_UNITS; EventError beyond `MAX_LISTS`.
    """
    shown: dict[str, tuple[str, dict[str, str]]] = {}
    clicks: dict[str, tuple[str, str]] = {}
    orders: tuple[str, str] | None = None
    noted: Counter[str] = Counter()
    for event in events:
        if event.event == "select_item" and event.list_event_id and event.items:
            clicks[event.event_id] = event.list_event_id, event.items[0].item_id
        elif event.event == "view_item_list":
            told = event.extra.get(INTERLEAVED)
            if not isinstance(told, Mapping) or told.get("experiment") != name:
                continue
            who, teams, named = unit_of(event, unit), told.get("teams"), told.get("orders")
            if who is None or not isinstance(teams, str) or len(teams) != len(event.items):
                noted["NO_UNIT" if who is None else "UNREADABLE"] += 1
                continue
            if isinstance(named, list) and len(named) == 2:
                orders = str(named[0]), str(named[1])
            picks = {item.item_id: team for item, team in zip(event.items, teams, strict=True) if team != NEITHER}
            shown[event.event_id] = who, picks
        if len(shown) > MAX_LISTS or len(clicks) > MAX_LISTS:
            raise EventError(f"The log holds more than {MAX_LISTS:,} lists", code="LOG_TOO_LONG",
                             hint="Give its newer part.")  # fmt: skip
    if not shown:
        raise EvidenceError(f"no list was interleaved for {name!r}", code="NO_EXPOSURES",
                            hint="Lists have to say `interleaved`.")  # fmt: skip
    owed: dict[str, list[int]] = {}
    for answered, item in set(clicks.values()):
        who, picks = shown.get(answered, ("", {}))
        team = picks.get(item)
        if team in (ONE, OTHER):
            owed.setdefault(who, [0, 0])[team == OTHER] += 1
    counts = np.array(list(owed.values()), np.float64).reshape(-1, 2)
    if len(counts) < MIN_UNITS:
        raise EvidenceError(
            f"clicks of {len(counts)} units tell the orders of {name!r} apart, at least {MIN_UNITS} are needed",
            code="TOO_FEW_UNITS",
        )  # fmt: skip
    return judge((counts[:, 0] - counts[:, 1]) / counts.sum(axis=1), orders or (ONE, OTHER), planned, noted)


def judge(
    leaning: Floats, orders: tuple[str, str], planned: int = PLANNED, noted: Counter[str] | None = None
) -> Preference:
    """The preference of units that lean `leaning` (n,), -1 to 1."""
    n, mean = len(leaning), float(leaning.mean())
    error = float(leaning.std(ddof=1)) / math.sqrt(n)
    rho2 = tuning(planned, ALPHA)
    once, often = fixed_boundary() * error, boundary(n, rho2) * error
    wins = int((leaning > 0).sum()), int((leaning < 0).sum())
    return Preference(
        orders, mean, (mean - once, mean + once), (mean - often, mean + often),
        watched_p(mean / error, n, rho2) if error > 0 else 1.0, (*wins, n - sum(wins)), noted or Counter(),
    )  # fmt: skip
