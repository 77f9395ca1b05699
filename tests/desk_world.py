"""A gateway with its operator's desk, for tests: publish by the API, look at the storefront."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.types import ASGIApp

from personalize.app import Gateway
from personalize.decisions.exploring import Exploring
from personalize.decisions.merchandising import Merchandising
from personalize.decisions.situation import Situation
from tests.gateway_world import DECISIONS, GATEWAY_URL, Counting, ask, demo_shop, request_of, settings_of

TOKEN = "a token for the operator"
URL = "http://operator.test/operator/graphql"
SEARCH = "query($i: SearchInput!) { search(input: $i) { items { productId } } }"
PAGE = {"take": 8, "groupByProduct": True}


@dataclass(slots=True)
class DeskWorld:
    """A running gateway, its two ports, and the shop in front of which it stands."""

    gateway: Gateway
    shop: ASGIApp
    upstream: Counting
    storefront: ASGIApp
    operator: ASGIApp
    warm: set[str] = field(default_factory=set)

    async def operate(self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = TOKEN,
                      **more: Any) -> httpx.Response:  # fmt: skip
        """Ask the operator API."""
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return await ask(self.operator, request_of(URL, query, variables, headers=headers, **more))

    async def told(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = (await self.operate(query, variables)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def refused(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The first error of an answer: its extensions, and its message under `message`."""
        (error, *_) = (await self.operate(query, variables)).json()["errors"]
        return {**error["extensions"], "message": error["message"]}

    async def page(self, **given: Any) -> list[str]:
        """The product ids of a guest's page one, out of the shared window."""
        if (key := repr(sorted(given.items()))) not in self.warm:
            for _ in range(3):  # the first answer proves the document, the second fills the window
                await self._page(given)
                while fills := list(self.gateway.windows.fills.values()):
                    await asyncio.gather(*fills)
            self.gateway.runs.clear()  # of the page that was ranked before the window was there
            self.warm.add(key)
        return await self._page(given)

    async def _page(self, given: dict[str, Any]) -> list[str]:
        response = await ask(self.storefront, request_of(GATEWAY_URL, SEARCH, {"i": {**PAGE, **given}}))
        return [item["productId"] for item in response.json()["data"]["search"]["items"]]

    async def shops(self, **given: Any) -> list[str]:
        """The shop's own page one."""
        response = await ask(self.shop, request_of("http://shop.test/shop-api", SEARCH, {"i": {**PAGE, **given}}))
        return [item["productId"] for item in response.json()["data"]["search"]["items"]]

    async def publish(self, strategy: dict[str, Any], why: str = "a test") -> int:
        """Draft and publish; the number of the version."""
        drafted = await self.told(DRAFT, {"s": strategy, "why": why})
        number: int = drafted["draft"]["number"]
        await self.told(PUBLISH, {"name": strategy["name"], "number": number, "why": why})
        return number


DRAFT = "mutation($s: StrategyInput!, $why: String!) { draft(strategy: $s, why: $why) { name number state } }"
PUBLISH = """mutation($name: String!, $number: Int!, $why: String!, $over: Int) {
  publish(name: $name, number: $number, why: $why, over: $over) {
    version { number state } warnings { code message } } }"""
REVERT = """mutation($name: String!, $number: Int!) {
  revert(name: $name, number: $number, why: "it was better") { version { number state } } }"""


def pins(*items: str, **more: Any) -> dict[str, Any]:
    """A strategy that gives these items the first places."""
    rules = [{"kind": "pin", "item": item, "place": place} for place, item in enumerate(items, 1)]
    return {"name": "autumn", "decision": "merchandising", "mode": "ON", "parameters": {"rules": rules}, **more}


@asynccontextmanager
async def desk_world(
    *strategies: str, shop: ASGIApp | None = None, clock: Callable[[], float] | None = None, **changes: Any
) -> AsyncIterator[DeskWorld]:
    """A gateway with these strategies of the tests on, and the real merchandising to publish."""
    shop = shop or demo_shop()
    upstream = Counting(shop)
    settings = settings_of(strategies or ("nothing",), operator_token=changes.pop("operator_token", TOKEN), **changes)
    decisions: dict[str, Any] = {kind.name: kind() for kind in DECISIONS}
    decisions |= {kind.name: kind() for kind in (Merchandising, Situation, Exploring)}  # type: ignore[attr-defined]
    timed = {} if clock is None else {"clock": clock}
    gateway = Gateway(settings, transport=upstream, decisions=decisions, **timed)  # type: ignore[arg-type]
    gateway.audit.share = 0.0
    gateway.labels.shop = replace(gateway.labels.shop, labels=())
    async with gateway.running():
        assert await gateway.knowledge.wait(60)
        yield DeskWorld(gateway, shop, upstream, gateway.storefront(), gateway.operator())
