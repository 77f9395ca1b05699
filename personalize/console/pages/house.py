"""What the pages know of the gateway they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from personalize.console.accounts.door import Door
from personalize.console.desk import Desk
from personalize.console.evidence import Evidence
from personalize.console.offers import OfferDesk
from personalize.console.stock import StoreBoard
from personalize.domain.clock import Clock
from personalize.domain.store import Store
from personalize.gateway.listing.decide import Decider
from personalize.gateway.ours.knowledge import Knowledge
from personalize.gateway.watchman import Watchman
from personalize.settings import Settings
from personalize.shops.map import ShopMap
from personalize.telemetry import Telemetry
from personalize.visitors.peers import Peers


@dataclass(slots=True)
class House:
    """The parts of a gateway that pages show or act on. `effective` are the `settings` with what the desk published."""

    settings: Callable[[], Settings]
    effective: Callable[[], Settings]
    door: Door
    desk: Desk
    store: Store
    evidence: Evidence
    telemetry: Telemetry
    decider: Decider
    knowledge: Knowledge
    watchman: Watchman
    shop: ShopMap
    peers: Peers
    clock: Clock
    offers: OfferDesk
    stock: StoreBoard

    def secure(self, request: Request) -> bool:
        """Whether the browser came by https: to us, or to a trusted proxy that says so."""
        if request.url.scheme == "https":
            return True
        return self._proxied(request) and request.headers.get("x-forwarded-proto", "").strip().lower() == "https"

    def address(self, request: Request) -> str:
        """Who is at the other end; behind trusted proxies the last address that is none of them."""
        peer = request.client.host if request.client else ""
        if not self._proxied(request):
            return peer
        for hop in reversed(request.headers.get("x-forwarded-for", "")[:2_000].split(",")):
            if hop.strip() and not self.peers.trusts(hop.strip()):
                return hop.strip()[:64]
        return peer

    def _proxied(self, request: Request) -> bool:
        return request.client is not None and self.peers.trusts(request.client.host)
