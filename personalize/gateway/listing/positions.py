"""What a request knows of where cursors stand: what its run has served, and the window at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from personalize.gateway.listing.run import Run
from personalize.gateway.listing.window import Window


@dataclass(frozen=True, slots=True)
class Known:
    """Positions by a visitor's own `run` first; one that many share (`own` False) gives way to the window's word."""

    run: Run | None = None
    window: Window | None = None
    own: bool = True

    @property
    def end(self) -> int | None:
        """The number of rows of a list that the window holds whole."""
        window = self.window
        return len(window) if window is not None and window.whole and not window.alone else None

    def of(self, cursor: str) -> int | None:
        """The position of a cursor, None where nothing tells."""
        noted: Mapping[str, int] = self.run.cursors if self.run is not None else {}
        here = self.window.position(cursor) if self.window is not None else None
        first, second = (noted.get(cursor), here) if self.own else (here, noted.get(cursor))
        return second if first is None else first
