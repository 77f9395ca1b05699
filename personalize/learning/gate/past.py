"""The own past of a panel: what ran along each track before a row, one or more periods back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from personalize.learning.gate.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Past:
    """Looks back along the tracks of a panel."""

    def __init__(self, panel: Panel) -> None:
        self._period = panel.period - panel.period.min()
        self._track, self._series = panel.track, panel.series
        self._grid = np.full((int(self._period.max()) + 1, panel.tracks), -1, np.int64)
        self._grid[self._period, self._track] = np.arange(len(panel))
        # Rows lie in the order of time: those of one period are one slice, or at least few slices of a gather.
        order = np.argsort(self._period, kind="stable")
        self._slices = np.split(order, np.cumsum(np.bincount(self._period))[:-1])

    def lag(self, values: Floats, periods: int) -> Floats:
        """What stood so many periods before on the same track, (n,) of (n,); NaN where nothing did."""
        before = self._period - periods
        row = np.where(before >= 0, self._grid[np.maximum(before, 0), self._track], -1)
        return np.where(row >= 0, values[row], np.nan)

    def level(self, values: Floats, share: float | Floats) -> Floats:
        """Exponentially weighted means of what came before on the track, (n, c) of (n, c).

        `share`, or one a column (c,), is the weight of the newest; a missing period changes nothing. The first row of a
        track has no past: NaN. NaN values are passed over as a whole row.
        """
        out = np.full(values.shape, np.nan)
        state = np.full((self._grid.shape[1], values.shape[1]), np.nan)
        seen = np.zeros(self._grid.shape[1])
        for rows in self._slices:
            track = self._track[rows]
            out[rows] = state[track]
            fresh = values[rows]
            # Early means weigh all they have seen alike, or the first value would count for too long.
            seen[track] += 1
            pull = np.maximum(share, 1.0 / seen[track][:, None])
            old = np.where(np.isnan(state[track]), fresh, state[track])
            state[track] = np.where(np.isnan(fresh), state[track], old + pull * (fresh - old))
        return out

    def together(self, values: Floats, shares: Sequence[float]) -> Floats:
        """The levels (n, s) of a whole series, all its hours, as they stood one period before, of (n,)."""
        return self._pooled(values, self._series, int(self._series.max()) + 1, np.array(shares))

    def everywhere(self, values: Floats, shares: Sequence[float]) -> Floats:
        """The levels (n, s) of all series as they stood one period before, of (n,)."""
        return self._pooled(values, np.zeros_like(self._series), 1, np.array(shares))

    def _pooled(self, values: Floats, group: Ints, width: int, shares: Floats) -> Floats:
        key, known = self._period * width + group, ~np.isnan(values)
        size = (int(self._period.max()) + 1) * width
        total, count = np.bincount(key[known], values[known], size), np.bincount(key[known], minlength=size)
        with np.errstate(invalid="ignore"):
            mean = (total / count).reshape(-1, width, 1)
        level = np.full((len(mean), width, len(shares)), np.nan)
        state = np.full((width, len(shares)), np.nan)
        for period, fresh in enumerate(mean):
            level[period] = state
            moved = np.where(np.isnan(state), fresh, state + shares * (fresh - state))
            state = np.where(np.isnan(fresh), state, moved)
        return np.asarray(level[self._period, group])
