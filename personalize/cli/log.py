"""`personalize export` and `import`: the event log out of the store and into it, as JSON Lines (plain or .gz)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from personalize.cli.losses import show_losses
from personalize.cli.places import put_stock, put_stores
from personalize.domain.event import Event
from personalize.domain.store import EventRow, Store
from personalize.errors import EventError
from personalize.events.log import Report, dump, parse, read, write
from personalize.settings import load_settings
from personalize.stores import open_store

BATCH = 1_000
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]), help="From this time on (UTC).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]), help="Up to this time (UTC).")
def export(path: Path, since: datetime | None, until: datetime | None) -> None:
    """Write the store's events to PATH (gzipped where it ends in .gz), in time order."""
    with _store() as (runner, store):
        count = write(path, _events(runner, store, since, until))
    click.echo(f"{count} events written to {path}")


@click.command("import")
@click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--stores", type=FILE, help="The shop's stores (GeoJSON or CSV), in the place of those there were.")
@click.option("--stock", type=FILE, help="What lies in them (CSV); the latest observation of each counts.")
def import_(path: Path | None, stores: Path | None, stock: Path | None) -> None:
    """Read events from PATH into the store, or the shop's stores and stock.

    Events that are known already are not stored twice. A file of stores or stock with a fault changes nothing.
    """
    if path is None and stores is None and stock is None:
        raise click.UsageError("give the PATH of an event log, --stores or --stock")
    with _store() as (runner, store):
        if stores is not None:
            click.echo(runner.run(put_stores(store, stores)))
        if stock is not None:
            click.echo(runner.run(put_stock(store, stock, load_settings().stores)))
    if path is not None:
        _import_events(path)


def _import_events(path: Path) -> None:
    report = Report()
    stored = 0
    with _store() as (runner, store):
        events = read(path, report)
        while batch := list(islice(events, BATCH)):
            stored += runner.run(store.append_events(list(_rows(batch, report))))
    click.echo(f"{report.lines} lines read, {stored} events stored, {report.kept - stored} known already")
    show_losses({"dropped": report.dropped, "noted": report.noted})
    if report.lines and not report.kept:
        raise EventError(f"{path} holds no event", hint="a line is a JSON object with event, event_id, at and items")


def _rows(events: Iterable[Event], report: Report) -> Iterator[EventRow]:
    for event in events:
        try:
            yield EventRow(event.event_id, event.at, event.visitor, dump(event))
        except EventError as error:
            report.kept -= 1
            report.dropped[error.code] += 1


@contextmanager
def _store() -> Iterator[tuple[asyncio.Runner, Store]]:
    """The store of the settings, opened, and the loop it lives in."""
    with asyncio.Runner() as runner:
        store = open_store(load_settings().store_url)
        runner.run(store.open())
        try:
            yield runner, store
        finally:
            runner.run(store.close())


def _events(runner: asyncio.Runner, store: Store, since: datetime | None, until: datetime | None) -> Iterator[Event]:
    """The store's events one by one: a log need not fit into memory."""
    rows = aiter(store.events(since=_seconds(since), until=_seconds(until)))

    async def one() -> EventRow | None:
        return await anext(rows, None)

    while (row := runner.run(one())) is not None:
        yield parse(row.line)


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
