"""Columns: what of an arbitrary table may be learned from, and its cells as numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError
from personalize.learning.sheet import MISSING
from personalize.learning.uplift.denied import denied
from personalize.learning.uplift.trees import Matrix

Codes = NDArray[np.int16]

NUMERIC = 0.95  # share of the cells told that must be numbers (or times), so that a column counts as such
MAX_LEVELS = 30  # words of a column that are told apart, the most frequent
MIN_LEVEL = 20  # rows that a word needs
MAX_FEATURES = 500
GROUPS = 20  # about equal groups of rows that a column of numbers is cut into where columns are compared
_ID = re.compile(r"(?:^|[^a-z])(?:id|ids|uuid|guid|hash|email|phone|token)$", re.I)


@dataclass(frozen=True, slots=True)
class Coder:
    """One column as it was met in training: numbers, times, or `levels` of words, each of which becomes a feature."""

    name: str
    kind: str
    levels: tuple[str, ...] = ()

    def encode(self, cells: list[str]) -> Matrix:
        """The features (n, width) of cells; NaN for a number that is missing or none, no level for an unknown word."""
        if self.kind == "words":
            place = {level: number for number, level in enumerate(self.levels)}
            found = np.array([place.get(cell.strip(), -1) for cell in cells], np.int16)
            return np.asarray(found[:, None] == np.arange(len(self.levels)), np.float32)
        return _parsed(cells, _number if self.kind == "numbers" else _time)[0].astype(np.float32)[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What is learned from: a coder a column, the training `matrix` (n, f), and the groups of rows by column.

    `codes` groups the rows of every column, denied ones too, into at most `MAX_LEVELS` + 1; `left_out` says why.
    """

    coders: list[Coder]
    matrix: Matrix
    codes: dict[str, Codes]
    left_out: dict[str, str]

    def encode(self, columns: dict[str, list[str]]) -> Matrix:
        """The features of other rows; EvidenceError where a column of the training rows is missing."""
        for one in self.coders:
            if one.name not in columns:
                raise EvidenceError(
                    f"the test table has no column {one.name!r} to tell effects by, it has: {', '.join(columns)}",
                    code="TABLE_COLUMN",
                    hint="Leave it out of training too (--exclude), or add it.",
                )
        return np.concatenate([one.encode(columns[one.name]) for one in self.coders], axis=1)

    def without(self, reasons: dict[str, str]) -> Features:
        """The same without some columns, and why."""
        if not reasons:
            return self
        widths = [max(1, len(one.levels)) for one in self.coders]
        kept = np.repeat([one.name not in reasons for one in self.coders], widths)
        coders = [one for one in self.coders if one.name not in reasons]
        return Features(coders, self.matrix[:, kept], self.codes, {**self.left_out, **reasons})


def read_features(columns: dict[str, list[str]]) -> Features:
    """The features of training rows. Empties `columns` on the way, so that text and numbers do not both take room."""
    coders: list[Coder] = []
    parts: list[Matrix] = []
    codes: dict[str, Codes] = {}
    left_out: dict[str, str] = {}
    for name in list(columns):
        cells = columns.pop(name)
        kind = denied(name)
        coder, values, reason = _coder(name, cells)
        if kind is not None:
            left_out[name] = f"never by {kind}"
        elif reason:
            left_out[name] = reason
        if coder is not None:
            part = coder.encode(cells) if values is None else values.astype(np.float32)[:, None]
            codes[name] = _groups(part, coder)
            if name not in left_out:
                coders.append(coder)
                parts.append(part)
    if not coders:
        told = "; ".join(f"{name} ({why})" for name, why in left_out.items())
        raise EvidenceError(
            "no column is left to learn from" + (f", left out were: {told}" if told else ""), code="TABLE_COLUMN"
        )
    width = sum(part.shape[1] for part in parts)
    if width > MAX_FEATURES:
        raise EvidenceError(f"{width} features, at most {MAX_FEATURES} are learned from", code="TABLE_TOO_LARGE")
    return Features(coders, np.concatenate(parts, axis=1), codes, left_out)


def _coder(name: str, cells: list[str]) -> tuple[Coder | None, NDArray[np.float64] | None, str]:
    """The coder of a column and, of numbers, its values (n,); or None and why the column is left out."""
    for kind, read in (("numbers", _number), ("times", _time)):
        if kind == "times" and not _all_times(cells):
            break
        values, told, read_well = _parsed(cells, read)
        if told == 0:
            return None, None, "empty"
        if read_well >= NUMERIC * told:
            known = values[~np.isnan(values)]
            distinct = len(np.unique(known))
            if distinct < 2 and len(known) == len(cells):
                return None, None, "the same in every row"
            whole = kind == "numbers" and bool((known == np.floor(known)).all())
            if whole and (distinct == len(cells) > MIN_LEVEL or (_ID.search(name) and distinct > MAX_LEVELS)):
                return None, None, "an id"
            return Coder(name, kind), values, ""
    counts = Counter(cell.strip() for cell in cells)
    if len(counts) < 2:
        return None, None, "the same in every row"
    if len(counts) > len(cells) / 2 or (_ID.search(name) and len(counts) > MAX_LEVELS):
        return None, None, "an id, or words of its own in most rows"
    ordered = sorted(counts, key=lambda level: (-counts[level], level))[:MAX_LEVELS]
    levels = tuple(level for level in ordered if counts[level] >= MIN_LEVEL)
    if len(levels) == 2 == len(counts):
        levels = levels[1:]
    return (Coder(name, "words", levels), None, "") if levels else (None, None, "all its words are rare")


def _parsed(cells: list[str], read: Callable[[str], float]) -> tuple[NDArray[np.float64], int, int]:
    """Cells as values, NaN where missing or none; how many cells say something, how many of these were read."""
    if read is _number:
        try:
            values = np.array([float(cell) for cell in cells])
        except ValueError:
            pass
        else:
            values[np.isinf(values)] = np.nan
            known = len(values) - int(np.isnan(values).sum())
            return values, known, known
    values, told = np.full(len(cells), np.nan), 0
    for row, cell in enumerate(cells):
        if cell.strip().lower() in MISSING:
            continue
        told += 1
        try:
            values[row] = read(cell)
        except ValueError:
            continue
    values[np.isinf(values)] = np.nan
    return values, told, int((~np.isnan(values)).sum())


def _number(cell: str) -> float:
    return float(cell)


def _time(cell: str) -> float:
    moment = datetime.fromisoformat(cell.strip())
    return moment.replace(tzinfo=None).toordinal() + (moment.hour + moment.minute / 60) / 24


def _all_times(cells: list[str]) -> bool:
    some = [cell for cell in cells[:1_000] if cell.strip().lower() not in MISSING][:50]
    try:
        return bool(some) and all(np.isfinite(_time(cell)) for cell in some)
    except ValueError:
        return False


def _groups(part: Matrix, coder: Coder) -> Codes:
    """Rows in groups: by word, or in about equal groups of numbers; what is missing or rare is a group of its own."""
    if coder.kind == "words":
        return np.where(part.any(axis=1), part.argmax(axis=1), len(coder.levels)).astype(np.int16)
    values = part[:, 0]
    known = values[~np.isnan(values)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, GROUPS + 1)[1:-1])) if len(known) else np.zeros(0)
    return np.where(np.isnan(values), GROUPS + 1, np.searchsorted(cuts, values, side="left")).astype(np.int16)
