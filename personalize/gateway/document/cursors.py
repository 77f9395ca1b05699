"""Paging by cursor: hidden cursors are read, a seek becomes rows, and `pageInfo` is told for what is served.

Items move, cursors do not: a cursor belongs to a position in the shop's list, whichever item is shown there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import msgspec

from personalize.gateway.document.raw import Json, Raws, fields, is_list, is_object, joined
from personalize.gateway.document.slots import PREFIX
from personalize.gateway.document.values import MISSING, at_path
from personalize.shops.map import Cursors, ListingMap

EDGES = f"{PREFIX}edges"
PAGE = f"{PREFIX}page"
CURSOR = f"{PREFIX}cursor"
MORE = f"{PREFIX}more"


class Positions(Protocol):
    """What is known of where cursors stand; `end` is how many rows the list has, None where that is not known."""

    @property
    def end(self) -> int | None:
        """The number of rows."""

    def of(self, cursor: str) -> int | None:
        """The position of the row this cursor stands at."""


class Nowhere:
    """Positions of which nothing is known."""

    end = None

    def of(self, cursor: str) -> int | None:
        """None."""
        return None


NOWHERE: Positions = Nowhere()


@dataclass(frozen=True, slots=True)
class Seek:
    """A page as asked for: `size` rows behind the cursor `after`, or (`back`) the last ones before `before`."""

    size: int
    cursor: str | None
    back: bool

    def rows(self, positions: Positions) -> tuple[int, int] | None:
        """(first row, number of rows); None where the cursor is not known, and for what only the shop can answer."""
        if not self.back:
            if self.cursor is None:
                return 0, self.size
            at = positions.of(self.cursor)
            return None if at is None else (at + 1, self.size)
        end = positions.end if self.cursor is None else positions.of(self.cursor)
        if not end:  # nothing stands before the first row
            return None
        start = max(end - self.size, 0)
        return start, end - start


def read_seek(listing: ListingMap, paged: Cursors, arguments: Mapping[str, Any]) -> Seek | None:
    """The page that these arguments ask for; None where they are odd (both directions, no size): the shop answers."""
    first, last = _value(arguments, paged.first), _value(arguments, paged.last)
    after, before = _value(arguments, paged.after), _value(arguments, paged.before)
    if last is None and before is None:
        size, cursor, back = (listing.default if first is None else first), after, False
    elif first is None and after is None:
        size, cursor, back = last, before, True
    else:
        return None
    if not _whole(size) or not (cursor is None or isinstance(cursor, str)):
        return None
    return Seek(size, cursor, back)


def hidden(listing: ListingMap) -> str:
    """The hidden selection on a container that tells the cursor of each row, and whether more follow."""
    text = f"{EDGES}: {listing.edges.field} {{ {CURSOR}: {listing.edges.cursor} }}" if listing.edges else ""
    if isinstance(listing.paged, Cursors) and listing.paged.page_info:
        text += f" {PAGE}: {listing.paged.page_info} {{ {MORE}: hasNextPage }}"
    return text


def take_hidden(container: Raws) -> tuple[tuple[str, ...], bool | None]:
    """Take our fields out of a container: the cursors of its rows, and whether more follow (None: not told).

    Raises msgspec.DecodeError where a cursor is no string.
    """
    edges, page = container.pop(EDGES, None), container.pop(PAGE, None)
    cursors: tuple[str, ...] = ()
    if is_list(edges):
        assert edges is not None
        cursors = tuple(edge[CURSOR] for edge in msgspec.json.decode(edges, type=list[dict[str, str]]))
    more = msgspec.json.decode(page).get(MORE) if page is not None and is_object(page) else None
    return cursors, more if isinstance(more, bool) else None


def page_info(raw: Json, names: Mapping[str, str], cursors: Sequence[str], *, before: bool, more: bool) -> bytes:
    """The shop's `pageInfo` told for the page served: `cursors` are those of its positions, `before` and `more` whether
    rows stand before and behind it.

    `names` maps response keys to field names; what the shop left out stays out, and what we do not know stays its own.
    """
    if not is_object(raw):
        return bytes(raw)
    told = fields(raw)
    known: dict[str, object] = {
        "startCursor": cursors[0] if cursors else None,
        "endCursor": cursors[-1] if cursors else None,
        "hasPreviousPage": before,
        "hasNextPage": more,
    }
    for key, name in names.items():
        if key in told and name in known:
            told[key] = msgspec.Raw(msgspec.json.encode(known[name]))
    return joined(told)


def _value(arguments: Mapping[str, Any], path: tuple[str, ...] | None) -> Any:
    value = at_path(arguments, path) if path is not None else None
    return None if value is MISSING else value


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
