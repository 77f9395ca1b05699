"""A panel: a table of series over time, one row a series and period, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError
from personalize.learning.gate.moments import read_moments
from personalize.learning.sheet import MISSING, Sheet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY, HOUR = 86_400, 3_600
MAX_SIGNALS = 64
MAX_SERIES = 5_000
MAX_PANEL = 2_000_000  # rows after merging
MAX_CELLS = 20_000_000  # periods times tracks, the grid on which the past is looked up
MAX_WORDS = 32  # values of a signal of words that are told apart, the most frequent ones
BUSY_HOURS = 4  # distinct hours a day from which a table counts as hourly


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """n rows sorted by `wall`, then `track`.

    `y` (n,) is the target; `wall` (n,) wall-clock seconds of the period's start; `period` (n,) the number of the day
    (or week, or month); `series` (n,) and `track` (n,) count from 0: a track is a series, or one hour of the day of a
    series, so that a step along a track is always one period. `numbers` (n, k) and `words` (n, m) are the signals, NaN
    and -1 where missing. `unit` is what a forecast looks ahead: a day, a week or a month; `merged` counts rows that
    shared series and time with another, `dropped` those without a target.
    """

    y: Floats
    wall: Ints
    period: Ints
    series: Ints
    track: Ints
    numbers: Floats
    words: Ints
    unit: str
    hourly: bool
    merged: int
    dropped: int

    def __len__(self) -> int:
        return len(self.y)

    @property
    def tracks(self) -> int:
        """How many tracks there are."""
        return int(self.track.max()) + 1


def read_panel(sheet: Sheet, target: str, time: str, signals: Sequence[str], by: Sequence[str] = ()) -> Panel:
    """The panel of a table. Rows may be unsorted; hours are kept where a day has several, finer times become hours.

    A column of signals counts as numbers where at least half of its cells are, else as words. Rows of one series and
    period become one: signals the mean (words: the first); the target its mean where all such rows agree on it or
    every hour has as many, else the sum. EvidenceError where a column is missing, a cell is no number or no time, or
    there is too much.
    """
    if not signals or len(signals) > MAX_SIGNALS or len(set(signals)) < len(signals):
        raise EvidenceError(f"1 to {MAX_SIGNALS} distinct signals are expected", code="TABLE_COLUMN")
    sheet.need(target, time, *signals, *by)
    if target in signals or target == time or target in by:
        raise EvidenceError(f"the target {target!r} cannot also be signal, time or series", code="TABLE_COLUMN")
    y = sheet.numbers(target)
    wall, instant = read_moments(sheet, time)
    names = ["\x1f".join(cells) for cells in zip(*(sheet.columns[name] for name in by), strict=True)] if by else []
    series = np.unique(names, return_inverse=True)[1].astype(np.int64) if by else np.zeros(len(y), np.int64)
    if len(y) and series.max() >= MAX_SERIES:
        raise EvidenceError(f"{series.max() + 1} series, at most {MAX_SERIES} are forecast", code="TABLE_TOO_LARGE")
    columns = [_signal(sheet, name) for name in signals]
    numbers: Floats = np.column_stack([np.zeros((len(y), 0)), *(c for c in columns if c.dtype == np.float64)])
    words: Ints = np.column_stack([np.zeros((len(y), 0), np.int64), *(c for c in columns if c.dtype != np.float64)])
    kept = ~np.isnan(y)
    if not kept.any():
        raise EvidenceError(f"{sheet.path} has no row with a target", code="TABLE_TOO_SHORT")
    dropped = int((~kept).sum())
    y, wall, instant, series = y[kept], wall[kept], instant[kept], series[kept]
    numbers, words = numbers[kept], words[kept]
    start, period, unit, hourly = _periods(wall, series)
    order = np.lexsort((instant, series, start))
    y, numbers, words = y[order], numbers[order], words[order]
    start, period, series, instant, wall = (a[order] for a in (start, period, series, instant, wall))
    fresh = np.concatenate([[True], (np.diff(start) != 0) | (np.diff(series) != 0)])
    first, group = np.flatnonzero(fresh), np.cumsum(fresh) - 1
    if len(first) > MAX_PANEL:
        raise EvidenceError(f"{len(first)} series and periods, at most {MAX_PANEL} are used", code="TABLE_TOO_LARGE")
    joined = _join(y, group, first, instant, wall, hourly)
    phase = start[first] % DAY // HOUR if hourly else np.zeros(len(first), np.int64)
    track = np.unique(series[first] * 24 + phase, return_inverse=True)[1].astype(np.int64)
    cells = (period.max() - period.min() + 1) * (track.max() + 1)
    if cells > MAX_CELLS:
        raise EvidenceError(
            f"{cells:,} periods times series, at most {MAX_CELLS:,}", code="TABLE_TOO_LARGE",
            hint="Leave out the oldest rows, or some of the series.",
        )  # fmt: skip
    return Panel(
        y=joined, wall=start[first], period=period[first], series=series[first], track=track,
        numbers=_means(numbers, group, first), words=words[first], unit=unit, hourly=hourly,
        merged=len(y) - len(first), dropped=dropped,
    )  # fmt: skip


def _signal(sheet: Sheet, name: str) -> Floats | Ints:
    """A column as numbers (n,), or as numbers of words (n,), the most frequent first, -1 where missing or rare."""
    cells = [cell.strip() for cell in sheet.columns[name]]
    told = numeric = 0
    for cell in cells:
        if cell.lower() in MISSING:
            continue
        told += 1
        try:
            sheet.number(cell)
        except ValueError:
            continue
        numeric += 1
    if 2 * numeric >= told:
        return sheet.numbers(name)
    values, place, counts = np.unique(np.array(cells), return_inverse=True, return_counts=True)
    counts[[value.lower() in MISSING for value in values.tolist()]] = 0
    ranked = np.argsort(-counts, kind="stable")[:MAX_WORDS]
    number = np.full(len(values), -1, np.int64)
    number[ranked] = np.arange(len(ranked))
    number[counts == 0] = -1
    return number[place]


def _periods(wall: Ints, series: Ints) -> tuple[Ints, Ints, str, bool]:
    """Start and number of each row's period, what a period is, and whether hours of a day are apart."""
    day = wall // DAY
    if len(np.unique(wall % DAY)) > 1:
        hours = np.unique(np.column_stack([series, wall // HOUR]), axis=0)
        days = np.unique(np.column_stack([series, day]), axis=0)
        if len(hours) >= BUSY_HOURS * len(days):
            return wall // HOUR * HOUR, day, "day", True
    pairs = np.unique(np.column_stack([series, day]), axis=0)
    gaps = np.diff(pairs[:, 1])[np.diff(pairs[:, 0]) == 0]
    usual = float(np.median(gaps)) if len(gaps) else 1.0
    if usual >= 27:
        moment = (day * DAY).astype("datetime64[s]").astype("datetime64[M]")
        return moment.astype("datetime64[s]").astype(np.int64), moment.astype(np.int64), "month", False
    if usual >= 7:
        week = (day - int(np.bincount(day % 7).argmax())) // 7
        return week * 7 * DAY + int(np.bincount(day % 7).argmax()) * DAY, week, "week", False
    return day * DAY, day, "day", False


def _join(y: Floats, group: Ints, first: Ints, instant: Ints, wall: Ints, hourly: bool) -> Floats:
    """The target of each series and period (g,)."""
    size = np.bincount(group)
    total = np.bincount(group, y)
    mean = total / size
    shared = size > 1
    if not shared.any():
        return y[first]
    low, high = np.minimum.reduceat(y, first), np.maximum.reduceat(y, first)
    agree = (low == high)[shared].mean() >= 0.8
    # As many readings in nearly every hour are a meter's: their mean. Other repeats are parts: their sum.
    meter = hourly and (size == np.bincount(size).argmax()).mean() >= 0.8 and bool((wall % HOUR != 0).any())
    # One wall-clock time at two instants is the hour that a clock put back shows twice.
    twice = (wall == wall[first][group]) & (instant != instant[first][group])
    back = np.bincount(group, twice) > 0
    parts = np.where(back, total / 2, total)
    return np.asarray(mean if agree or meter else parts)


def _means(values: Floats, group: Ints, first: Ints) -> Floats:
    known = ~np.isnan(values)
    out = np.empty((len(first), values.shape[1]))
    for column in range(values.shape[1]):
        count = np.bincount(group, known[:, column])
        with np.errstate(invalid="ignore"):
            out[:, column] = np.bincount(group, np.where(known[:, column], values[:, column], 0.0)) / count
    return out
