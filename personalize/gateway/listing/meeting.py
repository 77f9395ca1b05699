"""Meetings: of which experiments a unit met the difference, place by place of one order, worked out when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from personalize.domain.experiment import Assignment

Differs = Mapping[str, int]
"""By experiment a number whose bit k says that another variant would have shown something else at position k."""


class Meeting:
    """What other variants would have made of an order, for a unit with these assignments.

    It is asked after the answer was sent; what it is worked out from is let go of then.
    """

    __slots__ = ("_compare", "_found", "assignments")

    def __init__(self, assignments: tuple[Assignment, ...], compare: Callable[[], Differs]) -> None:
        self.assignments = assignments
        self._compare: Callable[[], Differs] | None = compare
        self._found: Differs = {}

    def skip(self) -> None:
        """It will not be asked: nothing is worked out, and nothing counts as met."""
        self._compare = None

    def at(self, start: int, end: int) -> list[str]:
        """The experiments whose difference stood at the positions from `start` to before `end`."""
        if self._compare is not None:
            compare, self._compare = self._compare, None
            self._found = compare()
        page = ((1 << (end - start)) - 1) << start if end > start else 0
        return [name for name, places in self._found.items() if places & page]
