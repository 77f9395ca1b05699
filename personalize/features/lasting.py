"""Columns of what lasts beyond the session: items of the past, purchases and their rhythm, tastes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from personalize.domain.profile import Bought, Profile, fade
from personalize.features.prepared import Prepared
from personalize.features.schema import LASTING

DAY = 86_400.0
_COLUMN = {name: number for number, name in enumerate(LASTING)}


def due(bought: Bought, at: float) -> float:
    """How due an item is: time since the last purchase over its rhythm (1 = now); NaN where it has none."""
    rhythm = bought.rhythm()
    return (at - bought.last) / max(rhythm, DAY) if rhythm is not None else math.nan


def fill_lasting(out: NDArray[np.float32], prepared: Prepared, profile: Profile, at: float) -> None:
    """Fill the columns `LASTING` of all rows; `out` (n, len(LASTING)) comes filled with NaN."""
    past, bought_first = _COLUMN["past_count"], _COLUMN["bought_times"]
    out[:, past] = 0.0
    out[:, bought_first] = 0.0
    out[:, _COLUMN["bought_share"]] = 0.0
    out[:, _COLUMN["bought_recent"]] = 0.0
    row_of = prepared.row_of
    # Loops: few of these items are in the list, and for few rows numpy costs more than it saves.
    for item, mark in profile.history.items():
        row = row_of.get(item)
        if row is not None:
            out[row, past] = mark.count
            out[row, past + 1] = max(at - mark.at, 0.0) / DAY
    for item, bought in profile.bought.items():
        row = row_of.get(item)
        if row is not None:
            out[row, bought_first : bought_first + 6] = _bought(bought, profile.orders, at)
    for item in profile.rejected.keys() & row_of.keys():
        out[row_of[item], _COLUMN["rejected_days"]] = max(at - profile.rejected[item], 0.0) / DAY
    if profile.log_price.weight > 0:
        width = profile.log_price.deviation() + 0.2
        out[:, _COLUMN["taste_price"]] = (prepared.log_price - profile.log_price.mean()) / width
    weights = profile.affinities(prepared.token_number, at)
    out[:, _COLUMN["affinity_sum"]], out[:, _COLUMN["affinity_max"]] = gather(prepared, weights)


def _bought(bought: Bought, orders: int, at: float) -> tuple[float, ...]:
    """Times, days since, how due, the share of the visitor's orders since the first that held it, orders since, faded.

    In the order of `LASTING`.
    """
    share = bought.times / max(orders - bought.first_order + 1, 1)
    days = max(at - bought.last, 0.0) / DAY
    recent = bought.recent * fade(at - bought.last)
    return bought.times, days, due(bought, at), share, orders - bought.last_order, recent


def gather(prepared: Prepared, weights: dict[int, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and greatest weight of each row's properties, both (n,): one gather and one bincount, no loop over rows."""
    n = len(prepared.ids)
    if not weights or not len(prepared.token_row):
        return np.zeros(n), np.zeros(n)
    table = np.zeros(len(prepared.token_names))
    for key, weight in weights.items():
        table[prepared.token_number[key]] = weight
    each = table[prepared.token_kind]
    most = np.zeros(n)
    np.maximum.at(most, prepared.token_row, each)
    return np.bincount(prepared.token_row, each, minlength=n).astype(np.float64), most


def visitor_values(profile: Profile, at: float) -> list[float]:
    """The values `VISITOR`, equal for all rows."""
    return [
        float(profile.sessions), float(len(profile.history)), float(len(profile.bought)), float(profile.orders),
        max(at - profile.ordered_at, 0.0) / DAY if profile.orders else math.nan,
    ]  # fmt: skip
