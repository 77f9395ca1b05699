"""`make bench`: the demo shop alone, the gateway all off, and personalised cold, private and warm, in one run."""

from __future__ import annotations

import asyncio
import os
import platform
import random
import time
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from bench.load import Measured, Request, measure
from bench.servers import Server, free_port, running
from personalize.demo.catalogue import Catalogue
from personalize.demo.generate import generate
from personalize.demo.run import prepare
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.domain.store import ProfileRow
from personalize.domain.visit import Trust, VisitorId
from personalize.stores import open_store
from personalize.telemetry import Telemetry
from personalize.visitors.identity import Identity, profile_key

SECRET = "a-secret-for-the-benchmark-only"
VISITORS = 1_000
EVENTS = 40
OUT = Path("bench/out")
PAGE = """query Page($slug: String!, $skip: Int) {
  search(input: { collectionSlug: $slug, groupByProduct: true, take: 24, skip: $skip }) {
    totalItems
    items { productId productName slug description currencyCode priceWithTax { ... on PriceRange { min max } }
            productAsset { preview } }
  }
}"""
TERM = PAGE.replace("collectionSlug", "term")


@click.command()
@click.option("--requests", default=600, show_default=True, help="Requests a row.")
@click.option("--connections", default="1,32", show_default=True, help="How many at once.")
def main(requests: int, connections: str) -> None:
    """Measure CPU per request of the gateway's and the shop's process."""
    OUT.mkdir(parents=True, exist_ok=True)
    folder = Path(".cache/bench")
    catalogue = generate()
    model = prepare(catalogue, folder)
    store = folder / "bench.sqlite"
    store.unlink(missing_ok=True)
    visitors = asyncio.run(_profiles(f"sqlite:///{store.resolve()}", catalogue))
    rows: list[dict[str, Any]] = []
    port, off, on = free_port(), free_port(), free_port()
    shop_url = f"http://127.0.0.1:{port}/shop-api"
    with (
        running(["-m", "personalize.demo.shop", "--port", str(port)], shop_url, shop_url) as shop,
        _gateway(shop_url, off, {"PERSONALIZE_STRATEGIES": "off"}) as passing,
        _gateway(shop_url, on, {
            "PERSONALIZE_MODEL": str(model), "PERSONALIZE_STORE_URL": f"sqlite:///{store.resolve()}",
        }) as gateway,
    ):  # fmt: skip
        for at_once in (int(word) for word in connections.split(",")):
            for name, url, load, watched in _rows(shop, passing, gateway, visitors, requests):
                measure(url, load[: max(at_once, 50)], at_once, watched)  # warm up
                found = measure(url, load, at_once, watched)
                rows.append({"row": name, "connections": at_once, **asdict(found)})
                _say(rows[-1], found)
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    result = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine, "rows": rows}
    (OUT / "requests.json").write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    _table(rows)


def _rows(
    shop: Server, passing: Server, gateway: Server, visitors: list[str], count: int
) -> list[tuple[str, str, list[Request], dict[str, Server]]]:
    """(name, where to send, what to send, which processes to watch)."""
    plain = [_request(PAGE, "women") for _ in range(count)]
    known = [_request(PAGE, "women", visitor) for visitor in random.Random(1).choices(visitors, k=count)]
    words = [f"linen {n} {time.time_ns()}" for n in range(count)]
    cold = [_request(TERM, word, visitor) for word, visitor in zip(words, visitors * count, strict=False)]
    private = [Request(r.body, {**r.headers, "Authorization": f"Bearer unknown-{n}"}) for n, r in enumerate(known)]
    both = {"gateway": gateway, "shop": shop}
    return [
        ("shop alone", shop.url, plain, {"shop": shop}),
        ("gateway, all off", passing.url, plain, {"gateway": passing, "shop": shop}),
        ("personalised, cold listing each time", gateway.url, cold, both),
        ("personalised, private window", gateway.url, private, both),
        (f"personalised, warm, {len(visitors):,} profiles", gateway.url, known, both),
    ]


def _request(query: str, what: str, visitor: str | None = None) -> Request:
    headers = {"Content-Type": "application/json"}
    if visitor is not None:
        headers |= {"X-Personalize-Visitor": visitor, "X-Personalize-Consent": "personalization"}
    return Request(orjson.dumps({"query": query, "variables": {"slug": what}}), headers)


def _gateway(shop_url: str, port: int, more: dict[str, str]) -> AbstractContextManager[Server]:
    """A gateway process with its settings, ready when its schema is known."""
    operator = free_port()
    environ = {
        "PERSONALIZE_SHOP_URL": shop_url, "PERSONALIZE_PORT": str(port), "PERSONALIZE_OPERATOR_PORT": str(operator),
        "PERSONALIZE_SECRET": SECRET, "PERSONALIZE_STORE_URL": "memory://", "PERSONALIZE_SHARE_TTL": "60", **more,
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}/graphql"
    code = "from personalize.cli import main; main(['serve'])"
    return running(["-c", code], url, f"http://127.0.0.1:{operator}/readyz", environ)


async def _profiles(store_url: str, catalogue: Catalogue) -> list[str]:
    """Visitors with a history of `EVENTS` events each, put into the store; their signed ids."""
    who = Identity((SECRET,), Telemetry().count)
    store = open_store(store_url)
    await store.open()
    rng, now, signed, rows = random.Random(7), time.time(), [], []
    for number in range(VISITORS):
        visitor = VisitorId(f"bench-visitor-{number:06d}", Trust.SIGNED)
        profile = Profile()
        for step in range(EVENTS):
            product = rng.choice(catalogue.products)
            attributes = {"facet": list(product.facet_value_ids), "collection": list(product.collection_ids)}
            item = EventItem(product.id, price=product.price_with_tax[0] / 100, currency="EUR", attributes=attributes)
            profile.apply(Event("view_item", f"{number}-{step}", now - 60 * (EVENTS - step), items=(item,)))
        rows.append(ProfileRow(profile_key(visitor), profile.to_bytes(), now + 86_400))
        signed.append(who.sign(visitor))
    await store.put_profiles(rows)
    await store.close()
    return signed


def _say(row: dict[str, Any], found: Measured) -> None:
    used = ", ".join(f"{name} {value:.2f} ms" for name, value in found.cpu.items())
    Console(highlight=False).print(f"{row['row']} ({row['connections']} at once): {used}")


def _table(rows: list[dict[str, Any]]) -> None:
    table = Table(title="CPU per request, ms", title_justify="left")
    for column in ("", "at once", "gateway", "shop", "p50 ms", "p99 ms", "requests/s"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for row in rows:
        cpu: dict[str, float] = row["cpu"]
        figures = [row["p50"], row["p99"], row["rate"]]
        used = [f"{cpu[name]:.2f}" if name in cpu else "-" for name in ("gateway", "shop")]
        table.add_row(str(row["row"]), str(row["connections"]), *used, *(f"{value:.1f}" for value in figures))
    Console(width=120, highlight=False).print(table)


if __name__ == "__main__":
    main()
