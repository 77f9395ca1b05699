"""`personalize check`: compares the shop map with the live shop, field by field."""

from __future__ import annotations

import asyncio

import click
from graphql import GraphQLSchema
from rich.console import Console
from rich.table import Table

from personalize.domain.offers.shop import CouponDesk
from personalize.errors import MapError
from personalize.gateway.edge.upstream import Upstream
from personalize.gateway.ours.knowledge import fetch_schema, schema_from_file
from personalize.gateway.ours.schema import merge
from personalize.settings import load_settings
from personalize.shops import reader
from personalize.shops.codes import CouponMove
from personalize.shops.desk import open_desk
from personalize.shops.fit import fit


@click.command()
@click.argument("url", required=False)
@click.option("--shop", help="Map name or path (setting `shop`).")
def check(url: str | None, shop: str | None) -> None:
    """Compare the map with the shop at URL (default: setting `shop_url`); exit 2 where no listing fits.

    Where `admin_url` is set, says too whether its Admin API lets us make codes; exit 2 where it does not.
    """
    given = {"shop_url": url, "shop": shop}
    settings = load_settings(overrides={key: value for key, value in given.items() if value is not None})
    entries = reader.load(settings.shop)
    if settings.schema_file and url is None:
        schema, where = schema_from_file(settings.schema_file), settings.schema_file
    else:
        if not settings.shop_url:
            raise MapError("no shop to check", hint="give its GraphQL URL, or set PERSONALIZE_SHOP_URL")
        schema, where = asyncio.run(fetched(settings.shop_url, settings.upstream_deadline)), settings.shop_url
    fitted, findings = fit(entries, schema)
    table = Table(title=f"map {entries.name!r} against {where}", title_justify="left")
    table.add_column("entry", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found")
    for finding in findings:
        table.add_row(finding.slot, "ok" if finding.found else "GONE", " ".join(finding.said.split()))
    Console(width=140, highlight=False, markup=False).print(table)
    merge(schema, fitted, settings.namespace)
    missing = sum(not finding.found for finding in findings)
    click.echo(
        f"{len(findings) - missing} of {len(findings)} entries fit; {len(fitted.listings)} listings can be ordered"
    )
    if not fitted.listings:
        raise MapError(
            f"no listing of map {entries.name!r} fits the schema of {where}", code="MAP_DOES_NOT_FIT",
            hint="set `shop` to the map of this shop, or draft one with `personalize map`",
        )  # fmt: skip
    if (desk := open_desk(settings, entries.name)) is not None:
        for line in asyncio.run(asked(desk)):
            click.echo(f"offers   {line}")
        moves = [move for move in CouponMove if fitted.coupon(move) is None]
        if moves:
            click.echo(f"offers   codes cannot reach a cart: the map has no field to {' or '.join(moves)} one")


async def asked(desk: CouponDesk) -> tuple[str, ...]:
    """What the desk says of the shop's Admin API. Raises CouponError."""
    try:
        return await desk.check()
    finally:
        await desk.close()


async def fetched(url: str, deadline: float) -> GraphQLSchema:
    """The shop's schema by introspection. Raises UpstreamError, MapError."""
    upstream = Upstream(url, deadline)
    try:
        return await fetch_schema(upstream)
    finally:
        await upstream.close()
