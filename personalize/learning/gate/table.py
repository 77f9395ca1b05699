"""The gate on a table: forecasts with and without the signals, and what the past alone makes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from personalize.errors import EvidenceError
from personalize.learning.gate.decide import Change, compare
from personalize.learning.gate.design import bent, calendar
from personalize.learning.gate.forecast import Arm, scales
from personalize.learning.gate.linear import Kinds
from personalize.learning.gate.moments import read_moment
from personalize.learning.gate.panel import DAY, Panel, read_panel
from personalize.learning.gate.past import Past
from personalize.learning.sheet import read_sheet

Floats = NDArray[np.float64]
Progress = Callable[[str, int], None]

TEST = 0.2  # share of the days, the last ones, that are forecast where no `since` is given
ORIGINS = 5  # times at which the past is split in two
FIRST = 0.4  # share of the past's days before the first of them
YEAR = 370  # days that come before the first origin where the past is long enough for it: a season is to be known
MIN_PERIODS, MIN_ROWS, MIN_TEST = 40, 60, 5
BLOCKS = 20  # of time that are wanted at least; a block is a week where that leaves as many
LEAST_BLOCKS = 8  # with fewer nothing is decided, and off it is
LEVEL = 0.95
WORTH = 0.005  # relative gain from which a signal is worth its upkeep
STEADY = 0.5  # share of the origins that have to agree


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found. `test` is the change after the split, `past` the one inside the past that decided."""

    on: bool
    wape_without: float
    wape_with: float
    test: Change
    past: Change | None
    agreeing: int
    origins: int
    panel: Panel
    since: int

    def told(self) -> dict[str, Any]:
        """The JSON of the design's section 8."""
        return {
            "wape_without": self.wape_without,
            "wape_with": self.wape_with,
            "change": self.test.value,
            "interval": [self.test.low, self.test.high],
            "verdict": "on" if self.on else "off",
            "wape_gated": self.wape_with if self.on else self.wape_without,
        }


def gate_table(
    path: Path, *, target: str, time: str, signals: Sequence[str], by: Sequence[str] = (), since: str | None = None,
    free: Collection[int] = (), seed: int = 1, progress: Progress | None = None,
) -> Verdict:  # fmt: skip
    """Whether `signals` pay in forecasting `target`, one period ahead, per series `by`.

    Both arms know the calendar (with `free`, day numbers of public holidays), and each series up to a period before;
    one knows the signals of the period itself, too. `since` (ISO 8601, in the table's own clock) starts the test part;
    the last fifth of the days by default. The verdict comes from rolling origins before it. EvidenceError where the
    table cannot be read, or is too short.
    """
    panel = read_panel(read_sheet(path), target, time, signals, by)
    # Small matrices: a pool of threads costs them more than it gives, and much more on a busy machine.
    with threadpool_limits(1):
        return _verdict(panel, since, free, seed, progress)


def _verdict(
    panel: Panel, since: str | None, free: Collection[int], seed: int, progress: Progress | None
) -> Verdict:  # fmt: skip
    split = _split(panel, since)
    before = panel.wall < split
    _refuse_short(panel, before)
    without, with_ = _arms(panel, before, free, seed)
    origins = _origins(panel, before)
    errors: list[tuple[Floats, Floats]] = []
    kept: list[NDArray[np.bool_]] = []
    for number, (start, end) in enumerate([*zip(origins, [*origins[1:], split], strict=True), (split, None)]):
        rows = (panel.wall >= start) & (panel.wall < end if end is not None else True)
        errors.append(tuple(np.abs(panel.y - arm.forecast(start))[rows] for arm in (without, with_)))  # type: ignore[arg-type]
        kept.append(rows)
        if progress is not None:
            progress("origins", number + 1)
    past = _change(panel, errors[:-1], kept[:-1], seed)
    agreeing = sum(bool(other.sum() < one.sum()) for one, other in errors[:-1])
    size = float(np.abs(panel.y[kept[-1]]).sum())
    one, other = (float(error.sum()) / size for error in errors[-1])
    test = _change(panel, errors[-1:], kept[-1:], seed)
    on = past is not None and past.high < 0 and past.value <= -WORTH and agreeing > STEADY * len(origins)
    return Verdict(on, one, other, test or Change(other / one - 1 if one else 0.0, -1.0, 1.0), past, agreeing,
                   len(origins), panel, split)  # fmt: skip


def _arms(panel: Panel, before: NDArray[np.bool_], free: Collection[int], seed: int) -> tuple[Arm, Arm]:
    past, scale = Past(panel), scales(panel, before)
    dates, usual = calendar(panel, free)
    signals, reluctance = bent(panel, before)
    with_ = Kinds(np.concatenate([usual, reluctance]), signals.shape[1])
    return (
        Arm(panel, past, dates, Kinds(usual, 0), scale, seed),
        Arm(panel, past, np.hstack([dates, signals]), with_, scale, seed),
    )


def _split(panel: Panel, since: str | None) -> int:
    if since is not None:
        try:
            return read_moment(since)
        except ValueError:
            raise EvidenceError(
                f"--since {since!r} is no time", code="TABLE_TIME", hint="Write it like 2026-03-01."
            ) from None
    days = np.unique(panel.wall // DAY)
    return int(days[min(int(len(days) * (1 - TEST)), len(days) - 1)]) * DAY


def _refuse_short(panel: Panel, before: NDArray[np.bool_]) -> None:
    periods, later = len(np.unique(panel.period[before])), len(np.unique(panel.period[~before]))
    if periods < MIN_PERIODS or before.sum() < MIN_ROWS or later < MIN_TEST:
        raise EvidenceError(
            f"{int(before.sum())} rows on {periods} {panel.unit}s before the split and {later} {panel.unit}s after it; "
            f"at least {MIN_ROWS} on {MIN_PERIODS} before and {MIN_TEST} after are needed",
            code="TABLE_TOO_SHORT",
            hint="Give a longer table, or another --since.",
        )
    if not np.abs(panel.y[~before]).sum() > 0:
        raise EvidenceError("the target is zero after the split: no relative error exists", code="TABLE_NO_TARGET")


def _origins(panel: Panel, before: NDArray[np.bool_]) -> list[int]:
    """Wall-clock seconds from which the past is forecast by what came before, to the next of them."""
    days = np.unique(panel.wall[before] // DAY)
    first = int(len(days) * FIRST)
    season = int(np.searchsorted(days, days[0] + YEAR))
    if season <= 0.7 * len(days):
        first = max(first, season)
    places = np.linspace(first, len(days), ORIGINS + 1).astype(int)[:-1]
    return [int(days[place]) * DAY for place in np.unique(places)]


def _change(
    panel: Panel, errors: list[tuple[Floats, Floats]], rows: list[NDArray[np.bool_]], seed: int
) -> Change | None:
    """The change over all rows given; None where they are too few to tell, or without any error."""
    one, other = (np.concatenate(part) for part in zip(*errors, strict=True))
    period = np.concatenate([panel.period[mask] for mask in rows])
    length = int(np.clip(len(np.unique(period)) // BLOCKS, 1, 7))
    block = period // length
    if len(np.unique(block)) < LEAST_BLOCKS or not one.sum() > 0:
        return None
    return compare(one, other, block, LEVEL, seed)
