"""The season where the visitor is, else where the shop is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from personalize.domain.event import NOTHING
from personalize.domain.situation import SEASONS
from personalize.domain.visit import Visit
from personalize.settings import Settings
from personalize.signals.local_time import LocalTime

KEYS: Mapping[str, type] = {"season": str}

TROPIC = 23.4
"""Degrees of latitude within which the year has no four seasons."""

_ROW = re.compile(r"^[A-Z]{2}\t([+-])(\d{2})(\d{2})(?:\d{2})?[+-]\d+\t([^\t\n]+)", re.M)


def season(month: int, latitude: float) -> str | None:
    """The meteorological season of a month (1 to 12): spring is March to May in the north, September to November in the
    south; None between the tropics.
    """
    if abs(latitude) < TROPIC:
        return None
    north = SEASONS[(month - 3) % 12 // 3]
    return north if latitude > 0 else SEASONS[(SEASONS.index(north) + 2) % 4]


@cache
def latitudes() -> Mapping[str, float]:
    """The latitude of each time zone's principal place, in degrees, by the `zone.tab` of the IANA database.

    Zones that name no place (`UTC`) and old names of zones are not in it.
    """
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    return {row[4]: (int(row[2]) + int(row[3]) / 60) * (1 if row[1] == "+" else -1) for row in _ROW.finditer(table)}


class Season:
    """Context key `season`: of the visit's place where its latitude is known, else of the shop's time zone.

    Missing between the tropics, and where neither is known.
    """

    name = "season"
    keys = KEYS

    def __init__(self, timezone: str) -> None:
        self._time = LocalTime(timezone)
        self._latitude = latitudes().get(timezone)

    @classmethod
    def from_settings(cls, settings: Settings) -> Season:
        """Uses `shop_timezone`."""
        return cls(settings.shop_timezone)

    def read(self, visit: Visit) -> Mapping[str, object]:
        place = visit.place
        latitude = place.latitude if place is not None and place.latitude is not None else self._latitude
        found = season(self._time.at(visit.at)[0].month, latitude) if latitude is not None else None
        return {"season": found} if found is not None else NOTHING
