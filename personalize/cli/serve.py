"""`personalize serve`: the storefront port and the operator port, until a signal drains them."""

from __future__ import annotations

import os

import click

from personalize.errors import SettingsError
from personalize.serving import bound, serve_many, serve_one
from personalize.settings import Settings, load_settings


@click.command()
@click.option("--shop-url", help="The shop's GraphQL endpoint (setting `shop_url`).")
@click.option("--host", help="Storefront address (setting `host`).")
@click.option("--port", type=int, help="Storefront port (setting `port`).")
def serve(shop_url: str | None, host: str | None, port: int | None) -> None:
    """Serve the gateway; settings come from PERSONALIZE_* and personalize.toml."""
    given = {"shop_url": shop_url, "host": host, "port": port}
    for key, value in given.items():  # worker processes and the watch on the file read the same environment
        if value is not None:
            os.environ[f"PERSONALIZE_{key.upper()}"] = str(value)
    settings = load_settings()
    if not settings.shop_url:
        raise SettingsError("no `shop_url` is set", hint="set PERSONALIZE_SHOP_URL to the shop's GraphQL endpoint")
    for note in without_effect(settings):
        click.echo(f"note: {note}", err=True)
    with bound(settings.host, settings.port) as front:
        address = f"http://{settings.host}:{front.getsockname()[1]}/graphql"
        click.echo(f"storefront  {address}  in front of {settings.shop_url}")
        click.echo(f"operator    http://{settings.operator_host}:{settings.operator_port}/readyz")
        click.echo(f"console     http://{settings.operator_host}:{settings.operator_port}/console")
        if settings.workers == 1:
            serve_one(settings, front)
            return
    serve_many(settings)


def without_effect(settings: Settings) -> list[str]:
    """What is set and does nothing, since something else is not set."""
    placed = bool(settings.shop_place or settings.trusted_proxies or settings.stores)
    found = {
        "geo_headers: no header is believed without trusted_proxies": settings.geo_headers
        and not settings.trusted_proxies,
        "weather_url: no service is asked without weather_provider": settings.weather_url
        and not settings.weather_provider,
        "weather_provider: nobody's place is known without shop_place, stores or trusted_proxies": (
            settings.weather_provider and not placed
        ),
    }
    return [note for note, holds in found.items() if holds]
