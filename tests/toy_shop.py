"""A toy shop whose lists, sessions and faults tests can turn: a few lines of GraphQL, and a map with small windows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from graphql import build_schema, execute, parse, validate
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SDL = """
type Query {
  rows(from: Int, size: Int, sort: String, word: String, currency: String): Rows!
  paged(from: Int, size: Int): Rows!
  mood: String!
  cart: String!
}
type Mutation { enter: Entered  leave: Left  wave: String  fill: String }
type Entered { who: String! }
type Left { done: Boolean! }
type Rows { items: [Row!]! total: Int! }
type Row { id: ID! product: ID! title: String! price: Int! colour: String }
"""

MAP = """
extend schema @shop(
  name: "toy" varyHeaders: ["x-channel"] sessionHeader: "authorization" sessionResponseHeader: "x-token"
  sessionCookies: ["sid"]
)
extend type Query {
  rows: Rows
    @listing(items: "items", total: "total", sort: "sort", term: "word", shareable: true)
    @page(skip: "from", take: "size", default: 10, limit: 1000, window: 24, private: 12)
  paged: Rows
    @listing(items: "items", total: "total", shareable: true)
    @page(skip: "from", take: "size", default: 10, limit: 10, window: 24, private: 10)
}
extend type Row @item(id: "product", variant: "id", title: "title", price: "price", attributes: "colour")
extend type Mutation {
  enter: Entered @event(name: "signed_in", on: "Entered")
  leave: Left @event(name: "signed_out")
}
"""

LIMIT = 10


@dataclass
class Toy:
    """An ASGI app. `rows` are (row id, product id) in the shop's order; `personal` orders them for each guest anew.

    `fails` are root fields that answer with an error. Sessions: `fill` and `cart` open one, `enter` signs in under a
    new token, `leave` empties it; tokens travel as a bearer header or as the cookie `sid`.
    """

    rows: list[tuple[str, str]]
    personal: bool = False
    fails: set[str] = field(default_factory=set)
    extra: list[tuple[str, str]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        self.schema = build_schema(SDL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = orjson.loads(await request.body())
        answer = _Answer(self, request)
        document = parse(asked["query"])
        if errors := validate(self.schema, document):
            body: dict[str, Any] = {"errors": [error.formatted for error in errors]}
        else:
            result = execute(
                self.schema, document, answer, variable_values=asked.get("variables"),
                operation_name=asked.get("operationName"),
            )  # fmt: skip
            body = dict(result.formatted)  # type: ignore[union-attr]
        response = Response(orjson.dumps(body), media_type="application/json")
        for key, value in (*answer.headers, *self.extra):
            response.headers.append(key, value)
        if origin := request.headers.get("origin"):
            response.headers["access-control-allow-origin"] = origin
            response.headers["access-control-allow-credentials"] = "true"
        await response(scope, receive, send)


class _Answer:
    """The root value of one request."""

    def __init__(self, toy: Toy, request: Request) -> None:
        self.toy, self.request = toy, request
        self.headers: list[tuple[str, str]] = []
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.token = bearer or request.cookies.get("sid", "")

    def rows(self, _: Any, **given: Any) -> dict[str, Any]:
        """Any number of rows."""
        return self._list("rows", given)

    def paged(self, _: Any, **given: Any) -> dict[str, Any]:
        """At most `LIMIT` rows."""
        if (given.get("size") or 10) > LIMIT:
            raise ValueError(f"more than {LIMIT} rows")
        return self._list("paged", given)

    def mood(self, _: Any) -> str:
        """A field beside the lists."""
        return "calm"

    def cart(self, _: Any) -> str:
        """The visitor's own."""
        return f"cart of {self._session()}"

    def fill(self, _: Any) -> str:
        """Opens a session."""
        return f"cart of {self._session()}"

    def wave(self, _: Any) -> str:
        """A mutation no map knows: it hands out a new session."""
        self._give(secrets.token_hex(16), "guest")
        return "hello"

    def enter(self, _: Any) -> dict[str, Any]:
        """Signs in."""
        self._give(secrets.token_hex(16), "customer")
        return {"__typename": "Entered", "who": "customer"}

    def leave(self, _: Any) -> dict[str, Any]:
        """Signs out."""
        self.toy.sessions.pop(self.token, None)
        self.headers += [("x-token", ""), ("set-cookie", "sid=; path=/")]
        return {"done": True}

    def _session(self) -> str:
        if self.token not in self.toy.sessions:
            self._give(secrets.token_hex(16), "guest")
        return self.token

    def _give(self, token: str, who: str) -> None:
        self.toy.sessions[token] = who
        self.token = token
        self.headers += [("x-token", token), ("set-cookie", f"sid={token}; path=/")]

    def _list(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        self.toy.asked += 1
        if name in self.toy.fails:
            raise ValueError("out of order")
        rows = list(self.toy.rows)
        if given.get("sort"):
            rows.reverse()
        if self.toy.personal and self.token:
            rows.reverse()
        start, size = given.get("from") or 0, given.get("size") or 10
        tag = "-".join(
            filter(None, (self.request.headers.get("x-channel"), given.get("currency"), self.request.url.query))
        )
        return {
            "total": len(rows),
            "items": [
                {"id": row, "product": product, "title": f"{product} {tag}", "price": 100 + len(row), "colour": "red"}
                for row, product in rows[start : start + size]
            ],
        }


def toy_map(folder: Path) -> str:
    """The toy's map as a file below `folder`; its path is the setting `shop`."""
    path = folder / "toy.graphql"
    path.write_text(MAP, encoding="utf-8")
    return str(path)


def toy_schema(folder: Path) -> str:
    """The toy's schema as a file below `folder`; its path is the setting `schema_file`."""
    path = folder / "toy-schema.graphql"
    path.write_text(SDL, encoding="utf-8")
    return str(path)


def numbered(count: int, variants: int = 1) -> list[tuple[str, str]]:
    """`count` rows, `variants` of them a product side by side."""
    return [(f"r{row}", f"p{row // variants}") for row in range(count)]
