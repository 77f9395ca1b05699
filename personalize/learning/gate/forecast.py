"""A forecast one period ahead along every track: level, calendar and signals, memory of past errors, trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personalize.learning.gate import linear, trees
from personalize.learning.gate.design import Mask, parts
from personalize.learning.gate.linear import Penalty
from personalize.learning.gate.panel import DAY, HOUR, Panel
from personalize.learning.gate.past import Past

Floats = NDArray[np.float64]

SPEEDS = (0.03, 0.1, 0.3)  # weight of the newest value in a track's level
LAGS = (1, 7, 14, 28, 364)  # periods back at which errors are remembered
LATE = 0.2  # share of a fit's periods, the latest, on which its sizes are chosen
FORMS = ("log", "root", "plain")
ZEROS = 0.05  # share of zeros up to which logarithms are tried
MAX_FIT = 400_000  # newest rows a linear fit learns from


@dataclass(eq=False)
class Arm:
    """One arm of the comparison: a panel, its past, and the columns that a linear fit may use, the signals' last.

    `scale` (n,) is what a row's target is measured by, the same in both arms.
    """

    panel: Panel
    past: Past
    columns: Floats
    signals: int
    scale: Floats
    seed: int = 1
    _levels: dict[tuple[str, float], tuple[Floats, Floats, Floats]] = field(default_factory=dict)

    def forecast(self, cut: int) -> Floats:
        """Forecasts (n,) of all rows by what the rows before `cut` (wall-clock seconds) teach.

        Each row's own past is known up to one period before it, whether before or after the cut.
        """
        known = self.panel.wall < cut
        rows = np.flatnonzero(known)[-MAX_FIT:]
        periods = np.unique(self.panel.period[rows])
        inner = periods[min(int(len(periods) * (1 - LATE)), len(periods) - 1)]
        early, late = rows[self.panel.period[rows] < inner], rows[self.panel.period[rows] >= inner]
        form, speed = self._shape(early, late)
        level, innovation, columns = self._innovations(form, speed)
        early, rows = (r[~np.isnan(innovation[r])] for r in (early, rows))
        track, tracks = self.panel.track, self.panel.tracks

        def loss(expected: Floats, base: Floats | float = 0.0) -> float:
            told = self._back(form, level[late] + base + expected, late)
            return float(np.nansum(np.abs(self.panel.y[late] - told)))

        penalty = linear.choose(
            (columns[early], innovation[early], track[early]), (columns[late], track[late]), loss, self.signals, tracks
        )
        first = self._linear(columns, innovation, early, penalty)
        matrix, words = self._matrix(innovation - first, level)
        left = innovation - first
        grown = trees.count(
            (matrix[early], left[early]), matrix[late], lambda added: loss(added, first[late]), words, self.seed
        )
        whole = self._linear(columns, innovation, rows, penalty)
        if grown:
            matrix, words = self._matrix(innovation - whole, level)
            booster = trees.grow(matrix[rows], (innovation - whole)[rows], words, grown, self.seed)
            whole = whole + booster.predict(matrix, num_threads=1)
        return self._back(form, level + whole, np.arange(len(self.panel)))

    def _linear(self, columns: Floats, innovation: Floats, rows: NDArray[np.intp], penalty: Penalty) -> Floats:
        """What calendar and signals tell, and then what past errors tell, of all rows (n,)."""
        track, tracks = self.panel.track, self.panel.tracks
        found = linear.fit(columns[rows], innovation[rows], track[rows], self.signals, penalty, tracks)
        expected = found.predict(columns, track)
        errors = np.nan_to_num(self._memory(innovation - expected))
        memory = linear.fit(errors[rows], (innovation - expected)[rows], track[rows], 0, Penalty(30.0), 1)
        return expected + memory.predict(errors, track)

    def _memory(self, error: Floats) -> Floats:
        lags = [self.past.lag(error, lag) for lag in LAGS]
        week = np.nanmean(np.column_stack([np.nan_to_num(lag) for lag in lags[1:4]]), axis=1)
        return np.column_stack([*lags, week, self.past.together(error)])

    def _matrix(self, error: Floats, level: Floats) -> tuple[Floats, list[int]]:
        """What trees see, (n, f), and which columns are codes. Signals only in the arm that has them."""
        panel = self.panel
        weekday, month, dom, year = parts(panel.wall)
        columns = [weekday, month, dom, year, panel.wall % DAY // HOUR, panel.series, level, *self._memory(error).T]
        words = [5]
        if self.signals:
            words += range(len(columns) + panel.numbers.shape[1],
                           len(columns) + panel.numbers.shape[1] + panel.words.shape[1])  # fmt: skip
            columns += [*panel.numbers.T, *panel.words.T]
        return np.column_stack(columns).astype(np.float64), words

    def _shape(self, early: NDArray[np.intp], late: NDArray[np.intp]) -> tuple[str, float]:
        """The form of the target and the speed of the level that serve the later rows best."""
        y = self.panel.y[early]
        forms = [f for f in FORMS if f == "plain" or (y.min() >= 0 and (f == "root" or (y == 0).mean() <= ZEROS))]
        best, least = (forms[-1], SPEEDS[1]), np.inf
        for form in forms:
            for speed in SPEEDS:
                level, innovation, columns = self._innovations(form, speed)
                rows = early[~np.isnan(innovation[early])]
                found = linear.fit(columns[rows], innovation[rows], self.panel.track[rows], self.signals, Penalty(), 1)
                told = self._back(form, level[late] + columns[late] @ found.common, late)
                value = float(np.nansum(np.abs(self.panel.y[late] - told)))
                if value < least:
                    best, least = (form, speed), value
        return best

    def _innovations(self, form: str, speed: float) -> tuple[Floats, Floats, Floats]:
        """Level of the target (n,), its innovation (n,) and those of the columns (n, p).

        Taking the same running mean off both sides is regression with errors that wander (ARIMA(0,1,1); Harvey 1989,
        Forecasting, Structural Time Series Models and the Kalman Filter): weather of last week in the level is not
        taken for a change of today.
        """
        if (form, speed) not in self._levels:
            z = self._forth(form)
            both = np.column_stack([z, self.columns])
            level = self.past.level(both, speed)
            blank = np.isnan(level[:, 0])
            level[blank] = both[~blank].mean(axis=0) if (~blank).any() else 0.0
            innovation = z - level[:, 0]
            innovation[blank] = np.nan
            self._levels[form, speed] = level[:, 0], innovation, self.columns - level[:, 1:]
        return self._levels[form, speed]

    def _forth(self, form: str) -> Floats:
        share = self.panel.y / self.scale
        if form == "log":
            return np.asarray(np.log(np.maximum(share, 0.0) + LEAST))
        return np.asarray(np.sqrt(np.maximum(share, 0.0))) if form == "root" else share

    def _back(self, form: str, z: Floats, rows: NDArray[np.intp]) -> Floats:
        if form == "log":
            share = np.exp(np.minimum(z, 20.0)) - LEAST
        else:
            share = np.maximum(z, 0.0) ** 2 if form == "root" else z
        return np.asarray((np.maximum(share, 0.0) if form == "log" else share) * self.scale[rows])


LEAST = 0.01  # of a series' mean, added before logarithms so that zero has one


def scales(panel: Panel, past: Mask) -> Floats:
    """The mean size of each row's series before the split, (n,); of a new series the usual one."""
    width = int(panel.series.max()) + 1
    size = np.bincount(panel.series[past], np.abs(panel.y[past]), width)
    counts = np.bincount(panel.series[past], minlength=width)
    with np.errstate(invalid="ignore"):
        mean = size / counts
    usual = float(np.nanmedian(mean)) if np.isfinite(mean).any() else 1.0
    mean = np.where(np.isfinite(mean) & (mean > 0), mean, usual if usual > 0 else 1.0)
    return np.asarray(mean[panel.series])


Loss = Callable[[Floats], float]
