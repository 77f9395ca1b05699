"""The situation: the words that its facts may take, a place, and where a fact comes from."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

CELL = 0.1
"""Degrees: places are rounded to a cell of about 11 km, so that they tell of a town and of nobody's home."""

WEATHER = ("clear", "cloudy", "fog", "rain", "snow", "storm")
"""Groups of WMO codes (table 4677), the values of the context key `weather`."""

MOODS = {
    "excited": (1.0, 1.0), "happy": (1.0, 0.0), "calm": (1.0, -1.0),
    "stressed": (-1.0, 1.0), "sad": (-1.0, 0.0), "tired": (-1.0, -1.0),
}  # fmt: skip
"""What a shopper may say of their mood: (valence, arousal), both -1 to 1 (Russell 1980, circumplex model of affect)."""

SHOPPING = ("mission", "browse", "inspire", "gift", "bargain")
"""How somebody shops today, the values of the context key `mode`."""


SEASONS = ("spring", "summer", "autumn", "winter")
"""Meteorological seasons of three whole months, the values of the context key `season`."""

HOLIDAYS = ("today", "tomorrow", "soon")
"""How near the next public holiday is (`soon`: in two to seven days), the values of the context key `holiday`."""

DEVICES = ("phone", "tablet", "desktop")
"""The values of the context key `device`."""

REFERRERS = ("search", "social", "email", "ads", "site", "direct")
"""What led somebody here, the values of the context key `referrer`; `site` is a link on another website."""

BEHAVIOURS = ("directed", "searching", "browsing", "learning")
"""How somebody moves through the shop in this session, the values of the context key `behaviour` (Moe 2003)."""

NAMES = frozenset({"region", "city"})
"""Context keys that are told to the visitor, and that neither orders nor the log go by: their values are too many."""

OF_PROFILE = frozenset({"behaviour"})
"""Context keys that are read from a profile, so that nobody without one has them."""

PRICE_KEYS = frozenset({
    "daypart", "weekday", "season", "holiday", "country", "store", "in_store",
    "weather", "temperature", "rain_24h", "temperature_deviation", "wind", "daylight",
})  # fmt: skip
"""All that a decision on a price may see of the context: when and where it is. Nothing of how somebody feels, what
they need, how they shop, what they hold in their hand or where they came from; a new key is hidden until named here.
"""

STEPS = {"temperature": 1.0, "temperature_deviation": 1.0, "wind": 10.0}
"""To what measured facts are rounded, in their own unit."""

BOUNDS = {"temperature": (-50.0, 50.0), "temperature_deviation": (-25.0, 25.0), "wind": (0.0, 200.0)}

RAIN = (0.0, 0.5, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Millimetres that `rain_24h` is at least, the values it takes."""

_COORDINATES = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{1,10})?)\s*,\s*([+-]?\d{1,3}(?:\.\d{1,10})?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """The middle of a cell of `CELL` degrees (WGS 84), and the names that came with it; None is unknown.

    `country` is ISO 3166-1 alpha-2, `region` the part of ISO 3166-2 after the country; `source` says in a word who
    told of it (`cloudflare`, `store`).
    """

    latitude: float | None = None
    longitude: float | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    source: str | None = None

    @property
    def cell(self) -> tuple[int, int] | None:
        """The cell's number north and east, None where coordinates are unknown."""
        if self.latitude is None or self.longitude is None:
            return None
        return round(self.latitude / CELL), round(self.longitude / CELL)


def coarse(latitude: float, longitude: float) -> tuple[float, float] | None:
    """Coordinates rounded to their cell; None where they are no place on Earth."""
    if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    east = round(longitude / CELL) * CELL
    return round(round(latitude / CELL) * CELL, 1), round(-180.0 if east >= 180 else east, 1)


def read_coordinates(text: str) -> tuple[float, float] | None:
    """The cell of coordinates written as `52.5,13.4` (latitude, longitude); None where they are no place on Earth."""
    found = _COORDINATES.fullmatch(text)
    return coarse(float(found[1]), float(found[2])) if found is not None else None


@dataclass(frozen=True, slots=True)
class Browser:
    """What the headers of a request say of what it was sent from and what led there; None is unknown."""

    device: str | None = None
    save_data: bool | None = None
    referrer: str | None = None


def settled(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts with every number in a bounded set of values, those that are no finite number left out.

    An order is made, shared and kept while its context stays: a temperature of 12.31 would have one of its own. So
    what decisions see, what the log says and what orders are told apart by is the same rounded number.
    """
    return {
        key: rounded
        for key, value in facts.items()
        if (rounded := _rounded(key, value) if type(value) in (float, int) else value) is not None
    }


def decisive(context: Mapping[str, object]) -> dict[str, object]:
    """The facts that an order may go by, and that the log holds: all but `NAMES`."""
    return {key: value for key, value in context.items() if key not in NAMES}


def _rounded(key: str, value: object) -> float | None:
    assert isinstance(value, (float, int))
    if not math.isfinite(value):
        return None
    if key == "rain_24h":
        return RAIN[max(bisect_right(RAIN, value) - 1, 0)]
    step = STEPS.get(key)
    if step is None:  # a signal that somebody brought: two digits
        return float(f"{value:.2g}")
    low, high = BOUNDS[key]
    return min(max(round(value / step) * step, low), high)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact of the context comes from: `source` in a word (`header`, `shopper`, `clock`, `open-meteo`).

    `observed_at` is epoch seconds, None where it is of this very request; `stale` says that it is older than it should
    be.
    """

    source: str
    observed_at: float | None = None
    stale: bool = False
