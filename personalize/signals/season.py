"""The season where the visitor is, else where the shop is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from personalize.domain.event import NOTHING
from personalize.domain.situation import SEASONS, Place
from personalize.domain.visit import Visit
from personalize.settings import Settings
from personalize.signals.local_time import LocalTime
from personalize.signals.zones import country_of, latitudes, zones

KEYS: Mapping[str, type] = {"season": str}

TROPIC = 23.4
"""Degrees of latitude within which the year has no four seasons."""


def season(month: int, latitude: float) -> str | None:
    """The meteorological season of a month (1 to 12): spring is March to May in the north, September to November in the
    south; None between the tropics.
    """
    if abs(latitude) < TROPIC:
        return None
    north = SEASONS[(month - 3) % 12 // 3]
    return north if latitude > 0 else SEASONS[(SEASONS.index(north) + 2) % 4]


@cache
def of_country(country: str, month: int) -> str | None:
    """The season of a country (ISO 3166-1 alpha-2), None where it is not the same at all of its time zones' places."""
    found = {season(month, latitude) for one, _, latitude in zones() if one == country}
    return found.pop() if len(found) == 1 else None


class Season:
    """Context key `season`: of the visit's place where its latitude is known, else of its country, else of the shop's
    time zone.

    Missing between the tropics, in a country that has several, and where nothing is known.
    """

    name = "season"
    keys = KEYS

    def __init__(self, timezone: str) -> None:
        self._time = LocalTime(timezone)
        self._latitude = latitudes().get(timezone)
        self._country = country_of(timezone)

    @classmethod
    def from_settings(cls, settings: Settings) -> Season:
        """Uses `shop_timezone`."""
        return cls(settings.shop_timezone)

    def read(self, visit: Visit) -> Mapping[str, object]:
        found = self._of(visit.place, self._time.at(visit.at)[0].month)
        return {"season": found} if found is not None else NOTHING

    def _of(self, place: Place | None, month: int) -> str | None:
        latitude = self._latitude
        if place is not None and place.latitude is not None:
            latitude = place.latitude
        elif place is not None and place.country not in (None, self._country):
            return of_country(str(place.country), month)
        return season(month, latitude) if latitude is not None else None
