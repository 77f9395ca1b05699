"""Reading a shop map, and fitting it to a live schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import build_schema

from personalize.demo.shop.answer import make_schema
from personalize.errors import MapError
from personalize.shops import reader
from personalize.shops.fit import fit
from personalize.shops.map import Offsets

SHOP = 'extend schema @shop(name: "toy")\n'
LISTING = 'extend type Query { rows: Rows @listing(items: "items") @page(skip: "from", take: "size") }\n'
ITEM = 'extend type Row @item(id: "id", title: "title", price: "price", attributes: "colour more: tags { id }")\n'
SDL = """
type Query { rows(from: Int, size: Int, sort: Sort): Rows row(id: ID!): Row }
input Sort { name: String }
type Rows { items: [Row!]! total: Int! }
type Row { id: ID! title: String price: Int colour: String tags: [Tag!]! }
type Tag { id: ID! }
type Mutation { add(row: ID!, count: Int!): Cart }
type Cart { id: ID! lines: [Line!]! state: String currency: String }
type Line { id: ID! row: Row! count: Int! price: Int }
"""
CART = """
extend type Cart @cart(id: "id", lines: "lines", line: "id", item: "row { id }", quantity: "count", price: "price")
extend type Mutation { add: Cart @event(name: "cart", added: "count", variant: "row") }
extend type Query { row: Row @event(name: "view_item") }
"""


def test_the_map_we_ship() -> None:
    """Fits the demo shop in every listing, item and cart."""
    shop = reader.load("vendure")
    fitted, findings = fit(shop, build_schema(make_schema().as_str()))
    assert fitted.listings == shop.listings
    assert fitted.items.keys() == shop.items.keys()
    assert fitted.carts == shop.carts
    assert [finding.slot for finding in findings if not finding.found and "@event" not in finding.slot] == []


def test_values() -> None:
    """Directives with their defaults."""
    shop = reader.read(SHOP + LISTING + ITEM + CART)
    listing = shop.listings["Query", "rows"]
    assert (listing.paged, listing.sort, listing.default) == (Offsets(("from",), ("size",)), (), None)
    assert (listing.limit, listing.window, listing.private, listing.shareable) == (100, 200, 100, False)
    assert listing.coordinates == "Query.rows"
    assert [(leaf.name, leaf.selection.split()) for leaf in shop.items["Row"].attributes] == [
        ("colour", ["colour"]), ("more", ["tags", "{", "id", "}"]),
    ]  # fmt: skip
    assert shop.carts["Cart"].item == "row { id }"
    assert shop.events["Mutation", "add"].added == ("count",)
    assert (shop.session_header, shop.session_cookies, shop.vary_headers) == (None, (), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extend type Query {", "line 1"),
        (LISTING, "no @shop"),
        (SHOP + "type Query { a: Int }", "only `extend`"),
        (SHOP + "extend type Query { rows: Rows @listing }", "no @page"),
        (SHOP + 'extend type Query { rows: Rows @listing(items: "items") }', "no @page"),
        (SHOP + 'extend type Query { rows: Rows @listing @page(skip: "a", take: "b") }', "neither `items` nor `edges`"),
        (SHOP + 'extend type Query { rows: Rows @listing(items: "i") @page(skip: "a", first: "b") }', "first, skip"),
        (SHOP + 'extend type Query { rows: Rows @listing(items: "i") @page(first: "a", after: "b") }', "no `edges`"),
        (SHOP + LISTING.replace('"items"', '"items", bare: true'), "names `items` or `edges`"),
        (SHOP + LISTING.replace('"items"', '"items", tells: "depth"'), "tells 'depth'"),
        (SHOP + LISTING.replace('"items"', '"items", tells: "a { pages }"'), "names no `total`"),
        (SHOP + LISTING.replace('"items"', '"items", tells: "next"'), "names no `total`"),
        (SHOP + LISTING.replace('"items"', '"items", tells: "... on A { next }"'), "are fields"),
        (SHOP + 'extend type Query { rows: Rows @listing(bare: true) @page(number: "a", skip: "b") }', "number, skip"),
        (SHOP + LISTING.replace('"size"', '"size", pages: 3'), "line 2: @page has no argument 'pages'"),
        (SHOP + 'extend type Row @page(skip: "a", take: "b")', "unknown directive @page on OBJECT"),
        (SHOP + "extend type Row @article(id: 3)", "article"),
        (SHOP + 'extend type Row @item(id: "id", attributes: "... on X { a }")', "attributes are fields"),
        ("extend schema @shop", "name"),
    ],
)  # fmt: skip
def test_a_broken_map(text: str, said: str) -> None:
    """An error that names the place."""
    with pytest.raises(MapError, match=said):
        reader.read(text, "toy.graphql")


def test_a_map_that_is_not_there(tmp_path: Path) -> None:
    """A named error; so is one that is no text."""
    with pytest.raises(MapError):
        reader.load(str(tmp_path / "none.graphql"))
    (tmp_path / "bytes.graphql").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MapError):
        reader.load(str(tmp_path / "bytes.graphql"))


def fitted(sdl: str, text: str = SHOP + LISTING + ITEM + CART) -> tuple[set[str], set[str]]:
    """What holds and what does not, by slot."""
    _, findings = fit(reader.read(text), build_schema(sdl))
    return {f.slot for f in findings if f.found}, {f.slot for f in findings if not f.found}


def test_everything_fits() -> None:
    """A finding for each entry."""
    held, gone = fitted(SDL)
    assert gone == set()
    assert {"Query.rows @listing", "Cart @cart", "Mutation.add @event", "Row @item more", "Query.row @event"} <= held


@pytest.mark.parametrize(
    ("was", "now", "gone"),
    [
        ("rows(", "rowes(", {"Query.rows @listing"}),
        ("from: Int", "start: Int", {"Query.rows @listing"}),
        ("items: [Row!]!", "entries: [Row!]!", {"Query.rows @listing"}),
        ("title: String", "name: String", {"Row @item title"}),
        ("tags: [Tag!]!", "tags: [String!]!", {"Row @item more"}),
        ("colour: String", "", {"Row @item colour"}),
        ("type Cart { id", "type Cart { code", {"Cart @cart"}),
        ("count: Int!): Cart", "quantity: Int!): Cart", {"Mutation.add @event"}),
        ("row(id: ID!): Row", "", {"Query.row @event"}),
    ],
)
def test_what_is_gone_is_named(was: str, now: str, gone: set[str]) -> None:
    """And only that slot is off."""
    assert fitted(SDL.replace(was, now, 1))[1] == gone


def test_items_without_an_id_take_their_lists_with_them() -> None:
    """A list of rows that cannot be told apart is not reordered."""
    _, gone = fitted(SDL.replace("type Row { id: ID!", "type Row { code: ID!"))
    assert {"Row @item", "Query.rows @listing"} <= gone


PAGED = """
type Query { rows(from: Int, size: Int, page: Int): Rows bare(from: Int, size: Int): [Row] above(sort: Sort): Above }
type Above { rows(from: Int, size: Int): Rows }
input Sort { name: String }
type Rows { data: Data! info: Info! }
type Data { items: [Row!]! }
type Info { total: Int! page: Int! more: Boolean! }
type Row { id: ID! title: String price: Int colour: String tags: [Tag!]! }
type Tag { id: ID! }
"""
PAGED_MAP = """
extend type Query {
  rows: Rows @listing(items: "data.items", total: "info.total", tells: "info { number: page hasNext: more }")
    @page(number: "page", take: "size", unless: ["from"])
  bare: [Row] @listing(bare: true) @page(skip: "from", take: "size")
}
extend type Above {
  rows: Rows @listing(items: "data.items", sort: "../sort.name") @page(skip: "from", take: "size")
}
extend type Row @item(id: "id")
"""
SLOTS = {"Query.rows @listing", "Query.bare @listing", "Above.rows @listing"}


@pytest.mark.parametrize(
    ("was", "now", "gone"),
    [
        ("", "", set()),
        ("items: [Row!]!", "rows: [Row!]!", {"Query.rows @listing", "Above.rows @listing"}),
        ("total: Int!", "count: Int!", {"Query.rows @listing"}),
        ("more: Boolean!", "", {"Query.rows @listing"}),
        ("page: Int):", "p: Int):", {"Query.rows @listing"}),
        ("bare(from: Int, size: Int): [Row]", "bare(from: Int, size: Int): Row", {"Query.bare @listing"}),
        ("rows(from: Int, size: Int, page: Int): Rows", "rows(from: Int, size: Int, page: Int): [Rows]",
         {"Query.rows @listing"}),
        ("above(sort: Sort)", "above(order: Sort)", {"Above.rows @listing"}),
        ("input Sort { name", "input Sort { title", {"Above.rows @listing"}),
    ],
)  # fmt: skip
def test_what_is_gone_of_lists_of_other_shapes(was: str, now: str, gone: set[str]) -> None:
    """Named, and only that list is off."""
    held, missing = fitted(PAGED.replace(was, now, 1) if was else PAGED, SHOP + PAGED_MAP)
    assert missing == gone
    assert held & SLOTS == SLOTS - gone


def test_pages_of_one_size() -> None:
    """Nothing larger is ever asked for; without a size the list is left to the shop."""
    text = SHOP + 'extend type Query { rows: Rows @listing(items: "items") @page(number: "page", default: 9) }'
    listing = reader.read(text).listings["Query", "rows"]
    assert (listing.default, listing.limit, listing.private) == (9, 9, 9)
    assert reader.read(text.replace(", default: 9", "")).listings["Query", "rows"].default is None


def test_paths_into_input_objects() -> None:
    """Each step is looked for."""
    text = SHOP + LISTING.replace('"items")', '"items", sort: "sort.name")') + ITEM
    assert fitted(SDL, text)[1] == set()
    assert fitted(SDL.replace("{ name: String }", "{ title: String }"), text)[1] == {"Query.rows @listing"}
