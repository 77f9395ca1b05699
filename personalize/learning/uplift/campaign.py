"""A campaign: a table's rows with the arm that each was given and what came of it, the control first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError
from personalize.learning.sheet import MISSING, Sheet, read_sheet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_ARMS = 20
MIN_TRAINING, MIN_TEST = 200, 100  # rows of every arm
_TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Campaign:
    """n rows: `arm` (n,) numbers into `arms`, of which number 0 is the control, and `outcome` (n,).

    `columns` are the cells of the columns that may be learned from; `dropped` counts rows that had no arm or outcome.
    """

    sheet: Sheet
    arms: tuple[str, ...]
    arm: Ints
    outcome: Floats
    columns: dict[str, list[str]]
    dropped: int

    def __len__(self) -> int:
        return len(self.arm)

    def need(self, rows: Ints, least: int, part: str) -> None:
        """EvidenceError where an arm has fewer than `least` of `rows`, or where all outcomes are the same."""
        counts = np.bincount(self.arm[rows], minlength=len(self.arms))
        smallest = int(counts.argmin())
        if counts[smallest] < least:
            raise EvidenceError(
                f"arm {self.arms[smallest]!r} has {counts[smallest]} of the {len(rows)} {part} rows, "
                f"at least {least} are needed",
                code="TABLE_TOO_SHORT",
                hint="Collect more rows, or leave out the rows of that arm.",
            )
        if len(rows) and np.ptp(self.outcome[rows]) == 0:
            raise EvidenceError(
                f"the outcome of all {len(rows)} {part} rows is {self.outcome[rows][0]:g}: there is nothing to learn",
                code="TABLE_CONSTANT",
            )


def read_campaign(
    path: Path, treatment: str, control: str, outcome: str, exclude: Sequence[str] = (),
    arms: tuple[str, ...] | None = None,
) -> Campaign:  # fmt: skip
    """A campaign from a CSV with a header, plain or .gz. EvidenceError names what is missing or no number.

    `arms` are those of the training table where `path` is the test table: others are refused.
    """
    sheet = read_sheet(path)
    sheet.need(treatment, outcome, *exclude)
    if treatment == outcome or treatment in exclude or outcome in exclude:
        raise EvidenceError("treatment, outcome and excluded columns must not overlap", code="TABLE_COLUMN")
    for name in exclude:
        del sheet.columns[name]
    given = [cell.strip() for cell in sheet.columns.pop(treatment)]
    kept = np.array([cell.lower() not in MISSING or cell == control for cell in given], bool)
    names, place = np.unique(np.array(given), return_inverse=True)
    found = [name for name in names.tolist() if name.lower() not in MISSING or name == control]
    held = _control(found, control, treatment, path)
    told = (held, *(name for name in found if name != held))
    if arms is not None:
        strange = [name for name in told if name not in arms]
        if strange:
            raise EvidenceError(f"{path}: arm {strange[0]!r} is none of {', '.join(arms)}", code="TABLE_ARMS")
        told = arms
    if len(told) < 2 or len(told) > MAX_ARMS:
        raise EvidenceError(
            f"{treatment!r} of {path} has {len(told)} arms ({', '.join(told[:5])}{' ...' if len(told) > 5 else ''}), "
            f"2 to {MAX_ARMS} are compared",
            code="TABLE_ARMS",
            hint="--treatment names the column that says what each row was given, the control among them.",
        )
    number = np.array([told.index(name) if name in told else -1 for name in names.tolist()], np.int64)[place]
    y = _outcome(sheet, outcome)
    kept &= (number >= 0) & ~np.isnan(y)
    columns = dict(sheet.columns)
    if not kept.all():
        rows = np.flatnonzero(kept).tolist()
        columns = {name: [cells[row] for row in rows] for name, cells in columns.items()}
    sheet.columns.clear()
    return Campaign(sheet, told, number[kept], y[kept], columns, int((~kept).sum()))


def _control(found: list[str], control: str, treatment: str, path: Path) -> str:
    """The control as the table writes it: `0` also finds `0.0`."""
    if control.strip() in found:
        return control.strip()
    for name in found:
        try:
            if float(name) == float(control):
                return name
        except ValueError:
            continue
    raise EvidenceError(
        f"no row of {path} has {control!r} in {treatment!r}, its values are: {', '.join(found[:10])}",
        code="TABLE_CONTROL",
        hint="--control is the value of the rows that got nothing.",
    )


def _outcome(sheet: Sheet, name: str) -> Floats:
    cells = sheet.columns.pop(name)
    words = {cell.strip().lower() for cell in set(cells)} - MISSING
    if words and words <= set(_TRUTH):
        return np.array([_TRUTH.get(cell.strip().lower(), np.nan) for cell in cells])
    sheet.columns[name] = cells
    found = sheet.numbers(name)
    del sheet.columns[name]
    return found
