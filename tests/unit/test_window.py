"""Windows: rows and candidates read from raw answers, what cannot be reordered, versions of heads and pages."""

from __future__ import annotations

import math

import msgspec
import orjson
import pytest

from personalize.gateway.document.raw import fields
from personalize.gateway.document.slots import ListingSlot, View
from personalize.gateway.listing.part import Unreadable, read_part
from personalize.gateway.listing.window import Window, build
from personalize.shops import reader

SHOP = reader.load("vendure")


def slot(*, views: tuple[str, ...] = ("items",)) -> ListingSlot:
    return ListingSlot(
        index=0, path=("search",), map=SHOP.listings["Query", "search"], parents=(), occurrences=(),
        views=tuple(View(key) for key in views), view_occurrences=(), totals=(("totalItems",),),
        item_types=(SHOP.items["SearchResult"],), abstract=False, group=0, alone=True, page_infos={},
    )  # fmt: skip


def node(product: object, variant: object, price: object = 1995, **more: object) -> dict[str, object]:
    hidden = {
        "_pz_0_id": product, "_pz_0_variant": variant, "_pz_0_title": f"T{product}", "_pz_0_price": {"value": price},
        "_pz_0_currency": "EUR", "_pz_0_a0": ["1", "2"], "_pz_0_a1": [], "_pz_0_a2": True,
    }  # fmt: skip
    return {**hidden, "name": f"N{variant}", **more}


def window(nodes: list[object], total: object = 100, **more: object) -> Window:
    container = orjson.dumps({"totalItems": total, "facetValues": [1], "items": nodes})
    return build([read_part(container, slot())], list_id="search:x", term=None, **more)


def test_rows_candidates_and_columns():
    made = window([node("p1", "v1"), node("p1", "v2", 995), node("p2", "v3", None)])
    assert made.rows == ("v1", "v2", "v3")
    assert made.candidates == ((0, 1), (2,))
    assert made.owner == (0, 0, 1)
    assert made.listing.ids == ("p1", "p2")
    assert made.listing.prices[0] == 9.95  # the least of a product's variants, in major units
    assert math.isnan(made.listing.prices[1])
    assert made.listing.currency == "EUR"
    assert made.listing.titles == ("Tp1", "Tp2")
    assert made.listing.attributes[0] == {"facet": ["1", "2"], "collection": [], "inStock": True}
    assert made.rest.keys() == {"totalItems", "facetValues"}
    assert made.total == 100
    assert made.whole is False


def test_pages_are_the_storefronts_own_nodes_moved():
    made = window([node("p1", "v1"), node("p2", "v2", note='ü "quoted"')])
    page = orjson.loads(made.page(View("items"), (1, 0), 0, {0: {(): {"personalization": b'{"bought":true}'}}}))
    assert page == [{"name": "Nv2", "note": 'ü "quoted"'}, {"name": "Nv1", "personalization": {"bought": True}}]


def test_several_views_of_one_list():
    container = orjson.dumps({"items": [node("p1", "v1")], "again": [node("p1", "v1", more=1)]})
    made = build([read_part(container, slot(views=("items", "again")))], list_id="x", term="lamp")
    assert orjson.loads(made.page(View("again"), (0,), 0)) == [{"name": "Nv1", "more": 1}]
    assert made.listing.search_term == "lamp"
    assert made.total is None


def test_the_end_of_a_list():
    assert window([node("p1", "v1")], total=1).whole is True
    assert window([node("p1", "v1")], total=None, asked=5).whole is True
    assert window([node("p1", "v1")], total=None, asked=1).whole is False
    assert window([node("p1", "v1")], total=7, offset=6).whole is True
    assert window([], total=0).listing.ids == ()


@pytest.mark.parametrize(
    "nodes",
    [
        None, "text", [None], [node("p1", "v1"), None], [node("p1", "v1"), node("p2", "v1")], [node(None, "v1")],
        [{"name": "no id at all"}], [[node("p1", "v1")]],
    ],
)  # fmt: skip
def test_what_cannot_be_reordered(nodes):
    with pytest.raises(Unreadable):
        window(nodes)


def test_a_row_without_a_variant_is_its_product():
    assert window([node("p1", None), node("p2", None)]).rows == ("p1", "p2")
    assert window([node(7, 70)]).listing.ids == ("7",)


def test_broken_json_is_no_window():
    with pytest.raises(msgspec.DecodeError):
        read_part(b'{"items": [', slot())


def test_windows_agree_where_their_heads_do():
    small, large = ([node(f"p{n}", f"v{n}") for n in range(size)] for size in (5, 9))
    one, two = window(small), window(large)
    assert one.version != two.version
    assert one.head(5) == one.head(50) == one.version == two.head(5)
    assert two.head(6) != two.head(5)
    for size in range(1, 9):
        two.head(size)
    assert len(two.heads) <= 8


def test_a_windows_size_counts_its_nodes():
    assert window([node("p1", "v1", text="x" * 1_000)]).size > 1_000
    assert fields(b'{"a": 1}')["a"] == msgspec.Raw(b"1")
