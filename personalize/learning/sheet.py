"""A sheet: a CSV table as columns of text, with the line that each row stands in, and columns read as numbers."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError

Floats = NDArray[np.float64]

MAX_ROWS = 5_000_000
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
"""What a cell without a value holds, in lower case."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """n rows: `columns` by name, each n cells of text; `lines` (n,) the line of the file, 1-based, a row ends in."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]
    comma: bool = False
    """Whether cells are apart by semicolons, so that a comma is a decimal one."""

    def __len__(self) -> int:
        return len(self.lines)

    def need(self, *names: str) -> None:
        """EvidenceError where a column is missing."""
        for name in names:
            if name not in self.columns:
                raise EvidenceError(
                    f"{self.path} has no column {name!r}, it has: {', '.join(self.columns)}", code="TABLE_COLUMN"
                )

    def number(self, cell: str) -> float:
        """The number of a cell, NaN for a missing one; ValueError where it is none, or is not finite."""
        if cell.strip().lower() in MISSING:
            return np.nan
        found = float(cell.replace(",", ".") if self.comma else cell)
        if not np.isfinite(found):
            raise ValueError(f"{cell!r} is not finite")
        return found

    def numbers(self, name: str) -> Floats:
        """A column as numbers, NaN where a cell is missing; EvidenceError names the line of the first that is none."""
        found = np.empty(len(self))
        for row, cell in enumerate(self.columns[name]):
            try:
                found[row] = self.number(cell)
            except ValueError:
                raise EvidenceError(
                    f"line {self.lines[row]} of {self.path}: {name!r} is {cell[:60]!r}, a number is expected",
                    code="TABLE_NUMBER",
                    hint="Empty cells, NA and nan are read as missing.",
                ) from None
        return found


def read_sheet(path: Path) -> Sheet:
    """A CSV with a header, plain or .gz, apart by comma, semicolon or tab. EvidenceError names what is wrong."""
    try:
        with path.open("rb") as plain, gzip.open(plain) if path.suffix == ".gz" else plain as raw:
            text = io.TextIOWrapper(raw, "utf-8-sig", newline="")
            first = text.readline()
            mark = max(",;\t", key=first.count) if first else ","
            return _rows(path, csv.reader(itertools.chain([first], text), delimiter=mark), comma=mark == ";")
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise EvidenceError(f"{path} cannot be read as CSV: {error}", code="TABLE_UNREADABLE") from error


def _rows(path: Path, reader: Any, *, comma: bool) -> Sheet:
    head: list[str] = next(reader, [])
    if len(set(head)) != len(head) or not head:
        raise EvidenceError(f"{path} has no header of distinct names", code="TABLE_UNREADABLE")
    columns: list[list[str]] = [[] for _ in head]
    lines: list[int] = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(head):
            raise EvidenceError(
                f"line {reader.line_num} of {path} has {len(row)} values, the header {len(head)}",
                code="TABLE_UNREADABLE",
            )
        if len(lines) >= MAX_ROWS:
            raise EvidenceError(f"{path} has more than {MAX_ROWS} rows", code="TABLE_TOO_LARGE")
        lines.append(reader.line_num)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return Sheet(path, dict(zip(head, columns, strict=True)), lines, comma)
