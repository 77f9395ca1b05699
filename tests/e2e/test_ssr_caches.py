"""A shared cache stands between: what is personal is never kept, what is not is kept for those who ask alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from personalize.app import Gateway
from personalize.domain.declared import parse_experiments
from personalize.domain.visit import Consent
from personalize.gateway.listing.choosing import Listings
from tests.clients.front import Taste, ordered
from tests.e2e.caching_proxy import SAYS, cached
from tests.gateway_world import demo_shop, listening, settings_of

CONSENT, VISITOR = "x-personalize-consent", "x-personalize-visitor"
LISTING = "{ search(input: {take: 12, groupByProduct: true}) { items { productId } } }"
SORTED = "{ search(input: {take: 12, groupByProduct: true, sort: {name: ASC}}) { items { productId } } }"
DETAIL = '{ product(id: "7") { id name } }'
CHANNEL = "{ activeChannel { code } }"
OWN = "{ personalization { visit { identified } } }"
ORIGIN = "https://storefront.example"
OURS = {
    "x-personalize-visitor",
    "x-personalize-consent",
    "x-personalize-experiment",
    "x-personalize-context",
    "sec-gpc",
}


def generous(shop: ASGIApp) -> ASGIApp:
    """The shop, which lets everybody keep everything for ten minutes, by every header that caches listen to."""
    lifetimes = [(b"cache-control", b"public, max-age=600"), (b"cdn-cache-control", b"max-age=600"),
                 (b"vercel-cdn-cache-control", b"max-age=600"), (b"surrogate-control", b"max-age=600"),
                 (b"x-accel-expires", b"600"), (b"expires", b"Thu, 01 Jan 2099 00:00:00 GMT"),
                 (b"vary", b"Origin, Accept-Language")]  # fmt: skip

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in lifetimes}
                kept = [pair for pair in message["headers"] if pair[0] not in names]
                message = {**message, "headers": [*kept, *lifetimes]}
            await send(message)

        await shop(scope, receive, told)

    return app


@dataclass
class Stage:
    """A client of the cache, one of the gateway behind it, and the gateway."""

    client: httpx.AsyncClient
    cache: str
    gateway: str
    behind: Gateway

    async def ask(self, query: str, headers: dict[str, str] | None = None, *, by: str = "GET") -> httpx.Response:
        """The answer by way of the cache."""
        return await self._ask(self.cache, query, headers, by)

    async def past(self, query: str, headers: dict[str, str] | None = None, *, by: str = "GET") -> httpx.Response:
        """The answer of the gateway itself."""
        return await self._ask(self.gateway, query, headers, by)

    async def _ask(self, url: str, query: str, headers: dict[str, str] | None, by: str) -> httpx.Response:
        headers = headers or {}
        if by == "GET":
            response = await self.client.get(url, params={"query": query}, headers=headers)
        else:
            response = await self.client.request(by, url, json={"query": query}, headers=headers)
        assert response.status_code == 200, response.text
        return response

    def visitor(self) -> dict[str, str]:
        """Headers of a visitor who agreed and has an id."""
        who = self.behind.reception.who
        return {CONSENT: "personalization", VISITOR: who.sign(who.issue())}


@asynccontextmanager
async def stage(folder: Path, strategies: tuple[str, ...] = ("taste",), **changes: Any) -> AsyncIterator[Stage]:
    """A shop that says `public`, the gateway, and a cache before it, each on a port."""
    async with listening(generous(demo_shop())) as shop:
        given = {"consent_default": Consent.NONE, **changes}
        gateway = Gateway(settings_of(strategies, f"{shop}/shop-api", **given), decisions={"taste": Taste()})
        gateway.audit.share = 0.0
        async with gateway.running():
            assert await gateway.knowledge.wait(60)
            async with (
                listening(gateway.storefront()) as base,
                cached(f"{base}/graphql", folder) as cache,
                httpx.AsyncClient(timeout=20) as client,
            ):
                yield Stage(client, cache, f"{base}/graphql", gateway)


def ids(response: httpx.Response) -> list[str]:
    """The products of a listing."""
    return [item["productId"] for item in response.json()["data"]["search"]["items"]]


def named(headers: dict[str, str]) -> str:
    """The visitor's id as decisions know it."""
    return headers[VISITOR].rpartition(".")[0]


def words(response: httpx.Response, header: str) -> set[str]:
    """The parts of a list header, in lower case."""
    return {part.strip().lower() for part in response.headers.get(header, "").split(",")}


@pytest.mark.parametrize("by", ["GET", "QUERY"])
async def test_a_personal_page_is_kept_by_nobody(by: str, tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        visitors = [on.visitor() for _ in range(4)]
        for _ in range(3):
            for visitor in visitors:
                answer = await on.ask(LISTING, visitor, by=by)
                assert answer.headers[SAYS] == "passed"
                assert answer.headers["cache-control"] == "private, no-store"
                for told in ("cdn-cache-control", "surrogate-control", "x-accel-expires", "expires"):
                    assert told not in answer.headers
                assert not any("cdn-cache-control" in name for name in answer.headers)
                shown = ids(answer)
                assert shown == ordered(shown, named(visitor))
            anonymous = await on.ask(LISTING, by=by)
            assert anonymous.headers[SAYS] == "passed"
        assert words(answer, "vary") >= OURS
        assert {"origin", "accept-language"} <= words(answer, "vary")


async def test_an_id_that_is_given_out_is_given_to_one(tmp_path: Path) -> None:
    """Strangers who agreed are told their new id in the answer, whatever the answer is."""
    async with stage(tmp_path) as on:
        for query, by in product((LISTING, DETAIL, SORTED, OWN), ("GET", "QUERY")):
            answers = [await on.ask(query, {CONSENT: "personalization"}, by=by) for _ in range(4)]
            assert len({answer.headers[VISITOR] for answer in answers}) == 4
            assert {answer.headers[SAYS] for answer in answers} == {"passed"}
            later = await on.ask(query, by=by)
            assert VISITOR not in later.headers


async def test_a_list_in_the_shops_own_order_is_kept_for_who_asks_alike(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        first, again = await on.ask(SORTED), await on.ask(SORTED)
        assert (first.headers[SAYS], again.headers[SAYS]) == ("stored", "hit")
        assert again.headers["cache-control"] == "public, max-age=600"
        assert words(first, "vary") >= OURS
        visitor = on.visitor()
        assert (await on.ask(SORTED, visitor)).headers[SAYS] == "stored"
        assert (await on.ask(SORTED, visitor)).headers[SAYS] == "hit"
        assert (await on.ask(SORTED, on.visitor())).headers[SAYS] == "stored"
        assert (await on.ask(SORTED, {"sec-gpc": "1"})).headers[SAYS] == "stored"


async def test_where_a_session_is_the_visitor_it_is_told(tmp_path: Path) -> None:
    """Only where an agreement lets it be one: else cookies of no concern would split the cache."""
    async with stage(tmp_path) as on:
        assert not {"cookie", "authorization"} & words(await on.past(SORTED), "vary")
        agreed = await on.past(SORTED, {CONSENT: "session"})
        assert {"cookie", "authorization"} <= words(agreed, "vary")
        shopper = {CONSENT: "session", "cookie": "session=" + "a" * 40}
        plain = await on.ask(LISTING, {CONSENT: "session"})
        mine = await on.ask(LISTING, shopper)
        assert ids(mine) != ids(plain)


async def test_what_is_everybodys_stays_as_the_shop_says(tmp_path: Path) -> None:
    """A product, a channel: one copy for all, our headers split nothing."""
    async with stage(tmp_path) as on:
        for query in (CHANNEL, DETAIL):
            assert (await on.ask(query)).headers[SAYS] == "stored"
            answer = await on.ask(query, on.visitor())
            assert answer.headers[SAYS] == "hit"
            assert not OURS & words(answer, "vary")


async def test_switched_off_the_shops_word_is_the_only_one(tmp_path: Path) -> None:
    async with stage(tmp_path, strategies=()) as on:
        assert (await on.ask(LISTING)).headers[SAYS] == "stored"
        answer = await on.ask(LISTING, on.visitor())
        assert answer.headers[SAYS] == "hit"
        assert not OURS & words(answer, "vary")


async def test_an_experiment_is_told_to_one(tmp_path: Path) -> None:
    declared = parse_experiments({"colour": {"variants": ["red", "blue"], "assigned_by": "header"}})
    async with stage(tmp_path, experiments=declared) as on:
        for variant in ("red", "blue", "red"):
            answer = await on.ask(DETAIL, {"x-personalize-experiment": f"colour={variant}"})
            assert answer.headers["x-personalize-experiment"] == f"colour={variant}"
            assert answer.headers[SAYS] == "passed"


async def test_what_the_gateway_assigns_is_told_to_one(tmp_path: Path) -> None:
    """Control and variant alike, by hash, by token, in a list of two orders: no copy is kept."""
    declared = parse_experiments(
        {
            "order": {"variants": ["control", "new"], "strategies": {"control": "off", "new": ["taste=on"]}},
            "mixed": {"variants": ["one", "two"], "analysis": "interleaved", "strategies": {"two": ["taste=off"]}},
        }
    )
    async with stage(tmp_path, experiments=declared) as on:
        token = on.behind.reception.overrides.issue("order", "control", 1)
        agreed = {CONSENT: "personalization, experiments"}
        seen = set()
        for _ in range(8):
            visitor = {**on.visitor(), **agreed}
            for extra in ({}, {"x-personalize-experiment": f'order=control;token="{token}"'}):
                for query in (LISTING, DETAIL, SORTED):
                    answer = await on.ask(query, {**visitor, **extra})
                    seen.add(answer.headers["x-personalize-experiment"])
                    assert answer.headers[SAYS] == "passed"
                    assert answer.headers["cache-control"] == "private, no-store"
                    assert query == DETAIL or words(answer, "vary") >= OURS
        assert seen == {"order=control, mixed=interleaved", "order=new, mixed=interleaved"}
        plain = await on.ask(LISTING)
        assert "x-personalize-experiment" not in plain.headers


async def test_after_a_fault_of_ours_the_shops_page_is_not_taken_for_everybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop's answer goes out as it came, and says what else it could have been."""

    def broken(*_: object) -> None:
        raise RuntimeError("on purpose")

    async with stage(tmp_path) as on:
        anna, ben = on.visitor(), on.visitor()
        with monkeypatch.context() as faulty:
            faulty.setattr(Listings, "arrange", broken)
            assert (await on.ask(LISTING, anna)).headers[SAYS] == "stored"
        shown = ids(await on.ask(LISTING, ben))
        assert shown == ordered(shown, named(ben))


async def test_what_one_origin_may_read_is_not_kept_for_another(tmp_path: Path) -> None:
    """The operator's own origins, over a shop that knows none; a request without an origin may come first."""
    async with stage(tmp_path, cors_origins=(ORIGIN, "https://other.example")) as on:
        for query in (CHANNEL, DETAIL, SORTED):
            for origin in (None, ORIGIN, "https://other.example", "https://unknown.example", ORIGIN):
                answer = await on.ask(query, {"origin": origin} if origin else {})
                assert "origin" in words(answer, "vary")
                allowed = origin in (ORIGIN, "https://other.example")
                assert (answer.headers.get("access-control-allow-origin") == origin) or not allowed
                if allowed:
                    assert "vendure-auth-token" in words(answer, "access-control-expose-headers")
                    assert "x-personalize-visitor" in words(answer, "access-control-expose-headers")


@pytest.mark.parametrize("by", ["GET", "QUERY"])
async def test_by_way_of_the_cache_everybody_gets_what_the_gateway_tells_them(by: str, tmp_path: Path) -> None:
    """Many visitors, pages and consents in any order: bodies as from the gateway itself, and nobody else's id."""
    random = Random(7)
    async with stage(tmp_path) as on:
        crowd: list[dict[str, str]] = [{}, {CONSENT: "none"}, {"sec-gpc": "1"}, *(on.visitor() for _ in range(4))]
        pages = [LISTING, LISTING.replace("take: 12", "take: 12, skip: 12"), SORTED, DETAIL, CHANNEL]
        warm: Callable[[], Any] = on.behind.windows.fills.values
        for query in pages:
            await on.past(query, by=by)
        while warm():
            await next(iter(warm()))
        for _ in range(60):
            headers, query = random.choice(crowd), random.choice(pages)
            through, direct = await on.ask(query, headers, by=by), await on.past(query, headers, by=by)
            assert through.json() == direct.json()
            whole = through.text + repr(through.headers.multi_items())
            for other in crowd:
                assert other is headers or VISITOR not in other or named(other) not in whole
