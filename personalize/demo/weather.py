"""A weather service for the demo and for tests: Open-Meteo's shape, and whatever weather it was told to have."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import cos, pi
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from personalize.domain.situation import WEATHER

CODES = {"clear": 0, "cloudy": 3, "fog": 45, "rain": 63, "snow": 73, "storm": 95}
WET = {"rain": 1.0, "snow": 0.5, "storm": 4.0}  # mm an hour
COVER = {"clear": 5, "cloudy": 90}
SLOT, HOUR, DAY = 900, 3_600, 86_400
MAX_BODY, MAX_HOURS, MAX_DAYS = 4_096, 24 * 16, 366 * 40
UNITS = {"temperature_2m": "°C", "apparent_temperature": "°C", "precipitation": "mm", "wind_speed_10m": "km/h"}


class Sky(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weather everywhere, now and for the days to come. `rain` mm an hour, `wind` km/h, temperature degrees C."""

    temperature: float = 15.0
    weather: str = "cloudy"
    rain: float | None = None
    wind: float = 10.0
    daylight: bool = True

    def values(self) -> dict[str, Any]:
        """What Open-Meteo's variables are under this sky."""
        return {
            "temperature_2m": self.temperature, "apparent_temperature": self.temperature, "is_day": int(self.daylight),
            "precipitation": WET.get(self.weather, 0.0) if self.rain is None else self.rain,
            "weather_code": CODES[self.weather], "cloud_cover": COVER.get(self.weather, 100),
            "wind_speed_10m": self.wind,
        }  # fmt: skip


class Weather:
    """`GET /v1/forecast`, `GET /v1/archive`, and `/script`: `GET` the sky, or `POST` keys of a `Sky`; others stay."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.sky, self.asked = clock, Sky(), 0

    async def script(self, request: Request) -> Response:
        """Change the sky, or tell it; 400 where it could not be one. The answer is the whole sky."""
        if request.method == "GET":
            return JSONResponse(msgspec.to_builtins(self.sky))
        body = await request.body()
        try:
            told = msgspec.json.decode(body, type=dict[str, Any]) if len(body) <= MAX_BODY else {}
            sky = msgspec.convert({**msgspec.to_builtins(self.sky), "rain": None, **told}, Sky)
        except msgspec.MsgspecError as error:
            return JSONResponse({"error": True, "reason": str(error)}, 400)
        if sky.weather not in WEATHER:
            return JSONResponse({"error": True, "reason": f"weather is one of: {', '.join(WEATHER)}"}, 400)
        self.sky = sky
        return JSONResponse(msgspec.to_builtins(sky))

    async def forecast(self, request: Request) -> Response:
        """The same weather in every hour; it asks to be looked at again after a second."""
        self.asked += 1
        now, query, values = int(self.clock()), request.query_params, self.sky.values()
        unix = query.get("timeformat") == "unixtime"
        hours = range(now - now % HOUR, now - now % HOUR + _count(query.get("forecast_hours")) * HOUR, HOUR)
        try:
            answer = _located(query)
            for section, names in (("current", _names(query, "current")), ("hourly", _names(query, "hourly"))):
                if names:
                    answer[f"{section}_units"] = {
                        "time": "unixtime" if unix else "iso8601", **{name: UNITS.get(name, "") for name in names},
                    }  # fmt: skip
            if names := _names(query, "current"):
                at = now - now % SLOT
                answer["current"] = {
                    "time": _told(at, unix),
                    "interval": SLOT,
                    **{name: values[name] for name in names},
                }
            if names := _names(query, "hourly"):
                columns = {name: [values[name]] * len(hours) for name in names}
                answer["hourly"] = {"time": [_told(at, unix) for at in hours], **columns}
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": True, "reason": f"cannot use {error}"}, 400)
        return JSONResponse(answer, headers={"Cache-Control": "max-age=1"})

    async def archive(self, request: Request) -> Response:
        """Daily means of a mild climate in the north: 2 degrees C in mid-January, 18 in mid-July."""
        query = request.query_params
        try:
            first, last = date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"])
            answer = _located(query)
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": True, "reason": f"cannot use {error}"}, 400)
        count = min(max((last - first).days + 1, 0), MAX_DAYS)
        days = [first + timedelta(number) for number in range(count)]
        answer["daily_units"] = {"time": "iso8601", "temperature_2m_mean": "°C"}
        answer["daily"] = {
            "time": [day.isoformat() for day in days],
            "temperature_2m_mean": [
                round(10 - 8 * cos(2 * pi * (day.timetuple().tm_yday - 15) / 365.25), 1) for day in days
            ],
        }
        return JSONResponse(answer)


def create_weather(clock: Callable[[], float] = time.time, origins: Sequence[str] = ()) -> Starlette:
    """The service, with a sky of its own; pages of `origins` (`http://127.0.0.1:3000`) may script it from a browser."""
    made = Weather(clock)
    allowed = Middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["content-type"]
    )
    return Starlette(
        middleware=[allowed],
        routes=[
            Route("/v1/forecast", made.forecast),
            Route("/v1/archive", made.archive),
            Route("/script", made.script, methods=["GET", "POST"]),
        ],
    )


def _located(query: Any) -> dict[str, Any]:
    north, east = float(query["latitude"]), float(query["longitude"])
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        raise ValueError(f"latitude {north}, longitude {east}")
    return {
        "latitude": north, "longitude": east, "generationtime_ms": 0.05, "utc_offset_seconds": 0, "timezone": "GMT",
        "timezone_abbreviation": "GMT", "elevation": 12.0,
    }  # fmt: skip


def _names(query: Any, section: str) -> list[str]:
    return [name for name in query.get(section, "").split(",") if name]


def _count(told: str | None) -> int:
    return min(int(told), MAX_HOURS) if told is not None and told.isdigit() else 7 * 24


def _told(at: int, unix: bool) -> int | str:
    return at if unix else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M")
