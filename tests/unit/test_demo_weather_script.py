"""The demo's weather as the storefront's page scripts it: told, asked for, and by no other page."""

from __future__ import annotations

import httpx

from personalize.demo.weather import create_weather

PAGE = "http://127.0.0.1:3000"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


async def test_a_page_of_a_named_origin_may_script_the_sky() -> None:
    transport = httpx.ASGITransport(app=create_weather(origins=(PAGE,)))
    async with httpx.AsyncClient(transport=transport, base_url="http://weather") as client:
        assert (await client.options("/script", headers={"Origin": PAGE, **PREFLIGHT})).status_code == 200
        made = await client.post("/script", json={"weather": "snow", "temperature": -3}, headers={"Origin": PAGE})
        assert made.headers["access-control-allow-origin"] == PAGE
        assert (await client.get("/script")).json() == made.json()
        other = await client.options("/script", headers={"Origin": "http://other.test", **PREFLIGHT})
        assert other.status_code == 400
        assert "access-control-allow-origin" not in other.headers
