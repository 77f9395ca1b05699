"""Places by rule: what rules of merchandising say of the rows of one listing, and the order that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from personalize.domain.desk.rules import AnyRule, Apart, Boost, Bury, Choice, InSequence, Pin, Share
from personalize.domain.listing import Listing

LOOK = 200
"""Rows that are looked at, in their order, for one that breaks no rule."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Of the first `first` places at least `least` and at most `most` go to `rows`."""

    rows: frozenset[int]
    first: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Rules as rows of one listing: `pins` by place (from 0), `boosts` (n,) in doublings of the place, or None.

    Two rows may not stand side by side where `marks` of one and `foes` of the other have a bit in common, one for each
    side of each rule that keeps items apart; both are empty without such a rule.
    """

    pins: Mapping[int, int]
    boosts: NDArray[np.float64] | None
    buried: frozenset[int]
    shares: tuple[Quota, ...]
    marks: tuple[int, ...] = ()
    foes: tuple[int, ...] = ()


def placed_by(rules: Sequence[AnyRule], listing: Listing) -> Placed | None:
    """What the rules say of a listing, None where they say nothing: none of what they name is there."""
    size = len(listing)
    if not rules or size < 2:
        return None
    number = {item: row for row, item in enumerate(listing.ids)}
    pins: dict[int, int] = {}
    boosts = np.zeros(size)
    buried: set[int] = set()
    shares: list[Quota] = []
    apart: list[tuple[frozenset[int], frozenset[int]]] = []
    for rule in rules:
        for place, row in _pinned(rule, number):
            if place < size and row not in pins.values():
                pins.setdefault(place, row)
        if isinstance(rule, Boost):
            for row in _chosen(rule, listing, number):
                boosts[row] = max(boosts[row], rule.strength)
        elif isinstance(rule, Bury):
            buried |= _chosen(rule, listing, number)
        elif isinstance(rule, Share) and (rows := _bearing(listing, rule.attribute, rule.value)):
            shares.append(Quota(rows, rule.first, rule.at_least or 0, size if rule.at_most is None else rule.at_most))
        elif isinstance(rule, Apart):
            ones = _bearing(listing, rule.attribute, rule.value)
            others = _bearing(listing, rule.other_attribute or rule.attribute, rule.other_value)
            if ones and others and len(ones | others) > 1:
                apart.append((ones, others))
    buried -= set(pins.values())
    if not (pins or boosts.any() or buried or shares or apart):
        return None
    marks, foes = _sides(apart, size)
    return Placed(pins, boosts if boosts.any() else None, frozenset(buried), tuple(shares), marks, foes)


def _sides(
    apart: Sequence[tuple[frozenset[int], frozenset[int]]], size: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`marks` and `foes` of every row."""
    if not apart:
        return (), ()
    marks, foes = [0] * size, [0] * size
    for number, (ones, others) in enumerate(apart):
        for row in ones:
            marks[row] |= 1 << 2 * number
            foes[row] |= 1 << 2 * number + 1
        for row in others:
            marks[row] |= 1 << 2 * number + 1
            foes[row] |= 1 << 2 * number
    return tuple(marks), tuple(foes)


def arranged(
    start: NDArray[np.intp], placed: Placed, refused: frozenset[int] = frozenset(), most: int = 0
) -> NDArray[np.intp]:
    """The rows of `start` (a permutation of range(n)) as the rules want them; again a permutation.

    `refused` rows are neither pinned nor boosted. `most`: places that a row, neither pinned nor buried, may go among
    such rows; 0: as many as it likes.
    """
    pins = {place: row for place, row in placed.pins.items() if row not in refused}
    held = set(pins.values())
    last = [row for row in start.tolist() if row in placed.buried and row not in held]
    free = [row for row in start.tolist() if row not in held and row not in placed.buried]
    wanted = _boosted(free, placed.boosts, refused)
    if not (placed.shares or placed.marks or most):
        queue: Iterator[int] = iter((*wanted, *last))
        return np.array([pins[place] if place in pins else next(queue) for place in range(len(start))], np.intp)
    return np.array(_Arranging(placed, pins, free, wanted, last, most).rows(), np.intp)


def _boosted(free: list[int], boosts: NDArray[np.float64] | None, refused: frozenset[int]) -> list[int]:
    """Rows by place and boost: the place p (from 1) counts as p * 2 ** -strength; of equal ones the boosted first."""
    if boosts is None or not free:
        return free
    rows = np.array(free, np.intp)
    lift = np.where(np.isin(rows, list(refused)), 0.0, boosts[rows]) if refused else boosts[rows]
    cost = np.log2(np.arange(1.0, len(free) + 1)) - lift
    found: list[int] = rows[np.lexsort((-lift, cost))].tolist()
    return found


class _Arranging:
    """Place by place: the pinned row, one that may go down no further, or the first that breaks the fewest rules."""

    def __init__(
        self, placed: Placed, pins: Mapping[int, int], free: list[int], wanted: list[int], last: list[int], most: int
    ) -> None:
        self.placed, self.pins, self.free, self.last = placed, pins, free, last
        self.waiting = wanted
        self.rank = {row: rank for rank, row in enumerate(free)}
        self.most = most or len(free)
        self.counts = [0] * len(placed.shares)
        self.made: list[int] = []

    def rows(self) -> list[int]:
        """All rows in order."""
        size, least, after = len(self.free) + len(self.last) + len(self.pins), 0, iter(self.last)
        gone: set[int] = set()
        for place in range(size):
            row = self.pins.get(place)
            if row is None and self.waiting:
                while self.free[least] in gone:
                    least += 1
                row = self.free[least]
                if len(gone) - least < self.most:
                    row = self._best(place, len(gone))
                self.waiting.remove(row)
                gone.add(row)
            elif row is None:
                row = next(after)
            self.made.append(row)
            for number, quota in enumerate(self.placed.shares):
                self.counts[number] += row in quota.rows
        return self.made

    def _best(self, place: int, rank: int) -> int:
        """The first waiting row that may rise to this rank and breaks the fewest rules at this place."""
        tight, marks = self._tight(place), self.placed.marks
        beside = [self.made[-1]] if self.made and marks else []
        if marks and (pinned := self.pins.get(place + 1)) is not None:
            beside.append(pinned)
        foes = [self.placed.foes[near] for near in beside]
        best, fewest, deepest = self.waiting[0], 1_000, rank + self.most
        for row in islice(self.waiting, LOOK):
            if self.rank[row] > deepest:
                continue
            broken = 0
            for foe in foes:
                broken += (marks[row] & foe).bit_count()
            for rows, wanted in tight:
                broken += (row in rows) is not wanted
            if broken < fewest:
                best, fewest = row, broken
                if not broken:
                    break
        return best

    def _tight(self, place: int) -> list[tuple[frozenset[int], bool]]:
        """The shares that matter at this place: their rows, and whether such a row has to stand here or must not."""
        found = []
        for quota, count in zip(self.placed.shares, self.counts, strict=True):
            if place >= quota.first:
                continue
            coming = [row for at, row in self.pins.items() if place < at < quota.first]
            count += sum(row in quota.rows for row in coming)
            if count >= quota.most:
                found.append((quota.rows, False))
            elif count < quota.least and quota.least - count >= quota.first - place - len(coming):
                found.append((quota.rows, True))
        return found


def _pinned(rule: AnyRule, number: Mapping[str, int]) -> list[tuple[int, int]]:
    """(place, row) of a pin, or of a sequence without those that are not there."""
    if isinstance(rule, Pin):
        return [(rule.place - 1, number[rule.item])] if rule.item in number else []
    if isinstance(rule, InSequence):
        return list(enumerate((number[item] for item in rule.items if item in number), rule.place - 1))
    return []


def _chosen(rule: Choice, listing: Listing, number: Mapping[str, int]) -> frozenset[int]:
    if rule.attribute:
        return _bearing(listing, rule.attribute, rule.value)
    return frozenset(number[item] for item in rule.items if item in number)


def _bearing(listing: Listing, attribute: str, value: str) -> frozenset[int]:
    """The rows whose attribute has this value, or holds it."""
    return frozenset(row for row, told in enumerate(listing.attributes) if _has(told.get(attribute), value))


def _has(told: object, value: str) -> bool:
    if isinstance(told, (list, tuple)):
        return any(_has(one, value) for one in told)
    if isinstance(told, bool):
        return str(told).lower() == value.lower()
    return told is not None and str(told) == value
