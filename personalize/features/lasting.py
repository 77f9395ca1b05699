"""Columns of what lasts beyond the session: items of the past, purchases and their rhythm, tastes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from personalize.domain.profile import WEIGHTS, Bought, Profile, fade
from personalize.domain.session import Session
from personalize.features.company import COMPANY, fill_company
from personalize.features.prepared import Prepared, comparable
from personalize.features.schema import LASTING

DAY = 86_400.0
PURCHASE = WEIGHTS["purchase"]
_COLUMN = {name: number for number, name in enumerate(LASTING)}
assert LASTING[_COLUMN[COMPANY[0]] :] == COMPANY


def due(bought: Bought, at: float) -> float:
    """How due an item is: time since the last purchase over its rhythm (1 = now); NaN where it has none."""
    rhythm = bought.rhythm()
    return (at - bought.last) / max(rhythm, DAY) if rhythm is not None else math.nan


def fill_lasting(out: NDArray[np.float32], prepared: Prepared, profile: Profile, session: Session, at: float) -> None:
    """Fill the columns `LASTING` of all rows; `out` (len(LASTING), n) comes as `blank` has it."""
    past, bought_first = _COLUMN["past_count"], _COLUMN["bought_times"]
    row_of = prepared.row_of
    # Loops: few of these items are in the list, and for few rows numpy costs more than it saves.
    for item, mark in profile.history.items():
        row = row_of.get(item)
        if row is not None:
            out[past, row] = mark.count
            out[past + 1, row] = max(at - mark.at, 0.0) / DAY
    owned = [(row, bought) for item, bought in profile.bought.items() if (row := row_of.get(item)) is not None]
    for row, bought in owned:
        out[bought_first : bought_first + 7, row] = _bought(bought, profile.orders, at)
    for item, then in profile.rejected.items():
        row = row_of.get(item)
        if row is not None:
            out[_COLUMN["rejected_days"], row] = max(at - then, 0.0) / DAY
    if profile.log_price.weight > 0 and comparable(profile.currency, prepared.currency):
        width = profile.log_price.deviation() + 0.2
        out[_COLUMN["taste_price"]] = (prepared.log_price - profile.log_price.mean()) / width
    affinities = profile.affinities(prepared.wanted, prepared.places, at)
    scale = profile.everything.total * fade(at - profile.everything.at) + 1.0
    shares = [affinities[place] if affinities else 0.0 for place in prepared.common]
    kind = max(min(shares, default=1.0), 0.0) * scale
    out[_COLUMN["affinity_to_kind"]] = math.log1p(kind)
    if affinities:
        table = np.array(affinities)
        out[_COLUMN["affinity_sum"]] = spread_over(prepared, table)
        # Within the kind that the list is of: one order's weight more, so that a first purchase is no habit yet.
        table = np.minimum(table * (scale / (kind + PURCHASE)), 1.0)
        for place in prepared.common:
            table[place] = 0.0
        out[_COLUMN["affinity_of_kind"]] = spread_over(prepared, table)
    fill_company(out[_COLUMN["company"] :], prepared, profile, session, kind, at)
    recent, of_kind = out[_COLUMN["bought_recent"]], out[_COLUMN["bought_of_kind"]]
    for row, _ in owned:
        of_kind[row] = recent[row] * PURCHASE / (kind + PURCHASE)


def _bought(bought: Bought, orders: int, at: float) -> tuple[float, ...]:
    """Times, days since, how due, the share of the visitor's orders since the first that held it, orders since, faded,
    pieces a time.

    In the order of `LASTING`.
    """
    share = bought.times / max(orders - bought.first_order + 1, 1)
    days = max(at - bought.last, 0.0) / DAY
    recent = bought.recent * fade(at - bought.last)
    return bought.times, days, due(bought, at), share, orders - bought.last_order, recent, bought.pieces / bought.times


def spread_over(prepared: Prepared, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum per row, (n,), of a table by place of the property: one gather and one bincount, no loop over rows."""
    found = np.bincount(prepared.token_row, table.take(prepared.token_kind), minlength=len(prepared.ids))
    return found.astype(np.float64, copy=False)


def visitor_values(profile: Profile, at: float) -> list[float]:
    """The values `VISITOR`, equal for all rows."""
    since = max(at - profile.ordered_at, 0.0) / DAY if profile.orders else math.nan
    return [float(profile.sessions), since]
