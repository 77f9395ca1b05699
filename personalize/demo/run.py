"""The demo: shop, simulated history, trained model and gateway in one process, and one listing seen by two visitors."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import secrets
import signal
import time
from collections.abc import AsyncIterator, Set
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import msgspec
from rich.console import Console, RenderableType

from personalize.app import Gateway
from personalize.artefact import load
from personalize.console.accounts.door import Door
from personalize.demo.catalogue import Catalogue
from personalize.demo.generate import generate
from personalize.demo.offers import PRICES, STRATEGIES, drop_old_codes, offers, told_of_offers
from personalize.demo.places import TERMS, TRUSTED, put_demo_places, told_in_hamburg
from personalize.demo.shop.app import create_shop
from personalize.demo.shop.state import DEMO_PASSWORD
from personalize.demo.shoppers import simulate
from personalize.demo.storefront.app import SHOWN, create_storefront
from personalize.demo.storefront.people import choose, remember
from personalize.demo.tour import tour
from personalize.demo.weather import create_weather
from personalize.domain.desk.actor import Role
from personalize.domain.event import Event
from personalize.domain.experiment import AssignedBy, Experiment, Variant
from personalize.domain.store import EventRow
from personalize.domain.visit import Consent
from personalize.errors import ArtefactError
from personalize.events.log import dump, read, write
from personalize.learning.train import train
from personalize.serving import beside, bound
from personalize.settings import Settings
from personalize.stores import open_store
from personalize.telemetry import setup_logging
from personalize.visitors.identity import Identity

HOST = "127.0.0.1"
OPERATOR = "demo"
SHOPPERS, DAYS, SEED = 700, 14, 7
EXPLORE = 0.4  # the share of lists shown shuffled: what the shop's own order hides can then be learned
SECRET = "only-for-the-demo-on-this-machine"  # noqa: S105 - protects nothing: every visitor here is made up
BATCH = 2_000
PLACE = "53.6,10.0"  # Hamburg
ANOTHER = '{"temperature": 28, "weather": "clear"}'
EXPERIMENTS = (
    Experiment(SHOWN, (Variant("ours", 0.5), Variant("shop", 0.5, all_off=True)), AssignedBy.HEADER),
    Experiment("a-a", (Variant("one", 0.5), Variant("other", 0.5))),
)
"""The storefront's way to the shop's own order, and an A/A test: two variants that differ in nothing."""
WINDOW = 1_200  # rows of a list that may be moved: nearly all of the list of everything


Ports = tuple[int, int, int, int, int]
"""Of the shop, the gateway, its operator, the weather and the storefront; 0: any free one."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the demo is to be found."""

    shop: str
    gateway: str
    operator: str
    console: str
    weather: str
    storefront: str
    password: str
    customer: str
    """The signed id of one who bought before."""


async def run(folder: Path, *, once: bool, ports: Ports, svg: Path | None = None) -> None:
    """Start everything, print where it is and what it does to one listing; then serve until a signal, unless `once`.

    `svg` gets a picture of the table. Raises SettingsError where a port is taken.
    """
    console = Console(highlight=False)
    started = time.perf_counter()
    catalogue = generate(SEED)
    with console.status("simulating shoppers and training on what they did"):
        model = await asyncio.to_thread(prepare, catalogue, folder)
    async with started_demo(catalogue, folder, model, ports) as where:
        console.print(f"storefront  {where.storefront}   look at this one: weather, visitors, before and after")
        console.print(f"shop        {where.shop}   {len(catalogue.products):,} products, all invented")
        console.print(f"gateway     {where.gateway}   the same schema, personalised; open it in a browser for GraphiQL")
        console.print(f"operator    {where.operator}")
        console.print(f"console     {where.console}   log in as {OPERATOR} with the password {where.password}")
        console.print(f"weather     {where.weather}   invented, too; POST it another: {ANOTHER}")
        console.print("The shoppers are simulated: nobody real is in the log the model learned from.\n")
        async with httpx.AsyncClient(timeout=30.0) as client:
            shown = await tour(client, where.gateway, catalogue, SHOPPERS, SEED)
            collect = await told_in_hamburg(client, where.gateway)
            paid = await told_of_offers(client, where.gateway, where.customer)
        console.print(shown)
        console.print(f"\nA visitor in Hamburg reads: {collect}")
        console.print(f"A customer reads: {paid}")
        if svg is not None:
            save_picture(shown, svg)
        console.print(f"\nready after {time.perf_counter() - started:.0f} s")
        if once:
            return
        console.print("Ctrl-C stops it.")
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


def save_picture(shown: RenderableType, svg: Path) -> None:
    """Write what was shown as a picture, without the web fonts that rich would fetch from elsewhere."""
    picture = Console(record=True, width=118, file=io.StringIO())
    picture.print(shown)
    text = picture.export_svg(title="personalize demo")
    svg.write_text(re.sub(r"@font-face \{.*?\}", "", text, flags=re.S), encoding="utf-8")


def prepare(catalogue: Catalogue, folder: Path, shoppers: int = SHOPPERS) -> Path:
    """The model's folder: simulated and trained once, kept in `folder` as long as it fits this version."""
    model = folder / "model"
    try:
        load(model)
    except ArtefactError:  # none yet, or one that an earlier version made for other features
        folder.mkdir(parents=True, exist_ok=True)
        # The simulation has dates of its own; here it ends now, so that what was popular still is.
        events = list(simulate(catalogue, shoppers=shoppers, seed=SEED, days=DAYS, explore=EXPLORE))
        late = time.time() - 60.0 - max(event.at for event in events)
        write(folder / "events.jsonl.gz", (msgspec.structs.replace(event, at=event.at + late) for event in events))
        train(folder / "events.jsonl.gz", None, model, command="personalize demo")
    return model


@contextlib.asynccontextmanager
async def started_demo(
    catalogue: Catalogue, folder: Path, model: Path, ports: Ports, shoppers: int = SHOPPERS
) -> AsyncIterator[Addresses]:
    """Shop, weather, gateway and storefront, served while the block runs; `shoppers` as they were simulated."""
    store_url = f"sqlite:///{(folder / 'demo.sqlite').resolve()}"
    people = choose(catalogue, shoppers, SEED)
    theirs = await _remember(folder, store_url, catalogue, {person.id for person in people})
    with contextlib.ExitStack() as taken:
        shop, front, back, sky, page = (taken.enter_context(bound(HOST, port)) for port in ports)
        where = Addresses(
            shop=f"http://{HOST}:{shop.getsockname()[1]}/shop-api",
            gateway=f"http://{HOST}:{front.getsockname()[1]}/graphql",
            operator=f"http://{HOST}:{back.getsockname()[1]}/metrics",
            console=f"http://{HOST}:{back.getsockname()[1]}/console",
            weather=f"http://{HOST}:{sky.getsockname()[1]}/script",
            storefront=f"http://{HOST}:{page.getsockname()[1]}",
            password="",
            customer="",
        )
        settings = Settings(
            shop_url=where.shop, store_url=store_url, model=str(model), secret=(SECRET,),
            consent_default=Consent.NONE, dev=True, shop_place=PLACE, weather_provider="open-meteo",
            weather_url=where.weather.removesuffix("/script"), window=WINDOW, holdout=0.0,
            places=TERMS, trusted_proxies=TRUSTED, strategies=STRATEGIES, offers=offers(catalogue), prices=PRICES,
            admin_url=where.shop.replace("/shop-api", "/admin-api"), admin_user="superadmin",
            admin_password=DEMO_PASSWORD,
            cors_origins=(where.storefront,), experiments=EXPERIMENTS,
        )  # fmt: skip
        setup_logging("warning", settings.secrets())
        gateway = Gateway(settings)
        where = replace(where, password=await _operator(Door(gateway.accounts)))
        pictures = where.shop.removesuffix("/shop-api")
        identity = Identity.from_settings(settings, gateway.telemetry)
        where = replace(where, customer=identity.sign(people[0].visitor))
        addresses = {"gateway": where.gateway, "weather": where.weather, "pictures": pictures}
        async with (
            beside(create_shop(catalogue, asset_base=pictures), shop),
            beside(create_weather(origins=(where.storefront,)), sky),
            beside(create_storefront(catalogue, people, identity, **addresses), page),
            beside(gateway.storefront(), front, lifespan=True),
            beside(gateway.operator(), back),
        ):
            await remember(gateway, people, theirs)
            await gateway.knowledge.wait(10.0)
            yield where


async def _operator(door: Door) -> str:
    """Make the demo's account, or give the one there is another password, which is told once."""
    password = secrets.token_urlsafe(12)
    if await door.accounts.account(OPERATOR) is None:
        await door.add(OPERATOR, password, Role.ADMIN)
    else:
        await door.renew(OPERATOR, password)
    return password


async def _remember(folder: Path, store_url: str, catalogue: Catalogue, wanted: Set[str]) -> list[Event]:
    """Put the simulated history, stores and their stock into the store, as `personalize import` would.

    Returned are the events of `wanted` visitors.
    """
    store = open_store(store_url)
    await store.open()
    try:
        events = list(read(folder / "events.jsonl.gz"))
        rows = [EventRow(e.event_id, e.at, e.visitor, dump(e)) for e in events]
        for start in range(0, len(rows), BATCH):
            await store.append_events(rows[start : start + BATCH])
        await put_demo_places(store, catalogue)
        await drop_old_codes(store)
        return [event for event in events if event.visitor in wanted]
    finally:
        await store.close()
