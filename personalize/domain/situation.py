"""The situation: the words that its facts may take, a place, and where a fact comes from."""

from __future__ import annotations

import math
from bisect import bisect_left
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


def read_place(text: str) -> Place | None:
    """A place written `latitude,longitude` in degrees (`53.5,10.0`), at its cell; None for what is none."""
    north, comma, east = text.partition(",")
    try:
        found = coarse(float(north), float(east)) if comma else None
    except ValueError:
        return None
    return None if found is None else Place(*found)


@dataclass(frozen=True, slots=True)
class Browser:
    """What the headers of a request say of what it was sent from and what led there; None is unknown."""

    device: str | None = None
    save_data: bool | None = None
    referrer: str | None = None


STEPS: Mapping[str, tuple[float, ...]] = {
    "temperature": tuple(float(degrees) for degrees in range(-30, 46, 2)),
    "temperature_deviation": tuple(float(kelvin) for kelvin in range(-16, 17, 4)),
    "rain_24h": (0.0, 1.0, 3.0, 10.0, 30.0),
    "wind": (0.0, 20.0, 40.0, 60.0, 80.0),
}
"""The values that numbers of the weather may take: an order shared by many holds for a situation, not for a decimal."""

LARGEST = 1e300


def stepped(context: Mapping[str, object]) -> dict[str, object]:
    """The context with its numbers at the nearest of their `STEPS`; what is no finite number is left out there.

    Numbers of signals that have no steps (somebody brought them) keep two digits. What decisions see, what the log says
    and what orders are told apart by is thus one and the same number, of few.
    """
    found = {}
    for key, value in context.items():
        if key in STEPS or type(value) is float or type(value) is int:
            value = _step(key, value)
        if value is not None:
            found[key] = value
    return found


def exact(context: Mapping[str, object], told: Mapping[str, object]) -> dict[str, object]:
    """The facts of a `context` with the numbers of the weather as they were `told`, to a tenth, not at their `STEPS`.

    This is what people read: the steps are for what decides.
    """
    found = dict(context)
    for key in STEPS.keys() & context.keys():
        value = told.get(key)
        if isinstance(value, (int, float)):
            found[key] = round(float(value), 1) + 0.0  # no minus before a zero
    return found


def decisive(context: Mapping[str, object]) -> dict[str, object]:
    """The facts that an order may go by, and that the log holds: all but `NAMES`."""
    return {key: value for key, value in context.items() if key not in NAMES}


def _step(key: str, value: object) -> float | None:
    """The number at the nearest of its steps (of two as near the lower one), None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -LARGEST <= value <= LARGEST:
        return None
    steps = STEPS.get(key)
    if steps is None:
        return float(f"{value:.2g}")
    at = bisect_left(steps, value)
    if at in (0, len(steps)):
        return steps[max(at - 1, 0)]
    return steps[at - 1] if value - steps[at - 1] <= steps[at] - value else steps[at]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact of the context comes from: `source` in a word (`header`, `shopper`, `clock`, `open-meteo`).

    `observed_at` is epoch seconds, None where it is of this very request; `stale` says that it is older than it should
    be.
    """

    source: str
    observed_at: float | None = None
    stale: bool = False
