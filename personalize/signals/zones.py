"""Time zones and where they are, by the `zone.tab` of the IANA database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_ROW = re.compile(r"^([A-Z]{2})\t([+-])(\d{2})(\d{2})(?:\d{2})?[+-]\d+\t([^\t\n]+)", re.M)


@cache
def latitudes() -> Mapping[str, float]:
    """The latitude of each time zone's principal place, in degrees.

    Zones that name no place (`UTC`) and old names of zones are not in it.
    """
    return {zone: latitude for _, zone, latitude in zones()}


def country_of(timezone: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) of a time zone, None where the zone names no place."""
    return next((country for country, zone, _ in zones() if zone == timezone), None)


@cache
def zones() -> tuple[tuple[str, str, float], ...]:
    """Country, time zone and latitude of the rows of `zone.tab`."""
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    return tuple(
        (row[1], row[5], (int(row[3]) + int(row[4]) / 60) * (1 if row[2] == "+" else -1))
        for row in _ROW.finditer(table)
    )
