"""Shop and gateway, each on a port of its own, with a decision that orders every listing anew for each visitor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

import httpx

from personalize.app import Gateway
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Author, Patch, Reason, Reorder
from personalize.domain.visit import Consent, Visit
from tests.gateway_world import demo_shop, listening, settings_of


class Taste:
    """A decision that orders by a visitor's made-up taste; the shop's order for everybody else."""

    name, version = "taste", "1"

    def __init__(self) -> None:
        self.visitors: set[str] = set()

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The window's candidates, best liked first."""
        if visit.visitor is None:
            return EMPTY
        self.visitors.add(visit.visitor.value)
        liked = ordered(listing.ids, visit.visitor.value)
        row = {item: number for number, item in enumerate(listing.ids)}
        order = tuple(row[item] for item in liked)
        return Patch((Reorder(target, order, Author(self.name, self.version), Reason("popular")),))


def ordered(items: Iterable[str], visitor: str) -> list[str]:
    """Items as this visitor likes them: any part of a list is ordered as it is in the whole."""
    return sorted(items, key=lambda item: sha256(f"{visitor} {item}".encode()).digest())


@dataclass(frozen=True, slots=True)
class Front:
    """Where the gateway and its shop are to be reached, and the decision that runs."""

    gateway: str
    shop: str
    taste: Taste


@asynccontextmanager
async def front(shop_url: str | None = None, *, dev: bool = False) -> AsyncIterator[Front]:
    """A gateway before `shop_url` (default: a new demo shop), both over HTTP. Nobody consents unless they say so."""
    if shop_url is None:
        async with listening(demo_shop()) as base, front(f"{base}/shop-api", dev=dev) as served:
            yield served
        return
    taste = Taste()
    settings = settings_of(("taste",), shop_url, consent_default=Consent.NONE, dev=dev)
    gateway = Gateway(settings, decisions={"taste": taste})
    gateway.audit.share = 0.0  # a random sample of requests would make runs differ
    async with gateway.running():
        assert await gateway.knowledge.wait(60), "the shop's schema was not learned"
        async with listening(gateway.storefront()) as base:
            yield Front(f"{base}/graphql", shop_url, taste)


async def shop_order(shop_url: str, listing: Mapping[str, object]) -> list[str]:
    """All product ids of a listing in the shop's own order."""
    query = "query($input: SearchInput!) { search(input: $input) { items { productId } } }"
    async with httpx.AsyncClient(timeout=20) as client:
        sent = {"query": query, "variables": {"input": {**listing, "skip": 0, "take": 1000}}}
        answer = (await client.post(shop_url, json=sent)).json()
    return [item["productId"] for item in answer["data"]["search"]["items"]]
