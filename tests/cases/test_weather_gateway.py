"""Weather beside the road: whatever a service does, the answer comes at once, and what it said counts the next time."""

import asyncio
import time

import httpx
import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from personalize.demo.weather import create_weather
from personalize.domain.visit import Visit
from tests.gateway_world import listening, world
from tests.weather_services import open_meteo, service

LISTING = '{ search(input: {collectionSlug: "women", groupByProduct: true, take: 5}) { items { productId } } }'
PLACE = "53.5,10.0"


def on(url, **more):
    return {"weather_provider": "open-meteo", "weather_url": url, "shop_place": PLACE, **more}


async def flights(gateway):
    """Wait until nothing is asked outside any more."""
    weather = next(signal for signal in gateway.signals if signal.name == "weather")
    for cache in (weather.cells, weather.normals):
        await asyncio.gather(*cache.flights.values(), return_exceptions=True)


def metrics(gateway, start="personalize_signal"):
    lines = gateway.telemetry.render().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith(start)}


async def context(world_):
    """What is assumed of the situation, as a storefront is told it."""
    answer = await world_.send("{ personalization { visit { context { name value } } } }")
    told = answer.json()["data"]["personalization"]["visit"]["context"]
    return {fact["name"]: fact["value"] for fact in told}


async def operator(gateway, path):
    transport = httpx.ASGITransport(app=gateway.operator())
    async with httpx.AsyncClient(transport=transport, base_url="http://operator.test") as client:
        return await client.get(path)


BAD = {
    "5xx": Response(status_code=500),
    "429": Response(status_code=429, headers={"retry-after": "60"}),
    "garbage": Response(b"<html>", media_type="text/html"),
    "redirect": RedirectResponse("http://127.0.0.1:1/elsewhere"),
    "oversized": Response(b" " * 3_000_000),
    "skewed": lambda request: JSONResponse(open_meteo(time.time() + 9 * 86_400)),
}


@pytest.mark.parametrize("fault", BAD)
async def test_a_service_in_trouble_costs_its_facts_and_nothing_else(fault):
    async with service(BAD[fault]) as there, world(**on(there.url)) as shop:
        await flights(shop.gateway)
        answer = await shop.send(LISTING)
        assert len(answer.json()["data"]["search"]["items"]) == 5
        assert "weather" not in await context(shop)
        ready = await operator(shop.gateway, "/readyz")
        assert (ready.status_code, ready.json()["schema"]) == (200, True)
        told = metrics(shop.gateway)
        assert told['personalize_signal_calls_total{outcome="failed",source="open-meteo"}'] == 1
        assert told['personalize_signal_reads_total{source="open-meteo",state="missing"}'] >= 2
        assert told['personalize_signal_breaker{source="open-meteo"}'] == (fault == "429")
        faults = {name: value for name, value in shop.faults().items() if name.startswith("signal ")}
        assert any(name.startswith("signal open-meteo_signal_") for name in faults), faults
        assert len([one for one in there.asked if one.url.path == "/v1/forecast"]) == 1


async def test_a_request_never_waits_for_a_service_that_hangs():
    async with service(open_meteo()) as there:
        there.hang = True
        async with world(**on(there.url)) as shop:
            answer = await shop.send(LISTING)
            assert len(answer.json()["data"]["search"]["items"]) == 5
            weather = next(signal for signal in shop.gateway.signals if signal.name == "weather")
            assert len(weather.cells.flights) == 1, "the service has not answered yet, and we have"
            assert (await operator(shop.gateway, "/readyz")).status_code == 200
        assert weather.cells.flights == {}, "and the gateway stops without it"


async def test_a_thousand_visitors_of_a_cold_gateway_make_one_call():
    async with service(lambda request: JSONResponse(open_meteo(time.time()))) as there:
        async with world(**on(there.url)) as shop:
            weather = next(signal for signal in shop.gateway.signals if signal.name == "weather")
            visits = [Visit(at=shop.gateway.clock()) for _ in range(1_000)]
            assert all(not weather.read(visit).facts for visit in visits)
            await flights(shop.gateway)
            assert all(weather.read(visit).facts["weather"] == "rain" for visit in visits)
        assert len([one for one in there.asked if one.url.path == "/v1/forecast"]) == 1


async def test_the_weather_of_the_demo_counts_one_request_after_it_was_fetched():
    async with listening(create_weather()) as url, world(**on(url)) as shop, httpx.AsyncClient() as client:
        now = [time.time()]
        for signal in shop.gateway.signals:
            if signal.name == "weather":
                signal.cells.around = type(signal.cells.around)(
                    shop.gateway.telemetry, lambda: now[0], signal.cells.around.cache
                )
        for sky, facts in (
            ({"temperature": 28, "weather": "clear"}, {"weather": "clear", "temperature": "28.0"}),
            ({"temperature": 6, "weather": "rain"}, {"weather": "rain", "temperature": "6.0"}),
            ({"weather": "storm", "rain": 2}, {"weather": "storm", "temperature": "6.0"}),
        ):
            assert (await client.post(f"{url}/script", json=sky)).status_code == 200
            await flights(shop.gateway)
            now[0] += 2.0  # it asks to be looked at again after a second
            await context(shop)
            await flights(shop.gateway)
            told = await context(shop)
            assert facts.items() <= told.items()
            assert (float(told["rain_24h"]) > 0) == (sky["weather"] != "clear")
            assert float(told["temperature_deviation"]) == pytest.approx(float(told["temperature"]) - 10, abs=11)


@pytest.mark.parametrize(
    "sky", [{"weather": "plague"}, {"temperature": "hot"}, {"mood": "calm"}, [], {"rain": "x"}, {"daylight": 3}]
)
async def test_the_demos_weather_refuses_what_is_no_weather(sky):
    async with listening(create_weather()) as url, httpx.AsyncClient() as client:
        assert (await client.post(f"{url}/script", json=sky)).status_code == 400
        for path in ("/v1/forecast", "/v1/forecast?latitude=91&longitude=0", "/v1/archive?latitude=1&longitude=0"):
            assert (await client.get(url + path)).status_code == 400


async def test_weather_is_off_until_it_is_configured():
    async with world(shop_place=PLACE) as shop:
        assert "weather" not in await context(shop)
        assert 'source="open-meteo"' not in shop.gateway.telemetry.render().decode()
