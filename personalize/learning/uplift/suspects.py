"""Suspects: columns that came after the arm, that tell the outcome, or that stand for one which is denied."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from personalize.learning.uplift.columns import Codes, Features
from personalize.learning.uplift.denied import denied

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXPECTED = 20.0  # rows expected of an arm, at least, before none at all is held against a column
CHANCE = 1e-9  # what is no accident, over all columns of a table
APART = 0.02  # Cramer's V from which arms differ enough to tell of it
EXPLAINED = 0.5  # share of the outcome's variance from which one column tells suspiciously much of it
ALIKE = 0.8  # Cramer's V from which a column stands for another


def after_the_arm(features: Features, arm: Ints, arms: tuple[str, ...]) -> dict[str, str]:
    """Columns with a value that some arm never has: they came after it, or decided it. To be left out, and why."""
    found = {}
    for one in features.coders:
        table = _crossed(features.codes[one.name], arm)
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
        lacking = np.flatnonzero(((table == 0) & (expected >= EXPECTED)).any(axis=0))
        if len(lacking):
            found[one.name] = (
                f"has values that arm {arms[lacking[0]]!r} never has: it came after the arm, or decided it"
            )
    return found


def stand_ins(features: Features) -> dict[str, str]:
    """Columns that nearly tell one which is denied (proxies): to be left out, and why."""
    found: dict[str, str] = {}
    for name in features.left_out:
        kind = denied(name)
        if kind is None or name not in features.codes:
            continue
        for one in features.coders:
            strength = _cramer(_crossed(features.codes[one.name], features.codes[name]))
            if strength >= ALIKE and one.name not in found:
                found[one.name] = f"never by {kind}: it stands for {name} (Cramér's V {strength:.2f})"
    return found


def warnings(features: Features, arm: Ints, outcome: Floats) -> list[str]:
    """What an analyst should look at before believing the result, in words."""
    said = []
    for one in features.coders:
        codes = features.codes[one.name]
        apart = _crossed(codes, arm)
        if _unlikely(apart) and _cramer(apart) >= APART:
            said.append(
                f"{one.name!r} differs between the arms beyond chance: if it was not known before the arm was drawn, "
                "exclude it; if it decided the arm, effects are not what they seem"
            )
        if told := _foretold(codes, outcome):
            said.append(f"{one.name!r} foretells the outcome suspiciously well ({told}): if it came after, exclude it")
    return said


def _foretold(codes: Codes, outcome: Floats) -> str:
    """How a column tells the outcome, or nothing."""
    values, counts = np.unique(outcome, return_counts=True)
    usual = float(values[counts.argmax()])
    size = np.bincount(codes)
    same = np.bincount(codes, outcome == usual)
    share = float(counts.max() / counts.sum())
    binary = len(values) == 2
    for group in np.flatnonzero(size):
        if same[group] == size[group] and size[group] * math.log(share) < math.log(CHANCE):
            return f"in {size[group]} rows that it has in common the outcome is always {usual:g}"
        if binary and same[group] == 0 and size[group] * math.log(1 - share) < math.log(CHANCE):
            return f"in {size[group]} rows that it has in common the outcome is never {usual:g}"
    means = np.bincount(codes, outcome) / np.maximum(size, 1)
    explained = float(
        (size * (means - outcome.mean()) ** 2).sum() / max(1e-300, ((outcome - outcome.mean()) ** 2).sum())
    )
    return f"it explains {explained:.0%} of its variance" if explained >= EXPLAINED else ""


def _crossed(codes: Codes, other: Ints | Codes) -> Floats:
    """Rows by group of one and of the other, without empty groups."""
    wide = int(other.max()) + 1
    table = np.bincount(codes.astype(np.int64) * wide + other, minlength=(int(codes.max()) + 1) * wide)
    table = table.reshape(-1, wide).astype(np.float64)
    return np.asarray(table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0])


def _chi(table: Floats) -> float:
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def _unlikely(table: Floats) -> bool:
    free = (table.shape[0] - 1) * (table.shape[1] - 1)
    return free > 0 and float(chdtrc(free, _chi(table))) < CHANCE


def _cramer(table: Floats) -> float:
    """Cramer's V, corrected for chance (Bergsma, Journal of the Korean Statistical Society 42, 2013)."""
    n, (r, c) = float(table.sum()), table.shape
    if min(r, c) < 2:
        return 0.0
    phi = max(0.0, _chi(table) / n - (r - 1) * (c - 1) / (n - 1))
    return math.sqrt(phi / max(1e-12, min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1))
