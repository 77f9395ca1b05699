"""The demo's list of everything under the demo's own weather service: from sun to rain, as a shopper sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from statistics import fmean

import httpx

from personalize.demo.weather import create_weather
from tests.gateway_world import catalogue, listening
from tests.weather_world import Weathered, weathered

HOLDS = 1.05  # seconds that an answer of the demo's service holds


async def turn(one: Weathered, url: str, sky: Mapping[str, object]) -> None:
    """Another weather; the request after it is due asks for it beside the road."""
    async with httpx.AsyncClient() as client:
        assert (await client.post(f"{url}/script", json=sky)).status_code == 200
    await asyncio.sleep(HOLDS)
    await one.page()
    weather = next(signal for signal in one.gateway.signals if signal.name == "weather")
    await asyncio.gather(*weather.cells.flights.values())  # type: ignore[attr-defined]


def places(order: list[str]) -> dict[str, float]:
    """The mean 0-based positions of what is good in rain, and of what is for summer."""
    by_id, at = catalogue().product_by_id, dict(enumerate(order))
    return {
        "rain": fmean(place for place, item in at.items() if "rainproof" in by_id[item].weather),
        "summer": fmean(place for place, item in at.items() if by_id[item].season == "summer"),
    }


async def test_from_sun_to_rain_at_the_next_request() -> None:
    async with weathered() as one:
        without = await one.listing()
    async with listening(create_weather()) as url:
        service = {"weather_provider": "open-meteo", "weather_url": url, "shop_place": "53.6,10.0"}
        async with weathered(**service) as one:
            await turn(one, url, {"temperature": 28, "weather": "clear"})
            sun = await one.listing()
            await turn(one, url, {"temperature": 6, "weather": "rain"})
            first, report = await one.page()  # one request after the refresh
            rain = await one.listing()
            assert first == rain[: len(first)]
            assert {"rain", "cold"} & {item["reason"]["code"] for item in report["items"] if item["reason"]}
            assert sorted(sun) == sorted(rain) == sorted(without)
            hot, wet = places(sun), places(rain)
            assert wet["rain"] <= 0.7 * hot["rain"]
            assert wet["summer"] >= 1.3 * hot["summer"]
        async with weathered(weather_provider="") as one:  # every signal but the weather
            assert await one.listing() == without
