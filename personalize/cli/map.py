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
from personalize.shops.draft_skeleton import skeleton

SKELETON = 3
"""The exit code where the map holds nothing yet but candidates."""


@click.command("map")
@click.argument("url", required=False)
@click.option("--schema", "schema_file", help="Read the schema from a file (SDL or introspection JSON), not from URL.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the map to this file (a new one).")
@click.option("--name", help="The shop's name in the map (default: from URL or file).")
def map_(url: str | None, schema_file: str | None, out: Path | None, name: str | None) -> None:
    """Draft a shop map by introspecting the shop at URL (default: setting `shop_url`), each guess under a comment.

    Where nothing looks like a product, it writes what comes nearest, as comments, and ends with exit code 3.
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
    try:
        drafted = draft(schema, name=name, source=where)
    except MapError as error:
        if error.code != "NO_PRODUCTS":
            raise
        _write(skeleton(schema, name=name, source=where), out)
        click.echo(f"{error}\n  a skeleton of a map was written, with what comes nearest as comments", err=True)
        click.get_current_context().exit(SKELETON)
    _write(drafted.text, out)
    click.echo(_summary(drafted), err=True)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MapError(f"{out} cannot be written: {error}", code="FILE_UNWRITABLE") from error


def _summary(drafted: Draft) -> str:
    lines = [
        f"{len(drafted.listings)} listings, {len(drafted.items)} item types, {drafted.events} events; "
        f"{drafted.unsure} guesses are unsure: read those first"
    ]
    if drafted.waiting:
        lines.append(f"commented out, paged in a way that is not supported yet: {', '.join(drafted.waiting)}")
    return "\n".join(lines)
