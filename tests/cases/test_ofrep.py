"""Experiments as flags: a real OpenFeature client reads what the gateway serves; the protocol's errors and tags."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, FlagNotFoundError, OpenFeatureError, TargetingKeyMissingError

from personalize.app import Gateway
from personalize.domain.declared import parse_experiments
from personalize.visitors.overrides import Overrides
from tests.gateway_world import Counting, Reversing, World, demo_shop, listening, settings_of

QUERY = "{ search(input: { take: 6, groupByProduct: true }) { items { productId } } }"
AGREED = {"X-Personalize-Consent": "personalization, experiments", "User-Agent": "storefront"}
TOKEN = "a token for the operator's port"
DECLARED = {
    "order": {"variants": ["control", "new"], "strategies": {"control": "off", "new": ["reversing=on"]}},
    "colour": {"variants": ["red", "blue"], "assigned_by": "header"},
    "stopped": {"variants": ["control", "new"]},
    "taste": {"variants": ["one", "two"], "analysis": "interleaved"},
}


@asynccontextmanager
async def serving(**changes: Any) -> AsyncIterator[tuple[World, str]]:
    """A gateway, and the address of its operator port."""
    shop = demo_shop()
    settings = settings_of((), experiments=parse_experiments(DECLARED), **changes)
    gateway = Gateway(settings, transport=Counting(shop), decisions={"reversing": Reversing()})
    await gateway.store.put_trial("stopped", b'{"form": "", "since": 0, "halted": "it did harm"}')
    async with gateway.running(), listening(gateway.operator()) as url:
        await gateway.watchman.recall()
        assert await gateway.knowledge.wait(60)
        yield World(gateway, shop, None, gateway.storefront()), url


async def test_a_client_reads_what_the_gateway_serves() -> None:
    """Visitor for visitor, those held out included; the value of who is in nothing is the code's own."""
    async with serving(holdout=0.3) as (world, url):
        provider = OFREPProvider(url)

        def told(visitor: str, flag: str) -> str:
            found = provider.resolve_string_details(flag, "ours", EvaluationContext(visitor))
            return f"{found.value} {found.reason}"

        seen = set()
        for number in range(16):
            visitor = f"a-visitor-{number}"
            answer = await world.send(QUERY, headers={**AGREED, "X-Personalize-Visitor": visitor})
            served = dict(part.split("=") for part in answer.headers["x-personalize-experiment"].split(", "))
            flags = {flag: await asyncio.to_thread(told, visitor, flag) for flag in DECLARED}
            seen.add(flags["order"])
            held = served.get("holdout") == "held"
            assert flags["order"] == ("ours DEFAULT" if held else f"{served['order']} SPLIT")
            assert flags["stopped"] == ("ours DEFAULT" if held else "control DISABLED")
            assert flags["taste"] == ("ours DEFAULT" if held else "interleaved SPLIT")
            assert flags["colour"] == "ours DEFAULT"  # the storefront's own to decide
        assert seen == {"ours DEFAULT", "control SPLIT", "new SPLIT"}
        signed = world.gateway.reception.who.sign(world.gateway.reception.who.issue())
        answer = await world.send(QUERY, headers={**AGREED, "X-Personalize-Visitor": signed})
        if "order=" in answer.headers["x-personalize-experiment"]:
            variant = (await asyncio.to_thread(told, signed, "order")).split()[0]
            assert f"order={variant}" in answer.headers["x-personalize-experiment"]
        provider.session.close()


async def test_consent_and_what_is_asked_for_are_heeded_as_in_a_request() -> None:
    async with serving() as (world, url):
        provider = OFREPProvider(url)
        token = Overrides(world.gateway.settings.secret, lambda *_: None, world.gateway.clock).issue("order", "new", 1)

        def told(flag: str, **more: str) -> str:
            found = provider.resolve_string_details(flag, "ours", EvaluationContext("a-visitor-1", more))
            return f"{found.value} {found.reason}"

        assert await asyncio.to_thread(told, "order", consent="none") == "ours DEFAULT"
        assert await asyncio.to_thread(told, "colour", experiment="colour=blue") == "blue TARGETING_MATCH"
        forced = f'order=new;token="{token}"'
        assert await asyncio.to_thread(told, "order", experiment=forced) == "new TARGETING_MATCH"
        plain = await asyncio.to_thread(told, "order")
        for forged in ("order=new", "order=control", 'order=new;token="forged"'):
            assert await asyncio.to_thread(told, "order", experiment=forged) == plain
        provider.session.close()


async def test_errors_are_the_protocols() -> None:
    async with serving(operator_token=TOKEN) as (_, url):
        stranger = OFREPProvider(url)
        provider = OFREPProvider(url, headers_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})
        known = EvaluationContext("a-visitor-1")
        with pytest.raises(OpenFeatureError) as caught:
            await asyncio.to_thread(stranger.resolve_string_details, "order", "", known)
        assert caught.value.error_code is ErrorCode.GENERAL
        with pytest.raises(FlagNotFoundError):
            await asyncio.to_thread(provider.resolve_string_details, "unknown", "", known)
        with pytest.raises(TargetingKeyMissingError):
            await asyncio.to_thread(provider.resolve_string_details, "order", "", EvaluationContext(None, {"a": "b"}))
        for session in (stranger.session, provider.session):
            session.close()
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            path = "/ofrep/v1/evaluate/flags"
            for body, code in [
                (b"{", "PARSE_ERROR"), (b"[]", "INVALID_CONTEXT"), (b"{}", "INVALID_CONTEXT"),
                (b'{"context": {}}', "TARGETING_KEY_MISSING"),
                (b'{"context": {"targetingKey": "x"}}', "INVALID_CONTEXT"),
                (b'{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"), (b" " * 70_000, "PARSE_ERROR"),
            ]:  # fmt: skip
                for which in (path, f"{path}/order"):
                    answer = await client.post(which, content=body)
                    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
                    assert answer.json().get("key") == (None if which == path else "order")
            assert (await client.post(path, headers={"Authorization": "Bearer wrong"})).status_code == 401
            keyed = {"Authorization": "", "X-API-Key": TOKEN}
            assert (await client.post(f"{path}/unknown", headers=keyed)).status_code == 404


async def test_all_flags_come_at_once_and_not_again_while_they_stay() -> None:
    async with serving() as (world, url), httpx.AsyncClient(base_url=url) as client:
        body = {"context": {"targetingKey": "a-visitor-1"}}
        first = await client.post("/ofrep/v1/evaluate/flags", json=body)
        assert [flag["key"] for flag in first.json()["flags"]] == list(DECLARED)
        order, colour, stopped, taste = first.json()["flags"]
        assert order["reason"] == "SPLIT"
        assert order["value"] == order["variant"]
        assert colour == {"key": "colour", "reason": "DEFAULT", "variant": ""}
        assert (stopped["value"], stopped["reason"]) == ("control", "DISABLED")
        assert taste["value"] == "interleaved"
        held = {"If-None-Match": f'"other", {first.headers["etag"]}'}
        again = await client.post("/ofrep/v1/evaluate/flags", json=body, headers=held)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        await world.gateway.store.drop_trial("stopped")
        await world.gateway.watchman.recall()
        changed = await client.post("/ofrep/v1/evaluate/flags", json=body, headers=held)
        assert changed.status_code == 200
        assert changed.headers["etag"] != first.headers["etag"]
