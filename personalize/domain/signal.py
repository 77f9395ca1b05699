"""What a signal is: something known of the situation (time, weather, place), never of the person."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Protocol

from personalize.domain.visit import Visit


class Signal(Protocol):
    """Tells flat facts of a visit's situation. It may be late or fail: its keys are then missing, nothing else."""

    name: str
    keys: tuple[str, ...]

    def read(self, visit: Visit) -> Mapping[str, object] | Awaitable[Mapping[str, object]]:
        """The facts, under names of `keys` only; `visit.at` is now. At once where they are at hand, else awaited."""
        ...
