"""`personalize map`: drafts a shop map for a shop nobody has described yet, from its schema."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import click

from personalize.cli.check import fetched
from personalize.errors import MapError
from personalize.gateway.ours.knowledge import schema_from_file
from personalize.settings import load_settings
from personalize.shops.draft import Draft, draft


@click.command("map")
@click.argument("url", required=False)
@click.option("--schema", "schema_file", help="Read the schema from a file (SDL or introspection JSON), not from URL.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the map to this file (a new one).")
@click.option("--name", help="The shop's name in the map (default: from URL or file).")
def map_(url: str | None, schema_file: str | None, out: Path | None, name: str | None) -> None:
    """Draft a shop map by introspecting the shop at URL (default: setting `shop_url`), each guess under a comment.

    Ends with exit code 2 where nothing looks like a product.
    """
    settings = load_settings(overrides={"shop_url": url} if url is not None else {})
    if out is not None and out.exists():
        raise MapError(f"{out} is there already", code="FILE_EXISTS", hint="name another file, or move that one away")
    if schema_file is not None:
        schema, where = schema_from_file(schema_file), Path(schema_file).name
        name = name or Path(schema_file).stem
    elif settings.shop_url:
        schema = asyncio.run(fetched(settings.shop_url, settings.upstream_deadline))
        address = urlsplit(settings.shop_url)  # never its password: the map is kept and shown
        name = name or address.hostname or "shop"
        where = f"{address.scheme}://{address.hostname}{address.path}"
    else:
        raise MapError("no shop to map", hint="give its GraphQL URL, or --schema FILE")
    drafted = draft(schema, name=name, source=where)
    if out is None:
        click.echo(drafted.text, nl=False)
    else:
        try:
            out.write_text(drafted.text, encoding="utf-8")
        except OSError as error:
            raise MapError(f"{out} cannot be written: {error}", code="FILE_UNWRITABLE") from error
    click.echo(_summary(drafted), err=True)


def _summary(drafted: Draft) -> str:
    lines = [
        f"{len(drafted.listings)} listings, {len(drafted.items)} item types, {drafted.events} events; "
        f"{drafted.unsure} guesses are unsure: read those first"
    ]
    if drafted.waiting:
        lines.append(f"commented out, paged in a way that is not supported yet: {', '.join(drafted.waiting)}")
    return "\n".join(lines)
