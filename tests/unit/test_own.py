"""Our own fields wherever a client puts them, and what becomes of them when something of ours fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from personalize.gateway.listing.choosing import Listings
from personalize.gateway.ours.desk import RequestDesk
from tests.gateway_world import Bench, World, world
from tests.laws.likeness import body_of

STRANGER = [("authorization", "Bearer " + "d" * 64)]
ITEM = "personalization { itemId bought }"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One shop and its gateways."""
    made = Bench()
    yield made
    made.close()


def data(response: httpx.Response) -> Any:
    """The data of an answer without errors."""
    assert response.status_code == 200
    body = response.json()
    assert "errors" not in body, body
    assert b"_pz_" not in response.content
    return body["data"]


def own(item_id: str, bought: bool | None = False) -> dict[str, Any]:
    """What our field says of an item."""
    return {"itemId": item_id, "bought": bought}


@pytest.mark.parametrize(
    "arguments",
    ["take: 4", "take: 4, skip: 3", "take: -1, term: \"terracotta\"", "take: 0", "take: 1200", "take: 3, skip: 5000",
     "take: 4, sort: {name: ASC}"],
)  # fmt: skip
@pytest.mark.parametrize("who", [[], STRANGER], ids=["guest", "stranger"])
def test_on_every_row(bench: Bench, arguments: str, who: list[tuple[str, str]]) -> None:
    """In lists that are turned, sorted, paged oddly or behind the window."""
    query = f"{{ search(input: {{{arguments}, groupByProduct: true}}) {{ rows: items {{ productId mine: {ITEM} }} }} }}"
    for _ in range(2):
        for row in data(bench.run(bench.world("reversing").send(query, headers=who)))["search"]["rows"]:
            assert row["mine"] == own(row["productId"])


def test_in_any_place(bench: Bench) -> None:
    """Under two names, in fragments, below rows, in details, lists of lists and carts."""
    query = """
    query Q($yes: Boolean!, $no: Boolean!) {
      search(input: {take: 2, groupByProduct: true}) { items { ...S } }
      product(id: "3") { id a: personalization { itemId } b: personalization { ...I } c: personalization @skip(if: $yes)
        { itemId } variants { id personalization @include(if: $yes) { itemId __typename } } }
      collections(options: {take: 2}) { items { productVariants(options: {take: 2}) { items { productId ...V } } } }
      products(options: {take: 2}) { items { id personalization { itemId @include(if: $no) }
        variantList(options: {take: 2}) { items { productId ...V } } } }
    }
    fragment S on SearchResult { productId personalization { ...I } }
    fragment I on ItemPersonalization { itemId bought }
    fragment V on ProductVariant { personalization { ... { own: itemId } } }
    """
    found = data(bench.run(bench.world("reversing").send(query, {"yes": True, "no": False})))
    for row in found["search"]["items"]:
        assert row["personalization"] == own(row["productId"])
    product = found["product"]
    assert (product["a"], product["b"]) == ({"itemId": "3"}, own("3"))
    assert "c" not in product
    mine = {"itemId": "3", "__typename": "ItemPersonalization"}
    assert all(variant["personalization"] == mine for variant in product["variants"])
    rows = [row for one in found["collections"]["items"] for row in one["productVariants"]["items"]]
    rows += [row for one in found["products"]["items"] for row in one["variantList"]["items"]]
    assert len(rows) > 4
    assert all(row["personalization"] == {"own": row["productId"]} for row in rows)
    assert all(row["personalization"] == {} for row in found["products"]["items"])


def test_in_a_cart(bench: Bench) -> None:
    """On what a mutation answers, beside a mutation of ours."""
    query = f"""
    mutation {{
      addItemToOrder(productVariantId: 1, quantity: 1) {{
        ... on Order {{ lines {{ productVariant {{ productId {ITEM} }} }} }}
      }}
      personalization {{ notInterested(itemId: "9") }}
    }}
    """
    found = data(bench.run(bench.world("reversing").send(query)))
    (line,) = found["addItemToOrder"]["lines"]
    assert line["productVariant"]["personalization"] == own(line["productVariant"]["productId"])
    assert found["personalization"] == {"notInterested": True}


def test_the_report(bench: Bench) -> None:
    """Of the lists of the same operation, by response path."""
    query = """
    query Q($p: String) {
      hits: search(input: {term: "terracotta", groupByProduct: true}) { items { productId } }
      ...R
    }
    fragment R on Query { mine: personalization { listings(path: $p) { path personalized strategy
      items { itemId position shopPosition reason { code text } } } } }
    """
    one = bench.world("reversing")
    found = data(bench.run(one.send(query, {"p": "hits"})))
    (report,) = found["mine"]["listings"]
    assert (report["path"], report["personalized"], report["strategy"]) == ("hits", True, "reversing")
    assert [item["itemId"] for item in report["items"]] == [row["productId"] for row in found["hits"]["items"]]
    assert [item["position"] for item in report["items"]] == list(range(6))
    assert [item["shopPosition"] for item in report["items"]] == list(range(5, -1, -1))
    assert report["items"][0]["reason"]["text"]
    assert data(bench.run(one.send(query, {"p": "nowhere"})))["mine"] == {"listings": []}


QUERY = f"""{{
  search(input: {{term: "terracotta", groupByProduct: true}}) {{ items {{ productId {ITEM} }} }}
  personalization {{ listings {{ path }} }} me {{ id }}
}}"""


async def test_a_fault_in_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's order, our fields, the shop's error where it was."""

    def broken(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(Listings, "arrange", broken)
    async with world() as one:
        direct = await one.direct(
            '{ search(input: {term: "terracotta", groupByProduct: true}) { items { productId } } }'
        )
        for headers in ([], STRANGER):
            answer = await one.send(QUERY, headers=headers)
            found = answer.json()
            theirs = direct.json()["data"]["search"]["items"]
            assert found["data"]["search"]["items"] == [
                {"productId": row["productId"], "personalization": own(row["productId"])} for row in theirs
            ]
            assert found["data"]["personalization"] == {"listings": []}
            (error,) = found["errors"]
            assert (error["path"], error["locations"]) == (
                ["me"],
                [{"line": 3, "column": QUERY.splitlines()[2].index("me") + 1}],
            )
            assert "etag" not in answer.headers
        assert "pipeline RuntimeError" in one.faults()


async def test_a_fault_in_our_own_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Null and an error that points to it; the shop's answer stands."""

    def broken(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(RequestDesk, "listings", broken)
    async with world() as one:
        answer = await one.send(QUERY)
        found = answer.json()
        assert found["data"]["personalization"] is None
        assert len(found["data"]["search"]["items"]) == 6
        assert [error["path"] for error in found["errors"]] == [["me"], ["personalization", "listings"]]
        assert found["errors"][1]["locations"] == [{"line": 3, "column": 21}]


async def test_a_fault_after_a_mutation(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shop did is told; it is not asked again; ours is null."""

    async def broken(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("personalize.gateway.pipeline.place_ours", broken)
    query = 'mutation { removeAllOrderLines { __typename } personalization { notInterested(itemId: "1") } }'
    async with world() as one:
        assert one.upstream is not None
        answer = await one.send(query)
        assert answer.json()["data"]["personalization"] is None
        assert answer.json()["data"]["removeAllOrderLines"]["__typename"]
        assert one.upstream.count == 1


@pytest.mark.parametrize(
    "query",
    [
        "{ personalization { nope } }",
        "{ personalization }",
        "{ personalization { listings(path: 3) { path } } }",
        "query Q($p: Int) { personalization { listings(path: $p) { path } } }",
        "{ products { items { personalization } } }",
        "mutation { personalization { notInterested } }",
    ],
)
def test_an_invalid_document(bench: Bench, query: str) -> None:
    """We say what is wrong, in the client's own document."""
    answer = bench.run(bench.world("reversing").send(query, {"p": 3}))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["locations"]


async def test_asleep() -> None:
    """With everything off our fields are answered all the same."""
    async with world(()) as one:
        assert await _lists(one) == []
        found = data(await one.send(f"{{ products(options: {{take: 1}}) {{ items {{ id {ITEM} }} }} }}"))
        (row,) = found["products"]["items"]
        assert row["personalization"]["itemId"] == row["id"]
        direct, through = await one.direct("{ me { id } }"), await one.send("{ me { id } }")
        assert body_of(direct) == body_of(through)


async def _lists(one: World) -> Any:
    found = data(await one.send("{ personalization { listings { personalized } visit { strategies } } }"))
    assert found["personalization"]["visit"]["strategies"] == []
    return found["personalization"]["listings"]
