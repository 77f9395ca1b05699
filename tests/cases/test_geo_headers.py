"""A place is taken from a trusted network's headers only, over real connections; the shop is sent the same headers."""

from __future__ import annotations

import httpx
import pytest

from personalize.domain.shop_stores import parse_stores
from tests.gateway_world import World, listening, world

VISIT = "{ personalization { visit { context { name value } } } }"
LIST = "query L($i: SearchInput!) { search(input: $i) { items { productId } } }"
FORGED = {"cf-ipcountry": "AU", "cf-ipcity": "Sydney", "cf-iplatitude": "-33.8688", "cf-iplongitude": "151.2093"}


async def facts(at: World, **headers: str) -> dict[str, str]:
    """What the gateway assumes of a visit that comes over a connection of its own."""
    async with listening(at.storefront) as url, httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/graphql", json={"query": VISIT}, headers=headers)
    told = answer.json()["data"]["personalization"]["visit"]["context"]
    return {fact["name"]: fact["value"] for fact in told}


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",)])
async def test_a_forged_header_of_an_untrusted_peer_is_ignored_and_counted(trusted):
    async with world(trusted_proxies=trusted) as at:
        told = await facts(at, **FORGED)
        assert not {"country", "city"} & told.keys()
        assert told["season"] == (await facts(at))["season"]
        assert at.gateway.telemetry.counted("geo_header", "untrusted_peer") == 1
        assert (
            b'personalize_faults_total{kind="geo_header",reason="untrusted_peer"} 1.0' in at.gateway.telemetry.render()
        )


async def test_a_trusted_network_is_believed():
    async with world(trusted_proxies=("127.0.0.0/8",)) as at:
        told = await facts(at, **FORGED, **{"x-forwarded-for": "203.0.113.9"})
        assert (told["country"], told["city"]) == ("AU", "Sydney")
        assert told["season"] != (await facts(at))["season"]
        through = await facts(at, **FORGED, **{"x-forwarded-for": "203.0.113.9, 198.51.100.7"})
        assert "country" not in through
        assert at.gateway.telemetry.counted("geo_header", "untrusted_hop") == 1


async def test_several_forwarded_headers_are_one_list():
    async with world(trusted_proxies=("127.0.0.0/8",)) as at:
        pairs = [*FORGED.items(), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")]
        async with listening(at.storefront) as url, httpx.AsyncClient() as client:
            answer = await client.post(f"{url}/graphql", json={"query": VISIT}, headers=pairs)
        told = {fact["name"] for fact in answer.json()["data"]["personalization"]["visit"]["context"]}
        assert "country" not in told


async def test_the_shop_is_told_the_same_whoever_is_believed():
    sent = []
    for trusted in ((), ("127.0.0.0/8",)):
        async with world(trusted_proxies=trusted, share_ttl=0) as at:
            await at.send(LIST, {"i": {"take": 3}}, headers=FORGED)
            (request,) = at.upstream.requests
            sent.append({name: request.headers.get(name) for name in FORGED})
    assert sent == [FORGED, FORGED]


async def test_what_somebody_says_wins_over_what_is_inferred():
    async with world(trusted_proxies=("127.0.0.0/8",), stores=parse_stores({"berlin": "52.5,13.4"})) as at:
        phone = {"sec-ch-ua-mobile": "?1", "referer": "https://www.google.com/"}
        told = await facts(at, **FORGED, **phone, **{"x-personalize-context": "referrer=email, store=berlin"})
        assert (told["store"], told["referrer"], told["device"]) == ("berlin", "email", "phone")
        assert "country" not in told  # the place is the store's
        assert told["season"] == (await facts(at))["season"]
        unknown = await facts(at, **FORGED, **{"x-personalize-context": "store=atlantis"})
        assert (unknown["store"], unknown["country"]) == ("atlantis", "AU")


async def test_a_page_made_ahead_is_nowhere_and_on_nothing():
    async with world(trusted_proxies=("127.0.0.0/8",)) as at:
        told = await facts(at, **FORGED, **{"x-personalize-context": "render=static", "sec-ch-ua-mobile": "?1"})
        assert not {"country", "city", "device"} & told.keys()


async def test_an_oversized_context_header_is_ignored_over_the_wire():
    async with world() as at:
        told = await facts(at, **{"x-personalize-context": "mood=calm, occasion=" + "b" * 10_000})
        assert not {"mood", "occasion"} & told.keys()
        assert at.gateway.telemetry.counted("context_header", "oversized") == 1
