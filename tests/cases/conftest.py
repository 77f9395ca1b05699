"""What several scenarios begin with: a demo shop of their own, and browsers in front of its gateway."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.gateway_world import demo_shop, listening
from tests.offer_world import Shopper


@pytest.fixture
async def shop():
    """The address of a demo shop with a memory of its own."""
    async with listening(demo_shop()) as address:
        yield address


@pytest.fixture
async def browser():
    """Opens browsers, each of another visitor, at a gateway's address."""
    opened: list[httpx.AsyncClient] = []

    def open_one(front: str, **changes: Any) -> Shopper:
        opened.append(client := httpx.AsyncClient(base_url=front, timeout=30))
        return Shopper(client, **changes)

    yield open_one
    for client in opened:
        await client.aclose()
