"""Open-Meteo: forecasts for all of the world, and the past that the seasonal normal is made from."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

from personalize.errors import SignalError
from personalize.signals.cached import Fetched
from personalize.signals.outside import Outside, iso
from personalize.signals.weather.normal import LASTS, YEARS, Normal, fit
from personalize.signals.weather.snapshot import (
    DAY,
    FELT,
    RAIN,
    SHARE,
    TEMPERATURES,
    WIND,
    Hour,
    WeatherSnapshot,
    in_time,
    number,
    of_wmo,
    outlook,
    part,
)
from personalize.signals.weather.sun import is_daylight

FREE, PAID = "https://api.open-meteo.com", "https://customer-api.open-meteo.com"
CURRENT = (
    "temperature_2m", "apparent_temperature", "is_day", "precipitation", "weather_code", "cloud_cover",
    "wind_speed_10m",
)  # fmt: skip
HOURLY = ("temperature_2m", "precipitation", "weather_code")


class OpenMeteo:
    """`GET /v1/forecast` (open-meteo.com/en/docs); self-hosting and a key (`apikey`) are settings."""

    name = "open-meteo"
    attribution = "Weather data by Open-Meteo.com (CC BY 4.0)"
    fresh = 900.0
    """Seconds between calls: its models' current values change every 15 minutes; it sends no Expires."""

    def __init__(self, outside: Outside, url: str, key: str) -> None:
        self.outside, self.key = outside, key
        self.url = (url or (PAID if key else FREE)).rstrip("/")

    async def now(self, latitude: float, longitude: float, at: float) -> Fetched[WeatherSnapshot]:
        """The weather of a cell. Raises SignalError."""
        asked = {
            "latitude": f"{latitude:.1f}", "longitude": f"{longitude:.1f}", "current": ",".join(CURRENT),
            "hourly": ",".join(HOURLY), "forecast_hours": "73", "timeformat": "unixtime", "timezone": "GMT",
        }  # fmt: skip
        reply = await self.outside.get(f"{self.url}/v1/forecast", asked | self._paid())
        if reply.json is None:
            return Fetched(None, reply.fresh)
        current = part(reply.json, "current")
        observed = _moment(part(current, "time"))
        if not isinstance(current, dict) or observed is None:
            raise SignalError("an answer without `current`", code="SIGNAL_GARBAGE")
        day, hours = number(current.get("is_day"), (0, 1)), _hours(reply.json)
        made = WeatherSnapshot(
            observed_at=in_time(observed, at), source=self.name, attribution=self.attribution,
            temperature=number(current.get("temperature_2m"), TEMPERATURES),
            felt=number(current.get("apparent_temperature"), FELT),
            precipitation=number(current.get("precipitation"), RAIN),
            wind=number(current.get("wind_speed_10m"), WIND),
            cloud=number(current.get("cloud_cover"), SHARE),
            group=of_wmo(current.get("weather_code")),
            daylight=bool(day) if day is not None else is_daylight(latitude, longitude, at),
            next_24h=outlook(hours, at, DAY), next_72h=outlook(hours, at, 3 * DAY),
        )  # fmt: skip
        return Fetched(None if made.empty else made, reply.fresh)

    async def normal(self, latitude: float, longitude: float, at: float) -> Fetched[Normal]:
        """The seasonal normal of a cell, from the daily means of the last `YEARS` whole years. Raises SignalError."""
        year = datetime.fromtimestamp(at, UTC).year
        asked = {
            "latitude": f"{latitude:.1f}", "longitude": f"{longitude:.1f}", "daily": "temperature_2m_mean",
            "start_date": f"{year - YEARS}-01-01", "end_date": f"{year - 1}-12-31", "timezone": "GMT",
        }  # fmt: skip
        reply = await self.outside.get(f"{_archive(self.url)}/v1/archive", asked | self._paid())
        days, means = part(reply.json, "daily", "time"), part(reply.json, "daily", "temperature_2m_mean")
        if not isinstance(days, list) or not isinstance(means, list) or len(days) != len(means):
            raise SignalError("an answer without `daily`", code="SIGNAL_GARBAGE")
        known = [
            (moment, mean)
            for day, value in zip(days, means, strict=True)
            if (moment := iso(day)) is not None and (mean := number(value, TEMPERATURES)) is not None
        ]
        return Fetched(fit(known), LASTS)

    async def close(self) -> None:
        """Close all connections."""
        await self.outside.close()

    def _paid(self) -> dict[str, str]:
        return {"apikey": self.key} if self.key else {}


def _archive(url: str) -> str:
    """Where the past is: the public service has a host of its own for it; who hosts it, has both in one place."""
    parts = urlsplit(url)
    host = {"api.open-meteo.com": "archive-api.open-meteo.com"}.get(parts.netloc, parts.netloc)
    host = {"customer-api.open-meteo.com": "customer-archive-api.open-meteo.com"}.get(host, host)
    return urlunsplit(parts._replace(netloc=host))


def _moment(value: object) -> float | None:
    """A time as asked for (epoch seconds), or as the service tells it unasked (ISO 8601 in GMT)."""
    found = number(value, (0.0, 1e11))
    return iso(value) if found is None else found


def _hours(answer: object) -> list[Hour]:
    columns = [part(answer, "hourly", name) for name in ("time", *HOURLY)]
    times, heat, rain, codes = (column if isinstance(column, list) else [] for column in columns)
    found = []
    for place, value in enumerate(times[:400]):
        if (time := _moment(value)) is not None:
            found.append(
                Hour(
                    time,
                    number(heat[place], TEMPERATURES) if place < len(heat) else None,
                    number(rain[place], RAIN) if place < len(rain) else None,
                    of_wmo(codes[place]) if place < len(codes) else None,
                )
            )
    return found
