"""Moves: small, bounded changes to an order whatever it is, drawn by chance so that a log can tell cause from habit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import NamedTuple

MAX_DISTANCE = 12  # places between the rows of a swap
MAX_PLACE = 100  # of a lift
MAX_RISE = 60  # places that a lifted row goes up
MAX_DRAWS = 512  # moves that a draw may choose from
FIRST_PAGE = 24  # places that nearly everybody is shown


class Swap(NamedTuple):
    """The rows at two places change places; `done` False draws the pair and leaves it, the other half of the coin."""

    first: int
    second: int
    done: bool = True

    def applied(self, order: Sequence[int]) -> tuple[int, ...]:
        """The order after the move: unchanged where a place is not there."""
        rows = list(order)
        if self.done and self.second < len(rows):
            rows[self.first], rows[self.second] = rows[self.second], rows[self.first]
        return tuple(rows)

    def moved(self, order: Sequence[int]) -> frozenset[int]:
        """The rows that the move is about; none where it changes nothing."""
        if not self.done or self.second >= len(order):
            return frozenset()
        return frozenset((order[self.first], order[self.second]))


class Lift(NamedTuple):
    """A row goes up to `place`, the rows between go down by one; not where it stands higher or too deep already."""

    row: int
    place: int

    def applied(self, order: Sequence[int]) -> tuple[int, ...]:
        """The order after the move: unchanged where the row would go down, or up more than `MAX_RISE` places."""
        at = order.index(self.row) if self.row in order else -1
        if not 0 < at - self.place <= MAX_RISE:
            return tuple(order)
        return (*order[: self.place], self.row, *order[self.place : at], *order[at + 1 :])

    def moved(self, order: Sequence[int]) -> frozenset[int]:
        """The row that the move is about; none where it changes nothing. Others only make room."""
        return frozenset((self.row,)) if self.applied(order) != tuple(order) else frozenset()


Move = Swap | Lift


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance chose among: every move with its probability (they sum to 1), and which was drawn.

    `rest` is chance that the draw has left: uniform in [0, 1) whichever move was drawn; None where there is none.
    """

    moves: tuple[Move, ...]
    chances: tuple[float, ...]
    drawn: int
    rest: float | None = None

    @property
    def move(self) -> Move:
        """The move that was drawn."""
        return self.moves[self.drawn]

    def sound(self, size: int) -> bool:
        """Whether every move is within its bounds for a listing of `size` rows and the chances are a distribution."""
        return (
            0 < len(self.moves) == len(self.chances) <= MAX_DRAWS
            and 0 <= self.drawn < len(self.moves)
            and min(self.chances) > 0
            and abs(sum(self.chances) - 1.0) < 1e-9
            and all(_bounded(move, size) for move in self.moves)
        )

    def narrowed(self, moves: Sequence[Move | None]) -> Draw | None:
        """The draw among what becomes of its moves (None: not possible), as likely beside each other as before.

        A move that was drawn and is possible stands; in place of one that is not, `rest` draws again. Either way a
        move's chance is its own over that of all that are possible. None where there is none, or no `rest` to draw by.
        """
        possible = tuple([move for move in moves if move is not None])
        if len(possible) == len(self.moves):
            return replace(self, moves=possible)
        if not possible or self.rest is None:
            return None
        kept = [chance for move, chance in zip(moves, self.chances, strict=True) if move is not None]
        total = sum(kept)
        chances = tuple([chance / total for chance in kept])
        if moves[self.drawn] is not None:
            return Draw(possible, chances, self.drawn - moves[: self.drawn].count(None), self.rest)
        return Draw(possible, chances, min(bisect_right(list(accumulate(chances)), self.rest), len(kept) - 1))

    def propensities(
        self, order: Sequence[int], start: int, stop: int, span: int | None = None
    ) -> tuple[float, tuple[float, ...]]:
        """How likely a page was, and how likely each of its rows was at its place, given the `order` before the draw.

        The page is places [start, stop) after the drawn move, among rows below `span` (None: all): later ones are left
        out once the move is made. Exact, by running through all that could have been drawn.
        """
        span = len(order) if span is None else span
        left_out = len(order) - span  # as many may stand before the page's end
        order = order[: max(stop + left_out, MAX_PLACE + MAX_RISE) + 1]
        plain = page_of(order, start, stop, span)
        shown = page_of(self.move.applied(order), start, stop, span)
        page, rows = 0.0, [0.0] * len(shown)
        idle = 0.0
        for move, chance in zip(self.moves, self.chances, strict=True):
            if not _touches(move, 0 if left_out else start, stop + left_out):
                idle += chance
                continue
            other = page_of(move.applied(order), start, stop, span)
            page += chance if other == shown else 0.0
            for place, row in enumerate(shown):
                if other[place] == row:
                    rows[place] += chance
        page += idle if plain == shown else 0.0
        rows = [chance + (idle if plain[place] == shown[place] else 0.0) for place, chance in enumerate(rows)]
        return _told(page), tuple(map(_told, rows))


def page_of(order: Sequence[int], start: int, stop: int, span: int) -> tuple[int, ...]:
    """Places [start, stop) of the rows below `span`."""
    return tuple(islice((row for row in order if row < span), start, stop))


def _told(chance: float) -> float:
    """A sum of chances without the dust of adding them up."""
    return min(round(chance, 12), 1.0)


def _touches(move: Move, start: int, stop: int) -> bool:
    """Whether a move can change places [start, stop)."""
    if isinstance(move, Swap):
        return move.done and (start <= move.first < stop or start <= move.second < stop)
    return move.place < stop and move.place + MAX_RISE >= start


def _bounded(move: Move, size: int) -> bool:
    if isinstance(move, Swap):
        return 0 <= move.first < move.second < size and move.second - move.first <= MAX_DISTANCE
    return 0 <= move.row < size and 0 <= move.place < min(size, MAX_PLACE)
