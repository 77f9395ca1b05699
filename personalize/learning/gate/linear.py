"""The linear half of a forecast: ridge regression on innovations, pooled and then bent towards each track."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = ((1.0, 30.0), (0.3, 3.0, 30.0, 300.0, 3000.0))  # in rows: of the calendar, of the signals
USUAL = (1.0, 30.0)
TRACK_PENALTIES = (1.5, 12.0, 100.0)  # how far a track's own coefficients may leave the common ones
RARE = 0.1  # variance that even a rare column is taken to have: one day alone proves little
MAX_TRACKS = 600  # tracks that get coefficients of their own
OUTLIER = 3.0  # robust standard deviations beyond which a row's pull stops growing


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """`common` (p,) for all tracks, `own` (tracks, p) added to it, None where the tracks are alike."""

    common: Floats
    own: Floats | None

    def predict(self, columns: Floats, track: Ints) -> Floats:
        """The expected innovation of rows (n, p), (n,)."""
        found = columns @ self.common
        if self.own is not None:
            found = found + np.einsum("np,np->n", columns, self.own[track])
        return np.asarray(found)


@dataclass(frozen=True, slots=True)
class Penalty:
    """What keeps coefficients small: `calendar` and `signal` in rows; `own` likewise of a track's own ones, if any."""

    calendar: float = USUAL[0]
    signal: float = USUAL[1]
    own: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """What the p columns are: how reluctantly each is used (p,), and that the last `signals` are the signals'."""

    reluctance: Floats
    signals: int

    def diagonal(self, columns: Floats, calendar: float, signal: float) -> Floats:
        """The ridge (p,) of rows (n, p)."""
        rows = np.full(columns.shape[1], calendar)
        rows[columns.shape[1] - self.signals :] = signal
        return np.asarray(rows * self.reluctance * np.maximum(columns.var(axis=0), RARE))


def fit(
    columns: Floats, y: Floats, track: Ints, kinds: Kinds, penalty: Penalty, tracks: int, rounds: int = 2
) -> Ridge:  # fmt: skip
    """Coefficients of rows (n, p); outliers pull less, as many `rounds` as are made to find them."""
    weight = np.ones(len(y))
    for _ in range(rounds):
        common = _solve(columns, y, weight, kinds.diagonal(columns, penalty.calendar, penalty.signal))
        gap = np.abs(y - columns @ common)
        spread = 1.4826 * float(np.median(gap)) or 1.0
        weight = np.minimum(1.0, OUTLIER * spread / np.maximum(gap, 1e-12))
    common = _solve(columns, y, weight, kinds.diagonal(columns, penalty.calendar, penalty.signal))
    if penalty.own is None or tracks < 2 or tracks > MAX_TRACKS:
        return Ridge(common, None)
    left = y - columns @ common
    own = np.zeros((tracks, columns.shape[1]))
    ridge = kinds.diagonal(columns, *penalty.own)
    order = np.argsort(track, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(track[order])) + 1):
        own[track[rows[0]]] = _solve(columns[rows], left[rows], weight[rows], ridge)
    return Ridge(common, own)


def choose(
    early: tuple[Floats, Floats, Ints], late: tuple[Floats, Ints], loss: Callable[[Floats], float], kinds: Kinds,
    tracks: int,
) -> tuple[Penalty, float]:  # fmt: skip
    """The penalty, and its loss, whose fit to `early` (columns, y, track) serves `late` (columns, track) best.

    `loss(innovations)` values what is expected of the late rows.
    """
    columns, y, track = early
    best, least = Penalty(), np.inf
    gram, moment = columns.T @ columns, columns.T @ y
    grid = PENALTIES if kinds.signals else (PENALTIES[0], USUAL[1:])
    for calendar, signal in itertools.product(*grid):
        tried = Penalty(calendar, signal)
        common = np.linalg.solve(gram + np.diag(kinds.diagonal(columns, calendar, signal)), moment)
        if (value := loss(late[0] @ common)) < least:
            best, least = tried, value
    if 1 < tracks <= MAX_TRACKS:
        for own in itertools.product(TRACK_PENALTIES, TRACK_PENALTIES if kinds.signals else (0.0,)):
            tried = Penalty(best.calendar, best.signal, own)
            found = fit(columns, y, track, kinds, tried, tracks, rounds=0)
            if (value := loss(found.predict(*late))) < least:
                best, least = tried, value
    return best, least


def _solve(columns: Floats, y: Floats, weight: Floats, diagonal: Floats) -> Floats:
    weighted = columns * weight[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ columns + np.diag(diagonal), weighted.T @ y))
