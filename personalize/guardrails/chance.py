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

    kept: list[Move | None] = []
    for move in draw.moves:  # hundreds, in a request: no call for each
        if isinstance(move, Swap):
            first, second, _ = move
            kept.append(move if second - order[first] <= down and order[second] - first <= up else None)
        else:
            kept.append(_mended(move, place_of[move.row], up, full))
    return draw.narrowed(kept)


def _mended(lift: Lift, at: int, up: int, full: Sequence[int]) -> Lift | None:
    """The lift of a row from place `at`, as high as it may go; what it passes steps down by one."""
    passed = bisect_left(full, at)
    place = max(lift.place, lift.row - up, full[passed - 1] + 1 if passed else 0)
    return Lift(lift.row, place) if place < FIRST_PAGE and 0 < at - place <= MAX_RISE else None
