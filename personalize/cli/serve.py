"""`personalize serve`: the storefront port and the operator port, until a signal drains them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import click
import uvicorn
from uvicorn.supervisors import Multiprocess

from personalize.app import Gateway
from personalize.errors import SettingsError
from personalize.settings import Settings, SettingsWatch, load_settings
from personalize.telemetry import setup_logging

DRAIN_SECONDS = 10


class _Beside(uvicorn.Server):
    """A second server in one loop: it leaves the signals to the first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@click.command()
@click.option("--shop-url", help="The shop's GraphQL endpoint (setting `shop_url`).")
@click.option("--host", help="Storefront address (setting `host`).")
@click.option("--port", type=int, help="Storefront port (setting `port`).")
def serve(shop_url: str | None, host: str | None, port: int | None) -> None:
    """Serve the gateway; settings come from PERSONALIZE_* and personalize.toml."""
    given = {"shop_url": shop_url, "host": host, "port": port}
    settings = load_settings(overrides={key: value for key, value in given.items() if value is not None})
    if not settings.shop_url:
        raise SettingsError("no `shop_url` is set", hint="set PERSONALIZE_SHOP_URL to the shop's GraphQL endpoint")
    with _bound(settings.host, settings.port) as front:
        port = front.getsockname()[1]
        click.echo(f"storefront  http://{settings.host}:{port}/graphql  in front of {settings.shop_url}")
        click.echo(f"operator    http://{settings.operator_host}:{settings.operator_port}/readyz")
        if settings.workers == 1:
            run(settings, front)
        else:
            config = uvicorn.Config("personalize.app:Gateway", workers=settings.workers)
            Multiprocess(config, target=lambda sockets: run(settings, sockets[0]), sockets=[front]).run()


def run(settings: Settings, front: socket.socket) -> None:
    """Serve one process until SIGTERM or SIGINT: stop taking requests, finish those under way, flush the events."""
    setup_logging(settings.log_level, settings.secrets())
    with asyncio.Runner(loop_factory=uvicorn.Config("", loop="auto").get_loop_factory()) as runner:
        runner.run(_serve(settings, front))


async def _serve(settings: Settings, front: socket.socket) -> None:
    gateway = Gateway(settings)
    gateway.watch = SettingsWatch(settings, gateway.telemetry)
    storefront = uvicorn.Server(
        uvicorn.Config(
            gateway.storefront(), http="httptools", lifespan="on", log_level="warning", access_log=False,
            server_header=False, date_header=False, timeout_graceful_shutdown=DRAIN_SECONDS, proxy_headers=False,
        )
    )  # fmt: skip
    operator = _Beside(
        uvicorn.Config(gateway.operator(), lifespan="off", log_level="warning", access_log=False, server_header=False)
    )
    with _bound(settings.operator_host, settings.operator_port, reuse=settings.workers > 1) as back:
        beside = asyncio.create_task(operator.serve(sockets=[back]))
        try:
            await storefront.serve(sockets=[front])
        finally:
            operator.should_exit = True
            await beside


@contextlib.contextmanager
def _bound(host: str, port: int, *, reuse: bool = False) -> Iterator[socket.socket]:
    """A socket on that address; SettingsError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:  # every worker answers for itself
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port}: {error.strerror}", code="ADDRESS_TAKEN",
                hint="another process holds it; set another port",
            ) from error  # fmt: skip
        yield bound
