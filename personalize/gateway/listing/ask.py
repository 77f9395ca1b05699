"""One listing of one request: how it is asked for, what was served of it, and where it stands in an answer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from personalize.domain.listing import About
from personalize.gateway.document.plan import Mode
from personalize.gateway.document.raw import Raws, fields, is_list, is_object
from personalize.gateway.document.rewrite import Move
from personalize.gateway.document.slots import ListingSlot, View
from personalize.gateway.listing.decide import Decided
from personalize.gateway.listing.paging import Paging
from personalize.gateway.listing.run import Run
from personalize.gateway.listing.window import Window


@dataclass(slots=True)
class Ask:
    """One listing of one request: how it is asked for, and what was served of it.

    `orderable` is False where the list is only watched (an explicit sort, a page behind the window); `explained`
    that the client asks for reasons; `given` that the window was at hand before the shop was asked, `shared` that all
    guests are served from it; `about` says what it was asked for.
    """

    slot: ListingSlot
    arguments: dict[str, Any]
    paging: Paging
    key: Hashable
    list_id: str
    orderable: bool
    explained: bool = False
    mode: Mode = Mode.OBSERVE
    rows: int = 0
    given: bool = False
    shared: bool = False
    window: Window | None = None
    run: Run | None = None
    run_key: Hashable = None
    order: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    behind: Callable[[], object] | None = None
    about: About | None = None
    decided: Decided = field(default_factory=Decided)

    @property
    def target(self) -> str:
        """How Changes name this listing: its response path."""
        return ".".join(self.slot.path)

    @property
    def first(self) -> int:
        """The position of the first row served."""
        return self.paging.skip


def container_of(data: Raws, ask: Ask) -> msgspec.Raw | None:
    """The raw container of a listing in an answer; None where it or a parent is null or absent."""
    here: Raws = data
    for step in ask.slot.path[:-1]:
        raw = here.get(step)
        if raw is None or not is_object(raw):
            return None
        here = fields(raw)
    raw = here.get(ask.slot.path[-1])
    return raw if (is_list(raw) if ask.slot.map.bare else is_object(raw)) else None


def move_of(ask: Ask) -> Move:
    """How error paths into this listing move with its rows."""
    path = list(ask.slot.path)
    place = {row: at for at, row in enumerate(ask.shown)}
    views: list[tuple[list[str | int], View]] = [([*path, *view.path], view) for view in ask.slot.views]

    def move(steps: list[str | int]) -> list[str | int] | None:
        way, view = next(((way, one) for way, one in views if steps[: len(way)] == way), (path, None))
        if view is None or len(steps) <= len(way):
            return steps
        row, inside = steps[len(way)], steps[len(way) + 1 :]
        if ask.given:  # an error in a page that is not served
            return None
        if not isinstance(row, int) or ask.window is None:
            return steps
        if inside and inside[0] in view.cursors:  # of a position, which does not move
            at = row - ask.paging.skip + ask.window.offset
            return [*way, at, *inside] if 0 <= at < len(ask.shown) else None
        return None if row not in place else [*way, place[row], *inside]

    return move
