"""Toy shops of many shapes, each a few lines of SDL over one shelf of goods: what `personalize map` has never seen."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import build_schema, execute, parse, validate
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

COUNT = 43
"""Goods on a shelf: more than a few pages, and no multiple of their size."""

Goods = Callable[[int], dict[str, Any]]
"""A product of that number as the shop answers it."""


def cursor_of(number: int) -> str:
    """The cursor at which a product stands: nothing in it says so."""
    return base64.b64encode(f"row/{number:04}".encode()).decode()


def _number(cursor: str) -> int:
    return int(base64.b64decode(cursor).decode().removeprefix("row/"))


@dataclass(frozen=True, slots=True)
class Cut:
    """Some rows of the shelf: `[start, end)` of `count`."""

    start: int
    end: int
    count: int = COUNT

    @property
    def numbers(self) -> range:
        """The products' numbers."""
        return range(self.start, self.end)


def by_offset(skip: int, take: int, limit: int) -> Cut:
    """A page by position. Raises ValueError where more is asked for than the shop serves."""
    if not 0 <= take <= limit or skip < 0:
        raise ValueError(f"at most {limit} rows")
    return Cut(min(skip, COUNT), min(skip + take, COUNT))


def by_number(page: int, size: int, limit: int, first: int = 1) -> Cut:
    """A page by number; a page behind the last is refused, as Magento does it."""
    last = first + max((COUNT - 1) // size, 0)
    if not first <= page <= last:
        raise ValueError(f"page {page} is not one of {first} to {last}")
    return by_offset((page - first) * size, size, limit)


def by_cursor(limit: int, first: int | None = None, after: str | None = None, last: int | None = None,
              before: str | None = None, **_: Any) -> Cut:  # fmt: skip
    """A page by cursor, forward or backward."""
    size = first if last is None else last
    if size is None or not 0 < size <= limit:
        raise ValueError(f"first or last is needed, at most {limit}")
    start = _number(after) + 1 if after else 0
    end = _number(before) if before else COUNT
    return Cut(start, min(end, start + size)) if last is None else Cut(max(start, end - size), end)


def connection(cut: Cut, goods: Goods, **more: Any) -> dict[str, Any]:
    """A Relay connection with everything in it; the SDL says which of it the shop has."""
    nodes = [goods(number) for number in cut.numbers]
    edges = [{"cursor": cursor_of(number), "node": node} for number, node in zip(cut.numbers, nodes, strict=True)]
    info = {
        "hasNextPage": cut.end < cut.count, "hasPreviousPage": cut.start > 0,
        "startCursor": edges[0]["cursor"] if edges else None, "endCursor": edges[-1]["cursor"] if edges else None,
    }  # fmt: skip
    return {"edges": edges, "nodes": nodes, "pageInfo": info, **more}


@dataclass(eq=False)
class ShapeShop:
    """An ASGI app over an SDL: `root` are the values and resolvers `(info, **arguments)` of its root fields."""

    sdl: str
    root: Mapping[str, Any]
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.schema = build_schema(self.sdl)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = orjson.loads(await Request(scope, receive).body())
        self.asked.append(asked["query"])
        document = parse(asked["query"])
        if errors := validate(self.schema, document):
            body: Any = {"errors": [error.formatted for error in errors]}
        else:
            done: Any = execute(self.schema, document, self.root, variable_values=asked.get("variables"),
                                operation_name=asked.get("operationName"))  # fmt: skip
            body = done.formatted
        await Response(orjson.dumps(body), media_type="application/json")(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shop of one shape: how it is made, what is edited in its draft, and how its list is read page by page.

    `pages` are the variables of each page of `query`, `path` leads to the rows in `data`, `id` to a row's id. `step`
    instead makes the variables of the next page from the last answer (None: it was the last). `odd` are variables of
    pages that are none, or that lie across others.
    """

    name: str
    sdl: str
    root: Callable[[], Mapping[str, Any]]
    query: str
    path: Sequence[str]
    id: Sequence[str] = ("id",)
    pages: Sequence[Mapping[str, Any]] = ()
    step: Callable[[Any], Mapping[str, Any] | None] | None = None
    odd: Sequence[Mapping[str, Any]] = ()
    edits: Sequence[tuple[str, str]] = ()

    def shop(self) -> ShapeShop:
        """A running shop of this shape."""
        return ShapeShop(self.sdl, self.root())

    def rows(self, data: Any) -> list[Any]:
        """The rows of a page."""
        for step in self.path:
            data = data[step]
        return list(data)

    def identity(self, row: Any) -> str:
        """A row's id."""
        for step in self.id:
            row = row[step]
        return str(row)
