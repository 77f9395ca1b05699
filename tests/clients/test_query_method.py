"""HTTP QUERY: a listing by it over HTTP, though no shop knows it; and nothing but queries."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from personalize.gateway.document.limits import MAX_CHARACTERS
from tests.clients.front import front, ordered, shop_order
from tests.gateway_world import SHOP_URL, World, world
from tests.vendure.server import Vendure

LISTING = """query($input: SearchInput!) {
  search(input: $input) { items { productId personalization { itemId } } }
  personalization { visit { identified } }
}"""
ASKED = {"groupByProduct": True, "take": 12}
HEADERS = {"X-Personalize-Consent": "personalization"}
MUTATION = "mutation { addItemToOrder(productVariantId: 1, quantity: 1) { __typename } }"


async def test_a_listing_by_query() -> None:
    async with front() as served:
        await lists(served.gateway, served.shop, served.taste.visitors)


@pytest.mark.vendure
async def test_a_listing_of_vendure_by_query(vendure: Vendure) -> None:
    """Vendure refuses the method itself; we ask it by POST."""
    async with front(vendure.shop_url) as served:
        await lists(served.gateway, served.shop, served.taste.visitors)


async def lists(gateway: str, shop: str, visitors: set[str]) -> None:
    """The shop refuses QUERY; through the gateway it gives the personalised listing."""
    sent = {"query": LISTING, "variables": {"input": ASKED}}
    async with httpx.AsyncClient(timeout=20, headers=HEADERS) as client:
        assert (await client.request("QUERY", shop, json={"query": "{ __typename }"})).status_code == 405
        response = await client.request("QUERY", gateway, json=sent)
    data = response.json()["data"]
    shown = [item["productId"] for item in data["search"]["items"]]
    assert response.status_code == 200
    assert shown == ordered((await shop_order(shop, ASKED))[:12], *visitors)
    assert shown == [item["personalization"]["itemId"] for item in data["search"]["items"]]
    assert data["personalization"] == {"visit": {"identified": True}}


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a mutation": ({"query": MUTATION}, 405, "QUERY_UNSAFE"),
    "a mutation among queries": ({"query": "query A { __typename } " + MUTATION.replace("{", "B {", 1), "name": "B"},
                                 405, "QUERY_UNSAFE"),
    "a subscription": ({"query": "subscription { anything }"}, 405, "QUERY_UNSAFE"),
    "a form": ({"content": b"query=mutation", "headers": {"content-type": "application/x-www-form-urlencoded"}},
               400, "QUERY_UNREADABLE"),
    "an unknown hash": ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
                        400, "QUERY_UNREADABLE"),
    "nothing": ({}, 400, "QUERY_UNREADABLE"),
    "a mutation in the URL, which some shops run": (
        {"query": "{ __typename }", "params": f"query={quote(MUTATION)}"}, 400, "QUERY_UNREADABLE",
    ),
    "a long mutation": ({"query": MUTATION + "#" * MAX_CHARACTERS}, 400, "LIMIT_EXCEEDED"),
}  # fmt: skip


@pytest.mark.parametrize("strategies", [("reversing",), ()], ids=["awake", "asleep"])
async def test_only_queries_come_by_query(strategies: tuple[str, ...]) -> None:
    async with world(strategies) as one:
        for case, (asked, status, code) in REFUSED.items():
            response = await one.send(**asked, method="QUERY")
            assert response.status_code == status, case
            assert response.json()["errors"][0]["extensions"]["code"] == code, case
            assert response.headers.get("allow") == ("POST" if status == 405 else None), case
        assert upstream(one) == []


async def test_what_no_server_could_run_is_the_shops_to_refuse() -> None:
    async with world() as one:
        for query in ("{ never closed", "mutation A { a } mutation B { b }"):
            through, direct = await one.send(query, method="QUERY"), await one.direct(query)
            assert (through.status_code, through.json()) == (direct.status_code, direct.json())
        assert upstream(one) == ["POST", "POST"]


async def test_scripts_of_other_origins_may_use_query() -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "QUERY"}
    for origins in ((), ("https://shop.example",)):  # the shop's own policy, and ours
        async with world(cors_origins=origins) as one:
            response = await one.send(method="OPTIONS", headers=asked)
            assert "QUERY" in response.headers["access-control-allow-methods"].replace(" ", "").split(",")


def upstream(one: World) -> list[str]:
    """The methods that the shop was asked by."""
    assert one.upstream is not None
    return [request.method for request in one.upstream.requests if str(request.url) == SHOP_URL]
