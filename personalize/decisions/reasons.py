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
    VARIETY,
)
from personalize.features.prepared import Prepared
from personalize.features.schema import columns

MAX_REASONS = 48  # rows explained one by one, from the top; further ones that rose bear the general reason
STRONG = 0.15  # share of a visitor's touches from which a property counts as a taste
POPULAR_RATE = 1.3  # clicks per expected click
NEAR = 0.12  # log price: about an eighth
FACTS = ("bought_times", "touched_count", "past_count", "price_to_last", "rate")
BOUGHT, RECENT, SEEN, PRICE, DRAWS, ORDERED, CHOSEN, SUNK, REFUSED, VARIED = map(
    Reason,
    (BOUGHT_BEFORE, RECENTLY_VIEWED, SEEN_BEFORE, PRICE_FITS, POPULAR, ORDERED_FOR_YOU, OFTEN_CHOSEN, BOUGHT_RECENTLY,
     NOT_INTERESTED, VARIETY),
)  # fmt: skip


def explain(
    prepared: Prepared, ranked: Ranked, moves: dict[int, int], profile: Profile | None, at: float
) -> dict[int, Reason]:
    """Reasons per row: for all that rose (one by one to `MAX_REASONS`) and for all that sank on purpose.

    `moves` are those of the order that is shown; what rose in it, but not in the model's own, rose for variety.
    """
    reasons = dict.fromkeys((row for row in ranked.bought if row in moves), SUNK)
    reasons |= dict.fromkeys((row for row in ranked.rejected if row in moves), REFUSED)
    up = [(place, row) for place, row in enumerate(ranked.order.tolist()) if moves.get(row, 0) > 0]
    up = [(place, row) for place, row in up if row not in reasons]
    reasons |= dict.fromkeys((row for place, row in up if row <= place), VARIED)
    rose = [row for place, row in up if row > place]
    rose, further = rose[:MAX_REASONS], rose[MAX_REASONS:]
    tastes = _tastes(prepared, profile, at, rose)
    column = columns(prepared.schema)
    table = ranked.matrix[np.ix_(rose, [column[name] for name in FACTS])].tolist()
    # Without a touch the situation and other shoppers decided, and the words must not claim otherwise.
    otherwise = ORDERED if profile is not None and profile.history else CHOSEN
    for row, (bought, touched, past, to_last, rate) in zip(rose, table, strict=True):
        if bought > 0:
            reasons[row] = BOUGHT
        elif touched > 0:
            reasons[row] = RECENT
        elif past > 0:
            reasons[row] = SEEN
        elif row in tastes:
            name, value = tastes[row]
            reasons[row] = Reason(AFFINITY, {"name": name, "value": value})
        elif abs(to_last) < NEAR:
            reasons[row] = PRICE
        elif rate > POPULAR_RATE:
            reasons[row] = DRAWS
        else:
            reasons[row] = otherwise
    reasons |= dict.fromkeys(further, otherwise)
    return reasons


def _tastes(prepared: Prepared, profile: Profile | None, at: float, rows: list[int]) -> dict[int, tuple[str, str]]:
    """The property the visitor leans to most per row of `rows`, if strong and telling rows apart; no price band."""
    if profile is None or not len(prepared.token_row):
        return {}
    table = np.zeros(len(prepared.token_names))
    for key, weight in profile.affinities(prepared.token_number, at).items():
        number = prepared.token_number[key]
        if prepared.token_names[number][0] != "price_band":
            table[number] = weight
    # What every row bears (the category one is in) explains nothing.
    table[np.bincount(prepared.token_kind, minlength=len(table)) >= 0.9 * len(prepared.ids)] = 0.0
    best: dict[int, tuple[str, str]] = {}
    asked = np.zeros(len(prepared.ids), bool)
    asked[rows] = True
    strong = np.flatnonzero(asked[prepared.token_row] & (table >= STRONG)[prepared.token_kind])
    kinds = prepared.token_kind[strong]
    weakest_first = np.argsort(table[kinds], kind="stable")
    for row, kind in zip(
        prepared.token_row[strong][weakest_first].tolist(), kinds[weakest_first].tolist(), strict=True
    ):
        best[row] = prepared.token_names[kind]
    return best
