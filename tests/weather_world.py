"""The demo shop behind a real gateway under a sky that a test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from personalize.app import Gateway
from personalize.domain.visit import Consent, Visit
from personalize.settings import Settings
from tests.gateway_world import SHOP_URL, Counting, World, demo_shop

ROWS = 1_200
"""Rows of the demo shop's list of everything that the gateway may move: what the tests measure."""

SUN: Mapping[str, object] = {"weather": "clear", "temperature": 28.0, "rain_24h": 0.0, "daylight": True}
RAIN: Mapping[str, object] = {"weather": "rain", "temperature": 6.0, "rain_24h": 12.0, "daylight": True}
OFF: Mapping[str, object] = {}

PAGE = """
query Page($skip: Int!, $take: Int!, $slug: String!) {
  search(input: { collectionSlug: $slug, groupByProduct: true, skip: $skip, take: $take }) { items { productId } }
  personalization { listings { strategy items { itemId position shopPosition reason { code text } } } }
}
"""


@dataclass(slots=True)
class Sky:
    """A signal that tells what a test wrote into `facts`: all keys that weather and place will have."""

    facts: Mapping[str, object] = field(default_factory=dict)
    name = "sky"
    keys = ("weather", "temperature", "rain_24h", "temperature_deviation", "wind", "daylight", "city", "daypart",
            "season", "mode", "mood")  # fmt: skip

    def read(self, visit: Visit) -> Mapping[str, object]:
        """What is the case now."""
        return self.facts


@dataclass(slots=True)
class Weathered(World):
    """A world with a sky."""

    sky: Sky = field(default_factory=Sky)

    async def page(
        self, skip: int = 0, take: int = 24, slug: str = "all", headers: Mapping[str, str] | None = None
    ) -> tuple[list[str], dict[str, Any]]:
        """Product ids of one page as shown, and the gateway's report on it."""
        response = await self.send(PAGE, {"skip": skip, "take": take, "slug": slug}, headers=headers or {})
        body = response.json()
        assert response.status_code == 200, body
        assert "errors" not in body, body
        told = body["data"]["personalization"]["listings"]
        return [item["productId"] for item in body["data"]["search"]["items"]], told[0]

    async def listing(self, headers: Mapping[str, str] | None = None, take: int = 100) -> list[str]:
        """The first `ROWS` products of the list of everything, page by page."""
        found: list[str] = []
        for skip in range(0, ROWS, take):
            found += (await self.page(skip, take, headers=headers))[0]
        return found


@asynccontextmanager
async def weathered(**changes: Any) -> AsyncIterator[Weathered]:
    """A gateway with its own strategies and settings but for `changes`, whose only signal is a `Sky`.

    With a `weather_provider` among the changes it has all its own signals.
    """
    shop, sky = demo_shop(), Sky()
    upstream = Counting(shop)
    given: dict[str, Any] = {
        "shop_url": SHOP_URL, "store_url": "memory://", "secret": ("a secret for tests",), "window": ROWS,
        "consent_default": Consent.NONE,
    }  # fmt: skip
    gateway = Gateway(Settings(**given | changes), transport=upstream)
    gateway.audit.share = 0.0
    if "weather_provider" not in changes:
        gateway.reception.signals = [sky]
    async with gateway.running():
        assert await gateway.knowledge.wait(60)
        await gateway.labels.refresh()
        one = Weathered(gateway, shop, upstream, gateway.storefront(), sky=sky)
        await one.page()
        await one.settle()
        yield one
