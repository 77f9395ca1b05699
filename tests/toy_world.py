"""A gateway in front of the toy shop, with clocks that tests turn and a decision that behaviour shuffles."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personalize.app import Gateway
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Author, Patch, Reason, Reorder
from personalize.domain.visit import Visit
from tests.gateway_world import SHOP_URL, Counting, World, demo_shop, settings_of
from tests.toy_shop import Toy, toy_map, toy_schema

CONSENT, VISITOR = "x-personalize-consent", "x-personalize-visitor"


class Shuffling:
    """The hardest decision for a run to bear: everything the visitor does, and any change of the window, shuffles."""

    name, version = "shuffling", "1"

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """An order that depends on behaviour and on how many candidates there are."""
        behaviour = visit.profile.behaviour if visit.profile is not None else 0
        order = list(range(len(listing)))
        random.Random(f"{behaviour}/{len(listing)}").shuffle(order)
        return Patch((Reorder(target, tuple(order), Author(self.name, self.version), Reason("popular")),))


@dataclass(slots=True)
class Turned(World):
    """A world whose shared windows age by `now`."""

    now: list[float] = field(default_factory=lambda: [1_000.0])

    def signed(self) -> dict[str, str]:
        """Headers of a new visitor who consented and has an id of ours."""
        who = self.gateway.reception.who
        return {CONSENT: "personalization", VISITOR: who.sign(who.issue())}

    async def behave(self, headers: dict[str, str], item: str = "1") -> None:
        """The visitor does something that counts as behaviour, and it is folded into the profile."""
        query = "mutation N($id: ID!) { personalization { notInterested(itemId: $id) } }"
        response = await self.send(query, {"id": item}, headers=headers)
        assert response.json()["data"]["personalization"]["notInterested"] is True, response.text
        await self.gateway.outbox.flush()


@asynccontextmanager
async def turned_world(
    shop: Any = None, *, toy: Toy | None = None, folder: Path | None = None, strategies: Sequence[str] = ("shuffling",),
    decisions: dict[str, Any] | None = None, shop_map: str | None = None, **changes: Any,
) -> AsyncIterator[Turned]:  # fmt: skip
    """The demo shop, `shop` (read by `shop_map`) or, with a `folder` for its map, the `toy` behind a gateway."""
    app = toy or shop or demo_shop()
    if toy is not None:
        assert folder is not None
        changes["shop"], changes["schema_file"] = toy_map(folder), toy_schema(folder)
    if shop_map is not None:
        changes["shop"] = shop_map
    upstream, plugs = Counting(app), decisions or {"shuffling": Shuffling()}
    gateway = Gateway(settings_of(strategies, SHOP_URL, **changes), transport=upstream, decisions=plugs)
    gateway.audit.share = 0.0
    world = Turned(gateway, app, upstream, gateway.storefront(), plugs)
    gateway.windows.clock = lambda: world.now[0]
    await gateway.start()
    try:
        async with asyncio.timeout(60):
            assert await gateway.knowledge.wait(60)
            if gateway.knowledge._task is not None:  # with a schema from a file, the shop is asked one thing more
                await gateway.knowledge._task
        upstream.clear()
        yield world
    finally:
        await gateway.stop()
