"""Applying a Patch: the order that is left after the guardrails."""

from __future__ import annotations

from personalize.domain.patch import Patch, Reorder


def last_reorder(patch: Patch, target: str) -> Reorder | None:
    """The Reorder that holds: decisions rank the shop's own order each for itself, so the last one has the word."""
    found = None
    for change in patch.changes:
        if isinstance(change, Reorder) and change.target == target:
            found = change
    return found


def order(patch: Patch, target: str, size: int) -> tuple[int, ...]:
    """The candidates of `target` in the order to show; the empty Patch gives range(size)."""
    change = last_reorder(patch, target)
    return change.order if change else tuple(range(size))
