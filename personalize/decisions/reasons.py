"""Why a row moved: the strongest of a few plain facts about visitor and item, cheap enough for every request."""

from __future__ import annotations

import numpy as np

from personalize.decisions.scoring import Ranked
from personalize.domain.patch import Reason
from personalize.domain.profile import Profile
from personalize.domain.reason import (
    AFFINITY,
    BOUGHT_BEFORE,
    BOUGHT_RECENTLY,
    NOT_INTERESTED,
    OFTEN_CHOSEN,
    ORDERED_FOR_YOU,
    POPULAR,
    PRICE_FITS,
    RECENTLY_VIEWED,
    SEEN_BEFORE,
)
from personalize.features.prepared import Prepared
from personalize.features.schema import columns

MAX_REASONS = 64  # rows explained one by one, from the top; further ones bear the Change's own reason
STRONG = 0.15  # share of a visitor's touches from which a property counts as a taste
POPULAR_RATE = 1.3  # clicks per expected click
NEAR = 0.12  # log price: about an eighth


def explain(
    prepared: Prepared, ranked: Ranked, moves: dict[int, int], profile: Profile | None, at: float
) -> dict[int, Reason]:
    """Reasons per row: for rows that rose (at most `MAX_REASONS`) and for all that sank on purpose."""
    reasons = {row: Reason(BOUGHT_RECENTLY) for row in ranked.bought if row in moves}
    reasons |= {row: Reason(NOT_INTERESTED) for row in ranked.rejected if row in moves}
    tastes = _tastes(prepared, profile, at)
    column = columns(prepared.schema)
    for row in ranked.order[:MAX_REASONS].tolist():
        if moves.get(row, 0) <= 0 or row in reasons:
            continue
        values = ranked.matrix[row]
        if values[column["bought_times"]] > 0:
            reasons[row] = Reason(BOUGHT_BEFORE)
        elif values[column["touched_count"]] > 0:
            reasons[row] = Reason(RECENTLY_VIEWED)
        elif values[column["past_count"]] > 0:
            reasons[row] = Reason(SEEN_BEFORE)
        elif row in tastes:
            name, value = tastes[row]
            reasons[row] = Reason(AFFINITY, {"name": name, "value": value})
        elif abs(values[column["price_to_last"]]) < NEAR:
            reasons[row] = Reason(PRICE_FITS)
        elif values[column["rate"]] > POPULAR_RATE:
            reasons[row] = Reason(POPULAR)
        else:
            # Without a touch the situation and other shoppers decided, and the words must not claim otherwise.
            reasons[row] = Reason(ORDERED_FOR_YOU if profile is not None and profile.history else OFTEN_CHOSEN)
    return reasons


def _tastes(prepared: Prepared, profile: Profile | None, at: float) -> dict[int, tuple[str, str]]:
    """Per row the property the visitor leans to most, where that is strong and tells rows apart; never a price band."""
    if profile is None or not len(prepared.token_row):
        return {}
    table = np.zeros(len(prepared.token_names))
    for key in profile.tokens:
        number = prepared.token_number.get(key)
        if number is not None and prepared.token_names[number][0] != "price_band":
            table[number] = profile.affinity(key, at)
    # What every row bears (the category one is in) explains nothing.
    table[np.bincount(prepared.token_kind, minlength=len(table)) >= 0.9 * len(prepared.ids)] = 0.0
    best: dict[int, tuple[str, str]] = {}
    strong = np.flatnonzero(table[prepared.token_kind] >= STRONG)
    for entry in strong[np.argsort(table[prepared.token_kind[strong]], kind="stable")].tolist():
        best[int(prepared.token_row[entry])] = prepared.token_names[int(prepared.token_kind[entry])]
    return best
