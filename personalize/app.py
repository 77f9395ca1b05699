"""Puts a gateway together from its settings: the storefront's ASGI app and the operator's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast
from zoneinfo import ZoneInfo

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from personalize import registry
from personalize.caches import open_cache
from personalize.console.accounts.door import Door
from personalize.console.api.endpoint import OperatorApi
from personalize.console.api.told import HouseTold
from personalize.console.desk import Desk
from personalize.console.evidence import Evidence
from personalize.console.offers import OfferDesk
from personalize.console.pages.app import routes
from personalize.console.pages.house import House
from personalize.console.shelf import ShopShelf
from personalize.console.stock import StoreBoard
from personalize.domain.affinity import Affinities
from personalize.domain.clock import Clock
from personalize.domain.earlier import Earlier
from personalize.domain.learned.popularity import Popularity
from personalize.domain.offers.deciding import Pricing
from personalize.domain.places.shop_store import places_of
from personalize.domain.signal import Surroundings
from personalize.domain.store import Store
from personalize.domain.strategy import Decision
from personalize.errors import PersonalizeError
from personalize.events.infer import Inference
from personalize.events.log import parse
from personalize.events.orders import Orders
from personalize.events.outbox import Outbox
from personalize.gateway.edge.arrival import Reception
from personalize.gateway.edge.call import Reader
from personalize.gateway.edge.cors import Cors
from personalize.gateway.edge.sessions import Sessions
from personalize.gateway.edge.upstream import Upstream
from personalize.gateway.guest import Guest
from personalize.gateway.health import Health
from personalize.gateway.http import Storefront
from personalize.gateway.listing.audit import Audit
from personalize.gateway.listing.choosing import Listings
from personalize.gateway.listing.decide import Decider
from personalize.gateway.listing.run import RunBook
from personalize.gateway.listing.shared import SharedWindows
from personalize.gateway.observe import Observer
from personalize.gateway.offers.book import OfferBook
from personalize.gateway.ofrep import Ofrep
from personalize.gateway.ours.channels import Channels, Rechannelling
from personalize.gateway.ours.corrector import Corrector
from personalize.gateway.ours.items import Bought, ItemTeller, Tellers
from personalize.gateway.ours.knowledge import Knowledge
from personalize.gateway.ours.labels import Labels
from personalize.gateway.ours.tracker import Tracker
from personalize.gateway.pipeline import Pipeline
from personalize.gateway.preview import Preview
from personalize.gateway.pricing.carts import Carts, settles
from personalize.gateway.pricing.showing import Showing
from personalize.gateway.pricing.telling import OfferTeller
from personalize.gateway.published import Programmes, overlaid
from personalize.gateway.trial import trialled
from personalize.gateway.watchman import Watchman
from personalize.guardrails.displacement import Cap
from personalize.places.book import Book
from personalize.places.keeper import Keeper
from personalize.settings import Settings, SettingsWatch
from personalize.shops import reader
from personalize.shops.desk import open_desk
from personalize.signals.lives import start_all, stop_all
from personalize.stores import open_store
from personalize.stores.accounts import open_accounts
from personalize.stores.tidy import keep_tidy
from personalize.telemetry import Telemetry
from personalize.visitors.identity import Identity
from personalize.visitors.peers import Peers
from personalize.visitors.profiles import ProfileBook

DAY = 86_400.0
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "QUERY", "PUT", "PATCH", "DELETE")
PATHS = ("/graphql", "/api/{version}/graphql.json")
"""Where the storefront's API is found; the second is where Shopify's clients look below the domain they are given."""
REMEMBERED_DAYS = 30.0
RELOAD_SECONDS = 1.0
WRITE_SECONDS = 5.0
"""How long what one process learned of its visitors may wait for the store; the events themselves do not."""


class Gateway:
    """One gateway in one process. `start` and `stop` frame its life; `storefront` and `operator` are its two apps."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        watch: SettingsWatch | None = None,
        decisions: Mapping[str, Decision] | None = None,
    ) -> None:
        self.settings, self.clock, self.watch = settings, clock, watch
        self.telemetry = Telemetry()
        self.shop = reader.load(settings.shop).widened(settings.window)
        self.affinities = Affinities(self.shop.affinities)
        self.upstream = Upstream(settings.shop_url, settings.upstream_deadline, transport)
        self.store: Store = open_store(settings.store_url)
        self.accounts = open_accounts(settings.store_url)
        self.evidence = Evidence(self.store, clock)
        self.popularity = Popularity()
        who = Identity.from_settings(settings, self.telemetry)
        self.profiles = ProfileBook(
            self.store, self.telemetry, clock=clock, ttl=settings.profile_days * DAY, shared=settings.workers > 1,
            learn=self.popularity.apply,
        )  # fmt: skip
        self.orders = Orders(self.store, clock)
        self.outbox = Outbox(
            self.store.append_events, (self.profiles.fold,), self.telemetry,
            writes=(self.profiles.write, self.orders.write),
            write_every=0.0 if settings.workers > 1 else WRITE_SECONDS,
        )  # fmt: skip
        sessions, inference = Sessions(self.shop, who), Inference()
        if decisions is None:
            decisions = {
                name: registry.load("decisions", name).from_settings(settings) for name in registry.names("decisions")
            }
        self.signals = [registry.load("signals", name).from_settings(settings) for name in registry.names("signals")]
        self.around = Surroundings(self.telemetry, clock, open_cache(settings.cache_url))
        self.coupons = open_desk(settings, self.shop.name)
        self.book = self._open_book()
        self.carts = Carts(self.book, self.upstream, self.telemetry) if self.book is not None else None
        self.keeper = self._keeper(decisions)
        own: list[ItemTeller] = [
            Bought(),
            self._channels(decisions),
            *([OfferTeller(self.book)] if self.book is not None else []),
        ]
        self.tellers = Tellers(own, self.telemetry)
        self.knowledge = Knowledge(settings, self.shop, self.upstream, self.telemetry, self.tellers.reading)
        self.windows = SharedWindows(settings.share_ttl, time.monotonic, settings.upstream_deadline)
        self.runs = RunBook()
        cap = Cap(settings.displacement_up, settings.displacement_down)
        for decision in decisions.values():
            if (knows := getattr(decision, "knows", None)) is not None:
                knows(self.affinities)
        priced = {name: cast(Pricing, one) for name, one in decisions.items() if hasattr(one, "reprice")}
        self.decider = Decider(decisions, self.popularity, self.telemetry, cap)
        self.programmes = Programmes(self.store.desk, self._put_in_place, self.telemetry, clock)
        guest = Guest(self.knowledge, self.upstream)
        preview = Preview(guest, self.decider, lambda: self.listings.settings, clock)
        self.desk = Desk(self.store.desk, decisions, ShopShelf(guest), preview, clock, self.programmes)
        self.health = Health(self.telemetry)
        self.listings = Listings(
            settings, self.shop, self.upstream, sessions, self.windows, self.runs,
            self.decider,
        )  # fmt: skip
        self.audit = Audit(self.listings, self.upstream, self.telemetry)
        self.reception = Reception(settings, who, self.profiles, sessions, self.signals, self.telemetry, clock)
        self.keeper.heard.append(self._placed)
        self.labels = Labels(self.shop, self.upstream, self.telemetry)
        self.labels.heard = self._named
        tracker = Tracker(inference, self.outbox, self.orders, self.reception.session_of, clock)
        corrector = Corrector(self.outbox, self.profiles, tracker, self.runs)
        if self.book is not None:
            corrector.forgetting.append(self.book.forget)
            self.book.settles = lambda: settles(self.knowledge.fitted)
        self.pipeline = Pipeline(
            knowledge=self.knowledge, reader=Reader(), upstream=self.upstream, reception=self.reception,
            sessions=sessions, listings=self.listings,
            observer=Observer(inference, self.outbox, self.orders, self.health),
            tracker=tracker, corrector=corrector, audit=self.audit,
            cors=Cors(settings.cors_origins, self.shop.session_response_header),
            labels=self.labels, tellers=self.tellers, telemetry=self.telemetry, carts=self.carts,
            showing=None if self.book is None else Showing(self.book, priced, self.telemetry),
        )  # fmt: skip
        self.watchman = Watchman(self.store, self.telemetry, clock, settings, self.runs.clear)
        self.halted = self.reception.halted = self.watchman.halted
        self._put_in_place()
        self.renew_seconds = RELOAD_SECONDS
        self._behind: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the store, learn the schema and what was popular, begin to take events. Raises MapError, StoreError."""
        try:
            await self.store.open()
        except PersonalizeError as error:  # the shop is sold from without a store, too
            self.telemetry.fault("store", error.code, error)
        for name, decision in self.decider.base.items():
            if (fault := getattr(decision, "fault", None)) is not None:
                self.telemetry.fault("decision", name, fault)
        await self.programmes.poll()
        await start_all(self.signals, self.around)
        self.knowledge.start()
        self.outbox.start()
        if self.book is not None:
            await self.book.start()
        behind = [
            self._remember(),
            self._renew(),
            self.programmes.keep(),
            self.labels.keep_fresh(),
            self.keeper.keep(),
            self.watchman.run(),
            keep_tidy(self.store, self.settings, self.telemetry, clock=self.clock),
        ]
        if self.watch is not None:
            behind.append(self._reload())
        self._behind = [asyncio.get_running_loop().create_task(work) for work in behind]

    async def stop(self) -> None:
        """Drain: events are flushed, background work ends, connections close."""
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)
        await stop_all(self.signals, self.around)
        await self.audit.close()
        if self.carts is not None:
            await self.carts.close()
        if self.book is not None:
            await self.book.stop()
        if self.coupons is not None:
            await self.coupons.close()
        await self.windows.close()
        await self.knowledge.stop()
        await self.keeper.close()
        await self.outbox.stop()
        await self.evidence.close()
        await self.accounts.close()
        await self.store.close()
        await self.upstream.close()

    def use(self, settings: Settings) -> None:
        """Take changed strategies and experiments into use; every run starts afresh."""
        self.settings = settings
        if self.book is not None:
            self.book.use(settings.offers, settings.prices)
        self._put_in_place()

    def _put_in_place(self) -> None:
        """Serve by the settings and what the desk has published over them; every run starts afresh."""
        effective, published = overlaid(self.settings, self.programmes, self.decider.base)
        effective = trialled(effective, self.programmes.active)
        self.decider.use(published)
        self.knowledge.settings = self.reception.settings = self.listings.settings = effective
        self.watchman.settings = effective
        if self.book is not None:
            self.book.follow(self.programmes.programme.offers)
        self.runs.clear()

    def _open_book(self) -> OfferBook | None:
        """The book of offers; None where no shop's Admin API is set, or the store counts no money."""
        if self.coupons is None or self.store.offers is None or self.store.list_prices is None:
            return None
        settings = self.settings
        return OfferBook(
            settings.offers, settings.prices, self.coupons, self.store.offers, self.store.list_prices, self.telemetry,
            ZoneInfo(settings.shop_timezone), clock=self.clock, profile_seconds=settings.profile_days * DAY,
        )  # fmt: skip

    def storefront(self, lifespan: Lifespan[Starlette] | None = None) -> ASGIApp:
        """The app of the storefront port: `/graphql`. `lifespan` replaces the gateway's own, which it must contain."""
        endpoint = Storefront(self.pipeline, self.telemetry, self.settings)
        routes = [Route(path, endpoint, methods=METHODS) for path in PATHS]
        framework = Starlette(routes=routes, lifespan=lifespan or self._lifespan)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            # The one route that counts goes straight there: the framework's layers cost a quarter of a plain proxy.
            straight = scope["type"] == "http" and scope["path"] == "/graphql" and scope["method"] in METHODS
            await (endpoint if straight else framework)(scope, receive, send)

        return app

    def operator(self) -> Starlette:
        """The app of the operator port: health, metrics, experiments as flags, the operator API and the console."""
        offers = OfferDesk(
            self.book, self.desk, lambda: self.settings, lambda: self.listings.settings, self.telemetry
        )  # fmt: skip
        stock = StoreBoard(self.keeper, self.settings.shop_timezone)
        token = self.settings.operator_token
        api = OperatorApi(self.desk, self._told, self.store, offers, stock, token, self.telemetry, self.clock)
        house = House(
            settings=lambda: self.settings, effective=lambda: self.listings.settings,
            door=Door(self.accounts, self.clock), desk=self.desk, store=self.store, evidence=self.evidence,
            telemetry=self.telemetry, decider=self.decider, knowledge=self.knowledge, watchman=self.watchman,
            shop=self.shop, peers=Peers(self.settings.trusted_proxies), clock=self.clock, offers=offers, stock=stock,
        )  # fmt: skip
        return Starlette(
            routes=[
                Route("/operator/graphql", api, methods=METHODS),
                Route("/livez", lambda _: PlainTextResponse("ok\n")),
                Route("/readyz", self._ready),
                Route("/metrics", self._metrics),
                *Ofrep(self.reception, self.settings.operator_token).routes(),
                *routes(house),
            ]
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Started while the block runs, drained after it."""
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with self.running():
            yield

    def _told(self) -> HouseTold:
        """What the operator API tells of this process."""
        counted = {outcome: int(self.health.reloads.labels(outcome)._value.get()) for outcome in ("taken", "refused")}
        return HouseTold(
            self.knowledge.ready, len(self.outbox), self.programmes.programme.revision, counted["taken"],
            counted["refused"], self.settings, self.listings.settings,
        )  # fmt: skip

    async def _ready(self, _: Request) -> Response:
        """200 once the shop's schema was asked for: without one, and without a store, requests pass through."""
        known = {"schema": self.knowledge.ready, "outbox": len(self.outbox)}
        return JSONResponse(known, status_code=200 if self.knowledge.settled else 503)

    async def _metrics(self, _: Request) -> Response:
        self.health.drifted(self.decider.base.values())
        return Response(self.telemetry.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def _keeper(self, decisions: Mapping[str, Decision]) -> Keeper:
        """Who keeps stores and stock, and tells the decisions that go by them."""
        settings, terms = self.settings, self.settings.places
        source = registry.load("stock", terms.source).from_settings(settings) if terms.source else None
        keeper = Keeper(self.store, settings.stores, terms, self.telemetry, self.clock, source)
        keeper.heard += [stocks for one in decisions.values() if (stocks := getattr(one, "stocks", None)) is not None]
        return keeper

    def _channels(self, decisions: Mapping[str, Decision]) -> Channels:
        order = next((one for one in decisions.values() if hasattr(one, "rechannel")), None)
        settings = self.settings
        teller = Channels(settings.places, settings.shop_timezone, self.telemetry, cast(Rechannelling | None, order))
        self.keeper.heard.append(teller.use)
        return teller

    def _placed(self, book: Book) -> None:
        """Other stores or stock: places may be chosen, and orders that went by the stock begin anew."""
        self.reception.whereabouts.stores = places_of({store.id: store for store in book.stores})
        self.decider.epoch += 1

    def _named(self, names: Mapping[tuple[str, str, str], str]) -> None:
        """What properties are called tells what items are for: orders made before it was known begin anew."""
        if self.affinities.learn(names):
            self.decider.epoch += 1

    async def _remember(self) -> None:
        """Fold the log's last days into the popularity counts, so that a restart does not forget them.

        Runs behind: until it is done, what is popular is what was seen since the start.
        """
        now = self.clock()
        earlier = Earlier()
        try:
            async for row in self.store.events(since=now - REMEMBERED_DAYS * DAY, until=now):
                event = parse(row.line)
                self.popularity.apply(event, earlier.before(event))
                await asyncio.sleep(0)
        except PersonalizeError as error:
            self.telemetry.fault("popularity", error.code, error)

    async def _renew(self) -> None:
        """Let decisions look for a newer model: read beside the event loop, put in place between two requests.

        What cannot be used is refused, and the old one goes on.
        """
        while True:
            await asyncio.sleep(self.renew_seconds)
            for name, decision in self.decider.base.items():
                if (renew := getattr(decision, "renew", None)) is None:
                    continue
                try:
                    put_in_place = await asyncio.to_thread(renew)
                except Exception as error:
                    self.health.reloads.labels("refused").inc()
                    code = error.code if isinstance(error, PersonalizeError) else type(error).__name__
                    self.telemetry.fault("model_reload", code, error)
                    continue
                if put_in_place is not None:
                    put_in_place()
                    self.decider.epoch += 1
                    self.health.reloads.labels("taken").inc()
                    self.telemetry.log.info("%s: another model is served: %s", name, decision.version)

    async def _reload(self) -> None:
        assert self.watch is not None
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            settings = self.watch.poll()
            if settings is not None:
                self.use(settings)
