"""A warm page in one process, without HTTP: laps of visitors who ask once each. Steadier than servers to compare by."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
from starlette.types import ASGIApp, Message

from bench import questions, visitors
from bench.load import Request
from bench.ranker import FOLDER
from bench.report import Result, say, told_of_model
from personalize.app import Gateway
from personalize.demo.catalogue import Catalogue
from personalize.demo.shop.app import create_shop
from personalize.serving import COLLECTOR
from personalize.settings import Settings

SHOP_URL = "http://shop.bench/shop-api"
WARM_UP = 2  # laps before the first that counts
MOMENT = 0.3  # seconds for what a request leaves to be done behind it
READY = 10.0


async def run(model: Path, catalogue: Catalogue, laps: int) -> Result:
    """CPU microseconds a request, of the answer alone and with what is put off: least and median over the laps.

    RuntimeError where an answer is no 200, or none for its visitor alone.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("lap.sqlite*"):
        path.unlink()
    store_url = f"sqlite:///{(FOLDER / 'lap.sqlite').resolve()}"
    shown = visitors.products(catalogue)
    signed = await asyncio.to_thread(visitors.remember, store_url, shown)
    settings = Settings(
        shop_url=SHOP_URL, store_url=store_url, model=str(model), secret=(visitors.SECRET,), share_ttl=3600.0
    )  # fmt: skip
    gateway = Gateway(settings, transport=httpx.ASGITransport(app=create_shop(catalogue)))
    gateway.audit.share = 0.0
    found: list[tuple[float, float]] = []
    async with gateway.running():
        if not await gateway.knowledge.wait(READY):
            raise RuntimeError("the gateway has not learned the shop's schema")
        app, tags = gateway.storefront(), questions.tags()
        for number in range(WARM_UP + laps):
            if number == WARM_UP:  # as a serving process does
                gc.collect()
                gc.freeze()
                gc.set_threshold(*COLLECTOR)
            found.append(await _lap(gateway, app, signed, tags))
    answers, whole = zip(*found[WARM_UP:], strict=True)
    result: Result = {
        "model": told_of_model(model), "profiles": len(signed), "laps": laps,
        "answer_us": {"least": min(answers), "median": median(answers)},
        "with_what_is_put_off_us": {"least": min(whole), "median": median(whole)},
    }  # fmt: skip
    for name in ("answer_us", "with_what_is_put_off_us"):
        say(f"{name}: least {result[name]['least']:.0f}, median {result[name]['median']:.0f}")
    return result


async def _lap(gateway: Gateway, app: ASGIApp, signed: list[str], tags: Iterator[str]) -> tuple[float, float]:
    first, load = questions.known(signed, tags, len(signed))
    for request in first:
        for _ in range(2):  # the first asks the shop, the second finds the window
            await _ask(app, request, personal=False)
            await asyncio.sleep(MOMENT)
    began = time.process_time()
    for request in load:
        await _ask(app, request, personal=True)
    answered = time.process_time() - began
    await gateway.outbox.flush()
    return answered / len(load) * 1e6, (time.process_time() - began) / len(load) * 1e6


async def _ask(app: ASGIApp, request: Request, *, personal: bool) -> None:
    body = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Message:
        return body.pop() if body else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] != "http.response.start":
            return
        kept = not any(name == b"cache-control" and b"no-store" in value for name, value in message["headers"])
        if message["status"] != 200 or (personal and kept):
            raise RuntimeError(f"an answer has status {message['status']}{', and is for everybody' if kept else ''}")

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
