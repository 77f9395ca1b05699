"""Law 6: the vectors that a gateway served by, sampled into its log, are computed again from that log, bit by bit."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from personalize import artefact
from personalize.cli import main
from personalize.demo.generate import generate
from personalize.demo.shoppers import simulate
from personalize.domain.event import Event
from personalize.events.log import parse, write
from personalize.features.schema import Schema
from personalize.gateway import impression
from personalize.learning.journal import Journal
from personalize.learning.skew import skew
from personalize.learning.train import train
from tests.cases.test_promotion import CONSENT, serving, settled

LIST = """query ($t: String) { search(input: { term: $t, take: 24, groupByProduct: true }) { items { productId } } }"""
LOOK = "query ($id: ID!) { product(id: $id) { id name } }"
START = 1_760_000_000.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write(folder / "log.jsonl.gz", simulate(generate(7), shoppers=60, seed=3, days=7, explore=0.5))
    train(folder / "log.jsonl.gz", None, folder / "model", seed=3)
    return folder / "model"


async def browse(model: Path, turns: int = 90) -> list[Event]:
    """The log of six visitors who look around for an hour: most windows are older than what they are ranked by."""
    rng, now = random.Random(4), [START]
    events: list[Event] = []
    async with serving(model, lambda: now[0]) as (gateway, client):
        await settled(gateway, client)
        visitors = [dict(CONSENT) for _ in range(6)]
        for _ in range(turns):
            headers, term = rng.choice(visitors), rng.choice([None, None, "shirt", "lamp"])
            now[0] += rng.choice([1.2344, 3.0, 7.0, 20.0, 40.0])
            answer = await client.post("/graphql", json={"query": LIST, "variables": {"t": term}}, headers=headers)
            if "X-Personalize-Visitor" in answer.headers:
                headers["X-Personalize-Visitor"] = answer.headers["X-Personalize-Visitor"]
            items = answer.json()["data"]["search"]["items"]
            if items and rng.random() < 0.8:
                now[0] += 5.0
                look = {"query": LOOK, "variables": {"id": rng.choice(items)["productId"]}}
                await client.post("/graphql", json=look, headers=headers)
            await asyncio.sleep(0.01)
            await gateway.outbox.flush()
        async for row in gateway.store.events(None, None):
            events.append(parse(row.line))
    return events


def test_what_was_served_is_computed_again(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impression, "SAMPLED", 1)
    events = asyncio.run(browse(model))
    schema = artefact.load(model).schema
    found = skew(Journal(events), schema)
    assert found.sampled > 40
    assert (found.exact, found.foreign, found.unknown, dict(found.columns)) == (found.sampled, 0, 0, {})

    log = tmp_path / "log.jsonl.gz"
    write(log, events)
    told = CliRunner().invoke(main, ["skew", "--events", str(log), "--model", str(model)])
    assert f"{found.exact} of {found.sampled} compared are exactly the same" in told.output

    # What was served by other features, or lies before the log, is told apart; what differs is named.
    assert skew(Journal(events), Schema(("x",))).foreign == found.sampled
    late = skew(Journal(events[len(events) // 2 :]), schema)
    assert late.exact < late.sampled < found.sampled
    assert late.columns

    # Vectors that make no sense are counted, not passed over.
    broken = [
        structs.replace(event, extra={**event.extra, "vectors": {**event.extra["vectors"], **garbage}})
        for event, garbage in zip(
            (event for event in events if "vectors" in event.extra),
            ({"data": "xx"}, {"items": ["1", "1"]}, {"items": ["nobody's"]}, {"prepared_at": None}),
            strict=False,
        )
    ]
    assert skew(Journal(broken), schema).unreadable == len(broken) == 4
