"""Operations of the table through a gateway that turns lists round: they are turned, nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.cases.operations import CASES, Case
from tests.gateway_world import Bench, World
from tests.laws.likeness import differences

STRANGER = ("authorization", "Bearer " + "d" * 64)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One shop and its gateways."""
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize("who", ["guest", "stranger"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_table(bench: Bench, case: Case, who: str) -> None:
    """Cold, filling and filled."""
    bench.run(_check(bench.world("reversing"), case, [STRANGER] if who == "stranger" else []))


async def _check(one: World, case: Case, who: list[tuple[str, str]]) -> None:
    more: dict[str, Any] = {"name": case.operation, "headers": [*case.headers, *who]}
    for _ in range(3):
        direct = await one.direct(case.query, case.variables, **more)
        through = await one.send(case.query, case.variables, **more)
        await one.settle()
        assert b"_pz_" not in through.content or b"_pz_" in direct.content
        for path in (*case.turned, *case.mixed):
            theirs, ours = _list(direct, path), _list(through, path)
            assert len(theirs) > 1
            assert theirs != ours, f"{path} is as it was"
            assert sorted(map(orjson.dumps, theirs)) == sorted(map(orjson.dumps, ours))
            if path in case.turned:
                assert ours == theirs[::-1]
            _put_back(through, path, theirs)
        found = differences(direct, through)
        assert not found, "\n".join(found)
    assert not [fault for fault in one.faults() if not fault.startswith("gave_up")]


def _list(response: httpx.Response, path: str) -> Any:
    found = response.json()["data"]
    for step in path.split("."):
        found = found[step]
    return found


def _put_back(response: httpx.Response, path: str, rows: Any) -> None:
    body = response.json()
    here = body["data"]
    *parents, key = path.split(".")
    for step in parents:
        here = here[step]
    here[key] = rows
    response._content = orjson.dumps(body)


def test_variants_stay_together(bench: Bench) -> None:
    """Rows of one product are neighbours, in the shop's order among themselves."""
    query = '{ search(input: {term: "terracotta", take: 50}) { items { productId productVariantId } } }'

    one = bench.world("reversing")
    theirs, ours = (_list(bench.run(ask(query)), "search.items") for ask in (one.direct, one.send))
    products = list(dict.fromkeys(row["productId"] for row in theirs))
    assert ours == [row for product in reversed(products) for row in theirs if row["productId"] == product]


@pytest.mark.parametrize("take", [250, 1000])
def test_a_page_larger_than_the_window(bench: Bench, take: int) -> None:
    """Its head may be moved; its tail stays, and no row is lost."""
    query = f"{{ search(input: {{take: {take}, groupByProduct: true}}) {{ items {{ productId }} }} }}"
    one = bench.world("reversing")
    for _ in range(2):
        theirs, ours = (_list(bench.run(ask(query)), "search.items") for ask in (one.direct, one.send))
        assert len(theirs) == take
        assert ours[200:] == theirs[200:]
        assert sorted(map(orjson.dumps, ours)) == sorted(map(orjson.dumps, theirs))
        assert ours != theirs


def test_a_page_the_shop_would_refuse(bench: Bench) -> None:
    """Is not made up from smaller ones, though we could."""
    one = bench.world("reversing")
    query = "{ products(options: {take: 101}) { items { id } } }"
    for headers in ([], [STRANGER]):
        assert "Cannot take more than 100" in bench.run(one.send(query, headers=headers)).text
