"""The console in Chromium: log in, preview, pin, publish to half, watch exposures arrive, stop everything; and axe."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
from playwright.async_api import Page, expect

from personalize.app import Gateway
from personalize.console.accounts.door import Door
from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop
from personalize.domain.desk.actor import Actor, Role
from personalize.domain.event import Event, EventItem
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Audience, AudienceKind, Bounds, Budget, FreeShipping, Selection
from personalize.domain.places.hours import read_hours
from personalize.domain.places.shop_store import Service, ShopStore
from personalize.domain.places.stock import StockRow
from personalize.domain.store import EventRow
from personalize.domain.strategy import Mode, Strategy
from personalize.events.log import dump, parse
from personalize.serving import beside, bound
from tests.browser import DESKTOP, PHONE, opened, violations
from tests.gateway_world import settings_of
from tests.offer_world import offer, offer_settings

PASSWORD = "a rather long sentence"
LISTING = """{ search(input: { collectionSlug: "women", groupByProduct: true, take: 5 }) { items { productId } } }"""
VISITORS = 300
ADA = Actor("ada", Role.ADMIN)
EUR = partial(Money.of, currency="EUR")
OFFERS_THERE = (
    offer("welcome", budget=Budget(EUR(500), EUR(120), EUR(40)), bounds=Bounds(EUR(5)), ends=4e9),
    offer("thank-you", budget=Budget(total=EUR(2000)), audience=Audience(AudienceKind.GROUP, orders=(1, None)),
          benefit=AmountOff(EUR(5)), pieces=2),
    offer("autumn", budget=Budget(per_day=EUR(50)), audience=Audience(AudienceKind.GENERAL)),
    offer("parcel", benefit=FreeShipping(EUR("4.90")), selection=Selection(), budget=Budget(EUR(90)), starts=3.9e9),
)  # fmt: skip
PRICED = (Strategy("shop_order", Mode.ON), Strategy("offer", Mode.ON))
STORES_THERE = {
    "hh-mitte": ShopStore("hh-mitte", "Hamburg Mitte", 53.55, 10.0, city="Hamburg", address="Mönckebergstraße 7",
                          hours=read_hours("Mo-Fr 10:00-20:00; Sa 10:00-14:00,15:00-18:00"),
                          services=frozenset(Service)),
    "b-mitte": ShopStore("b-mitte", "Berlin Mitte", 52.52, 13.4, city="Berlin", hours=read_hours("Mo-Sa 09:00-19:00")),
    "m-sued": ShopStore("m-sued", "München Süd", 48.1, 11.5),
}  # fmt: skip


def stock_of(now: float) -> list[StockRow]:
    """Fresh in one store, partly old in another."""
    return [
        *(StockRow("hh-mitte", f"v{n}", "p", n, now - 300) for n in range(40)),
        *(StockRow("b-mitte", f"v{n}", "p", n, now - 50_000 * n) for n in range(3)),
    ]


@asynccontextmanager
async def running(*, offers: bool = False) -> AsyncIterator[SimpleNamespace]:
    """Demo shop, gateway and console on free ports, an administrator `ada`, and a browser; with offers and stores."""
    async with AsyncExitStack() as stack:
        shop, front, back = (stack.enter_context(bound("127.0.0.1", 0)) for _ in range(3))
        address, gate, desk = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (shop, front, back))
        plain = settings_of(("shop_order",), f"{address}/shop-api")
        priced = offer_settings(address, *OFFERS_THERE, stores=STORES_THERE, strategies=PRICED)
        gateway = Gateway(priced if offers else plain)
        await stack.enter_async_context(beside(create_shop(generate(), asset_base=address), shop))
        await stack.enter_async_context(gateway.running())
        await stack.enter_async_context(beside(gateway.storefront(), front))
        await stack.enter_async_context(beside(gateway.operator(), back))
        assert await gateway.knowledge.wait(60)
        await Door(gateway.accounts).add("ada", PASSWORD, Role.ADMIN)
        browser = await stack.enter_async_context(opened())
        yield SimpleNamespace(gateway=gateway, storefront=f"{gate}/graphql", url=f"{desk}/console", browser=browser)


async def log_in(world: SimpleNamespace, **options: Any) -> Page:
    """A page of a new browser context, logged in; whatever the browser complains of fails the test."""
    context = await world.browser.new_context(**{"viewport": DESKTOP, "locale": "en", **options})
    page: Page = await context.new_page()
    page.on("pageerror", lambda error: world.__dict__.setdefault("errors", []).append(str(error)))
    page.on("console", lambda told: world.__dict__.setdefault("errors", []).append(told.text)
            if told.type == "error" else None)  # fmt: skip
    await page.goto(world.url)
    await page.get_by_label("Name").fill("ada")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    return page


async def visit(world: SimpleNamespace, client: httpx.AsyncClient, number: int) -> list[str]:
    """A visitor who agreed to everything looks at the listing."""
    headers = {"X-Personalize-Consent": "personalization, experiments", "X-Personalize-Visitor": f"visitor-{number:05}"}
    answer = await client.post(world.storefront, json={"query": LISTING}, headers=headers)
    return [item["productId"] for item in answer.json()["data"]["search"]["items"]]


async def buy(world: SimpleNamespace) -> None:
    """One in four of those who met the listing buys: orders that the shop would have told of."""
    rows = await world.gateway.store.newest(10_000)
    met = sorted({parse(row.line).visitor or "" for row in rows})
    orders = [
        Event("purchase", f"order-{who}", world.gateway.clock(), visitor=who, transaction_id=f"t-{who}",
              items=(EventItem("16", price=50.0, currency="EUR", quantity=1),))
        for number, who in enumerate(met) if number % 4 == 0
    ]  # fmt: skip
    await world.gateway.store.append_events([EventRow(one.event_id, one.at, one.visitor, dump(one)) for one in orders])


async def test_an_operator_without_an_engineer(monkeypatch) -> None:
    monkeypatch.setattr("personalize.console.evidence.KEPT", 0.0)
    async with running() as world, httpx.AsyncClient(timeout=30) as client:
        page = await log_in(world)
        await expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()

        # Preview: the listing as the shop has it and as we would show it, with pictures.
        await page.get_by_role("link", name="Preview").click()
        await page.get_by_role("textbox", name="Collection").fill("women")
        await page.get_by_role("button", name="Show").click()
        ours = page.locator("section[aria-labelledby=ours] li")
        await expect(ours).to_have_count(24)
        picture = page.locator("section[aria-labelledby=shops] img").first
        assert await picture.evaluate("one => one.decode().then(() => one.naturalWidth > 0)")
        row = page.locator("section[aria-labelledby=shops] li").nth(11)
        title, item = await row.locator("b").inner_text(), await row.locator("code").inner_text()

        # One click: the twelfth of the shop's order is pinned to the top, in a draft.
        await row.get_by_role("button", name="Pin").click()
        await expect(page.get_by_role("status").first).to_contain_text("in a draft")
        await expect(ours.first.locator("b")).to_have_text(title)
        await expect(ours.first).to_contain_text("11 up")
        before = await visit(world, client, 0)
        assert item not in before

        # Publish it to half of the visitors.
        await page.get_by_role("link", name="To pins_women").click()
        await page.get_by_role("link", name="Edit a draft").click()
        await page.get_by_role("combobox", name="Mode").select_option("share")
        await page.get_by_role("spinbutton", name="Share, in %").fill("50")
        await page.get_by_role("textbox", name="Why").fill("half of them first")
        await page.get_by_role("button", name="Save the draft").click()
        await page.get_by_role("textbox", name="Why").fill("worth a try")
        await page.get_by_role("button", name="Publish: share 50%").click()
        await expect(page.get_by_role("status").first).to_contain_text("It is published")

        # Exposures arrive, and a plot.
        seen = [await visit(world, client, number) for number in range(1, VISITORS + 1)]
        pinned = sum(ids[0] == item for ids in seen)
        assert VISITORS * 0.4 < pinned < VISITORS * 0.6
        assert all(ids == before for ids in seen if ids[0] != item)
        await world.gateway.outbox.flush()  # events travel by the side door
        await buy(world)
        await page.get_by_role("link", name="Experiments", exact=True).click()
        await page.get_by_role("link", name="pins_women-50-v2").click()
        await expect(page.get_by_role("heading", name="Units so far")).to_be_visible()
        arrivals = page.get_by_role("img", name=re.compile("Units so far"))
        await expect(arrivals).to_be_visible(timeout=20_000)
        name = await arrivals.get_attribute("aria-label") or ""
        assert f"on {pinned}," in name
        assert f"control {VISITORS - pinned}." in name
        await expect(page.get_by_role("img", name=re.compile("Effect on conversion"))).to_be_visible()
        assert await violations(page) == []
        await page.get_by_role("link", name="Events").click()
        await expect(page.locator("#tail")).to_contain_text("pins_women-50-v2=")

        # The kill switch: everybody gets the shop's own order again, at once.
        await page.get_by_role("link", name="Dashboard").click()
        await page.get_by_role("link", name="Stop everything").click()
        await page.get_by_role("textbox", name="Why").fill("the shop is on fire")
        await page.get_by_role("button", name="Stop everything").click()
        await expect(page.get_by_role("heading", name="Everything is stopped")).to_be_visible()
        for number in range(1, 12):
            assert await visit(world, client, number) == before
        await page.get_by_role("link", name="Audit").click()
        for why in ("half of them first", "worth a try", "the shop is on fire"):
            await expect(page.get_by_role("table")).to_contain_text(why)
        assert world.__dict__.get("errors", []) == []


PAGES = (
    "", "/strategies", "/strategies/new", "/strategies/new?name=a&decision=merchandising", "/strategies/rainy_week",
    "/strategies/rainy_week/draft", "/strategies/nothing", "/preview?collection=women&weather=rain&strategy=rainy_week",
    "/preview?more=odd", "/experiments", "/experiments/rainy_week-50-v1",
    "/offers", "/offers?done=offer_stopped", "/stores", "/events", "/audit", "/people",
    "/account", "/stop", "/stop?name=rainy_week",
)  # fmt: skip


async def test_axe_finds_nothing_on_any_page_in_light_dark_and_on_a_phone() -> None:
    async with running(offers=True) as world:
        desk, gateway = world.gateway.desk, world.gateway
        await gateway.store.put_stock(stock_of(gateway.clock()), await gateway.store.places_version())
        await desk.stop_offer(ADA, "autumn", "to see it")
        gateway.telemetry.count("offer_cut", "below_floor")
        rules: list[dict[str, object]] = [{"kind": "pin", "item": "16", "place": 1}]
        document = {"name": "rainy_week", "decision": "merchandising", "mode": "share", "share": 0.5,
                    "scope": {"collection": "women"}, "parameters": {"rules": rules}}  # fmt: skip
        made = await desk.draft(ADA, document, "rain is near")
        await desk.publish(ADA, "rainy_week", made.number, "rain is here")
        rules += [{"kind": "boost", "attribute": "facet", "value": "3"}, {"kind": "pin", "item": "no-item", "place": 2}]
        await desk.draft(ADA, document, "more of it")
        await desk.kill(ADA, "shop_order", "to see it")
        async with asyncio.TaskGroup() as eyes:
            for options in (
                {"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": PHONE, "locale": "de-DE"},
            ):  # fmt: skip
                eyes.create_task(nothing_found(world, options))


async def nothing_found(world: SimpleNamespace, options: dict[str, Any]) -> None:
    """On no page, in a browser context of its own with these options."""
    context = await world.browser.new_context(**options)
    login = await context.new_page()
    await login.goto(f"{world.url}/login")
    assert await violations(login) == []
    page = await (await world.browser.new_context(**options)).new_page()
    page.set_default_timeout(60_000)
    await page.goto(world.url)
    await page.locator("[name=name]").fill("ada")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("button.main").click()
    for path in PAGES:
        await page.goto(world.url + path)
        assert await violations(page) == [], (options, path)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) == 0, (options, path)


async def test_by_keyboard_and_without_a_script() -> None:
    async with running() as world:
        page = await log_in(world, java_script_enabled=False)
        await expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="To the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.goto(f"{world.url}/preview?collection=women")
        pin = page.locator("section[aria-labelledby=shops] li").nth(3).get_by_role("textbox")
        await pin.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").first).to_contain_text("in a draft")
        await page.get_by_role("button", name="Deutsch").click()
        await expect(page.get_by_role("heading", name="Vorschau")).to_be_visible()
        await page.get_by_role("button", name="Abmelden").click()
        await expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()


async def test_an_offer_is_stopped_and_let_run_again() -> None:
    async with running(offers=True) as world:
        page = await log_in(world)
        await page.get_by_role("link", name="Offers", exact=True).click()
        card = page.locator("section", has=page.get_by_role("heading", name="welcome"))
        await expect(card).to_contain_text("10% off")
        await card.get_by_text("Stop now welcome").click()
        await card.get_by_role("textbox", name="Why").fill("a wrong price")
        await card.get_by_role("button", name="Stop now").click()
        await expect(page.get_by_role("status").first).to_contain_text("list prices from now on")
        await expect(card).to_contain_text("An operator stopped it")
        assert world.gateway.book.halted("welcome") == "operator"
        await card.get_by_text("Let it run again welcome").click()
        await card.get_by_role("textbox", name="Why").fill("mended")
        await card.get_by_role("button", name="Let it run again").click()
        await expect(card).not_to_contain_text("An operator stopped it")
        assert world.gateway.book.halted("welcome") is None
        assert world.__dict__.get("errors", []) == []
