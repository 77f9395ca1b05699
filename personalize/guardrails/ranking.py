"""The guardrail of orders: a Reorder is a permutation within the cap, a draw stays within bounds, or they are cut."""

from __future__ import annotations

from dataclasses import replace

from personalize.domain.patch import Change, Explore, Patch, Reorder
from personalize.guardrails.displacement import Cap

NO_CAP = Cap()


def clip(patch: Patch, target: str, size: int, cap: Cap = NO_CAP) -> tuple[Patch, int]:
    """The Changes that may stand for `target` (a listing of `size` candidates), and how many were cut.

    An order that bends the shop's further than `cap` is not cut: it is brought within it. A draw goes beyond any cap,
    and its chances would no longer be those in the log, so with a cap there is none.
    """
    kept = tuple(change for change in patch.changes if change.target == target and _stands(change, size))
    cut = len(patch.changes) - len(kept)
    if cap:
        kept = tuple(
            replace(change, order=cap.repair(change.order)) if isinstance(change, Reorder) else change
            for change in kept
            if not isinstance(change, Explore)
        )
    return Patch(kept), cut


def _stands(change: Change, size: int) -> bool:
    if isinstance(change, Reorder):
        return is_permutation(change.order, size)
    return not isinstance(change, Explore) or change.draw.sound(size)


def is_permutation(order: tuple[int, ...], size: int) -> bool:
    """Whether `order` holds each of range(size) once."""
    return len(order) == size == len(set(order)) and (not size or (min(order) == 0 and max(order) == size - 1))
