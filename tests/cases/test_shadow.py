"""A strategy in shadow changes nothing, and the log tells what it would have shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from personalize.domain.event import Event
from personalize.domain.strategy import Mode, Strategy
from personalize.events.log import parse
from tests.gateway_world import Bench

QUERY = "{ search(input: { take: 6, groupByProduct: true }) { items { productId } } }"


@pytest.fixture
def bench() -> Iterator[Bench]:
    """One gateway."""
    made = Bench()
    yield made
    made.close()


def test_shadow(bench: Bench) -> None:
    one = bench.world("reversing")
    shadow = (Strategy("reversing", Mode.SHADOW),)
    one.gateway.use(msgspec.structs.replace(one.gateway.settings, strategies=shadow))
    own = bench.run(one.direct(QUERY)).json()
    for _ in range(2):  # the page by itself, then from its window
        assert bench.run(one.send(QUERY)).json() == own
        bench.run(one.settle())

    async def logged() -> list[Event]:
        await one.gateway.outbox.flush()
        return [parse(row.line) async for row in one.gateway.store.events()]

    first, second = bench.run(logged())
    ids = [item["productId"] for item in own["data"]["search"]["items"]]
    assert first.extra["strategy"] == second.extra["strategy"] == "shop_order"
    assert first.extra["shadow"] == {"strategy": "reversing@1", "items": ids[::-1]}
    told = second.extra["shadow"]
    assert isinstance(told, dict)
    assert len(told["items"]) == 6
    assert not set(told["items"]) & set(ids)  # the end of the window, turned round
