"""The demo shop over HTTP: the same statuses, headers and refusals as Vendure's server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from graphql import get_introspection_query

from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop

APP = create_shop(generate())
QUERY = "{ activeChannel { code } }"
GOOD = {"data": {"activeChannel": {"code": "__default_channel__"}}}


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{ search(", 400, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("{ products { items { id ... @defer { name } } } }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { me { id } } query B { me { id } }", 400, "OPERATION_RESOLUTION_FAILURE"),
        ("{ " + "a: activeChannel { code } " * 6_000 + "}", 500, None),
        ("query Q($i: SearchInput!) { search(input: $i) { totalItems } }", 200, "BAD_USER_INPUT"),
        ("{ products(options: {take: 1000}) { totalItems } }", 200, "USER_INPUT_ERROR"),
    ],
)
async def test_status_codes(shop: httpx.AsyncClient, query: str, status: int, code: str | None) -> None:
    answer = await shop.post("/shop-api", json={"query": query})
    assert answer.status_code == status
    if code is None:
        assert answer.json()["statusCode"] == 500
        return
    assert answer.json()["errors"][0]["extensions"]["code"] == code
    assert ("data" in answer.json()) is (code == "USER_INPUT_ERROR")


async def test_deep_nesting_is_refused_not_a_crash(shop: httpx.AsyncClient) -> None:
    deep = "{ a " * 4_000 + "}" * 4_000
    answer = await shop.post("/shop-api", json={"query": deep})
    assert answer.status_code == 400


async def test_operation_names(shop: httpx.AsyncClient) -> None:
    two = f"query A {QUERY} query B {{ b: activeChannel {{ code }} }}"
    chosen = await shop.post("/shop-api", json={"query": two, "operationName": "B"})
    assert list(chosen.json()["data"]) == ["b"]
    unknown = await shop.post("/shop-api", json={"query": two, "operationName": "Z"})
    assert unknown.status_code == 400
    assert unknown.json()["errors"][0]["message"] == 'Unknown operation named "Z".'


async def test_get(shop: httpx.AsyncClient) -> None:
    assert (await shop.get("/shop-api", params={"query": QUERY})).json() == GOOD
    search = "query Q($i: SearchInput!) { search(input: $i) { totalItems } }"
    found = await shop.get("/shop-api", params={"query": search, "variables": json.dumps({"i": {"take": 1}})})
    assert found.json()["data"]["search"]["totalItems"] > 1_200
    change = await shop.get("/shop-api", params={"query": "mutation { logout { success } }"})
    assert (change.status_code, change.headers["allow"]) == (405, "POST")
    assert (await shop.get("/shop-api")).status_code == 400


async def test_other_bodies(shop: httpx.AsyncClient) -> None:
    assert (await shop.post("/shop-api", data={"query": QUERY})).json() == GOOD
    kinds = {"text/plain": 400, "application/graphql": 400}
    for kind, status in kinds.items():
        answer = await shop.post("/shop-api", content=json.dumps({"query": QUERY}), headers={"content-type": kind})
        assert answer.status_code == status
    broken = await shop.post("/shop-api", content='{"query":', headers={"content-type": "application/json"})
    assert broken.status_code == 400
    assert broken.json()["statusCode"] == 400, "not a GraphQL answer"
    batch = await shop.post("/shop-api", json=[{"query": QUERY}])
    assert batch.json()["errors"][0]["message"] == "Operation batching disabled."
    assert (await shop.post("/shop-api", json={})).status_code == 400
    assert (await shop.post("/shop-api", json={"query": 5})).status_code == 400


async def test_methods_and_media_types(shop: httpx.AsyncClient) -> None:
    for method in ("PUT", "QUERY", "DELETE"):
        answer = await shop.request(method, "/shop-api", json={"query": QUERY})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    refused = await shop.post("/shop-api", json={"query": QUERY}, headers={"accept": "text/html"})
    assert refused.status_code == 406
    kind = "application/graphql-response+json"
    answer = await shop.post("/shop-api", json={"query": QUERY}, headers={"accept": kind})
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert (await shop.post("/shop-api/anything", json={"query": QUERY})).json() == GOOD


async def test_headers_and_preflight(shop: httpx.AsyncClient) -> None:
    answer = await shop.post("/shop-api", json={"query": QUERY}, headers={"origin": "https://store.example"})
    assert answer.headers["access-control-allow-origin"] == "https://store.example"
    assert answer.headers["access-control-expose-headers"] == "vendure-auth-token"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["etag"].startswith('W/"')
    assert answer.content.endswith(b"\n")
    preflight = await shop.options(
        "/shop-api",
        headers={"origin": "https://store.example", "access-control-request-headers": "x-personalize-visitor"},
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-headers"] == "x-personalize-visitor"


async def test_persisted_queries(shop: httpx.AsyncClient) -> None:
    digest = hashlib.sha256(QUERY.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    miss = await shop.post("/shop-api", json={"extensions": extensions})
    assert miss.status_code == 200
    assert miss.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert (await shop.post("/shop-api", json={"query": QUERY, "extensions": extensions})).json() == GOOD
    assert (await shop.post("/shop-api", json={"extensions": extensions})).json() == GOOD
    assert (await shop.get("/shop-api", params={"extensions": json.dumps(extensions)})).json() == GOOD
    wrong = await shop.post("/shop-api", json={"query": "{ me { id } }", "extensions": extensions})
    assert wrong.status_code == 400


async def test_another_currency_is_an_error(shop: httpx.AsyncClient) -> None:
    answer = await shop.post("/shop-api?currencyCode=USD", json={"query": QUERY})
    error = answer.json()["errors"][0]
    assert error["message"] == 'The currency "USD" is not available in the current Channel'
    assert error["path"] == ["activeChannel"]


async def test_introspection_can_be_switched_off(shop: httpx.AsyncClient) -> None:
    body = {"query": get_introspection_query()}
    assert (await shop.post("/shop-api", json=body)).json()["data"]["__schema"]["queryType"]["name"] == "Query"
    transport = httpx.ASGITransport(create_shop(generate(), introspection=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as closed:
        refused = await closed.post("/shop-api", json=body)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["extensions"]["validationErrorCode"] == "INTROSPECTION_DISABLED"
        assert (await closed.post("/shop-api", json={"query": "{ __typename }"})).json() == {
            "data": {"__typename": "Query"}
        }
