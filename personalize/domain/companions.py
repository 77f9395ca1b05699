"""Companions: which items of one kind the same visitors bought, counted item by item and bounded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from struct import unpack
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from personalize.domain.kinds import Kinds

MAX_ITEMS = 50_000  # items that have companions: those bought by the most, 300 bytes each
MAX_KNOWN = 50_000  # items whose kind is remembered from the lists that showed them
EACH = 16  # companions of an item; the one met least leaves
ALIKE = 64  # of a visitor's items of one kind, the newest, that a new one is paired with
KEEP = 0.95  # of all counts when items have to go: what was bought long ago makes room in the end
PRIOR = 10.0  # buyers of an item that weigh as much as "nobody else's"

Rows = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


class Companions:
    """Of each item bought: its kind, its buyers, and the `EACH` items of its kind that most of them bought, too.

    A visitor's first purchase of an item counts, later ones do not. Counts fade only as it fills up (`KEEP`).
    """

    def __init__(self, limit: int = MAX_ITEMS, kinds: Kinds | None = None) -> None:
        self.limit = max(limit, 16)
        self.kinds = kinds or Kinds()
        self._kind_of: dict[str, int] = {}
        self._rows: dict[str, int] = {}
        self._names: list[str] = []
        self._kind: NDArray[np.int64] = np.zeros(0, np.int64)
        self._buyers: NDArray[np.float64] = np.zeros(0)
        self._with: NDArray[np.int32] = np.zeros((0, EACH), np.int32)
        self._count: NDArray[np.float32] = np.zeros((0, EACH), np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def show(self, items: Mapping[str, bytes]) -> None:
        """Note a list: the packed tokens of each of its items."""
        tokens = {item: unpack(f"<{len(packed) // 4}I", packed) for item, packed in items.items()}
        self.kinds.note(tokens.values())
        for item, read in tokens.items():
            if (kind := self.kinds.of(read)) is not None:
                self._kind_of.pop(item, None)
                self._kind_of[item] = kind
        for item in list(islice(self._kind_of, max(len(self._kind_of) - MAX_KNOWN, 0))):
            del self._kind_of[item]

    def kind(self, item: str, tokens: Sequence[int] = ()) -> int | None:
        """The kind of an item, by the properties told, else by those it was shown with; None where unknown."""
        found = self.kinds.of(tokens) if tokens else None
        return found if found is not None else self._kind_of.get(item)

    def buy(self, kinds: Mapping[str, int | None], before: Collection[str]) -> None:
        """Note an order: its items with their kinds, and what the visitor had bought before it."""
        fresh = {item: kind for item, kind in kinds.items() if kind is not None and item not in before}
        if not fresh:
            return
        if len(self._rows) + len(fresh) > self.limit:
            self._make_room(len(fresh))
        own = np.fromiter((row for item in before if (row := self._rows.get(item)) is not None), np.int64)
        for item, kind in islice(fresh.items(), self.limit // 2):
            row = self._row(item)
            self._kind[row] = kind
            self._buyers[row] += 1.0
            alike = own[self._kind[own] == kind][-ALIKE:]
            if len(alike):
                self._meet(row, alike)
            own = np.append(own, row)

    def near(self, ids: Sequence[str]) -> tuple[dict[str, list[tuple[int, float]]], NDArray[np.float64]]:
        """Per item that is a companion of `ids`: the places of these, and the share of its buyers who bought that, too.

        Shares are smoothed by `PRIOR`: those of few buyers are near zero. Also how many bought each of `ids`, (n,).
        """
        buyers = np.zeros(len(ids))
        rows = np.fromiter((self._rows.get(item, -1) for item in ids), np.int64, len(ids))
        places = np.flatnonzero(rows >= 0)
        if not len(places):
            return {}, buyers
        rows = rows[places]
        buyers[places] = self._buyers[rows]
        at, column = np.nonzero(self._count[rows])
        at_row = rows[at]
        others = self._with[at_row, column]
        shares = self._count[at_row, column] / (self._buyers[others] + PRIOR)
        found: dict[str, list[tuple[int, float]]] = {}
        for place, other, share in zip(places[at].tolist(), others.tolist(), shares.tolist(), strict=True):
            found.setdefault(self._names[other], []).append((place, share))
        return found, buyers

    def to_saved(self) -> Saved:
        """As plain values: nothing is lost by a restart."""
        size = len(self._rows)
        return Saved(
            self._names, self._kind[:size].tobytes(), self._buyers[:size].tobytes(), self._with[:size].tobytes(),
            self._count[:size].tobytes(), self._kind_of, self.kinds.lists, self.kinds.seen, self.limit,
        )  # fmt: skip

    @staticmethod
    def from_saved(saved: Saved) -> Companions:
        """Back from `to_saved`; ValueError where sizes do not fit."""
        found, size = Companions(saved.limit, Kinds(saved.lists, dict(saved.seen))), len(saved.names)
        found._names, found._rows = list(saved.names), {item: row for row, item in enumerate(saved.names)}
        found._kind, found._buyers = np.frombuffer(saved.kind, np.int64).copy(), np.frombuffer(saved.buyers).copy()
        found._with = np.frombuffer(saved.partners, np.int32).reshape(size, EACH).copy()
        found._count = np.frombuffer(saved.counts, np.float32).reshape(size, EACH).copy()
        found._kind_of = dict(saved.kind_of)
        if len(found._kind) != size or len(found._buyers) != size or (size and found._with.max() >= size):
            raise ValueError(f"{len(found._kind)} kinds of {size} items")
        return found

    def _row(self, item: str) -> int:
        row = self._rows.get(item)
        if row is None:
            row = self._rows[item] = len(self._names)
            self._names.append(item)
            if row >= len(self._buyers):
                size = max(2 * row, 64)
                self._kind, self._buyers = _grown(self._kind, size), _grown(self._buyers, size)
                self._with, self._count = _grown(self._with, size), _grown(self._count, size)
        return row

    def _meet(self, row: int, others: Rows) -> None:
        """Count that the same visitor bought `row` and each of `others` (distinct), which are other rows."""
        self._bump(others, row)
        held = self._with[row][None, :] == others[:, None]
        held &= self._count[row][None, :] > 0
        self._count[row] += held.any(axis=0)
        new = others[~held.any(axis=1)][-EACH:]
        if len(new):
            least = np.argsort(self._count[row], kind="stable")[: len(new)]
            self._with[row, least], self._count[row, least] = new, 1.0

    def _bump(self, rows: Rows, other: int) -> None:
        """One more meeting of each of `rows` (distinct) with `other`."""
        held = (self._with[rows] == other) & (self._count[rows] > 0)
        known = held.any(axis=1)
        self._count[rows[known], held[known].argmax(axis=1)] += 1.0
        new = rows[~known]
        if len(new):
            least = self._count[new].argmin(axis=1)
            self._with[new, least], self._count[new, least] = other, 1.0

    def _make_room(self, needed: int) -> None:
        """Let the items go that the fewest bought, a tenth or as many as are needed, and fade the others."""
        size = len(self._names)
        drop = min(size, max(self.limit // 10, needed))
        kept = np.sort(np.argsort(self._buyers[:size], kind="stable")[drop:])
        moved = np.full(size, -1, np.int32)
        moved[kept] = np.arange(len(kept))
        self._names = [self._names[row] for row in kept]
        self._rows = {item: row for row, item in enumerate(self._names)}
        self._kind, self._buyers = self._kind[kept], self._buyers[kept] * KEEP
        partners, counts = moved[self._with[kept]], self._count[kept] * KEEP
        self._with, self._count = np.maximum(partners, 0), np.where(partners < 0, 0, counts).astype(np.float32)


class Saved(msgspec.Struct, array_like=True):
    """`Companions` as plain values."""

    names: list[str] = []
    kind: bytes = b""
    buyers: bytes = b""
    partners: bytes = b""
    counts: bytes = b""
    kind_of: dict[str, int] = {}
    lists: int = 0
    seen: dict[int, tuple[int, int]] = {}
    limit: int = MAX_ITEMS


def _grown(values: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    wider = np.zeros((size, *values.shape[1:]), values.dtype)
    wider[: len(values)] = values
    return wider
