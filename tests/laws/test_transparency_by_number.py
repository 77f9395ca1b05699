"""Law 1 in front of shops that page by number, answer bare lists or tell of their pages: any page, in any shape."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from personalize.shops.draft import draft
from tests.gateway_world import Bench
from tests.laws.likeness import differences
from tests.map_paged_shapes import PAGED
from tests.map_shops import Shape, ShapeShop

SHAPES = {shape.name: shape for shape in PAGED if shape.name != "either"}  # it has fragments of its own
NUMBERS = (-1, 0, 1, 2, 3, 5, 6, 7, 50)
SIZES = (0, 1, 5, 8, 20, 43, 50, 51, 301)
FIELD = {
    "numbered": ("chairs({page}currentPage: $page, pageSize: $size)", ("page", "size")),
    "fixed": ("Chairs(page: $page)", ("page",)),
    "echoing": ("chairSearch(offset: $page, limit: $size)", ("page", "size")),
    "deep": ("search(page: {{offset: $page, limit: $size}})", ("page", "size")),
    "bare": ("chairs(offset: $page, limit: $size)", ("page", "size")),
    "bare-numbered": ("chairs(pagination: {{page: $page, pageSize: $size}})", ("page", "size")),
}
ROWS = ("id", "id name ...C", "n: name maker @skip(if: $no)", "price currency __typename")
BESIDE = {
    "numbered": ("page_info { a: current_page }", "p: page_info { page_size total_pages @include(if: $yes) }",
                 "total_count", "page_info @skip(if: $yes) { total_pages }", "__typename"),
    "fixed": ("totalPages", "page n: nextPage prevPage", "hasNextPage pagingCounter @skip(if: $no)", "limit",
              "totalDocs"),
    "echoing": ("offset", "l: limit count", "count c: count", "offset @skip(if: $yes) total", "exists"),
}  # fmt: skip
LIST = {"numbered": "items", "fixed": "docs", "echoing": "results"}


@st.composite
def queries(draw: st.DrawFn, name: str) -> tuple[str, dict[str, Any]]:
    """A list in one of many shapes, and its variables."""

    def rows(key: str) -> str:
        again = draw(st.sampled_from([key, f"r: {key}", f"{key} @include(if: $yes)"]))
        return f"{again} {{ {draw(st.sampled_from(ROWS))} }}"

    field, names = FIELD[name]
    if name in LIST:
        parts = [rows(LIST[name]), *draw(st.lists(st.sampled_from(BESIDE[name]), max_size=3, unique=True))]
        text = " ".join(draw(st.permutations(parts)))
    elif name == "deep":
        beside = st.sampled_from(
            ["pagination { hasMore limit }", "p: pagination { offset t: total }", "facets { key }"]
        )
        inner = " ".join(draw(st.permutations([rows("items"), *draw(st.lists(beside, max_size=2, unique=True))])))
        text = f"{draw(st.sampled_from(['', 'status ']))}{draw(st.sampled_from(['data', 'd: data']))} {{ {inner} }}"
    else:
        text = draw(st.sampled_from(ROWS))
    variables: dict[str, Any] = {"yes": True, "no": False}
    for one, values in zip(names, (NUMBERS, SIZES), strict=False):
        if draw(st.integers(0, 4)):  # seldom left out
            variables[one] = draw(st.sampled_from(values))
    declared = " ".join(f"${one}: Int" for one in names)
    whole = f"query Q({declared} $yes: Boolean! $no: Boolean!) {{ x: {field.format(page='')} {{ {text} }}"
    whole += " y: __typename @include(if: $yes) z: __typename @skip(if: $no) }"
    return whole + (" fragment C on Chair { currency name }" if "...C" in whole else ""), variables


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The gateways of all shapes."""
    made = Bench()
    yield made
    made.close()


def mapped(shape: Shape, folder: str) -> str:
    """The shape's draft, edited, with lists that guests share."""
    text = draft(build_schema(shape.sdl), name=shape.name).text
    for was, now in (*shape.edits, ("shareable: false", "shareable: true")):
        text = text.replace(was, now)
    path = Path(folder) / f"{shape.name}.graphql"
    path.write_text(text, encoding="utf-8")
    return str(path)


async def _same(bench: Bench, shop: ShapeShop, path: str, asked: tuple[str, dict[str, Any]], *headers: Any) -> None:
    one = bench.world("nothing", shop=shop, shop_map=path)
    direct = await one.direct(*asked, headers=headers)
    for time in range(3):
        through = await one.send(*asked, headers=headers)
        found = differences(direct, through)
        assert not found, f"time {time + 1}: " + "\n".join(found) + f"\nof {asked}"
        await one.settle()
    assert not [name for name in one.faults() if not name.startswith(("gave_up", "fill"))], one.faults()


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_page(name: str, bench: Bench) -> None:
    """All machinery runs, nothing is changed: guests with shared windows, strangers with their own."""
    with tempfile.TemporaryDirectory() as folder:
        shop, path = SHAPES[name].shop(), mapped(SHAPES[name], folder)
        bench.world("nothing", shop=shop, shop_map=path)

        @settings(
            max_examples=40, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        )  # fmt: skip
        @given(queries(name), st.booleans())
        def holds(asked: tuple[str, dict[str, Any]], stranger: bool) -> None:
            headers = [("authorization", "Bearer " + "e" * 64)] if stranger else []
            bench.run(_same(bench, shop, path, asked, *headers))

        holds()
        made = bench.world("nothing", shop=shop, shop_map=path)
        assert made.gateway.listings.arranger.runs.runs, "every query was invalid"
