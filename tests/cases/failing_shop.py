"""A shop whose rows fail on purpose, and its map: for errors that index into lists."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import build_schema, execute_sync, parse, validate
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SDL = """
type Query { rows(skip: Int, take: Int): Rows  side: Int }
type Rows { items: [Row!]! total: Int! maybe: [Row] }
type Row { id: ID! name: String nick: String! price: Int }
"""

MAP = """
extend schema @shop(name: "failing", sessionHeader: "authorization")
extend type Query {
  rows: Rows
    @listing(items: "items", total: "total", shareable: true)
    @page(skip: "skip", take: "take", default: 10, limit: 100, window: 20, private: 20)
}
extend type Row @item(id: "id", price: "price")
"""

ROWS = 30


class Row:
    """One row; its fields fail where its shop says so."""

    def __init__(self, shop: FailingShop, number: int) -> None:
        self.shop, self.id = shop, str(number)

    def __getattr__(self, field: str) -> Any:
        def resolve(_info: object) -> Any:
            if int(self.id) in self.shop.bad.get(field, ()):
                raise ValueError(f"{field} of row {self.id}")
            return 100 if field == "price" else f"{field} {self.id}"

        return resolve


class FailingShop:
    """An ASGI app; `bad` maps a field of rows to the rows on which it fails."""

    def __init__(self, **bad: tuple[int, ...]) -> None:
        self.schema, self.bad = build_schema(SDL), bad

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = orjson.loads(await Request(scope, receive).body())
        document = parse(asked["query"])
        if errors := validate(self.schema, document):
            answer: dict[str, Any] = {"errors": [error.formatted for error in errors]}
            await self._send(400, answer)(scope, receive, send)
            return
        result = execute_sync(self.schema, document, self, variable_values=asked.get("variables"))
        await self._send(200, dict(result.formatted))(scope, receive, send)

    def rows(self, _info: object, skip: int | None = None, take: int | None = None) -> dict[str, Any]:
        """A page of the list."""
        start = skip or 0
        found = [Row(self, number) for number in range(start, min(start + (take or 10), ROWS))]
        return {"items": found, "total": ROWS, "maybe": found}

    def side(self, _info: object) -> int:
        """A field that always fails."""
        raise ValueError("beside")

    @staticmethod
    def _send(status: int, answer: dict[str, Any]) -> Response:
        return Response(orjson.dumps(answer), status, media_type="application/json")
