"""The server audits of `graphql-http`: all of them in the dev profile, and otherwise none worse than the shop's own."""

from __future__ import annotations

import pytest

from tests.clients.front import front
from tests.clients.install import node
from tests.gateway_world import demo_shop, listening, world
from tests.vendure.server import Vendure

AUDITS = 61
WORSE = ("ok", "notice", "warn", "error")  # MAY, SHOULD and MUST that do not hold
REFUSED_WITH_400 = {"572B", "FDE2", "7B9B"}
"""SHOULD answer 200 to an invalid document where `application/json` is accepted; Apollo Server answers 400."""


async def audited(url: str) -> dict[str, str]:
    """The outcome of every audit by its id; a new release with more of them wants to be looked at."""
    rows = await node("audits.mjs", url)
    assert len(rows) == AUDITS
    return {row["id"]: row["status"] for row in rows}


def not_ok(outcome: dict[str, str]) -> set[str]:
    """The audits that do not hold."""
    return {audit for audit, status in outcome.items() if status != "ok"}


async def test_every_audit_holds_in_the_dev_profile() -> None:
    async with front(dev=True) as served:
        assert not_ok(await audited(served.gateway)) == set()


@pytest.mark.parametrize("strategies", [("reversing",), ()], ids=["awake", "asleep"])
async def test_the_gateway_keeps_the_demo_shops_outcome(strategies: tuple[str, ...]) -> None:
    async with listening(demo_shop()) as base:
        shop = f"{base}/shop-api"
        async with world(strategies, shop_url=shop, sockets=True) as one, listening(one.storefront) as at:
            assert not_worse(await audited(shop), await audited(f"{at}/graphql")) == REFUSED_WITH_400


@pytest.mark.vendure
async def test_no_audit_is_worse_than_vendure_alone(vendure: Vendure) -> None:
    alone = await audited(vendure.shop_url)
    async with front(vendure.shop_url) as served:
        assert not_worse(alone, await audited(served.gateway)) == REFUSED_WITH_400
    async with front(vendure.shop_url, dev=True) as served:
        assert not_worse(alone, await audited(served.gateway)) == set()


def not_worse(alone: dict[str, str], through: dict[str, str]) -> set[str]:
    """What does not hold through the gateway, which is nothing that holds without it, row by row."""
    worse = {key: (alone[key], through[key]) for key in alone if WORSE.index(through[key]) > WORSE.index(alone[key])}
    assert not worse
    return not_ok(through)


async def test_the_dev_profile_tells_what_is_wrong_with_a_document() -> None:
    """With 200 and the shop's own words to clients of `application/json`; what is no GraphQL request stays refused."""
    json = ("content-type", "application/json")
    accepts = [("accept", "application/json"), json]
    async with world(dev=True) as one:
        for query in ("{ never closed", "{ unknown }", "{ personalization { unknown } }"):
            through = await one.send(query, headers=accepts)
            assert (through.status_code, "data" in through.json()) == (200, False)
            assert through.json()["errors"]
            through = await one.send(query, headers=[("accept", "application/graphql-response+json"), json])
            assert through.status_code == 400
            assert through.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
        for content in (b"{", b"[]", b'{"query": 1}', b"{}"):
            through, direct = [await ask(content=content, headers=accepts) for ask in (one.send, one.direct)]
            assert (through.status_code, through.content) == (direct.status_code, direct.content)
            assert through.status_code == 400
