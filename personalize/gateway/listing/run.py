"""An ordering run: the order one visitor pages through, in which no item repeats and none is lost."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import NamedTuple

from cachetools import TTLCache

from personalize.domain.clock import Clock
from personalize.domain.strategy import Mode
from personalize.gateway.listing.decide import Decided
from personalize.gateway.listing.meeting import Meeting
from personalize.gateway.listing.window import Window

MAX_RUNS = 20_000
MAX_NEWBORN = 5_000
MAX_CURSORS = 500
RUN_SECONDS = 30 * 60.0
JUST_NOW = 1.0  # seconds within which a run that was opened need not be kept anew


class Stamp(NamedTuple):
    """What an order was decided from: how often the visitor did something and corrected us, the context, what runs."""

    behaviour: int
    corrections: int
    context: tuple[tuple[str, str], ...]
    modes: tuple[tuple[str, Mode], ...]


class Page(NamedTuple):
    """A page that was ranked within itself: where it began, and the product it ended with."""

    start: int
    product: str


@dataclass(slots=True)
class Run:
    """What was shown where. `pinned` maps a row to the position it was first served at; `order` is the order of the
    rows that may be moved.

    `stamp` is what the order was decided from: behaviour, corrections, context and what runs; `begun` all of it but
    the behaviour as it was at page one, which begins afresh where that has changed; `version` that of the rows it
    orders ("" while only pages by themselves were served); `decided` the Patch behind it; `span` how many rows may be
    moved; `pages` the pages served by themselves, by the position they end before; `opened` when it began (the book's
    clock); `cursors` the positions of the cursors that were served, the latest last; `epoch` the decider's when it
    began; `context` the situation in which it was decided last; `teams` whose each row of the order is, where two
    orders are mixed, and `whose` that of the rows that were shown, which stays; `met` which experiments' difference it
    holds.
    """

    version: str = ""
    stamp: Stamp | None = None
    span: int = 0
    decided: Decided | None = None
    order: tuple[str, ...] = ()
    pinned: dict[str, int] = field(default_factory=dict)
    pages: dict[int, Page] = field(default_factory=dict)
    opened: float = 0.0
    cursors: dict[str, int] = field(default_factory=dict)
    epoch: int = 0
    context: Mapping[str, object] = field(default_factory=dict)
    begun: tuple[object, ...] = ()
    teams: str = ""
    whose: dict[str, str] = field(default_factory=dict)
    met: Meeting | None = None

    def note(self, position: int, cursors: Iterable[str]) -> None:
        """Remember the cursors of the positions from `position` on; the latest word on a cursor holds."""
        for offset, cursor in enumerate(cursors):
            self.cursors.pop(cursor, None)
            self.cursors[cursor] = position + offset
        while len(self.cursors) > MAX_CURSORS:
            del self.cursors[next(iter(self.cursors))]

    def pin(self, position: int, rows: Iterable[str]) -> None:
        """Remember that `rows` were served from `position` on."""
        for offset, row in enumerate(rows):
            self.pinned.setdefault(row, position + offset)

    def claim(self, rows: Iterable[str], teams: str) -> None:
        """Remember whose the rows shown are: a click on one that is shown again is owed to the same order."""
        for row, team in zip(rows, teams, strict=False):
            self.whose.setdefault(row, team)

    def cuts(self, start: int, end: int) -> bool:
        """Whether a page from `start` to `end` would begin or end inside one that was ranked within itself."""
        return any(page.start < start < last or page.start < end < last for last, page in self.pages.items())

    def copy(self) -> Run:
        """A run that goes on from here by itself."""
        return replace(self, pinned=dict(self.pinned), pages=dict(self.pages), cursors=dict(self.cursors),
                       whose=dict(self.whose))  # fmt: skip


class RunBook:
    """Runs by (visitor, listing), bounded in number and time.

    Runs of ids that were only just given out wait in a smaller place of their own: clients that never come back with
    their id must not push out those who do.
    """

    def __init__(self, size: int = MAX_RUNS, seconds: float = RUN_SECONDS, clock: Clock = monotonic) -> None:
        self.clock = clock
        self.runs: TTLCache[Hashable, Run] = TTLCache(size, seconds, timer=clock)
        self.newborn: TTLCache[Hashable, Run] = TTLCache(MAX_NEWBORN, seconds, timer=clock)

    def open(self, key: Hashable) -> Run:
        """A fresh run in place of any other under that key."""
        run = self.runs[key] = Run(opened=self.clock())
        return run

    def get(self, key: Hashable) -> Run | None:
        """The run under that key, if it has not lapsed."""
        run = self.runs.get(key)
        if run is None and (run := self.newborn.pop(key, None)) is not None:
            self.runs[key] = run
        return run

    def keep(self, key: Hashable, run: Run) -> None:
        """Let the time of a run that is being paged through begin anew."""
        self.runs[key] = run

    def expect(self, key: Hashable, run: Run) -> None:
        """Keep a run for a visitor who has just been given an id and may come back with it."""
        self.newborn[key] = run

    def forget(self, visitor: str) -> None:
        """Forget the runs of one visitor: their keys begin with the visitor's."""
        for book in (self.runs, self.newborn):
            for key in [key for key in book if isinstance(key, tuple) and key[0] == visitor]:
                book.pop(key, None)

    def clear(self) -> None:
        """Forget all runs (a kill switch, a new configuration)."""
        self.runs.clear()
        self.newborn.clear()


def arrange(
    window: Window, ranked: Sequence[int], pinned: Mapping[str, int], span: int, continued: int | None = None
) -> tuple[int, ...]:
    """The rows of `window` in the order to show: ranked candidates, around what was already shown.

    `ranked` is a permutation of the window's candidates; only the first `span` rows are moved. Rows stay where
    `pinned` says they were served; variants of a product of which some were shown (`continued`: on the page before
    this window) follow next; a product that goes on behind the span's end stays at its end. Where the shop's list has
    changed, the places of rows that are gone are filled last. The result is a permutation of range(len(window)).
    """
    unmoved = all(window.places.get(name, at) == at for name, at in pinned.items())
    if unmoved and all(at == candidate for at, candidate in enumerate(ranked)):
        return tuple(range(len(window)))  # law 1: the empty Patch is the identity
    size = min(span, len(window))
    if not pinned and continued is None and len(window.candidates) == len(window):
        # Nothing was shown yet, and each product is one row: a candidate's number is its row.
        return (*[row for row in ranked if row < size], *range(size, len(window)))
    taken: dict[int, int] = {}
    shown: set[int] = set()
    again: list[int] = []
    for name, at in pinned.items():
        row = window.places.get(name, size)
        if row >= size:
            continue
        shown.add(row)
        if 0 <= at < size and at not in taken:
            taken[at] = row
        else:
            again.append(row)  # it was shown, and its place went to another since
    begun, fresh, tail = _sorted(window, ranked, shown, size, continued)
    been = set(pinned.values())
    free = [at for at in range(size) if at not in taken and at not in been]
    free += [at for at in range(size) if at not in taken and at in been]
    holes = sum(at in been for at in free)
    rest = [row for row in (*begun, *fresh) if row not in shown] + again
    cut = max(len(rest) - holes, 0)
    taken.update(zip(free, (*rest[:cut], *tail, *rest[cut:]), strict=True))
    return (*(taken[at] for at in range(size)), *range(size, len(window)))


def _sorted(
    window: Window, ranked: Sequence[int], shown: set[int], size: int, continued: int | None
) -> tuple[list[int], list[int], list[int]]:
    """The rows below `size` by rank: of products that have begun, of new ones, of the one that goes on at the end."""
    begun: list[int] = []
    fresh: list[int] = []
    tail: list[int] = []
    for candidate in ranked:
        group = window.candidates[candidate]
        rows = [row for row in group if row < size]
        if candidate == continued:
            begun[:0] = rows
        elif not shown.isdisjoint(rows):
            begun += rows
        elif size - 1 in rows and _goes_on(window, group, size):
            tail += rows
        else:
            fresh += rows
    return begun, fresh, tail


def _goes_on(window: Window, group: Sequence[int], size: int) -> bool:
    """Whether a product whose variant stands last among `size` rows has another right behind them, as far as known."""
    if size < len(window):
        return size in group
    # Unknown what follows: in a list of variants, it may be one more.
    return not window.whole and len(window.candidates) < len(window)
