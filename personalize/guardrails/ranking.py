"""The guardrail of orders: a Reorder is a permutation within the cap, a draw stays within bounds, or they are cut."""

from __future__ import annotations

from dataclasses import replace

from personalize.domain.patch import Change, Explore, Patch, Reorder
from personalize.guardrails.apply import last_explore, planned
from personalize.guardrails.chance import narrowed
from personalize.guardrails.displacement import Cap

NO_CAP = Cap()


def clip(patch: Patch, target: str, size: int, cap: Cap = NO_CAP) -> tuple[Patch, int]:
    """The Changes that may stand for `target` (a listing of `size` candidates), and how many were cut.

    An order that bends the shop's further than `cap` is not cut: it is brought within it. A draw waits for the order
    that is left in the end (`within`).
    """
    kept = tuple([change for change in patch.changes if change.target == target and _stands(change, size)])
    cut = len(patch.changes) - len(kept)
    if not (cut or cap):
        return patch, 0
    if cap:
        kept = tuple(
            replace(change, order=cap.repair(change.order)) if isinstance(change, Reorder) else change
            for change in kept
        )
    return Patch(kept), cut


def within(patch: Patch, target: str, size: int, cap: Cap) -> tuple[Patch, bool]:
    """The Patch with its draw narrowed to what `cap` leaves of it, and whether that is nothing: then it has none.

    `patch` is all that was decided about `target`, since a draw moves the rows of the order that holds.
    """
    explored = last_explore(patch, target)
    if explored is None or not cap:
        return patch, False
    draw = narrowed(explored.draw, planned(patch, target, size), cap)
    others = tuple(change for change in patch.changes if not isinstance(change, Explore))
    if draw is None:
        return Patch(others), True
    return Patch((*others, replace(explored, draw=draw))), False


def _stands(change: Change, size: int) -> bool:
    if isinstance(change, Reorder):
        return is_permutation(change.order, size)
    return not isinstance(change, Explore) or change.draw.sound(size)


def is_permutation(order: tuple[int, ...], size: int) -> bool:
    """Whether `order` holds each of range(size) once."""
    return len(order) == size and sorted(order) == list(range(size))  # an order bends the shop's: it is nearly sorted
