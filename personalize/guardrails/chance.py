"""The guardrail of draws: of what chance may do to an order, only what keeps within the cap of displacement is left."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from personalize.domain.moves import FIRST_PAGE, MAX_RISE, Draw, Lift, Move, Swap
from personalize.guardrails.displacement import Cap


def narrowed(draw: Draw, order: Sequence[int], cap: Cap) -> Draw | None:
    """The draw among the moves of `order` (what the strategies made of range(n)) that keep within the cap; None: none.

    No move takes a row further up than the cap, or further down: an order that holds it still does. A pair that may not
    be swapped is not left as it is either, since a pair tells what positions do where both are as likely. A lift goes
    as high as it may, within the first page, else it is left out. Chances stay exact (`Draw.narrowed`).
    """
    up, down = cap.up or len(order), cap.down or len(order)
    place_of: dict[int, int] = {}
    full: list[int] = []  # places whose rows may go down no further
    if any(isinstance(move, Lift) for move in draw.moves):
        place_of = {row: place for place, row in enumerate(order)}
        full = [place for place, row in enumerate(order[: FIRST_PAGE + MAX_RISE]) if place - row >= down]

    def kept(move: Move) -> Move | None:
        if isinstance(move, Swap):
            falls, rises = order[move.first], order[move.second]
            return move if move.second - falls <= down and rises - move.first <= up else None
        at = place_of[move.row]
        passed = bisect_left(full, at)  # what it passes steps down by one
        place = max(move.place, move.row - up, full[passed - 1] + 1 if passed else 0)
        return Lift(move.row, place) if place < FIRST_PAGE and 0 < at - place <= MAX_RISE else None

    return draw.narrowed([kept(move) for move in draw.moves])
