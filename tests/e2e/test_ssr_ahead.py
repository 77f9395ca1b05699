"""Pages made ahead (builds, revalidation, prefetch) leave no events, and nobody's profile is in them."""

from __future__ import annotations

from typing import Any

import pytest

from personalize.domain.visit import Consent
from personalize.events.log import parse
from personalize.visitors.context import read_context, read_render
from personalize.visitors.crawlers import is_crawler, is_library
from tests.gateway_world import World, world

CONSENT, VISITOR, CONTEXT = "x-personalize-consent", "x-personalize-visitor", "x-personalize-context"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LISTING = (
    "{ search(input: {take: 6, groupByProduct: true}) { items { productId } } personalization { visit { consent } } }"
)
DETAIL = '{ product(id: "7") { id } }'
ADD = "mutation { addItemToOrder(productVariantId: 1, quantity: 1) { __typename } }"


async def kinds(one: World) -> list[str]:
    """The kinds of all lines so far."""
    await one.gateway.outbox.flush()
    return [parse(row.line).event async for row in one.gateway.store.events()]


def visitor(one: World) -> dict[str, str]:
    """Headers of a visitor who agreed and has an id."""
    who = one.gateway.reception.who
    return {CONSENT: "personalization", VISITOR: who.sign(who.issue()), "user-agent": BROWSER}


AHEAD = [
    {"sec-purpose": "prefetch"}, {"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"},
    {"x-purpose": "Prefetch"}, {"x-moz": "prefetch"}, {"next-router-prefetch": "1"}, {"next-router-prefetch": "2"},
    {"next-router-segment-prefetch": "/_tree"}, {"x-middleware-prefetch": "1"},
    {CONTEXT: "render=prefetch"}, {CONTEXT: 'mood=calm, render="prefetch"'}, {CONTEXT: "render=static"},
]  # fmt: skip


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
async def test_what_is_fetched_ahead_leaves_no_events(ahead: dict[str, str]) -> None:
    async with world() as one:
        headers = visitor(one)
        for query in (LISTING, DETAIL, ADD):
            response = await one.send(query, headers={**headers, **ahead})
            assert "errors" not in response.json()
        assert await kinds(one) == []
        for query in (LISTING, DETAIL):
            await one.send(query, headers=headers)
        assert (await kinds(one))[0] == "view_item_list"  # looked at: that counts


async def test_a_prefetched_page_is_the_visitors_own() -> None:
    """Fetched ahead it is the page they will see."""
    async with world() as one:
        headers = visitor(one)
        ahead = await one.send(LISTING, headers={**headers, CONTEXT: "render=prefetch"})
        seen = await one.send(LISTING, headers=headers)
        assert ahead.json() == seen.json()
        assert ahead.json()["data"]["personalization"]["visit"]["consent"] == "CONSENTED"


@pytest.mark.parametrize("default", list(Consent))
async def test_a_static_page_is_nobodys(default: Consent) -> None:
    """Whatever else the request says: no profile is read, no id is given out, no run is kept."""
    async with world(consent_default=default) as one:
        reads: list[str] = []
        find = one.gateway.profiles.find

        async def watched(who: Any, keep: Any) -> Any:
            reads.append(str(who))
            return await find(who, keep)

        one.gateway.profiles.find = watched  # type: ignore[method-assign]
        nobody = await one.send(LISTING, headers={CONSENT: "none", "user-agent": BROWSER})
        for headers in ({}, visitor(one), {"authorization": "Bearer " + "a" * 64}):
            page = await one.send(LISTING, headers={**headers, CONTEXT: "render=static"})
            assert VISITOR not in page.headers
            assert page.headers["cache-control"] == "private, no-store"  # who made it ahead knows what it is for
            assert page.json()["data"]["personalization"]["visit"]["consent"] == "NONE"
            if "authorization" not in headers:
                assert page.json()["data"]["search"] == nobody.json()["data"]["search"]
        assert reads == []


LIBRARIES = ["node", "undici", "Deno/2.1", "Bun/1.2.3", "axios/1.7.2", "node-fetch/1.0 (+https://github.com/x)",
             "python-httpx/0.28.1", "curl/8.5.0", "okhttp/4.12.0", "Go-http-client/1.1"]  # fmt: skip


@pytest.mark.parametrize("agent", LIBRARIES)
async def test_a_build_that_names_nobody_leaves_no_events(agent: str) -> None:
    """A server that renders for somebody says so: by an id, an agreement (also `none`), or the shop's session."""
    async with world() as one:
        for query in (LISTING, DETAIL):
            await one.send(query, headers={"user-agent": agent})
        assert await kinds(one) == []
        said: list[dict[str, str]] = [
            {CONSENT: "none"}, {CONSENT: "personalization"}, visitor(one), {"authorization": "Bearer " + "a" * 64},
        ]  # fmt: skip
        for headers in said:
            await one.send(DETAIL, headers={**headers, "user-agent": agent})
        assert await kinds(one) == ["view_item"] * len(said)


@pytest.mark.parametrize("agent", [BROWSER, "", "StorefrontApp/3.1 (iPhone)", "storefront", "nodeish/1", "My node app"])
async def test_everybody_else_is_somebody(agent: str) -> None:
    assert not is_library(agent)
    assert not is_crawler(agent)
    async with world(consent_default=Consent.NONE) as one:
        await one.send(DETAIL, headers={"user-agent": agent} if agent else {})
        assert await kinds(one) == ["view_item"]


@pytest.mark.parametrize(
    ("header", "render"),
    [
        (None, None), ("", None), ("mood=calm", None), ("render=static", "static"), ("render=prefetch", "prefetch"),
        ('mood=calm, render="static"', "static"), ("render=page", None), ("render=?1", None), ("render", None),
        ("render=(static)", None), ("render=static, render=page", None), ("render=static, (((", None),
        ("render=static" + " " * 2000, None), ("mood=render", None),
    ],
)  # fmt: skip
def test_reading_render(header: str | None, render: str | None) -> None:
    assert read_render(header) == render


def test_render_is_no_fact_of_the_situation() -> None:
    counted: list[tuple[str, str]] = []

    def count(kind: str, reason: str) -> None:
        counted.append((kind, reason))

    assert read_context("mood=calm, render=static", count) == {"mood": "calm"}
    assert counted == []
    assert read_context("render=page", count) == {}
    assert counted == [("context_header", "bad_value")]
