"""Weather services for tests: real HTTP servers that answer in the recorded shapes of the three, or misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from personalize.signals.weather.snapshot import HOUR
from tests.gateway_world import listening

NOON = 1_790_942_400.0
"""2026-10-02, 12:00 UTC: the moment of the recorded answers."""


def open_meteo(at: float = NOON) -> dict[str, Any]:
    """`/v1/forecast` as recorded in October 2026, cut to what we ask for: 11.8 degrees, rain for six hours."""
    hour = int(at - at % HOUR)
    return {
        "latitude": 53.5, "longitude": 10.0, "generationtime_ms": 0.11, "utc_offset_seconds": 0, "timezone": "GMT",
        "timezone_abbreviation": "GMT", "elevation": 11.0,
        "current_units": {
            "time": "unixtime", "interval": "seconds", "temperature_2m": "°C", "apparent_temperature": "°C",
            "is_day": "", "precipitation": "mm", "weather_code": "wmo code", "cloud_cover": "%",
            "wind_speed_10m": "km/h",
        },
        "current": {
            "time": int(at - at % 900), "interval": 900, "temperature_2m": 11.8, "apparent_temperature": 8.4,
            "is_day": 1, "precipitation": 0.3, "weather_code": 61, "cloud_cover": 100, "wind_speed_10m": 19.4,
        },
        "hourly_units": {
            "time": "unixtime", "temperature_2m": "°C", "precipitation": "mm", "weather_code": "wmo code",
        },
        "hourly": {
            "time": [hour + step * 3600 for step in range(73)],
            "temperature_2m": [11.8 + step % 3 for step in range(73)],
            "precipitation": [0.5 if step < 6 else 0.0 for step in range(73)],
            "weather_code": [61 if step < 6 else 3 for step in range(73)],
        },
    }  # fmt: skip


def bright_sky(at: float = NOON) -> dict[str, Any]:
    """`/weather` as its OpenAPI document gives it, the same weather; a record holds of the hour before it."""
    hour = at - at % HOUR

    def record(step: int) -> dict[str, Any]:
        rain = 0 < step <= 6
        return {
            "timestamp": datetime.fromtimestamp(hour + step * HOUR, UTC).isoformat(), "source_id": 238685,
            "precipitation": 0.5 if rain else 0.3 if step == 0 else 0.0, "pressure_msl": 1011.2, "sunshine": None,
            "temperature": 11.8 + step % 3, "wind_direction": 250, "wind_speed": 19.4, "cloud_cover": 100,
            "dew_point": 9.6, "relative_humidity": 86, "visibility": 20000, "wind_gust_direction": None,
            "wind_gust_speed": 38.9, "condition": "rain" if step <= 6 else "dry", "precipitation_probability": None,
            "precipitation_probability_6h": None, "solar": None, "icon": "rain" if step <= 6 else "cloudy",
        }  # fmt: skip

    return {
        "weather": [record(step) for step in range(73)],
        "sources": [
            {
                "id": 238685, "dwd_station_id": "01975", "observation_type": "forecast", "lat": 53.6332, "lon": 9.9881,
                "height": 11.0, "station_name": "Hamburg-Fuhlsbüttel", "wmo_station_id": "10147",
                "first_record": "2026-09-20T00:00:00+00:00", "last_record": "2026-10-12T00:00:00+00:00",
                "distance": 14831.0,
            }
        ],
    }  # fmt: skip


def met_norway(at: float = NOON) -> dict[str, Any]:
    """`/locationforecast/2.0/compact` as documented, the same weather; hours for 60 hours, then steps of six."""
    hour = at - at % HOUR

    def entry(step: int) -> dict[str, Any]:
        rain = step < 6
        data: dict[str, Any] = {
            "instant": {
                "details": {
                    "air_pressure_at_sea_level": 1011.2, "air_temperature": 11.8 + step % 3,
                    "cloud_area_fraction": 100.0, "relative_humidity": 86.0, "wind_from_direction": 250.1,
                    "wind_speed": 5.4,
                }
            }
        }  # fmt: skip
        symbol = "lightrain" if rain else "partlycloudy_day"
        if step < 60:
            data["next_1_hours"] = {
                "summary": {"symbol_code": symbol}, "details": {"precipitation_amount": 0.5 if rain else 0.0},
            }  # fmt: skip
        data["next_6_hours"] = {
            "summary": {"symbol_code": symbol}, "details": {"precipitation_amount": 3.0 if step == 0 else 0.0},
        }  # fmt: skip
        return {"time": datetime.fromtimestamp(hour + step * HOUR, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data}

    last = entry(84)
    last["data"] = {"instant": last["data"]["instant"]}  # the last moment has no period after it
    return {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [10.0, 53.5, 11]},
        "properties": {
            "meta": {
                "updated_at": "2026-10-02T11:24:05Z",
                "units": {
                    "air_pressure_at_sea_level": "hPa", "air_temperature": "celsius", "cloud_area_fraction": "%",
                    "precipitation_amount": "mm", "relative_humidity": "%", "wind_from_direction": "degrees",
                    "wind_speed": "m/s",
                },
            },
            "timeseries": [*(entry(step) for step in range(60)), *(entry(step) for step in (60, 66, 72, 78)), last],
        },
    }  # fmt: skip


SHAPES: dict[str, Callable[..., dict[str, Any]]] = {
    "open-meteo": open_meteo, "bright-sky": bright_sky, "met-norway": met_norway,
}  # fmt: skip
PATHS = {"open-meteo": "/v1/forecast", "bright-sky": "/weather", "met-norway": "/locationforecast/2.0/compact"}


class Service:
    """A service that gives `answer` (JSON, or a Response, or what makes one of a request); `hang` keeps it waiting."""

    def __init__(self, answer: Any) -> None:
        self.url = ""
        self.went = asyncio.Event()
        self.use(answer)

    def use(self, answer: Any) -> None:
        """Give another answer from now on, and forget who asked."""
        self.answer, self.hang = answer, False
        self.asked: list[Request] = []

    async def reply(self, request: Request) -> Response:
        """One request."""
        self.asked.append(request)
        if self.hang:
            await self.went.wait()
        found = self.answer(request) if callable(self.answer) and not isinstance(self.answer, Response) else self.answer
        return found if isinstance(found, Response) else JSONResponse(found)


@asynccontextmanager
async def service(answer: Any = None) -> AsyncIterator[Service]:
    """A running service, below any path; it dates its answers only where they say so themselves."""
    made = Service(answer)
    app = Starlette(routes=[Route("/{path:path}", made.reply)])
    async with listening(app, date_header=False) as made.url:
        try:
            yield made
        finally:
            made.went.set()
