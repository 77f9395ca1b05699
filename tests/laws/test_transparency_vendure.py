"""Law 1 in front of a real Vendure: 200 operations of a fixed seed, all strategies off, and the machinery awake."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
from graphql import IntrospectionQuery, build_client_schema, get_introspection_query
from hypothesis import HealthCheck, Phase, given, settings

from tests.gateway_world import Bench, World, request_of
from tests.laws.likeness import differences
from tests.laws.operations import Known, Made, operations
from tests.vendure.server import Vendure

pytestmark = pytest.mark.vendure

EXAMPLES = 200
OF_THE_CONNECTION = ("date", "connection", "keep-alive")
COLLECTIONS = ("electronics", "computers", "plants", "furniture", "footwear", "no-such-slug")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One event loop for all examples."""
    made = Bench()
    yield made
    made.close()


def known(vendure: Vendure) -> Known:
    """Values that make operations of Vendure's sample shop find something."""
    query = "{ search(input: { take: 3 }) { items { slug facetValueIds collectionIds } } }"
    items = httpx.post(vendure.shop_url, json={"query": query}).json()["data"]["search"]["items"]
    ids = tuple(sorted({one for item in items for one in item["collectionIds"]}))
    return Known(
        {
            "slug": (*COLLECTIONS, *(item["slug"] for item in items)),
            "collectionSlug": COLLECTIONS,
            "collectionSlugs": COLLECTIONS,
            "id": ("1", "2", "3", "17", "999999"),
            "collectionId": (*ids, "999999"),
            "collectionIds": ids,
            "eq": ("1", "laptop"),
        }
    )


async def ask_both(one: World, vendure: Vendure, client: httpx.AsyncHTTPTransport, made: Made, times: int) -> None:
    """Ask the shop itself and through the gateway, and compare."""
    more: dict[str, Any] = {"name": made.name}
    request = request_of(vendure.shop_url, made.query, made.variables, **more)
    direct = await client.handle_async_request(request)
    await direct.aread()
    for _ in range(times):
        through = await one.send(made.query, made.variables, **more)
        for answer in (direct, through):
            for name in OF_THE_CONNECTION:
                answer.headers.pop(name, None)
        found = differences(direct, through)
        assert not found, "\n".join(found) + f"\nof {made.query}\nwith {made.variables}"


@pytest.mark.parametrize(("strategy", "times", "examples"), [("", 1, EXAMPLES), ("nothing", 2, EXAMPLES)])
def test_transparency(vendure: Vendure, bench: Bench, strategy: str, times: int, examples: int) -> None:
    raw = httpx.post(vendure.shop_url, json={"query": get_introspection_query()}).json()["data"]
    schema = build_client_schema(cast(IntrospectionQuery, raw))
    one = bench.world(*filter(None, [strategy]), shop_url=vendure.shop_url, sockets=True)
    client = httpx.AsyncHTTPTransport(limits=httpx.Limits(keepalive_expiry=2.0))  # the shop closes idle ones after 5 s

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operations(schema, known(vendure)))
    def law(made: Made) -> None:
        bench.run(ask_both(one, vendure, client, made, times))

    law()
    bench.run(asyncio.wait_for(client.aclose(), 5))
