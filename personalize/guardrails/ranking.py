"""The guardrail of orders: a Reorder is a permutation of its listing, a draw stays within bounds, or they are cut."""

from __future__ import annotations

from personalize.domain.patch import Change, Explore, Patch, Reorder


def clip(patch: Patch, target: str, size: int) -> tuple[Patch, int]:
    """The Changes that may stand for `target` (a listing of `size` candidates), and how many were cut."""
    kept = tuple(change for change in patch.changes if change.target == target and _stands(change, size))
    return Patch(kept), len(patch.changes) - len(kept)


def _stands(change: Change, size: int) -> bool:
    if isinstance(change, Reorder):
        return is_permutation(change.order, size)
    return not isinstance(change, Explore) or change.draw.sound(size)


def is_permutation(order: tuple[int, ...], size: int) -> bool:
    """Whether `order` holds each of range(size) once."""
    return len(order) == size == len(set(order)) and (not size or (min(order) == 0 and max(order) == size - 1))
