"""The guardrail of orders: a Reorder is a permutation of its listing within the cap, or it is mended or cut."""

from __future__ import annotations

from dataclasses import replace

from personalize.domain.patch import Patch, Reorder
from personalize.guardrails.displacement import Cap

NO_CAP = Cap()


def clip(patch: Patch, target: str, size: int, cap: Cap = NO_CAP) -> tuple[Patch, int]:
    """The Changes that may stand for `target` (a listing of `size` candidates), and how many were cut.

    An order that bends the shop's further than `cap` is not cut: it is brought within it.
    """
    kept = tuple(
        change
        for change in patch.changes
        if change.target == target and not (isinstance(change, Reorder) and not is_permutation(change.order, size))
    )
    cut = len(patch.changes) - len(kept)
    if cap:
        kept = tuple(
            replace(change, order=cap.repair(change.order)) if isinstance(change, Reorder) else change
            for change in kept
        )
    return Patch(kept), cut


def is_permutation(order: tuple[int, ...], size: int) -> bool:
    """Whether `order` holds each of range(size) once."""
    return len(order) == size == len(set(order)) and (not size or (min(order) == 0 and max(order) == size - 1))
