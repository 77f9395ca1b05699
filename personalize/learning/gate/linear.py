"""The linear half of a forecast: ridge regression on innovations, pooled and then bent towards each track."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = ((1.0, 30.0), (3.0, 30.0, 300.0, 3000.0))  # in rows: of the calendar, of the signals
USUAL = (1.0, 30.0)
TRACK_PENALTIES = (10.0, 60.0, 400.0)  # how far a track's own coefficients may leave the common ones
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
    """What keeps coefficients small: `calendar` and `signal` in rows, `track` likewise, 0 for no own coefficients."""

    calendar: float = USUAL[0]
    signal: float = USUAL[1]
    track: float = 0.0


def fit(columns: Floats, y: Floats, track: Ints, signals: int, penalty: Penalty, tracks: int) -> Ridge:
    """Coefficients of rows (n, p), of which the last `signals` columns are the signals'; outliers pull less."""
    weight = np.ones(len(y))
    for _ in range(2):
        common = _solve(columns, y, weight, _diagonal(columns, signals, penalty))
        gap = np.abs(y - columns @ common)
        spread = 1.4826 * float(np.median(gap)) or 1.0
        weight = np.minimum(1.0, OUTLIER * spread / np.maximum(gap, 1e-12))
    common = _solve(columns, y, weight, _diagonal(columns, signals, penalty))
    if not penalty.track or tracks < 2 or tracks > MAX_TRACKS:
        return Ridge(common, None)
    left = y - columns @ common
    own = np.zeros((tracks, columns.shape[1]))
    variance = columns.var(axis=0) + 1e-9
    order = np.argsort(track, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(track[order])) + 1):
        own[track[rows[0]]] = _solve(columns[rows], left[rows], weight[rows], penalty.track * variance)
    return Ridge(common, own)


def choose(
    early: tuple[Floats, Floats, Ints], late: tuple[Floats, Ints], loss: object, signals: int, tracks: int
) -> Penalty:
    """The penalty whose fit to `early` (columns, y, track) serves `late` (columns, track) best.

    `loss(innovations)` values what is expected of the late rows.
    """
    assert callable(loss)
    columns, y, track = early
    best, least = Penalty(), np.inf
    gram, moment = columns.T @ columns, columns.T @ y
    grid = PENALTIES if signals else (PENALTIES[0], USUAL[1:])
    for calendar, signal in itertools.product(*grid):
        tried = Penalty(calendar, signal)
        common = np.linalg.solve(gram + np.diag(_diagonal(columns, signals, tried)), moment)
        if (value := loss(late[0] @ common)) < least:
            best, least = tried, value
    if 1 < tracks <= MAX_TRACKS:
        for own in TRACK_PENALTIES:
            tried = Penalty(best.calendar, best.signal, own)
            found = fit(columns, y, track, signals, tried, tracks)
            if (value := loss(found.predict(*late))) < least:
                best, least = tried, value
    return best


def _diagonal(columns: Floats, signals: int, penalty: Penalty) -> Floats:
    rows = np.full(columns.shape[1], penalty.calendar)
    rows[columns.shape[1] - signals :] = penalty.signal
    return np.asarray(rows * (columns.var(axis=0) + 1e-9))


def _solve(columns: Floats, y: Floats, weight: Floats, diagonal: Floats) -> Floats:
    weighted = columns * weight[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ columns + np.diag(diagonal), weighted.T @ y))
