"""Displacement: how far an order may bend the shop's own, the smallest repair, and how far it did bend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True)
class Cap:
    """How many places an item may go `up` and `down` from where the shop has it; 0: as many as it likes."""

    up: int = 0
    down: int = 0

    def __bool__(self) -> bool:
        return bool(self.up or self.down)

    def and_(self, other: Cap) -> Cap:
        """The cap that holds where both do."""
        up, down = ([n for n in pair if n] for pair in ((self.up, other.up), (self.down, other.down)))
        return Cap(min(up, default=0), min(down, default=0))

    def holds(self, order: Sequence[int]) -> bool:
        """Whether no row of `order` (a permutation of range(n)) goes further than it may."""
        up, down = self.up or len(order), self.down or len(order)
        return all(-up <= place - row <= down for place, row in enumerate(order))

    def repair(self, order: tuple[int, ...]) -> tuple[int, ...]:
        """The order nearest to `order` that the cap allows: again a permutation, and `order` itself where it holds.

        Place by place: an item that may go down no further stands here, else the first of `order` that may already
        be here. There is always one: fewer than p + 1 items are placed, and the first p + 1 of the shop's may be here.
        """
        if self.holds(order):
            return order
        size = len(order)
        up, down = self.up or size, self.down or size
        wanted = [0] * size
        for place, row in enumerate(order):
            wanted[row] = place
        placed, made = [False] * size, []
        waiting: list[int] = []  # places in `order` of the rows that may be here
        released = least = 0
        for place in range(size):
            while released < size and released <= place + up:
                heappush(waiting, wanted[released])
                released += 1
            while placed[least]:
                least += 1
            row = least
            if place - least < down:
                row = order[heappop(waiting)]
                while placed[row]:
                    row = order[heappop(waiting)]
            placed[row] = True
            made.append(row)
        return tuple(made)


def footrule(order: Sequence[int]) -> float:
    """How far `order` bends the shop's: Spearman's footrule, 0 (the shop's order) to 1 (turned round)."""
    size = len(order)
    if size < 2:
        return 0.0
    return sum(abs(place - row) for place, row in enumerate(order)) / (size * size // 2)


def mean_displacement(places: Sequence[int], rows: Sequence[int]) -> float:
    """By how many places, on average, `rows` (positions in the shop's list) stand elsewhere at `places`."""
    return sum([abs(place - row) for place, row in zip(places, rows, strict=True)]) / len(rows) if rows else 0.0
