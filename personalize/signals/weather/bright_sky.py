"""Bright Sky: the open data of Deutscher Wetterdienst, for Germany and near it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from personalize.signals.cached import Fetched
from personalize.signals.outside import Outside
from personalize.signals.weather.snapshot import (
    DAY,
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

URL = "https://api.brightsky.dev"
CLOUDY = 45.0
"""Percent of the sky from which dry weather is cloudy: three and a half eighths, where forecasts begin to say so."""
CONDITIONS = {
    "fog": "fog", "rain": "rain", "sleet": "snow", "snow": "snow", "hail": "storm", "thunderstorm": "storm",
}  # fmt: skip


class BrightSky:
    """`GET /weather` (brightsky.dev/docs): observed hours and forecast hours in one list. It takes no key."""

    name = "bright-sky"
    attribution = "Weather data by Deutscher Wetterdienst (CC BY 4.0), through Bright Sky"
    fresh = 900.0
    """Seconds between calls: it looks for new data every few minutes, and sends no Expires."""

    def __init__(self, outside: Outside, url: str, key: str) -> None:
        self.outside, self.url = outside, (url or URL).rstrip("/")

    async def now(self, latitude: float, longitude: float, at: float) -> Fetched[WeatherSnapshot]:
        """The weather of a cell; nothing where no station is within its reach (50 km). Raises SignalError."""
        asked = {
            "lat": f"{latitude:.1f}", "lon": f"{longitude:.1f}", "date": _hour(at), "last_date": _hour(at + 3 * DAY),
            "tz": "Etc/UTC", "units": "dwd",
        }  # fmt: skip
        reply = await self.outside.get(f"{self.url}/weather", asked)
        if reply.json is None:
            return Fetched(None, reply.fresh)
        timed = in_order(part(reply.json, "weather"), "weather", "timestamp")
        if not timed:
            return Fetched(None, reply.fresh)
        observed, row = timed[nearest([time for time, _ in timed], at)]
        # Its amounts are of the hour that ends at the timestamp; ours of the hour that begins there.
        hours = [
            Hour(
                time,
                number(part(one, "temperature"), TEMPERATURES),
                number(part(after, "precipitation"), RAIN),
                _group(after),
            )
            for (time, one), (_, after) in pairwise(timed)
        ]
        temperature = number(part(row, "temperature"), TEMPERATURES)
        wind = number(part(row, "wind_speed"), WIND)
        made = WeatherSnapshot(
            observed_at=in_time(observed, at), source=self.name, attribution=self.attribution, temperature=temperature,
            felt=felt(temperature, number(part(row, "relative_humidity"), SHARE), wind),
            precipitation=number(part(row, "precipitation"), RAIN), wind=wind,
            cloud=number(part(row, "cloud_cover"), SHARE), group=_group(row),
            daylight=is_daylight(latitude, longitude, at),
            next_24h=outlook(hours, at, DAY), next_72h=outlook(hours, at, 3 * DAY),
        )  # fmt: skip
        return Fetched(None if made.empty else made, reply.fresh)

    async def close(self) -> None:
        """Close all connections."""
        await self.outside.close()


def _group(row: object) -> str | None:
    condition = part(row, "condition")
    if condition == "dry":
        cover = number(part(row, "cloud_cover"), SHARE)
        return None if cover is None else "cloudy" if cover >= CLOUDY else "clear"
    return CONDITIONS.get(condition) if isinstance(condition, str) else None


def _hour(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:00+00:00")
