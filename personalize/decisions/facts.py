"""Facts: what can be said of a row to a shopper, by the columns that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.parameters import group_of
from personalize.domain.reason import (
    AFFINITY,
    BESIDE_SEEN,
    BOUGHT_BEFORE,
    BOUGHT_NEXT,
    BOUGHT_ONCE,
    BOUGHT_TOGETHER,
    FAR_UP,
    GOES_WITH,
    LOW_PRICE,
    MATCHES,
    OFTEN_CHOSEN,
    ORDERED_FOR_YOU,
    POPULAR,
    PRICE,
    PRICE_FITS,
    RECENTLY_VIEWED,
    SEEN_BEFORE,
    SEEN_TOGETHER,
    SUITS_NOW,
)

NEAR = 0.12  # log price: about an eighth
ABOVE = 1.0 / 3.0  # of `unusual`: two thirds of the rows have less of it
POPULAR_RATE = 1.1  # clicks per expected click
CHOSEN = float(np.log1p(5.0))  # log1p of the clicks from which "often" is said
WHOLE = 0.999  # of the search term that a title has to say
Bools = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to say: it holds for rows whose `column` lies in `least`..`most` and is more unusual than `above`.

    `lower` says that less of it speaks for a row. The group of the column is the group that a model weighs it by.
    """

    code: str
    column: str
    least: float = -np.inf
    most: float = np.inf
    above: float = -1.0
    lower: bool = False

    @property
    def group(self) -> str:
        """The group of features that this tells of."""
        return group_of(self.column)


SOME = 1e-6
FACTS = (
    Fact(RECENTLY_VIEWED, "touched_count", SOME),
    Fact(SEEN_BEFORE, "past_count", SOME),
    Fact(SEEN_TOGETHER, "covisits", SOME),
    Fact(BESIDE_SEEN, "touched_beside", SOME),
    Fact(BOUGHT_BEFORE, "bought_times", 2.0),
    Fact(BOUGHT_ONCE, "bought_times", 1.0, 1.0),
    Fact(BOUGHT_NEXT, "following", SOME),
    Fact(BOUGHT_TOGETHER, "company", SOME),
    Fact(GOES_WITH, "goes_with", SOME),
    Fact(AFFINITY, "affinity_sum"),
    Fact(ORDERED_FOR_YOU, "lean_sum", SOME, above=0.0),
    Fact(PRICE_FITS, "price_to_last", -NEAR, NEAR),
    Fact(MATCHES, "term_match", WHOLE),
    Fact(POPULAR, "rate", POPULAR_RATE),
    Fact(OFTEN_CHOSEN, "clicks", CHOSEN, above=0.0),
    Fact(SUITS_NOW, "context_lift", SOME, above=ABOVE),
    Fact(LOW_PRICE, "price_log", above=ABOVE, lower=True),
    Fact(PRICE, "price_log"),
    Fact(FAR_UP, "position", above=ABOVE, lower=True),
)
"""In the order in which one of two equally weighty ones is told."""


def holding(
    matrix: NDArray[np.float32], columns: Mapping[str, int], rows: list[int], among: NDArray[np.intp]
) -> tuple[list[Fact], Bools, Values]:
    """Which facts hold for `rows` (r, facts), and how unusual each is there, -1 to 1, beside the rows `among`.

    1: no other of them has as much; 0: as many have less as have more. Facts of columns that there are none of are
    left out.
    """
    facts = [fact for fact in FACTS if fact.column in columns]
    places = [columns[fact.column] for fact in facts]
    values = matrix[rows][:, places].astype(np.float64)
    others = matrix[among][:, places].astype(np.float64)
    price = next((at for at, fact in enumerate(facts) if fact.code == PRICE_FITS), None)
    holds, rare = np.zeros(values.shape, bool), np.zeros(values.shape)
    for at, fact in enumerate(facts):
        own, all_ = values[:, at], others[:, at]
        known = np.sort(all_[~np.isnan(all_)] if at != price else np.abs(all_[~np.isnan(all_)]))
        asked = np.abs(own) if at == price else own
        if len(known):
            middle = np.searchsorted(known, asked, "left") + np.searchsorted(known, asked, "right")
            rare[:, at] = np.where(np.isnan(own), 0.0, middle / len(known) - 1.0)
            rare[:, at] *= -1.0 if fact.lower or at == price else 1.0
        holds[:, at] = (own >= fact.least) & (own <= fact.most) & (rare[:, at] > fact.above)
    return facts, holds, rare
