"""The audit of sharing: a list that guests do not see alike is shared no more, and metrics say so."""

from __future__ import annotations

import asyncio

import pytest

from tests.toy_shop import Toy, numbered
from tests.toy_world import CONSENT, Turned, turned_world

ROWS = "query R($f: Int) { rows(from: $f, size: 6) { total items { id title } } }"


async def guest(world: Turned) -> dict[str, str]:
    """A guest whose session the gateway saw being opened."""
    response = await world.send("{ cart }", headers={CONSENT: "none"})
    return {CONSENT: "none", "authorization": "Bearer " + response.headers["x-token"]}


async def served(world: Turned, headers: dict[str, str], times: int = 1) -> list[str]:
    """The ids of page one after `times` requests, each settled."""
    for _ in range(times):
        response = await world.send(ROWS, {"f": 0}, headers=headers)
        await world.settle()
        await asyncio.gather(*world.gateway.audit.running, return_exceptions=True)
    return [item["id"] for item in response.json()["data"]["rows"]["items"]]


def every(world: Turned) -> None:
    """Audit each page."""
    world.gateway.audit.share = 1.0


@pytest.fixture
async def toy() -> Toy:
    return Toy(numbered(40))


async def test_a_shop_that_personalises_for_guests_is_found_out(toy, tmp_path):
    toy.personal = True
    async with turned_world(toy=toy, folder=tmp_path) as world:
        someone = await guest(world)
        every(world)
        await served(world, someone, 3)
        assert world.gateway.telemetry.counted("sharing_off", "Query.rows") == 1
        world.upstream.clear()
        await served(world, someone)
        assert world.upstream.requests[0].headers["authorization"] == someone["authorization"]


async def test_a_shop_that_treats_guests_alike_stays_shared(toy, tmp_path):
    async with turned_world(toy=toy, folder=tmp_path) as world:
        someone = await guest(world)
        every(world)
        await served(world, someone, 4)
        assert world.faults() == {}
        world.gateway.audit.share = 0.0
        world.upstream.clear()
        await served(world, someone)
        assert world.upstream.count == 0


async def test_a_list_that_changed_meanwhile_is_no_proof(toy, tmp_path):
    async with turned_world(toy=toy, folder=tmp_path) as world:
        someone = await guest(world)
        await served(world, someone, 2)
        toy.rows.reverse()
        every(world)
        await served(world, someone)
        assert world.faults() == {}


async def test_a_shop_in_trouble_is_no_proof_either(toy, tmp_path):
    async with turned_world(toy=toy, folder=tmp_path) as world:
        someone = await guest(world)
        await served(world, someone, 2)
        toy.fails.add("rows")
        every(world)
        assert len(await served(world, someone)) == 6
        assert world.faults() == {}


async def test_only_a_few_audits_run_at_once(toy, tmp_path):
    async with turned_world(toy=toy, folder=tmp_path) as world:
        someone = await guest(world)
        await served(world, someone, 2)
        every(world)
        world.upstream.clear()
        await asyncio.gather(*(world.send(ROWS, {"f": 0}, headers=someone) for _ in range(50)))
        await asyncio.gather(*world.gateway.audit.running, return_exceptions=True)
        assert 0 < world.upstream.count <= 50
        assert not world.gateway.audit.running
