"""Numbers of pages that a schema has as strings, and arguments of paging that are no numbers at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from personalize.gateway.listing.paging import read_paging, with_paging
from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.fit import fit
from personalize.shops.map import ListingMap, Numbers, Offsets
from tests.map_paged_shapes import chair
from tests.map_shops import COUNT, by_number
from tests.unit.test_map_served import STRANGER, served

CHAIR = "type Chair { id: ID! name: String! maker: String! price: Float! currency: String! }"
SDL = f"""
type Query {{ chairs(page: String = "1", perPage: String = "10", from: ID): Chairs! }}
type Chairs {{ chairs: [Chair!]! meta: Meta! }}
type Meta {{ page: String! perPage: String! total: Int! }}
{CHAIR}
"""
MAP = """
extend schema @shop(name: "x")
extend type Chair @item(id: "id")
extend type Query { chairs: Chairs @listing(items: "chairs" %s) @page(%s) }
"""


def _chairs(_: Any, page: str, perPage: str) -> dict[str, Any]:  # noqa: N803 (a name of the shop)
    cut = by_number(int(page), int(perPage), 50)
    meta = {"page": page, "perPage": perPage, "total": COUNT}
    return {"chairs": [chair(number) for number in cut.numbers], "meta": meta}


async def test_a_list_whose_page_numbers_are_strings_is_drafted_and_ordered(tmp_path: Path) -> None:
    query = 'query Q($page: String) { chairs(page: $page, perPage: "9") { chairs { name } meta { page perPage } } }'
    async with served(SDL, {"chairs": _chairs}, tmp_path) as running:
        shown: list[str] = []
        for page in ("1", "2", "3", "4", "5"):
            direct = (await running.direct(query, {"page": page}, headers=STRANGER)).json()["data"]["chairs"]
            through = (await running.send(query, {"page": page}, headers=STRANGER)).json()["data"]["chairs"]
            assert through["meta"] == direct["meta"] == {"page": page, "perPage": "9"}
            assert page != "1" or through["chairs"] != direct["chairs"]
            shown += [row["name"] for row in through["chairs"]]
        assert len(set(shown)) == len(shown) == COUNT
        default = (await running.send("{ chairs { chairs { name } } }", headers=STRANGER)).json()["data"]["chairs"]
        plain = (await running.direct("{ chairs { chairs { name } } }", headers=STRANGER)).json()["data"]["chairs"]
        assert default != plain


@pytest.mark.parametrize("said", ["", "1.5", "01", "-1", " 1", "two", "\u0661", "9999999", 1, True, ["1"]])
def test_a_string_that_spells_no_number_is_for_the_shop(said: object) -> None:
    paged = Numbers(("page",), ("size",))
    listing = ListingMap("Query", "chairs", ("chairs",), paged, default=10, worded=frozenset(paged.arguments))
    assert read_paging(listing, {"page": said}, 50) is None
    assert read_paging(listing, {"page": "1", "size": said}, 50) is None or said == ""


def test_numbers_go_back_as_they_came() -> None:
    paged = Offsets(("at", "skip"), ("at", "take"))
    listing = ListingMap("Query", "chairs", ("chairs",), paged, default=10, worded=frozenset((paged.skip,)))
    assert with_paging(listing, {}, 20, 10) == {"at": {"skip": "20", "take": 10}}
    assert read_paging(listing, {"at": {"skip": "20", "take": "10"}}, 50) is None, "a string where a number stands"
    found = read_paging(listing, {"at": {"skip": "20", "take": 10}}, 50)
    assert found is not None
    assert (found.skip, found.take) == (20, 10)


@pytest.mark.parametrize(
    ("arguments", "listing", "page", "said"),
    [
        ("page: Int, size: Size", "", 'number: "page", take: "size"', "size is of type Size, and has to be a number"),
        ("page: [Int!], size: Int", "", 'number: "page", take: "size"', "page is of type [Int!], and has to be"),
        ("w: W", "", 'skip: "w.from", take: "w.to"', "take: w.to looks like the position of the last row"),
        ("first: Int, after: Int", 'edges: "edges"', 'first: "first", after: "after"', "after is of type Int, and has"),
        ("first: String, after: ID", 'edges: "edges"', 'first: "first", after: "after"', "first is of type String"),
        ("page: Int", 'total: "sum", tells: "number: at pages: of"', 'number: "page"', "total sum is a String"),
    ],
)
def test_what_cannot_be_paged_is_named(arguments: str, listing: str, page: str, said: str) -> None:
    sdl = f"""
      type Query {{ chairs({arguments}): Chairs! }} enum Size {{ S12 S24 }} input W {{ from: Int to: Int }}
      type Chairs {{ chairs: [Chair!]! edges: [Edge!]! sum: String! at: Int! of: Int! }}
      type Edge {{ node: Chair! cursor: String! }}
      {CHAIR}
    """
    fitted, findings = fit(reader.read(MAP % (listing, page)), build_schema(sdl))
    assert not fitted.listings
    assert next(one.said for one in findings if not one.found).startswith(said)


def test_a_draft_takes_no_other_string_for_a_number() -> None:
    drafted = draft(
        build_schema(SDL.replace('page: String = "1", perPage: String = "10"', "begin: String, top: ID")), name="x"
    )
    assert not drafted.listings
