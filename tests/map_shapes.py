"""The shapes of shops that drafts are tried on; nobody mapped them before."""

from __future__ import annotations

from typing import Any

from tests.map_paged_shapes import PAGED
from tests.map_shops import COUNT, Shape, by_cursor, connection


def _lamp(number: int) -> dict[str, Any]:
    """A lamp of that number."""
    return {
        "id": f"lamp-{number}", "slug": f"lamp-{number}", "name": f"Lamp {number}",
        "maker": {"id": f"m{number % 3}", "name": f"Maker {number % 3}"},
        "price": {"net": 10.0 + number, "gross": 12.0 + number, "currency": "EUR"},
    }  # fmt: skip


def _next(path: list[str]) -> Any:
    """The variables of the page behind an answer, by its `endCursor`."""

    def step(data: Any) -> dict[str, Any] | None:
        for key in path:
            data = data[key]
        return {"after": data["endCursor"]} if data["hasNextPage"] else None

    return step


def _edged(limit: int) -> Any:
    return lambda _, **given: {**connection(by_cursor(limit, **given), _lamp), "found": {"all": COUNT}}


EDGES = Shape(
    name="edges",
    sdl="""
    type Query { window: Display! lamp(slug: String!): Lamp }
    type Display { lamps(first: Int, after: String, last: Int, before: String, arrange: LampOrder): LampConnection! }
    enum LampOrder { CURATED CHEAP BRIGHT }
    type LampConnection { edges: [LampEdge] pageInfo: PageInfo! found: Found! }
    type Found { all: Int! }
    type LampEdge { cursor: ID! node: Lamp }
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: ID endCursor: ID }
    type Lamp { id: ID! slug: String! name: String! maker: Maker price: LampPrice! }
    type Maker { id: ID! name: String! }
    type LampPrice { net: Float! gross: Float! currency: String! }
    """,
    root=lambda: {"window": {"lamps": _edged(50)}},
    query="""query L($after: String) { window { lamps(first: 8, after: $after) {
      edges { cursor node { name } } pageInfo { hasNextPage endCursor } found { all } } } }""",
    path=("window", "lamps", "edges"),
    id=("node", "name"),
    step=_next(["window", "lamps", "pageInfo"]),
)

NODES = Shape(
    name="nodes",
    sdl="""
    schema { query: RootQuery mutation: RootMutation }
    scalar Cursor
    type RootQuery {
      lamps(limit: Int, cursor: Cursor, where: LampWhere): LampConnection
      lamp(slug: String!): Lamp
      basket: Basket
    }
    input LampWhere { search: String order: [LampOrder!] }
    input LampOrder { by: LampOrderBy! way: Way }
    enum LampOrderBy { RELEVANCE PRICE }
    enum Way { UP DOWN }
    type LampConnection { nodes: [Lamp!]! edges: [LampEdge!]! pageInfo: LampPageInfo! }
    type LampEdge { cursor: Cursor! node: Lamp! }
    type LampPageInfo { hasNextPage: Boolean! endCursor: Cursor }
    type Lamp { id: ID! slug: String! name: String! maker: Maker price: LampPrice! }
    type Maker { id: ID! name: String! }
    type LampPrice { net: Float! gross: Float! currency: String! }
    type Basket { id: ID! lines(first: Int = 10): BasketLines! }
    type BasketLines { edges: [BasketEdge!]! }
    type BasketEdge { node: BasketLine! }
    type BasketLine { id: ID! quantity: Int! lamp: Lamp! }
    type RootMutation { addToBasket(lamp: ID!, quantity: Int!): Basket! }
    """,
    root=lambda: {"lamps": lambda _, limit=None, cursor=None, **__: connection(by_cursor(50, limit, cursor), _lamp)},
    query="""query L($after: Cursor) { lamps(limit: 8, cursor: $after) {
      nodes { name } pageInfo { hasNextPage endCursor } } }""",
    path=("lamps", "nodes"),
    id=("name",),
    step=_next(["lamps", "pageInfo"]),
)

SHAPES = {shape.name: shape for shape in (EDGES, NODES, *PAGED)}
