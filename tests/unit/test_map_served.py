"""What drafted maps say beside paging, through the gateway: sorts above, other ways to page, carts, failing rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from personalize.events.log import parse
from personalize.shops.draft import draft
from tests.gateway_world import World, world
from tests.laws.likeness import differences
from tests.map_paged_shapes import BARE, DEEP, NUMBERED, chair
from tests.map_shops import COUNT, Shape, ShapeShop, by_cursor, by_number, by_offset, connection

STRANGER = {"authorization": "Bearer " + "x" * 32}
CONSENTED = {"x-personalize-consent": "personalization", "user-agent": "a storefront", **STRANGER}
BROKEN = {3, 17, 40}

SDL = """
type Query { search(term: String, sort: ChairSort): Found! }
type Found { chairs(first: Int, after: String, page: Int): ChairConnection! }
enum ChairSort { RELEVANCE CHEAPEST }
type ChairConnection { edges: [ChairEdge!]! pageInfo: PageInfo! }
type ChairEdge { cursor: String! node: Chair! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Chair { id: ID! name: String! maker: String! price: Float! currency: String! }
type Cart { lines(first: Int): LineConnection! }
type LineConnection { edges: [LineEdge!]! }
type LineEdge { node: Line! }
type Line { id: ID! quantity: Int! chair: Goods! price: Float! }
type Goods { node: Chair! }
type Order { id: ID! items: [Line!]! }
type Placed { order: Order cart: Cart }
type CartMutations { addLine(chair: ID!, quantity: Int!): Cart! completeCart: Placed! }
type Mutation { cart: CartMutations! }
"""


def _line(number: int, quantity: int) -> dict[str, Any]:
    return {"id": f"l{number}", "quantity": quantity, "price": 20.0 + number, "chair": {"node": chair(number)}}


def _chairs(_: Any, first: int, after: str | None = None, page: int | None = None) -> dict[str, Any]:
    return connection(by_number(page, first, 50) if page else by_cursor(50, first, after), chair)


def _root() -> Mapping[str, Any]:
    lines: dict[int, int] = {}

    def held(_: Any, first: int) -> dict[str, Any]:
        assert first == 50
        return {"edges": [{"node": _line(number, quantity)} for number, quantity in lines.items()]}

    def add(_: Any, chair: str, quantity: int) -> dict[str, Any]:
        number = int(chair.removeprefix("chair-"))
        lines[number] = lines.get(number, 0) + quantity
        return {"lines": held}

    def complete(_: Any) -> dict[str, Any]:
        return {"order": {"id": "o1", "items": [_line(*line) for line in lines.items()]}, "cart": None}

    found = {"chairs": _chairs}
    return {"search": lambda _, **__: found, "cart": {"addLine": add, "completeCart": complete}}


@asynccontextmanager
async def served(sdl: str, root: Mapping[str, Any], folder: Path, *strategies: str) -> AsyncIterator[World]:
    """The gateway in front of a shop, by the map that is drafted of it."""
    path = folder / "drafted.graphql"
    path.write_text(draft(build_schema(sdl), name="drafted").text, encoding="utf-8")
    async with world(strategies or ("reversing",), shop=ShapeShop(sdl, root), shop_map=str(path)) as running:
        yield running


def names(response: Any) -> list[str]:
    """The names in an answer of `search`."""
    return [edge["node"]["name"] for edge in response.json()["data"]["search"]["chairs"]["edges"]]


SEARCH = "query Q($sort: ChairSort, $page: Int) { search(sort: $sort) { chairs(first: 9, page: $page) {"
SEARCH += " edges { node { name } } } } }"


@pytest.mark.parametrize(
    ("variables", "ordered"),
    [({}, True), ({"sort": "RELEVANCE"}, True), ({"sort": None}, True), ({"sort": "CHEAPEST"}, False),
     ({"page": 1}, False), ({"page": 2}, False)],
)  # fmt: skip
async def test_a_sort_of_the_field_above_and_another_way_to_page(
    variables: dict[str, Any], ordered: bool, tmp_path: Path
) -> None:
    async with served(SDL, _root(), tmp_path) as running:
        direct = await running.direct(SEARCH, variables, headers=STRANGER)
        through = await running.send(SEARCH, variables, headers=STRANGER)
        assert (names(direct) != names(through)) is ordered
        assert len(set(names(through))) == 9


async def test_events_of_mutations_in_an_object_and_of_lines_in_edges(tmp_path: Path) -> None:
    add = 'mutation { cart { addLine(chair: "chair-4", quantity: %d) { lines(first: 50) { edges { node { id } } } } } }'
    async with served(SDL, _root(), tmp_path) as running:
        for quantity in (2, 1):
            answer = await running.send(add % quantity, headers=CONSENTED)
            assert answer.json()["data"]["cart"]["addLine"] == {"lines": {"edges": [{"node": {"id": "l4"}}]}}
        placed = await running.send("mutation { cart { completeCart { order { id } } } }", headers=CONSENTED)
        assert placed.json() == {"data": {"cart": {"completeCart": {"order": {"id": "o1"}}}}}
        await running.gateway.outbox.flush()
        told = [parse(row.line) async for row in running.gateway.store.events()]
    assert [(one.event, one.items[0].item_id, one.items[0].quantity) for one in told] == [
        ("add_to_cart", "chair-4", 2), ("add_to_cart", "chair-4", 1), ("purchase", "chair-4", 3),
    ]  # fmt: skip
    assert (told[-1].transaction_id, told[-1].items[0].price) == ("o1", 24.0)


def noted(shape: Shape, query: str) -> tuple[str, Mapping[str, Any], str]:
    """The shape with a note on each chair that fails for some, and a query that asks for it."""

    def note(info: Any) -> str:
        raise ValueError("no note")

    def bad(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row | ({"note": note} if int(row["id"].removeprefix("chair-")) in BROKEN else {}) for row in rows]

    roots: dict[str, Mapping[str, Any]] = {
        "numbered": {"chairs": lambda _, pageSize, currentPage, **__: {  # noqa: N803 (names of the shop)
            "items": bad([chair(n) for n in by_number(currentPage, pageSize, 300).numbers]), "total_count": COUNT,
        }},
        "deep": {"search": lambda _, page, **__: {"status": "OK", "data": {
            "items": bad([chair(n) for n in by_offset(page["offset"], page["limit"], 100).numbers]),
            "pagination": {"total": COUNT, "offset": page["offset"], "limit": page["limit"], "hasMore": True},
        }}},
        "bare": {"chairs": lambda _, limit=99, offset=0, **__: bad(
            [chair(n) for n in by_offset(offset, limit, 200).numbers]
        )},
    }  # fmt: skip
    return shape.sdl.replace("maker: String!", "maker: String! note: String"), roots[shape.name], query


FAILING = [
    (NUMBERED, "{ list: chairs(pageSize: 9, currentPage: %d) { items { id note } } }", ["list", "items"], 5),
    (DEEP, "{ s: search(page: {offset: %d, limit: 9}) { d: data { rows: items { id note } } } }", ["s", "d", "rows"],
     36),
    (BARE, "{ c: chairs(limit: 9, offset: %d) { id note } }", ["c"], 36),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "query", "path", "last"), FAILING, ids=[one[0].name for one in FAILING])
async def test_errors_of_rows_go_where_the_rows_go(
    shape: Shape, query: str, path: list[str], last: int, tmp_path: Path
) -> None:
    first = 1 if shape is NUMBERED else 0
    sdl, root, text = noted(shape, query)
    async with served(sdl, root, tmp_path, "nothing") as running:
        for page in (first, last):
            direct = await running.direct(text % page, headers=STRANGER)
            through = await running.send(text % page, headers=STRANGER)
            assert "errors" in direct.json()
            assert not differences(direct, through)
    async with served(sdl, root, tmp_path) as running:
        answer = (await running.send(text % first, headers=STRANGER)).json()
        rows: Any = answer["data"]
        for step in path:
            rows = rows[step]
        broken = [at for at, row in enumerate(rows) if int(row["id"].removeprefix("chair-")) in BROKEN]
        assert [error["path"] for error in answer.get("errors", [])] == [[*path, at, "note"] for at in broken]
        assert broken


@pytest.mark.parametrize(
    "other", ["", "schema { query: Query } type Mutation { of: Chair } extend type Query { m: Mutation }"]
)
async def test_a_shop_without_mutations_gets_ours(other: str, tmp_path: Path) -> None:
    shop = SDL[: SDL.index("type CartMutations")] + other
    async with served(shop, _root(), tmp_path) as running:
        who = running.gateway.reception.who
        headers = {"x-personalize-consent": "personalization", "x-personalize-visitor": who.sign(who.issue())}
        asked = 'mutation { mine: personalization { notInterested(itemId: "chair-1") } }'
        answer = await running.send(asked, headers=headers)
        assert answer.json() == {"data": {"mine": {"notInterested": True}}}
        told = await running.send("{ __schema { mutationType { fields { name } } } }")
        assert told.json()["data"]["__schema"]["mutationType"] == {"fields": [{"name": "personalization"}]}
        for foreign in ("mutation { __typename }", "mutation { buy }"):
            direct, through = await running.direct(foreign), await running.send(foreign)
            assert not differences(direct, through)


EITHER = """
interface Goods { id: ID! name: String! }
type Chair implements Goods { id: ID! name: String! price: Float! currency: String! }
type Table implements Goods { id: ID! name: String! prices: Prices! }
type Prices { price: Float! salePrice: Float currency: String! }
type NotFoundError { message: String! }
union Found = Chair | Table | NotFoundError
type Query { goods(id: ID!): Goods found(id: ID!): Found! }
"""
TABLE = {"__typename": "Table", "id": "t1", "name": "T", "prices": {"price": 9.5, "salePrice": 7.5, "currency": "EUR"}}
NONE = {"__typename": "NotFoundError", "message": "no such goods"}


@pytest.mark.parametrize(
    "query",
    [
        '{ goods(id: "t1") { name } }',
        '{ f: found(id: "t1") { ... on Table { name } ... on NotFoundError { message } } }',
    ],
)
@pytest.mark.parametrize("there", [True, False])
async def test_a_product_that_is_one_of_several_types_is_seen(query: str, there: bool, tmp_path: Path) -> None:
    def answer(*_: Any, **__: Any) -> dict[str, Any] | None:
        return TABLE if there else NONE if "found" in query else None

    async with served(EITHER, {"goods": answer, "found": answer}, tmp_path) as running:
        direct, through = await running.direct(query), await running.send(query, headers=CONSENTED)
        assert through.json() == direct.json()
        await running.gateway.outbox.flush()
        told = [parse(row.line) async for row in running.gateway.store.events()]
    seen = [(one.event, one.items[0].item_id, one.items[0].price, one.items[0].currency) for one in told]
    assert seen == ([("view_item", "t1", 7.5, "EUR")] if there else [])


@pytest.mark.parametrize(("kind", "served_most"), [("total", 20), ("next", 20), ("refused", 20)])
async def test_a_shop_that_serves_fewer_rows_than_its_map_says(kind: str, served_most: int, tmp_path: Path) -> None:
    """It is noticed, and no list ends too early; after a few times the shop is asked once again for each page."""

    def clamped(_: Any, page: int, size: int) -> dict[str, Any]:
        if kind == "refused" and size > served_most:
            raise ValueError(f"at most {served_most}")
        cut = by_number(page, min(size, served_most), 300)
        return {"chairs": [chair(n) for n in cut.numbers], "total": COUNT, "hasNext": cut.end < COUNT}

    told = {"total": "total: Int!", "next": "hasNext: Boolean!", "refused": "total: Int!"}[kind]
    sdl = f"""
      type Query {{ chairs(page: Int = 1, size: Int = 10): Chairs }} type Chairs {{ chairs: [Chair!]! {told} }}
      type Chair {{ id: ID! name: String! maker: String! price: Float! currency: String! }}
    """
    query = f"query Q($page: Int) {{ chairs(page: $page, size: 8) {{ chairs {{ name }} {told.split(':')[0]} }} }}"
    async with served(sdl, {"chairs": clamped}, tmp_path) as running:
        assert running.upstream is not None
        for _ in range(3):
            shown: list[str] = []
            for page in range(1, 7):
                running.upstream.clear()
                answer = (await running.send(query, {"page": page}, headers=STRANGER)).json()
                shown += [row["name"] for row in answer["data"]["chairs"]["chairs"]]
            assert len(set(shown)) == len(shown) == COUNT
        assert running.upstream.count == 1
