"""An experiment on the way of a request: what is assigned, what is shown, and what the log says of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from personalize.domain.event import Event
from personalize.domain.experiment import Experiment, Variant
from personalize.events.log import parse
from personalize.visitors.overrides import Overrides
from tests.gateway_world import Bench, World

QUERY = "{ search(input: { take: 6, groupByProduct: true }) { items { productId } } }"
AGREED = {"X-Personalize-Consent": "personalization, experiments"}
ORDER = Experiment("order", (Variant("control", 1.0, all_off=True), Variant("new", 0.0)))


@pytest.fixture
def bench() -> Iterator[Bench]:
    """One gateway."""
    made = Bench()
    yield made
    made.close()


def _logged(bench: Bench, world: World) -> list[Event]:
    async def read() -> list[Event]:
        await world.gateway.outbox.flush()
        return [parse(row.line) async for row in world.gateway.store.events()]

    return bench.run(read())


def test_a_token_shows_what_the_hash_does_not_and_the_line_says_so(bench: Bench) -> None:
    one = bench.world("reversing", experiments=(ORDER,))
    token = Overrides(one.gateway.settings.secret, lambda *_: None, one.gateway.clock).issue("order", "new", 1)
    own = bench.run(one.direct(QUERY)).json()
    plain = bench.run(one.send(QUERY, headers=AGREED))
    assert plain.json() == own
    assert plain.headers["x-personalize-experiment"] == "order=control"
    asked = {**AGREED, "X-Personalize-Experiment": f'order=new;token="{token}"'}
    for _ in range(2):  # the page by itself, then from its window
        shown = bench.run(one.send(QUERY, headers=asked))
        bench.run(one.settle())
    assert shown.json() != own
    assert shown.headers["x-personalize-experiment"] == "order=new"
    forged = bench.run(one.send(QUERY, headers={**AGREED, "X-Personalize-Experiment": "order=new"}))
    assert forged.json() == own
    told = _logged(bench, one)
    assert [event.extra.get("overridden") for event in told] == [None, ["order"], ["order"], None]


def test_who_is_held_out_gets_the_shops_own_answer_and_is_seen(bench: Bench) -> None:
    one = bench.world("reversing", holdout=0.5)
    own = bench.run(one.direct(QUERY)).json()
    bench.run(one.send(QUERY))
    bench.run(one.settle())
    for number in range(12):
        headers = {**AGREED, "X-Personalize-Visitor": f"a-visitor-{number}"}
        answer = bench.run(one.send(QUERY, headers=headers))
        held = answer.headers.get("x-personalize-experiment") == "holdout=held"
        assert (answer.json() == own) == held
    told = [event.extra["assignments"] for event in _logged(bench, one) if event.visitor.startswith("b:")]
    assert {"holdout": "held"} in told
    assert {"holdout": "served"} in told
