"""A forecast one period ahead along every track: level, calendar and signals, memory of past errors, trees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personalize.learning.gate import linear, trees
from personalize.learning.gate.design import Mask, parts
from personalize.learning.gate.linear import Kinds, Penalty
from personalize.learning.gate.panel import DAY, HOUR, Panel
from personalize.learning.gate.past import Past

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

SPEED = 0.03  # weight of the newest value in a track's level; what moves faster is left to the memory of errors
QUICK = (0.1, 0.3)  # weights of the newest error in the levels of errors
LAGS = (1, 7, 14, 28, 364)  # periods back at which errors are remembered
LATE = 0.2  # share of a fit's periods, the latest, on which its sizes are chosen
FORMS = ("log", "root", "plain")
NEAR = 1.03  # a form whose loss is within this factor of the best one's has a say, too
ZEROS = 0.05  # share of zeros up to which logarithms are tried
MAX_FIT = 400_000  # newest rows a linear fit learns from


@dataclass(eq=False)
class Arm:
    """One arm of the comparison: a panel, its past, the columns that a linear fit may use, and what `kinds` they are.

    `scale` (n,) is what a row's target is measured by, the same in both arms.
    """

    panel: Panel
    past: Past
    columns: Floats
    kinds: Kinds
    scale: Floats
    seed: int = 1
    _levels: dict[str, tuple[Floats, Floats, Floats]] = field(default_factory=dict)

    def forecast(self, cut: int) -> Floats:
        """Forecasts (n,) of all rows by what the rows before `cut` (wall-clock seconds) teach.

        Each row's own past is known up to one period before it, whether before or after the cut.
        """
        known = self.panel.wall < cut
        rows = np.flatnonzero(known)[-MAX_FIT:]
        periods = np.unique(self.panel.period[rows])
        inner = periods[min(int(len(periods) * (1 - LATE)), len(periods) - 1)]
        early, late = rows[self.panel.period[rows] < inner], rows[self.panel.period[rows] >= inner]
        members = self._members(early, late)
        tried = self._blend(members, early)
        grown = self._trees(tried, early, late)
        told = self._blend(members, rows)
        return self._taught(told, rows, grown) if grown else told

    def _members(self, early: Rows, late: Rows) -> list[tuple[str, Penalty]]:
        """The forms of the target, with their penalties, that serve the later rows best: one or two."""
        y, track, tracks = self.panel.y, self.panel.track, self.panel.tracks
        found: list[tuple[float, str, Penalty]] = []
        for form in self._forms(early):
            level, innovation, columns = self._innovations(form)
            rows = early[~np.isnan(innovation[early])]

            def loss(expected: Floats, form: str = form, level: Floats = level) -> float:
                return float(np.abs(y[late] - self._back(form, level[late] + expected, late)).sum())

            penalty, value = linear.choose(
                (columns[rows], innovation[rows], track[rows]), (columns[late], track[late]), loss, self.kinds, tracks
            )
            found.append((value, form, penalty))
        found.sort(key=lambda member: member[0])
        return [(form, penalty) for value, form, penalty in found[:2] if value <= NEAR * found[0][0]]

    def _forms(self, rows: Rows) -> list[str]:
        y = self.panel.y[rows]
        return [f for f in FORMS if f == "plain" or (y.min() >= 0 and (f == "root" or (y == 0).mean() <= ZEROS))]

    def _blend(self, members: list[tuple[str, Penalty]], rows: Rows) -> Floats:
        """The mean of what the members forecast of all rows, (n,), each fitted to `rows`."""
        everything = np.arange(len(self.panel))
        told = []
        for form, penalty in members:
            level, innovation, columns = self._innovations(form)
            expected = self._linear(columns, innovation, rows[~np.isnan(innovation[rows])], penalty)
            told.append(self._back(form, level + expected, everything))
        return np.asarray(np.mean(told, axis=0))

    def _trees(self, told: Floats, early: Rows, late: Rows) -> int:
        """How many trees fitted to the errors of a forecast serve the later rows; 0 where none do."""
        form = self._even(early)
        base = self._forth(form, told)
        left = self._forth(form, self.panel.y) - base
        matrix, words = self._matrix(left, base)

        def loss(added: Floats) -> float:
            return float(np.abs(self.panel.y[late] - self._back(form, base[late] + added, late)).sum())

        return trees.count((matrix[early], left[early]), matrix[late], loss, words, self.seed)

    def _taught(self, told: Floats, rows: Rows, count: int) -> Floats:
        """A forecast (n,) with what trees find in its errors on `rows`."""
        form = self._even(rows)
        base = self._forth(form, told)
        left = self._forth(form, self.panel.y) - base
        matrix, words = self._matrix(left, base)
        booster = trees.grow(matrix[rows], left[rows], words, count, self.seed)
        return self._back(form, base + booster.predict(matrix, num_threads=1), np.arange(len(self.panel)))

    def _even(self, rows: Rows) -> str:
        """The form in which errors of small and large rows are about alike."""
        return "root" if self.panel.y[rows].min() >= 0 else "plain"

    def _linear(self, columns: Floats, innovation: Floats, rows: Rows, penalty: Penalty) -> Floats:
        """What calendar and signals tell, and then what past errors tell, of all rows (n,)."""
        track, tracks = self.panel.track, self.panel.tracks
        found = linear.fit(columns[rows], innovation[rows], track[rows], self.kinds, penalty, tracks)
        expected = found.predict(columns, track)
        errors = np.nan_to_num(self._memory(innovation - expected))
        plain = Kinds(np.ones(errors.shape[1]), 0)
        memory = linear.fit(errors[rows], (innovation - expected)[rows], track[rows], plain, Penalty(30.0), 1)
        return expected + memory.predict(errors, track)

    def _memory(self, error: Floats) -> Floats:
        lags = [self.past.lag(error, lag) for lag in LAGS]
        week = np.nanmean(np.column_stack([np.nan_to_num(lag) for lag in lags[1:4]]), axis=1)
        own = self.past.level(np.column_stack([error] * len(QUICK)), np.array(QUICK))
        shared = [look(error, (*QUICK, 1.0)) for look in (self.past.together, self.past.everywhere)]
        return np.column_stack([*lags, week, own, *shared])

    def _matrix(self, error: Floats, level: Floats) -> tuple[Floats, list[int]]:
        """What trees see, (n, f), and which columns are codes. Signals only in the arm that has them."""
        panel = self.panel
        weekday, month, dom, year = parts(panel.wall)
        columns = [weekday, month, dom, year, panel.wall % DAY // HOUR, panel.series, level, *self._memory(error).T]
        words = [5]
        if self.kinds.signals:
            words += range(len(columns) + panel.numbers.shape[1],
                           len(columns) + panel.numbers.shape[1] + panel.words.shape[1])  # fmt: skip
            columns += [*panel.numbers.T, *panel.words.T]
        return np.column_stack(columns).astype(np.float64), words

    def _innovations(self, form: str) -> tuple[Floats, Floats, Floats]:
        """Level of the target (n,), its innovation (n,) and those of the columns (n, p).

        Taking the same running mean off both sides is regression with errors that wander (ARIMA(0,1,1); Harvey 1989,
        Forecasting, Structural Time Series Models and the Kalman Filter): weather of last week in the level is not
        taken for a change of today.
        """
        if form not in self._levels:
            z = self._forth(form, self.panel.y)
            both = np.column_stack([z, self.columns])
            level = self.past.level(both, SPEED)
            blank = np.isnan(level[:, 0])
            # Without a past, a row is expected to be as large as its series usually is, whatever its columns say.
            level[blank] = np.column_stack([self._forth(form, self.scale), self.columns])[blank]
            innovation = z - level[:, 0]
            innovation[blank] = np.nan
            self._levels[form] = level[:, 0], innovation, self.columns - level[:, 1:]
        return self._levels[form]

    def _forth(self, form: str, y: Floats) -> Floats:
        share = y / self.scale
        if form == "log":
            return np.asarray(np.log(np.maximum(share, 0.0) + LEAST))
        return np.asarray(np.sqrt(np.maximum(share, 0.0))) if form == "root" else share

    def _back(self, form: str, z: Floats, rows: Rows) -> Floats:
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
