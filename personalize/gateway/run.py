"""An ordering run: the order one visitor pages through, in which no item repeats and none is lost."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from cachetools import TTLCache

from personalize.gateway.decide import Decided
from personalize.gateway.window import Window

MAX_RUNS = 20_000
RUN_SECONDS = 30 * 60.0


@dataclass(slots=True)
class Run:
    """What was shown where. `pinned` maps a position to the row that was served there; `order` is the whole order.

    `stamp` is what the order was decided from: behaviour, context and what runs; `decided` the Patch behind it;
    `span` how many rows may be moved.
    """

    version: str = ""
    stamp: Hashable = None
    span: int = 0
    decided: Decided | None = None
    order: tuple[str, ...] = ()
    pinned: dict[int, str] = field(default_factory=dict)

    def pin(self, position: int, rows: Iterable[str]) -> None:
        """Remember that `rows` were served from `position` on."""
        for offset, row in enumerate(rows):
            self.pinned.setdefault(position + offset, row)


class RunBook:
    """Runs by (visitor, listing), bounded in number and time."""

    def __init__(self, size: int = MAX_RUNS, seconds: float = RUN_SECONDS) -> None:
        self.runs: TTLCache[Hashable, Run] = TTLCache(size, seconds)

    def open(self, key: Hashable) -> Run:
        """A fresh run in place of any other under that key."""
        run = self.runs[key] = Run()
        return run

    def get(self, key: Hashable) -> Run | None:
        """The run under that key, if it has not lapsed."""
        return self.runs.get(key)

    def clear(self) -> None:
        """Forget all runs (a kill switch, a new configuration)."""
        self.runs.clear()


def arrange(window: Window, ranked: Sequence[int], pinned: dict[int, str], span: int) -> tuple[int, ...]:
    """The rows of `window` in the order to show: ranked candidates, around what was already shown.

    `ranked` is a permutation of the window's candidates; only the first `span` rows are moved. Rows stay where they
    were served; variants of a product of which some were shown follow next; a product that may go on behind the
    span's end stays at its end. The result is a permutation of range(len(window)).
    """
    size = min(span, len(window))
    taken: dict[int, int] = {}
    shown: set[int] = set()
    for at in sorted(pinned):
        place = window.places.get(pinned[at], size)
        # The shop's own list may have moved under a run: what was served twice keeps its first place.
        if 0 <= at < size and place < size and place not in shown:
            taken[at] = place
            shown.add(place)
    begun: list[int] = []
    fresh: list[int] = []
    tail: list[int] = []
    for candidate in ranked:
        rows = window.candidates[candidate]
        goes_on = size - 1 in rows and not (window.whole and size == len(window))
        if not shown.isdisjoint(rows):
            begun += rows
        elif goes_on and len(rows) > 1:
            tail += rows
        else:
            fresh += rows
    rest = iter([row for row in (*begun, *fresh, *tail) if row < size and row not in shown])
    moved = [taken[at] if at in taken else next(rest) for at in range(size)]
    return (*moved, *range(size, len(window)))
