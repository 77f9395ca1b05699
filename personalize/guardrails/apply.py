"""Applying a Patch: the order that is left after the guardrails, and how likely it was where chance had a part."""

from __future__ import annotations

from collections.abc import Sequence

from personalize.domain.moves import page_of
from personalize.domain.patch import Explore, Patch, Reorder


def last_reorder(patch: Patch, target: str) -> Reorder | None:
    """The Reorder that holds: decisions rank the shop's own order each for itself, so the last one has the word."""
    found = None
    for change in patch.changes:
        if isinstance(change, Reorder) and change.target == target:
            found = change
    return found


def order(patch: Patch, target: str, size: int) -> tuple[int, ...]:
    """The candidates of `target` in the order to show; the empty Patch gives range(size)."""
    told = planned(patch, target, size)
    explored = last_explore(patch, target)
    return explored.draw.move.applied(told) if explored else told


def planned(patch: Patch, target: str, size: int) -> tuple[int, ...]:
    """The order before chance has its move."""
    change = last_reorder(patch, target)
    return change.order if change else tuple(range(size))


def last_explore(patch: Patch, target: str) -> Explore | None:
    """The draw that holds: one move a listing, the last strategy's."""
    return next((one for one in reversed(patch.changes) if isinstance(one, Explore) and one.target == target), None)


def propensities(
    patch: Patch, target: str, size: int, start: int, shown: Sequence[int], span: int | None = None
) -> tuple[float, tuple[float, ...]] | None:
    """How likely the page `shown` (candidates from place `start` on) was, and each of its rows at its place.

    Rows from `span` on (None: none) are not moved among the others. 1 without a draw. None where the page is not what
    the Patch says, since an ordering run went on with what it had shown before: then nobody knows.
    """
    explored = last_explore(patch, target)
    if explored is None:
        return 1.0, (1.0,) * len(shown)
    told = planned(patch, target, size)
    stop, span = start + len(shown), span or size
    if page_of(explored.draw.move.applied(told), start, stop, span) != tuple(shown):
        return None
    return explored.draw.propensities(told, start, stop, span)
