"""Law 1: with the empty Patch the answer equals the shop's own, whatever is asked and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema, build_client_schema, get_introspection_query
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from starlette.types import ASGIApp

from personalize.demo.shop.answer import make_schema
from tests.gateway_world import Bench, World, catalogue, demo_shop, past
from tests.laws.likeness import differences
from tests.laws.operations import Known, Made, operations

STRANGER = ("authorization", "Bearer " + "e" * 64)
"""A session token that the gateway has never seen: it counts as signed in, and gets windows of its own."""
QUIET = {
    "deadline": None, "database": None, "derandomize": True, "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate],
}  # fmt: skip


def _schema() -> GraphQLSchema:
    result = make_schema().execute_sync(get_introspection_query())
    assert result.data is not None
    return build_client_schema(result.data)  # type: ignore[arg-type]


def _known() -> Known:
    shop = catalogue()
    slugs = (*list(shop.collection_by_slug)[1:8], "no-such-slug")
    return Known(
        {
            "slug": (*slugs, *list(shop.product_by_slug)[:3]),
            "collectionSlug": slugs,
            "collectionSlugs": slugs,
            "id": ("1", "2", "3", "17", "999999"),
            "collectionId": ("2", "3", "999999"),
            "collectionIds": ("2", "3"),
            "eq": ("1", "women"),
            "productVariantId": ("1", "2", "3", "12", "999999"),
            "orderLineId": ("1", "2", "3"),
            "quantity": ("1",),
            "state": ("ArrangingPayment", "AddingItems"),
            "shippingMethodId": ("1", "2"),
            "method": ("standard-payment", "invoice"),
            "metadata": ("{}",),
            "emailAddress": ("guest@example.org", "alma@morgenfels.example"),
            "username": ("alma@morgenfels.example", "nobody@example.org"),
            "password": ("demo-demo", "wrong"),
            "countryCode": ("DE",),
        }
    )


SCHEMA, KNOWN = _schema(), _known()
SORTED = orjson.OPT_SORT_KEYS
OTHER, TWIN = demo_shop(), demo_shop()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One shop and its gateways."""
    made = Bench()
    yield made
    made.close()


async def _same(one: World, made: Made, times: int, *headers: tuple[str, str], settle: bool = False) -> None:
    more: dict[str, Any] = {"name": made.name, "headers": headers}
    direct = await one.direct(made.query, made.variables, **more)
    for time in range(times):
        if settle and time == times - 1:
            await one.settle()
        through = await one.send(made.query, made.variables, **more)
        found = differences(direct, through)
        assert not found, f"time {time + 1}: " + "\n".join(found) + f"\nof {made.query}\nwith {made.variables}"
    faults = [name for name in one.faults() if not name.startswith("gave_up")]
    assert not faults


@settings(max_examples=100, **QUIET)
@given(operations(SCHEMA, KNOWN))
def test_asleep(bench: Bench, made: Made) -> None:
    """All strategies off."""
    bench.run(_same(bench.world(), made, 1))


@settings(max_examples=250, **QUIET)
@given(operations(SCHEMA, KNOWN), st.sampled_from(["", "https://storefront.example"]))
def test_guest(bench: Bench, made: Made, origin: str) -> None:
    """All machinery runs, nothing is changed: a guest, with shared windows cold, filling and filled."""
    headers = [("origin", origin)] if origin else []
    bench.run(_same(bench.world("nothing"), made, 3, *headers, settle=True))


@settings(max_examples=150, **QUIET)
@given(operations(SCHEMA, KNOWN))
def test_stranger(bench: Bench, made: Made) -> None:
    """All machinery runs, nothing is changed: a visitor with a session, whose windows are private."""
    bench.run(_same(bench.world("nothing"), made, 2, STRANGER))


_mutations = operations(SCHEMA, KNOWN, "mutation")
_carts = st.sampled_from([Made("{ activeOrder { id state totalQuantity lines { id quantity } } }")])


async def _journey(one: World, twin: ASGIApp, made: list[Made]) -> None:
    tokens: list[str] = ["", ""]
    for step in made:
        answers = []
        for side, send in enumerate((partial(past, twin), one.send)):
            headers = [("authorization", f"Bearer {tokens[side]}")] if tokens[side] else []
            answer = await send(step.query, step.variables, name=step.name, headers=headers)
            tokens[side] = answer.headers.get("vendure-auth-token", tokens[side])
            answers.append(answer)
        found = differences(*answers)
        assert not found, "\n".join(found) + f"\nof {step.query}\nwith {step.variables}\nin {made}"


@settings(max_examples=120, **QUIET)
@given(operations(SCHEMA, KNOWN))
def test_turned(bench: Bench, made: Made) -> None:
    """Every page turned round by itself: rows are moved whole, and nothing else is."""
    one = bench.world("reversing")

    async def missing(*_: object) -> None:
        """No window is ever at hand."""

    one.gateway.windows.get = lambda *_: None  # type: ignore[method-assign]
    one.gateway.windows.wait = missing  # type: ignore[method-assign]
    one.gateway.runs.clear()  # nor was any page served before
    direct = bench.run(one.direct(made.query, made.variables, name=made.name))
    through = bench.run(one.send(made.query, made.variables, name=made.name))
    assert through.status_code == direct.status_code
    assert _unordered(through.json()) == _unordered(direct.json()), f"{made.query}\nwith {made.variables}"


def _unordered(value: Any) -> Any:
    """A JSON value whose lists are sorted, and whose numbers in error paths are gone."""
    if isinstance(value, dict):
        return {
            key: [step for step in inner if isinstance(step, str)] if key == "path" else _unordered(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return sorted((_unordered(inner) for inner in value), key=lambda one: orjson.dumps(one, option=SORTED))
    return value


@settings(max_examples=60, **QUIET)
@given(queries(SCHEMA))
def test_wild(bench: Bench, query: str) -> None:
    """Operations as hypothesis-graphql draws them: wild values, no fragments."""
    bench.run(_same(bench.world("nothing"), Made(query), 2))


@settings(max_examples=40, **QUIET)
@given(st.lists(st.one_of(_mutations, _mutations, _carts), min_size=4, max_size=9))
def test_mutations(bench: Bench, made: list[Made]) -> None:
    """One visitor's operations, side by side in two shops with the same goods and memories of their own."""
    bench.run(_journey(bench.world("nothing", shop=OTHER), TWIN, made))
