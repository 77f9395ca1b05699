"""What strangers found: small documents, many listings, dear questions, odd answers; each stays mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from graphql import print_schema, strip_ignored_characters
from hypothesis import HealthCheck, Phase, given, settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.gateway_world import GATEWAY_URL, Bench, past, request_of
from tests.laws.likeness import body_of
from tests.laws.operations import Made, operations
from tests.laws.test_transparency import KNOWN, SCHEMA


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One shop and its gateways."""
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize(
    "query",
    [
        "query L{search(input:{take:1}){items{productId personalization{bought}productName}}}",
        "query L{product(id:1){personalization{bought}name}}",
        "query L{product(id:1){id personalization{bought}...on Product{name}}}",
        "{search(input:{take:2}){items{personalization{itemId}}}}",
        "{search(input:{take:2}){items{personalization{itemId}productId}}personalization{visit{consent}}}",
        "query($t:Int$s:Int){search(input:{take:$t skip:$s}){items{personalization{itemId}productId}}}",
    ],
)
def test_our_fields_in_minified_documents(bench: Bench, query: str) -> None:
    one = bench.world("reversing")
    for headers in ({}, {"authorization": "Bearer " + "e" * 64}):
        for _ in range(3):
            answer = bench.run(one.send(query, {"t": 3, "s": 0}, headers=headers))
            bench.run(one.settle())
            assert answer.status_code == 200, answer.text
            assert "errors" not in answer.json()
            assert "_pz_" not in answer.text
            data = answer.json()["data"]
            nodes = data["search"]["items"] if "search" in data else [data["product"]]
            assert nodes
            assert all(node["personalization"] is not None for node in nodes)


@settings(
    max_examples=60, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(operations(SCHEMA, KNOWN))
def test_minified_operations_get_the_shops_own_answer(bench: Bench, made: Made) -> None:
    one, query = bench.world("nothing"), strip_ignored_characters(made.query)
    direct = bench.run(one.direct(query, made.variables, name=made.name))
    for _ in range(2):
        through = bench.run(one.send(query, made.variables, name=made.name))
        assert body_of(direct) == body_of(through), query


def test_more_listings_than_we_order(bench: Bench) -> None:
    one = bench.world("reversing")
    rails = " ".join(f"r{n}: search(input: {{ take: 2, skip: {n} }}) {{ items {{ productId }} }}" for n in range(10))
    with_ours = rails.replace("{ productId }", "{ productId personalization { itemId } }")
    answer = bench.run(one.send(f"{{ {with_ours} personalization {{ visit {{ consent }} }} }}"))
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["personalization"]["visit"]["consent"] == "CONSENTED"
    for rail in range(10):
        for item in data[f"r{rail}"]["items"]:
            assert item["personalization"]["itemId"] == item["productId"]


def test_too_much_of_our_own_is_refused(bench: Bench) -> None:
    one = bench.world("reversing")
    dear = " ".join(
        f"a{n}: personalization {{ listings {{ items {{ itemId position shopPosition reason {{ code text }} }} }} }}"
        for n in range(20)
    )
    answer = bench.run(one.send(f"{{ search(input: {{ take: 100 }}) {{ items {{ productId }} }} {dear} }}"))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


def test_a_report_is_bounded(bench: Bench) -> None:
    one = bench.world("reversing")
    query = (
        "{ search(input: { take: 1000 }) { items { productId } } personalization { listings { items { itemId } } } }"
    )
    data = bench.run(one.send(query)).json()["data"]
    assert len(data["search"]["items"]) == 1000
    assert len(data["personalization"]["listings"][0]["items"]) == 400


def test_hidden_fields_are_asked_for_once_where_fields_merge(bench: Bench) -> None:
    one = bench.world("reversing")
    assert one.upstream is not None
    again = "search(input: { take: 3 }) { items { productId } } " * 50
    one.upstream.clear()
    assert bench.run(one.send(f"{{ {again} }}")).status_code == 200
    assert one.upstream.documents[0].count("_pz_0_id") == 1


def test_a_parameter_given_twice_is_the_shops_to_read(bench: Bench) -> None:
    one = bench.world("reversing")
    params = "query=%7Bsearch(input:%7Btake:2%7D)%7Bitems%7BproductId%7D%7D%7D&query=%7B__typename%7D"
    through = bench.run(one.send(method="GET", params=params))
    direct = bench.run(past(one.shop, method="GET", params=params))
    assert (through.status_code, through.content) == (direct.status_code, direct.content)


def test_an_answer_that_is_not_in_the_coding_it_names(bench: Bench, tmp_path: Path) -> None:
    body = orjson.dumps({"data": {"search": {"items": []}}})

    async def answer(_: Request) -> Response:
        return Response(body, headers={"content-encoding": "gzip", "content-type": "application/json"})

    (tmp_path / "schema.graphql").write_text(print_schema(SCHEMA), "utf-8")
    shop = Starlette(routes=[Route("/shop-api", answer, methods=["POST"])])
    one = bench.world("reversing", shop=shop, schema_file=str(tmp_path / "schema.graphql"))
    asked = request_of(GATEWAY_URL, "{ search(input: { take: 2 }) { items { productId } } }")

    async def raw() -> tuple[int, str, bytes]:
        response = await httpx.ASGITransport(app=one.storefront).handle_async_request(asked)
        return (
            response.status_code,
            response.headers["content-encoding"],
            b"".join([chunk async for chunk in response.aiter_raw()]),
        )

    assert bench.run(raw()) == (200, "gzip", body)


@pytest.mark.parametrize("decision", ["reversing", "nothing"])
def test_a_newcomers_run_that_was_pushed_out(bench: Bench, decision: str) -> None:
    one = bench.world(decision)
    query = """query P($s: Int!) {
      search(input: { collectionSlug: "women", groupByProduct: true, take: 24, skip: $s }) {
        totalItems items { productId } } }"""
    bench.run(one.send(query, {"s": 0}))
    bench.run(one.settle())
    first = bench.run(one.send(query, {"s": 0}))
    one.gateway.runs.newborn.clear()  # as thousands of others who never come back would do
    headers = {"x-personalize-visitor": first.headers["x-personalize-visitor"]}
    listing = first.json()["data"]["search"]
    seen = [item["productId"] for item in listing["items"]]
    while len(seen) < listing["totalItems"]:
        page = bench.run(one.send(query, {"s": len(seen)}, headers=headers)).json()["data"]["search"]["items"]
        seen += [item["productId"] for item in page]
        detail = "query D($id: ID!) { product(id: $id) { id } }"
        bench.run(one.send(detail, {"id": page[0]["productId"]}, headers=headers))
        bench.run(one.gateway.outbox.flush())
    assert len(set(seen)) == len(seen) == listing["totalItems"]
