"""The simple rules a model has to beat: random, popularity, shop order, last touched, bought before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.ordering import descending
from personalize.domain.learned.popularity import CLICKS, Popularity
from personalize.learning.replay import Judged

RULES = ("random", "popularity", "shop_order", "last_touched", "repeat")
SHUFFLES = 8  # orders averaged per list where chance decides


def orders(
    judged: Judged, frozen: Popularity, rng: np.random.Generator
) -> Iterator[tuple[str, list[NDArray[np.intp]]]]:
    """Each rule's order of a judged list; several orders, to be averaged, where chance is part of the rule.

    `popularity` is the number of clicks as it stood when evaluation began (`frozen`), and items of equal number come
    in random order: a rule that breaks its ties by the shop's order would be half shop order.
    """
    ids = judged.listing.ids
    n = len(ids)
    shuffled = [rng.permutation(n) for _ in range(SHUFFLES)]
    yield "random", shuffled
    clicks = frozen.counts(ids, judged.event.at)[:, CLICKS]
    yield "popularity", [mixed[descending(clicks[mixed])] for mixed in shuffled]
    yield "shop_order", [np.arange(n)]
    yield "last_touched", [descending(_touched(judged))]
    bought = judged.profile.bought if judged.profile is not None else {}
    counts = np.array([bought[item].times if item in bought else 0 for item in ids], np.float64)
    yield "repeat", [descending(counts)]


def is_cold(judged: Judged) -> bool:
    """Whether no item of the list was touched earlier in the session."""
    return not _touched(judged).any()


def is_new(judged: Judged) -> bool:
    """Whether the visitor never touched or bought any item of the list, in any session that is known."""
    profile = judged.profile
    if profile is None:
        return True
    return not any(item in profile.history or item in profile.bought for item in judged.listing.ids)


def _touched(judged: Judged) -> NDArray[np.float64]:
    """Touches per row in this session, the item touched last (of all, in the list or not) above any count."""
    if judged.profile is None:
        return np.zeros(len(judged.listing.ids))
    touched = judged.profile.session_for(judged.event.session, judged.event.at).touched
    last = next(reversed(touched)) if touched else None
    return np.array(
        [np.inf if item == last else touched[item].count if item in touched else 0 for item in judged.listing.ids],
        np.float64,
    )
