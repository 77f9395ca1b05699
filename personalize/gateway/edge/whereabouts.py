"""The whereabouts of a call: where it comes from and on what device, as far as its headers may be believed."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.places.shop_store import places_of
from personalize.domain.situation import Browser, Place
from personalize.gateway.edge.call import Call
from personalize.settings import Settings
from personalize.telemetry import Count
from personalize.visitors.browser import read_browser
from personalize.visitors.geo import HEADERS, read_place
from personalize.visitors.peers import Peers

FORWARDED = "x-forwarded-for"


class Whereabouts:
    """Reads the place and the browser of calls."""

    def __init__(self, settings: Settings, count: Count) -> None:
        self.peers, self.provider = Peers(settings.trusted_proxies), settings.geo_headers
        self.count = count
        self.stores: Mapping[str, Place] = places_of(settings.stores)
        """Where the stores are that may be chosen; replaced as a whole where others become known."""

    def of(self, call: Call, said: Mapping[str, object], *, static: bool) -> tuple[Place | None, Browser | None]:
        """The place (of the store that was chosen, else of the visitor) and the browser; both None if unknown.

        A page made ahead for everybody (`static`) is nobody's: of it counts only the store that it is for.
        """
        store = self.stores.get(str(said["store"])) if "store" in said else None
        if static:
            return store, None
        return store or self._place(call), read_browser(call.first)

    def _place(self, call: Call) -> Place | None:
        headers = call.first
        if HEADERS.isdisjoint(headers):
            return None
        forwarded = [value for name, value in call.headers if name == FORWARDED]
        fault = self.peers.vouch(call.client, ",".join(forwarded))
        if fault is not None:
            self.count("geo_header", fault)
            return None
        place, fault = read_place(headers, self.provider)
        if fault is not None:
            self.count("geo_header", fault)
        return place
