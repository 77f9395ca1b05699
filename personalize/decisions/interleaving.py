"""Interleaving two decisions: one list that shows both orders, the same one for a visitor until something changes."""

from __future__ import annotations

from collections.abc import Container
from hashlib import blake2b

from personalize.domain.interleaving import NEITHER, ONE, OTHER, Interleaved, draft
from personalize.domain.patch import Author, Later, Patch, Reason, Reorder
from personalize.domain.reason import MADE_ROOM

COINS = 512
"""Rounds until the coins repeat: nobody looks that deep."""


def interleave(
    experiment: str, unit: str, list_id: str, one: Reorder | None, other: Reorder | None, size: int,
    movable: Container[int] | None = None,
) -> Interleaved:  # fmt: skip
    """Merge two orders of one listing of `size` rows; None is the shop's own.

    The coins depend on experiment, unit and listing alone: paging stays a permutation and Back shows the same.
    Orders only: a price is never interleaved, since one person would see two. Rows that are not `movable` (None: all
    are) stay behind the others, as nobody's: an order that has one of them on top would lose its pick.
    """
    whole = tuple(range(size))
    picks = [each.order if each else whole for each in (one, other)]
    rest: list[int] = []
    if movable is not None:
        picks = [tuple([row for row in order if row in movable]) for order in picks]
        rest = [row for row in whole if row not in movable]
    tosses = int.from_bytes(blake2b(f"{experiment}\n{unit}\n{list_id}".encode(), digest_size=COINS // 8).digest())
    merged = draft(picks[0], picks[1], lambda number: bool(tosses >> number % COINS & 1))
    return Interleaved((*merged.order, *rest), merged.teams + NEITHER * len(rest))


def as_patch(target: str, found: Interleaved, one: Reorder | None, other: Reorder | None, author: Author) -> Patch:
    """The merged order as a Reorder whose rows keep the reason of the decision that picked them."""
    sources = {ONE: one, OTHER: other, NEITHER: one or other}

    def reasons() -> dict[int, Reason]:
        told = {}
        for row, team in zip(found.order, found.teams, strict=True):
            source = sources[team]
            if source is not None:
                told[row] = source.reasons.get(row, source.reason)
        return told

    if found.order == tuple(range(len(found.order))):
        return Patch()
    return Patch((Reorder(target, found.order, author, Reason(MADE_ROOM), Later(reasons)),))
