"""Leaves a failing store or service alone for a moment: a fault costs a few requests their deadline, not all."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """Open (do not ask) for `pause` seconds after `failures` faults in a row; then one fault opens it again."""

    def __init__(self, clock: Callable[[], float], *, failures: int = 3, pause: float = 1.0) -> None:
        self._clock, self._limit, self._pause = clock, failures, pause
        self._faults = 0
        self._until = float("-inf")

    @property
    def open(self) -> bool:
        """Whether to go without."""
        return self._clock() < self._until

    def failed(self) -> None:
        """Note a fault."""
        self._faults += 1
        if self._faults >= self._limit:
            self._until = self._clock() + self._pause

    def rest(self, seconds: float) -> None:
        """Stay open for so many seconds at least: the other side asked for it."""
        self._until = max(self._until, self._clock() + seconds)

    def worked(self) -> None:
        """Note a success."""
        self._faults = 0
