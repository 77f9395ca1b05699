"""A small world for tests: a shop and a gateway in one process, test decisions, and a transport that counts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx
import orjson
import uvicorn
from starlette.types import ASGIApp

from personalize.app import Gateway
from personalize.demo.catalogue import Catalogue
from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Author, Patch, Reason, Reorder
from personalize.domain.strategy import Decision, Mode, Strategy
from personalize.domain.visit import Consent, Visit
from personalize.serving import bound
from personalize.settings import Settings

SHOP_URL = "http://shop.test/shop-api"
GATEWAY_URL = "http://gateway.test/graphql"
SEED = 7


@cache
def catalogue() -> Catalogue:
    """The demo shop's catalogue, made once for all tests."""
    return generate(SEED)


def demo_shop(*, introspection: bool = True) -> ASGIApp:
    """A demo shop with a memory of its own."""
    return create_shop(catalogue(), introspection=introspection)


class Reversing:
    """A decision that turns every listing round. `seen` counts what it was asked."""

    name, version = "reversing", "1"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The window's candidates, last first."""
        self.seen.append(len(listing))
        order = tuple(range(len(listing) - 1, -1, -1))
        return Patch((Reorder(target, order, Author(self.name, self.version), Reason("popular")),))


class Nothing:
    """A decision that leaves every listing as the shop has it, though all the machinery runs."""

    name, version = "nothing", "1"

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The empty Patch."""
        return EMPTY


class Failing:
    """A decision that always raises."""

    name, version = "failing", "1"

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """Raises."""
        raise RuntimeError("a decision failed on purpose")


DECISIONS: tuple[type[Any], ...] = (Reversing, Nothing, Failing)


class Counting(httpx.AsyncBaseTransport):
    """Passes requests on to an ASGI app, and keeps what was sent (`requests`) and how many (`count`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.inner = httpx.ASGITransport(app=app)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note the request, then pass it on."""
        body = await request.aread()
        self.requests.append(httpx.Request(request.method, request.url, headers=request.headers, content=body))
        return await self.inner.handle_async_request(request)

    @property
    def count(self) -> int:
        """Requests so far."""
        return len(self.requests)

    @property
    def documents(self) -> list[str]:
        """The GraphQL documents of all JSON requests so far."""
        return [orjson.loads(request.content)["query"] for request in self.requests if request.content[:1] == b"{"]

    @property
    def of_visitors(self) -> list[httpx.Request]:
        """The requests made for one visitor; windows are filled for nobody in particular."""
        return [request for request in self.requests if "x-forwarded-for" in request.headers]

    def clear(self) -> None:
        """Forget what was sent."""
        self.requests.clear()


@dataclass(slots=True)
class World:
    """A running gateway in front of a shop. `send` goes through it, `direct` past it; neither keeps cookies."""

    gateway: Gateway
    shop: ASGIApp
    upstream: Counting | None
    storefront: ASGIApp
    decisions: dict[str, Any] = field(default_factory=dict)

    async def send(self, query: str | None = None, variables: Mapping[str, Any] | None = None, **more: Any
                   ) -> httpx.Response:  # fmt: skip
        """Through the gateway; keywords as of `request_of`."""
        return await ask(self.storefront, request_of(GATEWAY_URL, query, variables, **more))

    async def direct(self, query: str | None = None, variables: Mapping[str, Any] | None = None, **more: Any
                     ) -> httpx.Response:  # fmt: skip
        """Straight to the shop; keywords as of `request_of`."""
        return await past(self.shop, query, variables, **more)

    async def settle(self) -> None:
        """Wait until all windows that are being filled are there."""
        while fills := list(self.gateway.windows.fills.values()):
            await asyncio.gather(*fills, return_exceptions=True)

    def faults(self) -> dict[str, float]:
        """Faults of our own counted so far, by `kind reason`; those of the map left out."""
        return counted(self.gateway, "personalize_faults_total")

    def client(self, **options: Any) -> httpx.AsyncClient:
        """An ordinary client of the storefront (it keeps cookies, as a browser does)."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.storefront), base_url=GATEWAY_URL, **options)


def counted(gateway: Gateway, metric: str) -> dict[str, float]:
    """The samples of a counter by their label values; what the map could not find in the demo shop is left out."""
    found: dict[str, float] = {}
    for line in gateway.telemetry.render().decode().splitlines():
        if line.startswith(metric + "{") and 'kind="map"' not in line:
            labels, _, value = line.removeprefix(metric).rpartition(" ")
            found[" ".join(part.partition("=")[2].strip('"') for part in labels.strip("{}").split(","))] = float(value)
    return found


def request_of(
    url: str,
    query: str | None = None,
    variables: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    method: str = "POST",
    content: bytes | None = None,
    params: str = "",
    **extra: Any,
) -> httpx.Request:
    """A request with exactly these headers (and host, content-length); `content` in place of a GraphQL JSON body.

    `extra` are further keys of the JSON body (`extensions`).
    """
    pairs = [(key.lower(), value) for key, value in (headers.items() if isinstance(headers, Mapping) else headers)]
    if extra or (content is None and query is not None):
        body: dict[str, Any] = {} if query is None else {"query": query}
        if variables is not None:
            body["variables"] = variables
        if name is not None:
            body["operationName"] = name
        content = orjson.dumps({**body, **extra})
        if all(key != "content-type" for key, _ in pairs):
            pairs.append(("content-type", "application/json"))
    return httpx.Request(method, f"{url}?{params}" if params else url, headers=pairs, content=content)


async def past(shop: ASGIApp, query: str | None = None, variables: Mapping[str, Any] | None = None, **more: Any
               ) -> httpx.Response:  # fmt: skip
    """Straight to a shop; keywords as of `request_of`."""
    return await ask(shop, request_of(SHOP_URL, query, variables, **more))


async def ask(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """The app's answer, read whole. No client stands between: nothing is added, nothing is remembered."""
    response = await httpx.ASGITransport(app=app).handle_async_request(request)
    response.request = request
    await response.aread()
    return response


def settings_of(strategies: Sequence[str] = ("reversing",), shop_url: str = SHOP_URL, **changes: Any) -> Settings:
    """Settings of a test gateway: these strategies switched on, a store in memory, everybody consented."""
    given: dict[str, Any] = {
        "shop_url": shop_url,
        "store_url": "memory://",
        "consent_default": Consent.CONSENTED,
        "secret": ("a secret for tests",),
        "holdout": 0.0,  # one new visitor in fifty would see the shop's order
        "strategies": tuple(Strategy(name, Mode.ON) for name in strategies),
    }
    if not strategies and changes.get("experiments"):  # none at all would be the switch that turns these off, too
        given["strategies"] = (Strategy("shop_order", Mode.OFF),)
    return Settings(**given | changes)


@asynccontextmanager
async def world(
    strategies: Sequence[str] = ("reversing",),
    *,
    shop: ASGIApp | None = None,
    shop_url: str = SHOP_URL,
    transport: httpx.AsyncBaseTransport | None = None,
    sockets: bool = False,
    ready: bool = True,
    shop_map: str = "vendure",
    labels: bool = False,
    **changes: Any,
) -> AsyncIterator[World]:
    """A gateway in front of `shop` (default: a new demo shop), started and stopped.

    `sockets` lets it reach `shop_url` over the network as in production; `ready` waits for the schema and insists on
    it; `labels` has the shop asked for the names of its facets; `changes` are settings.
    """
    shop = shop or demo_shop()
    upstream = None if sockets or transport else Counting(shop)
    settings = settings_of(strategies, shop_url, shop=shop_map, **changes)
    decisions: dict[str, Decision] = {kind.name: kind() for kind in DECISIONS}
    gateway = Gateway(settings, transport=transport or upstream, decisions=decisions)
    gateway.audit.share = 0.0  # a random sample of requests would make counts differ from run to run
    if not labels:  # and so would what is asked behind
        gateway.labels.shop = replace(gateway.labels.shop, labels=())
    await gateway.start()
    try:
        if ready:
            assert await gateway.knowledge.wait(60), "the shop's schema was not learned"
        if upstream is not None:
            upstream.clear()
        yield World(gateway, shop, upstream, gateway.storefront(), dict(decisions))
    finally:
        await gateway.stop()


class Bench:
    """Worlds that many tests share, on one event loop: making one for every example would take most of the time."""

    def __init__(self) -> None:
        self.runner, self.stack, self.worlds = asyncio.Runner(), AsyncExitStack(), dict[object, World]()
        self.shop = demo_shop()

    def run(self, made: Coroutine[Any, Any, Any]) -> Any:
        """The coroutine's result."""
        return self.runner.run(made)

    def world(self, *strategies: str, shop: ASGIApp | None = None, **changes: Any) -> World:
        """The gateway with these strategies on, over the one shop or another."""
        key = (strategies, shop, tuple(changes.items()))
        if key not in self.worlds:
            made = world(strategies, shop=shop or self.shop, **changes)
            self.worlds[key] = self.run(self.stack.enter_async_context(made))
        return self.worlds[key]

    def close(self) -> None:
        """Stop them all."""
        self.run(self.stack.aclose())
        self.runner.close()


class _Server(uvicorn.Server):
    """A server that ends when it is told to: uvicorn's own looks ten times a second, and waits as long once more."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Turn the clock of the Date header every second until the end."""
        while not self.ended.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, and let what is under way be finished."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        async with asyncio.timeout(30):
            while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)


@asynccontextmanager
async def listening(app: ASGIApp, **options: Any) -> AsyncIterator[str]:
    """The app on a free port of this machine, as `http://127.0.0.1:port`; `options` are uvicorn's."""
    options = {"proxy_headers": False, **options}
    server = _Server(uvicorn.Config(app, lifespan="off", log_level="error", ws="none", **options))
    with bound("127.0.0.1", 0) as listener:
        listener.listen()
        task = asyncio.create_task(server._serve([listener]))  # `serve` would take over this process's signals
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.ended.set()
            await task
