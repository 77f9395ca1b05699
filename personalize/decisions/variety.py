"""Variety: a first page of many kinds for who looks around, and of one kind for who knows what they want."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.spread import PAGE
from personalize.features.likeness import Vectors

POOL = 5 * PAGE  # places from which the first page is chosen: nothing from deeper comes up for variety's sake
STRENGTH: Mapping[object, float] = {"inspire": 6.0, "browse": 2.0, "mission": -6.0}
"""Per shopping mode how many doublings of its place a row loses by full likeness to a row above (negative: gains)."""
LEADERS = 3  # the first places, which say what a mission is about


def varied(order: NDArray[np.intp], vectors: Vectors, mode: object, fixed: int = 0) -> NDArray[np.intp]:
    """`order` with its first `POOL` places arranged for the mode; a permutation. The last `fixed` rows stay.

    Looking around: maximal marginal relevance (Carbonell and Goldstein 1998), row by row the best of -log2(place) less
    `STRENGTH` times the greatest likeness to a row chosen before. On a mission: by -log2(place) plus `STRENGTH` times
    the greatest likeness to one of the first `LEADERS` rows. `order` itself in any other mode.
    """
    strength = STRENGTH.get(mode, 0.0)
    pool = order[: min(POOL, len(order) - fixed)]
    if not strength or len(pool) < 2 or not vectors.shape[1]:
        return order
    relevance = -np.log2(1.0 + np.arange(len(pool)))
    head = vectors[pool]
    if strength < 0:
        chosen = np.argsort(strength * (head @ head[:LEADERS].T).max(axis=1) - relevance, kind="stable")
    else:
        chosen = _marginal(relevance, head, strength)
    return np.concatenate([pool[chosen], order[len(pool) :]])


def _marginal(relevance: NDArray[np.float64], head: Vectors, strength: float) -> NDArray[np.intp]:
    """The first `PAGE` rows one by one, each against those before it; the others follow as they were."""
    left = relevance.copy()
    likest = np.zeros(len(left), np.float32)
    chosen: list[int] = []
    for _ in range(min(PAGE, len(left))):
        best = int((left - strength * likest).argmax())
        chosen.append(best)
        left[best] = -np.inf
        np.maximum(likest, head @ head[best], out=likest)
    rest = np.setdiff1d(np.arange(len(left)), chosen)
    return np.concatenate([np.asarray(chosen, np.intp), rest])
