"""The weather signal: what the sky does where the visitor is, else where the shop is, from the provider configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from cachetools import LRUCache

from personalize.domain.signal import Privacy, Surroundings, Terms, Told
from personalize.domain.situation import CELL, Origin, Place, coarse, read_place
from personalize.domain.visit import Visit
from personalize.registry import load
from personalize.settings import Settings
from personalize.signals.cached import Cached, Fetched
from personalize.signals.outside import Outside
from personalize.signals.weather.normal import Normal
from personalize.signals.weather.snapshot import HOUR, Provider, WeatherSnapshot
from personalize.signals.zones import country_of

DEADLINE = 10.0
NORMAL_KEPT = 400 * 86_400.0
NORMAL_CALLS = 4
"""Ten years of days are a large request: no more of them a minute."""
TERMS = Terms(ttl=2 * HOUR, max_stale=6 * HOUR, privacy=Privacy.PLACE)
KEYS: Mapping[str, type] = {
    "weather": str, "temperature": float, "rain_24h": float, "temperature_deviation": float, "wind": float,
    "daylight": bool,
}  # fmt: skip
NOTHING: Told = Told({})
MAX_CELLS = 1_024


class Weather:
    """Context keys `weather`, `temperature` (felt), `rain_24h`, `temperature_deviation`, `wind`, `daylight`.

    Outside nobody is told more than a cell of a tenth of a degree, and nothing of who asks for it.
    """

    name, keys, terms = "weather", KEYS, TERMS

    def __init__(
        self, provider: str, url: str, key: str, contact: str, shop: Place | None,
        home: str | None = None,
    ) -> None:  # fmt: skip
        self.provider, self.url, self.key, self.contact = provider, url, key, contact
        self.shop, self.home = None if shop is None else shop.cell, home
        self.source: Provider | None = None
        self.cells: Cached[WeatherSnapshot] | None = None
        self.normals: Cached[Normal] | None = None
        # What a cell's observation is in facts, made once and not for each visitor there.
        self._told: LRUCache[tuple[int, int], tuple[WeatherSnapshot, Normal | None, int, Told]] = LRUCache(MAX_CELLS)

    @classmethod
    def from_settings(cls, settings: Settings) -> Weather:
        """Uses `weather_*`, `shop_place` and `shop_timezone`.

        Without a contact the shop's address tells a service who asks.
        """
        parts = urlsplit(settings.shop_url)
        contact = settings.weather_contact or (f"{parts.scheme}://{parts.hostname}" if parts.hostname else "")
        return cls(
            settings.weather_provider, settings.weather_url, settings.weather_key, contact,
            read_place(settings.shop_place), country_of(settings.shop_timezone),
        )  # fmt: skip

    async def start(self, around: Surroundings) -> None:
        """Make the provider's client, and ask for the shop's own cell before anybody comes."""
        if not self.provider:
            return
        kind = load("weather", self.provider)
        source: Provider = kind(Outside(self.contact, around.clock, fresh=kind.fresh), self.url, self.key)
        self.source = source

        async def now(cell: str) -> Fetched[WeatherSnapshot]:
            return await source.now(*_middle(cell), around.clock())

        keep = TERMS.max_stale + (TERMS.ttl or 0.0)
        self.cells = Cached(source.name, now, WeatherSnapshot, around, deadline=DEADLINE, keep=keep)
        if (past := getattr(source, "normal", None)) is not None:

            async def normal(cell: str) -> Fetched[Normal]:
                made: Fetched[Normal] = await past(*_middle(cell), around.clock())
                return made

            self.normals = Cached(
                f"{source.name}-normal",
                normal,
                Normal,
                around,
                deadline=3 * DEADLINE,
                keep=NORMAL_KEPT,
                calls=NORMAL_CALLS,
            )
        if self.shop is not None:
            self.snapshot(self.shop, around.clock())

    async def stop(self) -> None:
        """End what is under way and close all connections."""
        for cache in (self.cells, self.normals):
            if cache is not None:
                await cache.close()
        if self.source is not None:
            await self.source.close()

    def snapshot(self, cell: tuple[int, int], at: float) -> WeatherSnapshot | None:
        """What is known of a cell, at once; None where nothing is yet."""
        found, normal = self._at_hand(cell)
        return None if found is None else _with_normal(found, normal, at)

    def read(self, visit: Visit) -> Told:
        """The facts of the cell, all from one observation."""
        if self.cells is None or (cell := self._cell(visit.place)) is None:
            return NOTHING
        found, normal = self._at_hand(cell)
        if found is None:
            return NOTHING
        hour = int(visit.at // HOUR)
        held = self._told.get(cell)
        if held is None or held[0] is not found or held[1] is not normal or held[2] != hour:
            held = found, normal, hour, _facts(_with_normal(found, normal, visit.at))
            self._told[cell] = held
        return held[3]

    def _at_hand(self, cell: tuple[int, int]) -> tuple[WeatherSnapshot | None, Normal | None]:
        if self.cells is None:
            return None, None
        key = f"{cell[0]},{cell[1]}"
        return self.cells.read(key), self.normals.read(key) if self.normals is not None else None

    def _cell(self, place: Place | None) -> tuple[int, int] | None:
        """The visitor's cell, the shop's where it is not known or is no place on Earth.

        Of somebody in another country than the shop's time zone nothing is known: its weather is not theirs.
        """
        if place is None or place.latitude is None or place.longitude is None:
            abroad = place is not None and self.home is not None and place.country not in (None, self.home)
            return None if abroad else self.shop
        return place.cell if coarse(place.latitude, place.longitude) is not None else self.shop


def _with_normal(found: WeatherSnapshot, normal: Normal | None, at: float) -> WeatherSnapshot:
    if normal is None or found.next_24h.mean is None:
        return found
    return replace(found, deviation=round(found.next_24h.mean - normal.on(at), 1))


def _facts(found: WeatherSnapshot) -> Told:
    facts = {
        "weather": found.group,
        "temperature": found.temperature if found.felt is None else found.felt,
        "rain_24h": found.next_24h.precipitation,
        "temperature_deviation": found.deviation,
        "wind": found.wind,
        "daylight": found.daylight,
    }
    return Told(facts, dict.fromkeys(KEYS, Origin(found.source, found.observed_at)))


def _middle(cell: str) -> tuple[float, float]:
    north, _, east = cell.partition(",")
    return round(int(north) * CELL, 1), round(int(east) * CELL, 1)
