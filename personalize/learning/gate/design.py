"""The columns of a linear forecast: the calendar, and signals bent by hinges."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from personalize.learning.gate.panel import DAY, Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

WAVES = 4  # sines and cosines of the year
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)  # quantiles at which a number's effect may bend
ENDS = (0.002, 0.998)  # quantiles beyond which a number counts as there: sensors err
BENDS, TILTS = 10.0, 5.0  # how much more a bend, or a tilt with the season, has to show than a line
OFTEN = 0.2  # share of rows from which one value of a number (no rain) is a state of its own
FEW = 12  # distinct values up to which a number is a code
RARE = 5  # rows that a value must have to become a column
FIXED_DAYS = ((12, 24), (12, 25), (12, 26), (12, 31), (1, 1))


def parts(wall: Ints) -> tuple[Ints, Ints, Ints, Floats]:
    """Weekday (0 is Monday), month (1 to 12), day of the month, and share of the year gone, (n,) each."""
    day = (wall // DAY).astype("datetime64[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    return (
        (wall // DAY + 3) % 7,
        month.astype(np.int64) % 12 + 1,
        (day - month).astype(np.int64) + 1,
        (day - year).astype(np.int64) / 365.25,
    )


def calendar(panel: Panel, free: Collection[int] = ()) -> tuple[Floats, Floats]:
    """Columns (n, c) that the date alone tells, and how reluctantly each is used (c,).

    `free` are the day numbers of public holidays.
    """
    weekday, month, dom, year = parts(panel.wall)
    columns: list[NDArray[np.generic]] = []
    if panel.unit == "month":
        return (month[:, None] == np.arange(1, 13)).astype(np.float64), np.ones(12)
    for wave in range(1, WAVES + 1):
        columns += [np.sin(2 * np.pi * wave * year), np.cos(2 * np.pi * wave * year)]
    if panel.unit == "day":
        columns += [weekday == number for number in range(7)]
        for wave in (1, 2):
            columns += [np.sin(2 * np.pi * wave * dom / 30.4), np.cos(2 * np.pi * wave * dom / 30.4)]
        columns += [(month == m) & (dom == d) for m, d in FIXED_DAYS]
        if free:
            known, day = np.array(sorted(free)), panel.wall // DAY
            columns += [np.isin(day + ahead, known) for ahead in (0, 1, -1)]
            columns.append(np.isin(day, known) & (weekday >= 5))
    reluctance = np.ones(len(columns))
    reluctance[: 2 * WAVES] = np.repeat(np.arange(1, WAVES + 1) ** 2, 2)  # quick waves have to show more
    if panel.unit == "day":
        reluctance[2 * WAVES + 7 : 2 * WAVES + 11] = 10.0
    return np.column_stack(columns).astype(np.float64), reluctance


def bent(panel: Panel, past: Mask) -> tuple[Floats, Floats]:
    """Columns (n, c) of the signals, scaled by the rows `past` (n,) alone, and how reluctantly each is used (c,)."""
    weekday, _, _, year = parts(panel.wall)
    columns: list[Floats] = []
    reluctance: list[float] = []
    for values in panel.numbers.T:
        known = values[past & ~np.isnan(values)]
        missing = np.isnan(values)
        if len(known) and known.min() != known.max():
            distinct, counts = np.unique(known, return_counts=True)
            if len(distinct) <= FEW:
                columns += _flags(values, distinct, past)
            reluctance += [TILTS] * (len(columns) - len(reluctance))
            usual = distinct[np.argmax(counts)]
            if len(distinct) > FEW and counts.max() >= OFTEN * len(known):
                columns.append((values == usual).astype(np.float64))
                reluctance.append(1.0)
            if len(distinct) > 2:
                columns += _hinges(values, known, usual if counts.max() >= OFTEN * len(known) else None, weekday, year)
                reluctance += [1.0, *[BENDS] * (len(columns) - len(reluctance) - 4), *[TILTS] * 3]
        if RARE <= (missing & past).sum() <= past.sum() - RARE:
            columns.append(missing.astype(np.float64))
    for codes in panel.words.T:
        columns += _flags(codes, np.unique(codes[past]), past)
    reluctance += [1.0] * (len(columns) - len(reluctance))
    if not columns:
        return np.zeros((len(panel), 0)), np.zeros(0)
    return np.column_stack(columns), np.array(reluctance)


def _flags(values: NDArray[np.generic], distinct: NDArray[np.generic], past: Mask) -> list[Floats]:
    found = [(values == one) for one in distinct]
    return [flag.astype(np.float64) for flag in found if (flag & past).sum() >= RARE]


def _hinges(
    values: Floats, known: Floats, usual: float | None, weekday: Ints, year: Floats
) -> list[Floats]:  # fmt: skip
    """A number as a broken line, and as a line that tilts with the season and at weekends.

    Where one value is `usual`, the line may bend where the others lie.
    """
    low, high = np.quantile(known, ENDS)
    low, high = (low, high) if low < high else (known.min(), known.max())
    known = np.clip(known, low, high)
    middle, spread = float(np.median(known)), float(known.std())
    line = (np.clip(np.where(np.isnan(values), middle, values), low, high) - middle) / spread
    bending = known if usual is None else known[known != usual]
    knots = np.unique((np.quantile(bending, KNOTS) - middle) / spread)
    columns = [line, *(np.maximum(line - knot, 0.0) for knot in knots)]
    return [*columns, line * np.sin(2 * np.pi * year), line * np.cos(2 * np.pi * year), line * (weekday >= 5)]
