"""Drifting: a sample of the feature rows that are served, counted against their shape in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact
from personalize.decisions.parameters import group_of
from personalize.decisions.scoring import Ranked
from personalize.features.shape import moving_by_themselves, shapes

EVERY = 256  # one decision in so many is counted: it costs a millisecond
MEMORY = 4_000  # decisions after which older ones begin to fade
FEWEST = 50  # decisions counted before anything is told


class Drifting:
    """Counts of one model. Rows are those a page would show, as many as a list of the training data had on average.

    Columns that move by themselves are not looked at (`features/shape.py`).
    """

    def __init__(self, artefact: Artefact) -> None:
        self.names = artefact.schema.names
        moving = moving_by_themselves(artefact.schema)
        told = shapes(artefact.card, self.names)
        self.shapes = {column: shape for column, shape in told.items() if self.names[column] not in moving}
        self.counts: dict[int, NDArray[np.float64]] = {
            column: np.zeros(len(shape.shares)) for column, shape in self.shapes.items()
        }
        self.rows = _mean_rows(artefact.card)
        self.seen = self.counted = 0

    def note(self, ranked: Ranked) -> None:
        """Count a decision, if its turn has come."""
        self.seen += 1
        if self.seen % EVERY or not self.shapes:
            return
        head = ranked.matrix[ranked.order[: self.rows]]
        for column, shape in self.shapes.items():
            self.counts[column] += shape.count(head[:, column])
        self.counted += 1
        if self.counted >= MEMORY:
            self.counted //= 2
            for column in self.counts:
                self.counts[column] /= 2

    def by_group(self) -> dict[str, float]:
        """The largest PSI in each group of features; {} before `FEWEST` decisions were counted."""
        found: dict[str, float] = {}
        for column, shape in self.shapes.items() if self.counted >= FEWEST else ():
            group = group_of(self.names[column])
            found[group] = max(found.get(group, 0.0), shape.psi(self.counts[column]))
        return found


def _mean_rows(card: Mapping[str, Any]) -> int:
    data = card.get("data")
    try:
        return max(round(data["rows"] / data["lists"]), 1) if isinstance(data, Mapping) else 24
    except (KeyError, TypeError, ZeroDivisionError):
        return 24
