"""Serving over HTTP: sockets, servers in one loop, and the end that drains."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from personalize.app import Gateway
from personalize.errors import SettingsError
from personalize.settings import Settings, SettingsWatch, load_settings
from personalize.telemetry import setup_logging

DRAIN_SECONDS = 10
SETTLE_SECONDS = 60.0
COLLECTOR = 50_000, 20, 50  # thresholds of the garbage collector while serving
BACKLOG = 2048
# The shop's own Date and Server headers pass; proxies are judged by `trusted_proxies`, not by uvicorn.
OPTIONS: dict[str, Any] = {
    "http": "httptools", "log_level": "warning", "access_log": False, "server_header": False, "date_header": False,
    "proxy_headers": False, "timeout_graceful_shutdown": DRAIN_SECONDS, "backlog": BACKLOG,
}  # fmt: skip


class _Beside(uvicorn.Server):
    """A server beside another in one loop: it leaves the signals to it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def worker() -> ASGIApp:
    """The app of one worker process, from the settings of its environment: the storefront, the operator beside it."""
    return worker_app(load_settings())


def worker_app(settings: Settings) -> ASGIApp:
    """The storefront's app; while it runs, the operator's port is served too."""
    setup_logging(settings.log_level, settings.secrets())
    gateway = Gateway(settings)
    gateway.watch = SettingsWatch(settings, gateway.telemetry)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with bound(settings.operator_host, settings.operator_port, reuse=settings.workers > 1) as back:
            async with gateway.running(), beside(gateway.operator(), back):
                settling = asyncio.create_task(_settle(gateway))
                yield
                settling.cancel()

    return gateway.storefront(lifespan)


async def _settle(gateway: Gateway) -> None:
    """Once the schema is known, what is there by then stays: the garbage collector need not walk through it again."""
    if await gateway.knowledge.wait(SETTLE_SECONDS):
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTOR)


def serve_one(settings: Settings, front: socket.socket) -> None:
    """Serve in this process until SIGTERM or SIGINT: take no more, finish what is under way, flush the events."""
    uvicorn.Server(uvicorn.Config(worker_app(settings), **OPTIONS)).run(sockets=[front])


def serve_many(settings: Settings) -> None:
    """Serve in `settings.workers` processes, which read the same environment."""
    uvicorn.run(
        "personalize.serving:worker", factory=True, host=settings.host, port=settings.port, workers=settings.workers,
        **OPTIONS,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def beside(app: ASGIApp, at: socket.socket, *, lifespan: bool = False) -> AsyncIterator[None]:
    """Serve `app` on a bound socket while the block runs."""
    options = OPTIONS | {"lifespan": "on" if lifespan else "off"}
    server = _Beside(uvicorn.Config(app, **options))
    at.listen(BACKLOG)  # from here on connections wait until the server is up
    task = asyncio.create_task(server.serve(sockets=[at]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.contextmanager
def bound(host: str, port: int, *, reuse: bool = False) -> Iterator[socket.socket]:
    """A socket on that address (port 0: any free one). SettingsError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP: else asyncio does not see that it is one, and leaves Nagle's algorithm on (40 ms a request).
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:  # every worker answers for itself
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            taken.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port}: {error.strerror}", code="ADDRESS_TAKEN",
                hint="another process holds it; choose another port",
            ) from error  # fmt: skip
        yield taken
