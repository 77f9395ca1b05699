"""Moments: a column of times in one of the usual notations, as local seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError
from personalize.learning.sheet import Sheet

Seconds = NDArray[np.int64]
ORIGIN = datetime(1970, 1, 1)  # noqa: DTZ001  (a wall clock, in nobody's zone)
_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)[ T]*(.*)")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)[ T]*(.*)")
_NAMED = ("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_CLOCK = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H", "%I:%M %p", "%I:%M:%S %p")


def local(moment: datetime) -> int:
    """Seconds since 1970 as the clock on the wall there counts them: days and hours keep their meaning."""
    return round((moment.replace(tzinfo=None) - ORIGIN).total_seconds())


def read_moments(sheet: Sheet, name: str) -> tuple[Seconds, Seconds]:
    """Wall-clock seconds (n,) of a column, and instants (n,): the same minus the offset, where cells bear one.

    Notations: ISO 8601, 2026/3/1, 1.3.2026 or 3/1/2026 (day or month first by what the column shows), 1-Mar-2026, a
    month 2026-03, epoch seconds or milliseconds. EvidenceError names the line of the first cell that is none.
    """
    cells = sheet.columns[name]
    read = _reader(sheet, name)
    wall, instant = np.empty(len(cells), np.int64), np.empty(len(cells), np.int64)
    known: dict[str, tuple[int, int]] = {}
    for row, cell in enumerate(cells):
        found = known.get(cell)
        if found is None:
            try:
                moment = read(cell.strip())
            except (ValueError, OverflowError, OSError):
                raise EvidenceError(
                    f"line {sheet.lines[row]} of {sheet.path}: {name!r} is {cell[:60]!r}, a time is expected",
                    code="TABLE_TIME",
                    hint="Write times like 2026-03-01 or 2026-03-01T14:00:00+01:00.",
                ) from None
            offset = moment.utcoffset()
            here = local(moment)
            found = known[cell] = here, here - (round(offset.total_seconds()) if offset else 0)
        wall[row], instant[row] = found
    return wall, instant


def read_moment(text: str) -> int:
    """Wall-clock seconds of one time in ISO 8601 or epoch seconds; ValueError where it is none."""
    return local(_plain(text.strip()))


def _reader(sheet: Sheet, name: str) -> Callable[[str], datetime]:
    """How the column's times are to be read: only a date of the kind 3/4/2026 needs to look at all of them."""
    firsts = [match for cell in sheet.columns[name] if (match := _DAY.fullmatch(cell.strip()))]
    if not firsts:
        return _plain
    day_first = any(int(match[1]) > 12 for match in firsts) or firsts[0][2] == "."
    month_first = any(int(match[3]) > 12 for match in firsts)
    if day_first and month_first:
        month_first = firsts[0][2] != "."
        day_first = not month_first
    elif not day_first and not month_first:
        raise EvidenceError(
            f"{name!r} of {sheet.path} is {firsts[0][0]!r} and the like: day or month first cannot be told",
            code="TABLE_TIME",
            hint="Write times like 2026-03-01.",
        )
    return lambda cell: _short(cell, day_first)


def _short(cell: str, day_first: bool) -> datetime:
    match = _DAY.fullmatch(cell)
    if match is None:
        return _plain(cell)
    day, month = (match[1], match[3]) if day_first else (match[3], match[1])
    year = int(match[4]) if len(match[4]) == 4 else 2000 + int(match[4])
    return _at(year, int(month), int(day), match[5])


def _plain(cell: str) -> datetime:
    if re.fullmatch(r"\d{9,10}(\.\d+)?", cell):
        return datetime.fromtimestamp(float(cell), UTC)
    if re.fullmatch(r"\d{12,13}", cell):
        return datetime.fromtimestamp(int(cell) / 1000, UTC)
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        if match := _MONTH.fullmatch(cell):
            return datetime(int(match[1]), int(match[2]), 1)  # noqa: DTZ001
        if match := _LOOSE.fullmatch(cell):
            return _at(int(match[1]), int(match[2]), int(match[3]), match[4])
        for form in _NAMED:
            try:
                return datetime.strptime(cell, form)  # noqa: DTZ007
            except ValueError:
                continue
        raise


def _at(year: int, month: int, day: int, clock: str) -> datetime:
    found = datetime(year, month, day)  # noqa: DTZ001
    if not clock:
        return found
    for form in _CLOCK:
        try:
            return datetime.combine(found, datetime.strptime(clock.strip(), form).time())  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError(f"{clock!r} is no time of day")
