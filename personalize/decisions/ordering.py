"""From scores to a Change: a stable order, and what counts as no change at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.domain.patch import EMPTY, Author, Evidence, Patch, Reason, Reorder


def descending(scores: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Rows by score, greatest first; equal scores keep the shop's order."""
    return (-scores).argsort(kind="stable")


def moved(order: NDArray[np.intp]) -> dict[int, int]:
    """Per moved row how many places it goes up (negative: down)."""
    return {row: row - place for place, row in enumerate(order.tolist()) if row != place}


def reorder(
    target: str, order: NDArray[np.intp], author: Author, reason: Reason, reasons: Mapping[int, Reason],
    evidence: Evidence | None = None,
) -> Patch:  # fmt: skip
    """A Patch of one Reorder, or the empty Patch where the order is the shop's."""
    rows = order.tolist()
    if rows == list(range(len(rows))):
        return EMPTY
    return Patch((Reorder(target, tuple(rows), author, reason, reasons, evidence),))
