"""What an answer tells of its page (which one it is, how many there are): what has to be known, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from personalize.gateway.document.hidden import leaves
from personalize.gateway.document.raw import Json, Raws
from personalize.gateway.document.rewrite import edit
from personalize.gateway.document.slots import PREFIX, ListingSlot, Path
from personalize.shops.map import Numbers

TOTAL = f"{PREFIX}total"
NEXT = f"{PREFIX}next"
_COUNTED = frozenset(("pages", "next", "hasNext"))


@dataclass(frozen=True, slots=True)
class Served:
    """The page that is served: rows [skip, skip + count) of `total` (None: not known), `take` asked for; whether `more`
    follow; `first` is the number of the first page."""

    skip: int
    take: int
    count: int
    total: int | None
    more: bool
    first: int = 1

    def tells(self, meaning: str) -> int | bool | None:
        """The value of one of MEANINGS. Raises ValueError where it cannot be known."""
        number = self.first + self.skip // self.take
        if meaning == "pages":
            if self.total is None:
                raise ValueError("the shop does not tell its total")
            return -(-self.total // self.take)
        told: dict[str, int | bool | None] = {
            "skip": self.skip, "take": self.take, "count": self.count, "number": number, "hasNext": self.more,
            "hasPrevious": self.skip > 0, "next": number + 1 if self.more else None,
            "previous": number - 1 if self.skip else None, "position": self.skip + 1, "end": self.skip + self.count,
        }  # fmt: skip
        return told[meaning]


def hidden(slot: ListingSlot) -> str:
    """The hidden selection on a container that what the client wants told is counted from."""
    wanted = {meaning for _, meaning in slot.told}
    ways = []
    if slot.map.total and (wanted & _COUNTED or isinstance(slot.map.paged, Numbers)):  # some refuse a page too many
        ways.append((TOTAL, slot.map.total))
    if (way := slot.map.told("hasNext")) and wanted & {"next", "hasNext"}:
        ways.append((NEXT, way))
    return " ".join(f"{alias}: {' { '.join(way)}{' }' * (len(way) - 1)}" for alias, way in ways)


def take_hidden(container: Raws) -> tuple[int | None, bool | None]:
    """Take our fields out of a container: the count of all rows, and whether more follow (None: not told)."""
    total, more = _first(container.pop(TOTAL, None)), _first(container.pop(NEXT, None))
    counted = isinstance(total, int) and not isinstance(total, bool)
    return (total if counted else None), (more if isinstance(more, bool) else None)


def _first(raw: Json | None) -> Any:
    return None if raw is None else next(leaves(msgspec.json.decode(raw)), None)


def tell(container: dict[str, Json], told: Sequence[tuple[Path, str]], page: Served) -> None:
    """Write into a container what it tells of the page. Raises ValueError where that cannot be known."""
    for path, meaning in told:
        if path[0] in container and (page.count or meaning in ("skip", "take")):  # of an empty list it is as it was
            value = msgspec.json.encode(page.tells(meaning))
            _put(container, path, value, empty=meaning in ("next", "previous"))


def _put(container: dict[str, Json], path: Path, value: bytes, *, empty: bool) -> None:
    def put(here: Raws) -> None:
        was = here.get(path[-1])
        if was is None or (bytes(memoryview(was)) == b"null" and not empty):  # a condition, or the shop does not say
            return
        quoted = bytes(memoryview(was)[:1]) == b'"'
        here[path[-1]] = msgspec.Raw(b'"%s"' % value if quoted else value)

    if len(path) > 1:
        container[path[0]] = edit(container[path[0]], path[1:-1], put)
        return
    alone: Raws = {path[0]: msgspec.Raw(container[path[0]])}
    put(alone)
    container[path[0]] = alone[path[0]]
