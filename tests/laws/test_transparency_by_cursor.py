"""Law 1 in front of shops that page by cursor: whatever page is asked for, in whatever shape, by whom."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cursor_shops import LIMIT, CursorShop, cursor_of, rack_of, small_map
from tests.gateway_world import Bench
from tests.laws.likeness import differences

ITEM = {
    "saleor": ("id", "id name note", "category { id } ...I", "pricing { priceRange { start { gross { amount } } } }"),
    "shopify": ("id", "id title note", "...I", "vendor priceRange { minVariantPrice { amount } }"),
}
SHOPS = {kind: CursorShop(kind, rack_of(31, broken={3, 12, 27})) for kind in ITEM}
CURSORS = (None, "", "nonsense", *(cursor_of(at) for at in (-1.0, 0.0, 4.0, 9.5, 15.0, 23.0, 24.0, 29.0, 30.0, 99.0)))
GOOD = (1, 3, 7, LIMIT)
SIZES = (None, 0, -1, 1, 3, 7, LIMIT, LIMIT + 1)


@st.composite
def queries(draw: st.DrawFn, kind: str) -> tuple[str, dict[str, Any]]:
    """A list in one of many shapes, and its variables."""
    item = st.sampled_from(ITEM[kind])
    parts = [
        draw(st.sampled_from(["edges", "more: edges", "edges @include(if: $yes)"])) + " { "
        + draw(st.sampled_from(["", "cursor ", "c: cursor ", "cursor c: cursor __typename "]))
        + draw(st.sampled_from(["node", "n: node @skip(if: $no)", "a: node { id } node"])) + f" {{ {draw(item)} }} }}"
    ]  # fmt: skip
    parts += draw(st.lists(st.sampled_from([
        "edges { cursor }", "pageInfo { hasNextPage endCursor }", "p: pageInfo { ...P __typename }", "__typename",
        "pageInfo @skip(if: $yes) { startCursor }", "totalCount" if kind == "saleor" else "nodes { id ...I }",
    ]), max_size=4, unique=True))  # fmt: skip
    parts = draw(st.permutations(parts))
    first, last = {"first", "after"}, {"last", "before"}
    odd = draw(st.sampled_from([first, first, first, last, first | last]))  # both directions are seldom
    sizes = st.sampled_from((*GOOD, *GOOD, *SIZES))
    given: dict[str, Any] = {name: draw(sizes) for name in ("first", "last")}
    given |= {name: draw(st.sampled_from(CURSORS)) for name in ("after", "before")}
    variables = {"yes": True, "no": False, **{name: given[name] if name in odd else None for name in sorted(given)}}
    for name in draw(st.sets(st.sampled_from(["first", "after", "last", "before"]))):
        if variables[name] is None:  # not given is not the same as null
            del variables[name]
    paging = "first: $first, after: $after, last: $last, before: $before"
    if kind == "saleor":
        field = draw(
            st.sampled_from([f"products({paging})", f'products({paging}, sortBy: {{field: "N", direction: "D"}})'])
        )
    else:
        field = draw(st.sampled_from([f"products({paging})", f"products({paging}, reverse: true)"]))
    text = f"x: {field} {{ {' '.join(parts)} }}"
    if kind == "shopify" and draw(st.booleans()):
        text = f'collection(handle: "h") {{ {text} }}'
    declared = "$first: Int, $after: String, $last: Int, $before: String, $yes: Boolean!, $no: Boolean!"
    text += " __typename @include(if: $yes) no: __typename @include(if: $no)"  # shops object to what is left unused
    text += " fragment I on Product { id note }" if "...I" in text else ""
    text = f"query Q({declared}) {{ {text}"
    head, fragment, tail = text.partition(" fragment I")
    paged = " fragment P on PageInfo { hasPreviousPage s: startCursor endCursor }" if "...P" in text else ""
    return f"{head} }}{paged}{fragment}{tail}", variables


@pytest.fixture(scope="module")
def maps() -> Iterator[dict[str, str]]:
    """The toys' maps."""
    with tempfile.TemporaryDirectory() as folder:
        yield {kind: small_map(kind, Path(folder)) for kind in ITEM}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The toys and their gateways."""
    made = Bench()
    yield made
    made.close()


async def _same(bench: Bench, kind: str, path: str, asked: tuple[str, dict[str, Any]], *headers: Any) -> None:
    one = bench.world("nothing", shop=SHOPS[kind], shop_map=path)
    direct = await one.direct(*asked, headers=headers)
    for time in range(3):
        through = await one.send(*asked, headers=headers)
        found = differences(direct, through)
        assert not found, f"time {time + 1}: " + "\n".join(found) + f"\nof {asked}"
        await one.settle()
    assert not [name for name in one.faults() if not name.startswith("gave_up")]


@pytest.mark.parametrize("kind", sorted(ITEM))
def test_every_page(kind: str, bench: Bench, maps: dict[str, str]) -> None:
    """All machinery runs, nothing is changed: guests with shared windows, strangers with their own."""
    bench.world("nothing", shop=SHOPS[kind], shop_map=maps[kind])

    @settings(
        max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )  # fmt: skip
    @given(queries(kind), st.booleans())
    def holds(asked: tuple[str, dict[str, Any]], stranger: bool) -> None:
        headers = [("authorization", "Bearer " + "e" * 64)] if stranger and kind == "saleor" else []
        bench.run(_same(bench, kind, maps[kind], asked, *headers))

    holds()
    pages = bench.world("nothing", shop=SHOPS[kind], shop_map=maps[kind]).gateway.listings.arranger.runs
    assert pages.runs, "every query was invalid"
