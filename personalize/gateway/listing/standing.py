"""Standing: why a row stands where it is shown, whether it moved or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from personalize.domain.patch import Explore, Reason, Reorder
from personalize.domain.reason import MADE_ROOM, MOVED_UP, PICKED, SHOP_ORDER
from personalize.domain.strategy import Mode


def is_decided(modes: Mapping[str, Mode], change: Reorder | None, explored: Explore | None) -> bool:
    """Whether anybody decided on the order: of a list that is only passed through there is nothing to tell."""
    return change is not None or explored is not None or Mode.ON in modes.values()


def standing(change: Reorder | None, explored: Explore | None, tried: Collection[int], row: int, up: int) -> Reason:
    """The reason of `row`, which stands `up` places above its place in the shop (negative: below).

    `change` is the Reorder that holds, `tried` are the rows that the draw `explored` moved. A row at the shop's place
    stands there because the shop has it there, unless somebody pinned it to this very place. Where a run goes on, rows
    stay where they were shown: what `change` says of one that it would put the other way does not hold.
    """
    own = change.reasons.get(row) if change is not None else None
    if not up:
        return own if own is not None and own.code == PICKED else Reason(SHOP_ORDER)
    if explored is not None and row in tried:
        return explored.reason
    if own is not None and change is not None and _way(change, row) * up > 0:
        return own
    others = change.reason if change is not None else Reason(MADE_ROOM)
    return Reason(MOVED_UP) if up > 0 and others.code == MADE_ROOM else others


def _way(change: Reorder, row: int) -> int:
    """How many places `change` puts a row above its place in the shop (negative: below)."""
    return row - change.order.index(row) if row in change.order else 0
