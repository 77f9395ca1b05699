"""A window that is too much for the shop, or for us, costs nobody the page: it is asked for alone."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson
import pytest

from personalize.gateway.edge import upstream
from tests.toy_shop import Toy, numbered
from tests.toy_world import Turned, turned_world

ROWS = "query R($f: Int) { rows(from: $f, size: 4) { total items { id } } }"
UNKNOWN = "Bearer " + "u" * 32


async def pages(world: Turned, times: int) -> list[list[str]]:
    """Page one, asked for by a session the gateway does not know: a private window is asked for in its place."""
    found = []
    for _ in range(times):
        response = await world.send(ROWS, {"f": 0}, headers={**world.signed(), "authorization": UNKNOWN})
        assert response.status_code == 200, response.text
        found.append([item["id"] for item in response.json()["data"]["rows"]["items"]])
    return found


@pytest.mark.parametrize("trouble", ["slow", "large"])
async def test_the_page_comes_alone(trouble: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with turned_world(toy=Toy(numbered(30)), folder=tmp_path, upstream_deadline=0.6) as world:
        assert world.upstream is not None
        passed, windows = world.upstream.handle_async_request, []

        async def heavy(request: httpx.Request) -> httpx.Response:
            asked = orjson.loads(await request.aread())
            if "_pz_" in str(asked.get("variables")):
                windows.append(asked)
                if trouble == "slow":
                    await asyncio.sleep(5)
            return await passed(request)

        monkeypatch.setattr(world.upstream, "handle_async_request", heavy)
        if trouble == "large":
            monkeypatch.setattr(upstream, "MAX_READ", 700)
        for page in await pages(world, 5):
            assert len(page) == 4
        assert 1 <= len(windows) <= 3, "a list whose windows fail again and again is left without for a while"
        told = [fault for fault in world.faults() if fault.startswith("gave_up")]
        code = "UPSTREAM_TIMEOUT" if trouble == "slow" else "TOO_LARGE"
        assert told == [f"gave_up {code} for a window of Query.rows"]
