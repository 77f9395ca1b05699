"""Where the sun stands, and how warm the air feels: for providers that do not say."""

from __future__ import annotations

from datetime import UTC, datetime
from math import asin, cos, degrees, exp, pi, radians, sin

RISEN = -0.833
"""Degrees: the sun's upper edge touches the horizon, refraction included (the usual definition of sunrise)."""


def elevation(latitude: float, longitude: float, at: float) -> float:
    """The sun's height over the horizon in degrees, to about a degree; also at the poles.

    Spencer's series for the declination and the equation of time (Spencer 1971, Search 2(5)).
    """
    moment = datetime.fromtimestamp(at, UTC)
    hours = moment.hour + moment.minute / 60
    year = 2 * pi * (moment.timetuple().tm_yday - 1 + hours / 24) / 365.0
    declination = (
        0.006918 - 0.399912 * cos(year) + 0.070257 * sin(year) - 0.006758 * cos(2 * year)
        + 0.000907 * sin(2 * year) - 0.002697 * cos(3 * year) + 0.00148 * sin(3 * year)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * cos(year) - 0.032077 * sin(year) - 0.014615 * cos(2 * year) - 0.040849 * sin(2 * year)
    )
    angle = radians(15 * (hours - 12 + minutes / 60) + longitude)
    north = radians(latitude)
    height = sin(north) * sin(declination) + cos(north) * cos(declination) * cos(angle)
    return degrees(asin(max(-1.0, min(1.0, height))))


def is_daylight(latitude: float, longitude: float, at: float) -> bool:
    """Whether the sun is up."""
    return elevation(latitude, longitude, at) > RISEN


def felt(temperature: float | None, humidity: float | None, wind: float | None) -> float | None:
    """The apparent temperature in degrees C, in the shade: of air (degrees C), humidity (%) and wind (km/h at 10 m).

    Steadman's formula as the Australian Bureau of Meteorology uses it (Steadman 1994, Aust. Met. Mag. 43). None where
    one of the three is unknown.
    """
    if temperature is None or humidity is None or wind is None:
        return None
    vapour = humidity / 100 * 6.105 * exp(17.27 * temperature / (237.7 + temperature))  # hPa
    return round(temperature + 0.33 * vapour - 0.70 * wind / 3.6 - 4.00, 1)
