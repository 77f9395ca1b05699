"""Pairs: which items come with which, counted item by item in a table of bounded size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_ITEMS = 50_000  # items with partners: those met most often, 250 bytes each
EACH = 16  # partners of an item; the one met least leaves
KEEP = 0.95  # of all counts when items have to go: what was met long ago makes room in the end
PRIOR = 10.0  # meetings of an item that weigh as much as "with nothing else"

Rows = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The partners of some rows: of each its places among them (k,) and the share of its meetings that held these."""

    number: Mapping[str, int]
    starts: Sequence[int]
    place: Rows
    share: NDArray[np.float64]

    def of(self, partner: str) -> tuple[Rows, NDArray[np.float64]]:
        """Places (distinct) and shares of a partner that `number` holds."""
        number = self.number[partner]
        part = slice(self.starts[number], self.starts[number + 1])
        return self.place[part], self.share[part]

    def gather(self, weights: Iterable[tuple[str, float]], rows: int) -> NDArray[np.float64]:
        """The shares summed over partners of this number, (rows,): each partner's times its weight."""
        found = np.zeros(rows)
        for partner, weight in weights:
            place, share = self.of(partner)
            found[place] += weight * share
        return found


class Pairs:
    """How often each item was met, and the `EACH` others that most of these meetings held, too.

    Counts fade only as the table fills up (`KEEP`).
    """

    def __init__(self, limit: int = MAX_ITEMS) -> None:
        self.limit = max(limit, 16)
        self._rows: dict[str, int] = {}
        self._names: list[str] = []
        self._met: NDArray[np.float64] = np.zeros(0)
        self._with: NDArray[np.int32] = np.zeros((0, EACH), np.int32)
        self._count: NDArray[np.float32] = np.zeros((0, EACH), np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def together(self, fresh: Sequence[str], before: Sequence[str], most: int) -> None:
        """`fresh` were met (distinct, none of `before`), each with the `most` newest of what came before it."""
        fresh = fresh[: self.limit // 2]
        self._reserve(fresh)
        own = self._known(before[-most:])
        for item in fresh:
            row = self._row(item)
            self._met[row] += 1.0
            others = own[-most:]
            if len(others):
                self._bump(others, row)
                self._join(row, others)
            own = np.append(own, row)

    def after(self, items: Sequence[str], before: Sequence[str]) -> None:
        """`before` were met once more, and then `items` were, the same ones perhaps."""
        items = items[: self.limit // 4]
        before = before[-(self.limit // 4) :]
        self._reserve([*before, *(item for item in items if item not in before)])
        rows = np.fromiter((self._row(item) for item in before), np.int64, len(before))
        if not len(rows):
            return
        self._met[rows] += 1.0
        for item in items:
            self._join(self._row(item), rows)

    def near(self, ids: Sequence[str]) -> tuple[Near, NDArray[np.float64]]:
        """The partners of `ids`, and how often each of these was met, (n,).

        Shares are of the partner's meetings, smoothed by `PRIOR`: where these are few they are near zero.
        """
        met = np.zeros(len(ids))
        rows = np.fromiter((self._rows.get(item, -1) for item in ids), np.int64, len(ids))
        places = np.flatnonzero(rows >= 0)
        rows = rows[places]
        met[places] = self._met[rows]
        at, column = np.nonzero(self._count[rows])
        if not len(at):
            return NOTHING_NEAR, met
        others = self._with[rows[at], column]
        order = np.argsort(others, kind="stable")
        at, column, others = at[order], column[order], others[order]
        shares = self._count[rows[at], column] / (self._met[others] + PRIOR)
        partners, starts = np.unique(others, return_index=True)
        number = {self._names[partner]: place for place, partner in enumerate(partners.tolist())}
        return Near(number, [*starts.tolist(), len(others)], places[at], shares.astype(np.float64)), met

    def to_saved(self) -> Saved:
        """As plain values: nothing is lost by a restart."""
        size = len(self._rows)
        return Saved(
            self._names, self._met[:size].tobytes(), self._with[:size].tobytes(), self._count[:size].tobytes(),
            self.limit,
        )  # fmt: skip

    @staticmethod
    def from_saved(saved: Saved) -> Pairs:
        """Back from `to_saved`; ValueError where sizes do not fit."""
        found, size = Pairs(saved.limit), len(saved.names)
        found._names, found._rows = list(saved.names), {item: row for row, item in enumerate(saved.names)}
        found._met = np.frombuffer(saved.met).copy()
        found._with = np.frombuffer(saved.partners, np.int32).reshape(size, EACH).copy()
        found._count = np.frombuffer(saved.counts, np.float32).reshape(size, EACH).copy()
        if len(found._met) != size or (size and not 0 <= found._with.min() <= found._with.max() < size):
            raise ValueError(f"{len(found._met)} counts of {size} items")
        return found

    def _known(self, items: Collection[str]) -> Rows:
        return np.fromiter((row for item in items if (row := self._rows.get(item)) is not None), np.int64)

    def _row(self, item: str) -> int:
        row = self._rows.get(item)
        if row is None:
            row = self._rows[item] = len(self._names)
            self._names.append(item)
            if row >= len(self._met):
                size = max(2 * row, 64)
                self._met = _grown(self._met, size)
                self._with, self._count = _grown(self._with, size), _grown(self._count, size)
        return row

    def _join(self, row: int, others: Rows) -> None:
        """One more meeting of `row` with each of `others` (distinct), on its side."""
        held = (self._with[row][None, :] == others[:, None]) & (self._count[row] > 0)[None, :]
        self._count[row] += held.any(axis=0)
        new = others[~held.any(axis=1)][-EACH:]
        if len(new):
            # Many may come at once: half of those met only once make room, so that some of either may prove themselves.
            empty, once = int((self._count[row] == 0.0).sum()), int((self._count[row] <= 1.0).sum())
            room = max(empty, once // 2, 1)
            least = np.argsort(self._count[row], kind="stable")[: min(room, len(new))]
            self._with[row, least], self._count[row, least] = new[-len(least) :], 1.0

    def _bump(self, rows: Rows, other: int) -> None:
        """One more meeting of each of `rows` (distinct) with `other`, on their side."""
        held = (self._with[rows] == other) & (self._count[rows] > 0)
        known = held.any(axis=1)
        self._count[rows[known], held[known].argmax(axis=1)] += 1.0
        new = rows[~known]
        if len(new):
            least = self._count[new].argmin(axis=1)
            self._with[new, least], self._count[new, least] = other, 1.0

    def _reserve(self, items: Sequence[str]) -> None:
        fresh = sum(item not in self._rows for item in items)
        if len(self._rows) + fresh > self.limit:
            self._make_room(len(items))

    def _make_room(self, needed: int) -> None:
        """Let the items go that were met least, a tenth or as many as are needed, and fade the others."""
        size = len(self._names)
        drop = min(size, max(self.limit // 10, needed))
        kept = np.sort(np.argsort(self._met[:size], kind="stable")[drop:])
        moved = np.full(size, -1, np.int32)
        moved[kept] = np.arange(len(kept))
        self._names = [self._names[row] for row in kept]
        self._rows = {item: row for row, item in enumerate(self._names)}
        self._met = self._met[kept] * KEEP
        partners, counts = moved[self._with[kept]], self._count[kept] * KEEP
        self._with, self._count = np.maximum(partners, 0), np.where(partners < 0, 0, counts).astype(np.float32)


class Saved(msgspec.Struct, array_like=True):
    """`Pairs` as plain values."""

    names: list[str] = []
    met: bytes = b""
    partners: bytes = b""
    counts: bytes = b""
    limit: int = MAX_ITEMS


def _grown(values: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    wider = np.zeros((size, *values.shape[1:]), values.dtype)
    wider[: len(values)] = values
    return wider


NOTHING_NEAR = Near({}, (0,), np.zeros(0, np.int64), np.zeros(0))
