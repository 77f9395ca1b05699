"""MET Norway (Meteorologisk institutt): forecasts for all of the world, best in the north."""

from __future__ import annotations

from collections.abc import Sequence

from personalize.signals.cached import Fetched
from personalize.signals.outside import Outside
from personalize.signals.weather.snapshot import (
    DAY,
    HOUR,
    RAIN,
    SHARE,
    TEMPERATURES,
    WIND,
    Hour,
    WeatherSnapshot,
    in_order,
    in_time,
    nearest,
    number,
    outlook,
    part,
)
from personalize.signals.weather.sun import felt, is_daylight

URL = "https://api.met.no/weatherapi"
PERIODS = (("next_1_hours", 1), ("next_6_hours", 6))
SKY = {"clearsky": "clear", "fair": "clear", "partlycloudy": "cloudy", "cloudy": "cloudy", "fog": "fog"}
M_PER_S = 3.6


class MetNorway:
    """`GET /locationforecast/2.0/compact` (docs.api.met.no). Its Expires says when to ask again; it takes no key."""

    name = "met-norway"
    attribution = "Weather data by MET Norway (CC BY 4.0)"
    fresh = 1_800.0
    """Seconds between calls, should it send no Expires."""

    def __init__(self, outside: Outside, url: str, key: str) -> None:
        self.outside, self.url = outside, (url or URL).rstrip("/")

    async def now(self, latitude: float, longitude: float, at: float) -> Fetched[WeatherSnapshot]:
        """The weather of a cell. Raises SignalError."""
        asked = {"lat": f"{latitude:.1f}", "lon": f"{longitude:.1f}"}
        reply = await self.outside.get(f"{self.url}/locationforecast/2.0/compact", asked)
        if reply.json is None:
            return Fetched(None, reply.fresh)
        timed = in_order(part(reply.json, "properties", "timeseries"), "properties.timeseries", "time")
        if not timed:
            return Fetched(None, reply.fresh)
        observed, row = timed[nearest([time for time, _ in timed], at)]
        details = part(row, "data", "instant", "details")
        temperature = number(part(details, "air_temperature"), TEMPERATURES)
        wind = _kmh(number(part(details, "wind_speed"), (WIND[0], WIND[1] / M_PER_S)))
        hours, symbol = _hours(timed), _symbol(row)
        made = WeatherSnapshot(
            observed_at=in_time(observed, at), source=self.name, attribution=self.attribution, temperature=temperature,
            felt=felt(temperature, number(part(details, "relative_humidity"), SHARE), wind),
            precipitation=next((hour.precipitation for hour in hours if hour.at == observed), None), wind=wind,
            cloud=number(part(details, "cloud_area_fraction"), SHARE), group=_group(symbol),
            daylight=is_daylight(latitude, longitude, at),
            next_24h=outlook(hours, at, DAY), next_72h=outlook(hours, at, 3 * DAY),
        )  # fmt: skip
        return Fetched(None if made.empty else made, reply.fresh)

    async def close(self) -> None:
        """Close all connections."""
        await self.outside.close()


def _hours(timed: Sequence[tuple[float, object]]) -> list[Hour]:
    """All hours; where the series goes in steps of six, each stands for six hours with a sixth of the rain."""
    found: list[Hour] = []
    for time, row in timed:
        heat = number(part(row, "data", "instant", "details", "air_temperature"), TEMPERATURES)
        for name, count in PERIODS:
            period = part(row, "data", name)
            if isinstance(period, dict):
                rain = number(part(period, "details", "precipitation_amount"), RAIN)
                group = _group(part(period, "summary", "symbol_code"))
                each = None if rain is None else rain / count
                found += [Hour(time + step * HOUR, heat, each, group) for step in range(count)]
                break
    return found


def _symbol(row: object) -> object:
    return next((code for name, _ in PERIODS if (code := part(row, "data", name, "summary", "symbol_code"))), None)


def _group(symbol: object) -> str | None:
    """The group of a symbol code (api.met.no/weatherapi/weathericon/2.0): `lightrainshowersandthunder_day`."""
    if not isinstance(symbol, str) or len(symbol) > 60:
        return None
    kind = symbol.partition("_")[0]
    if kind in SKY:
        return SKY[kind]
    if "thunder" in kind:
        return "storm"
    if "snow" in kind or "sleet" in kind:
        return "snow"
    return "rain" if "rain" in kind else None


def _kmh(speed: float | None) -> float | None:
    return None if speed is None else round(speed * M_PER_S, 1)
