"""Offers and stores for the operator: what runs, why not, what is left, the switch; by the console and by the API."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from personalize.app import Gateway
from personalize.console.accounts.door import Door
from personalize.console.accounts.passwords import Passwords
from personalize.domain.desk.actor import Actor, Role
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Audience, Budget, FreeShipping, Selection
from personalize.domain.places.hours import read_hours
from personalize.domain.places.shop_store import Service, ShopStore
from personalize.domain.places.stock import StockRow
from personalize.domain.strategy import Mode, Strategy
from personalize.errors import DeskError
from tests.cases.test_console import PASSWORD, send
from tests.gateway_world import ask, demo_shop, listening, request_of
from tests.offer_world import Shopper, offer, offer_settings, offering

TOKEN = "a token for the operator"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TEN = Money.of("10", "EUR")
BUDGET = Budget(total=Money.of("5000", "EUR"), per_day=Money.of("400", "EUR"))
OFFERS = """{ offers { name running why refusal stopped variants products pool reach
  benefit { percent amount { amount currency } freeShipping }
  budget { total { limit { amount } reserved { amount } spent { amount } left { amount } } today { left { amount } } }
  promises { open kept lapsed withdrawn } } }"""
ANNA = Actor("anna", Role.OPERATOR)


@pytest.fixture
async def shop():
    async with listening(demo_shop()) as address:
        yield address


async def told(gateway, query: str, **variables: Any) -> dict[str, Any]:
    """The operator API's answer."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    request = request_of("http://operator.test/operator/graphql", query, variables, headers=headers)
    answer: dict[str, Any] = (await ask(gateway.operator(), request)).json()
    return answer


async def by_name(gateway) -> dict[str, dict[str, Any]]:
    """What the operator API says of each offer."""
    return {one["name"]: one for one in (await told(gateway, OFFERS))["data"]["offers"]}


async def browser_of(gateway, role: Role) -> httpx.AsyncClient:
    """A browser that somebody of a role is logged in with."""
    door = Door(gateway.accounts, gateway.clock, passwords=Passwords(QUICK))
    await door.add(f"{role}s", PASSWORD, role)
    made = httpx.AsyncClient(transport=httpx.ASGITransport(app=gateway.operator()), base_url="http://console.test")
    made.cookies.set("personalize_session", await door.log_in(f"{role}s", PASSWORD, "192.0.2.1"), path="/console")
    return made


async def until(true) -> None:
    """Wait for what happens behind."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


async def test_what_is_promised_stopped_and_let_run_again(shop):
    settings = offer_settings(shop, offer(budget=BUDGET), operator_token=TOKEN)
    async with offering(settings) as (gateway, front), httpx.AsyncClient(base_url=front, timeout=30) as client:
        shopper = Shopper(client)
        await shopper.listed()  # hands out an id
        rows = await shopper.offered()
        code = rows[0]["personalization"]["offer"]["code"]
        welcome = (await by_name(gateway))["welcome"]
        assert (welcome["running"], welcome["why"], welcome["promises"]["open"]) == (True, None, 1)
        assert welcome["variants"] >= welcome["products"] > 10
        assert welcome["benefit"] == {"percent": "10", "amount": None, "freeShipping": False}
        total = welcome["budget"]["total"]
        amounts = {key: Decimal(money["amount"]) for key, money in total.items()}
        assert amounts["limit"] == 5000
        assert amounts["reserved"] > 0
        assert amounts["left"] == amounts["limit"] - amounts["reserved"] - amounts["spent"]
        assert Decimal(welcome["budget"]["today"]["left"]["amount"]) == 400 - amounts["reserved"]

        operator, viewer = await browser_of(gateway, Role.OPERATOR), await browser_of(gateway, Role.VIEWER)
        page = (await operator.get("/console/offers")).text
        assert code not in page
        assert "Stop now" in page
        page = (await viewer.get("/console/offers")).text
        assert "10% off" in page
        assert "Stop now" not in page
        assert (await send(viewer, "/offers/stop", name="welcome", why="x")).status_code == 403
        assert (await send(operator, "/offers/stop", name="welcome", why=" ")).status_code == 409
        assert (await send(operator, "/offers/stop", name="welcom", why="x")).status_code == 409
        assert await shopper.offered()

        stopped = await send(operator, "/offers/stop", name="welcome", why="a typing error in the price")
        assert stopped.headers["location"] == "/console/offers?done=offer_stopped"
        assert await shopper.offered() == []  # list prices, at once
        assert await gateway.store.offers.find(code) is not None
        page = (await operator.get("/console/offers")).text
        assert "An operator stopped it" in page
        assert "Let it run again" in page
        welcome = (await by_name(gateway))["welcome"]
        assert (welcome["running"], welcome["why"], welcome["stopped"]) == (False, "stopped", True)
        await until(lambda: not gateway.book.keeper.ready["welcome"].stocked)  # unclaimed codes are ended
        audit = (await operator.get("/console/audit?name=offer:welcome")).text
        assert "offer welcome" in audit
        assert "a typing error in the price" in audit
        health = await told(gateway, "{ health { killed } }")
        assert health["data"]["health"]["killed"] == ["offer:welcome"]

        await send(operator, "/offers/release", name="welcome", why="mended")
        await until(gateway.book.running)
        assert (await shopper.offered())[0]["personalization"]["offer"]["code"] == code  # what was promised, again


async def test_a_cart_gets_no_code_of_a_stopped_offer(shop):
    async with (
        offering(offer_settings(shop, offer())) as (gateway, front),
        httpx.AsyncClient(base_url=front, timeout=30) as client,
    ):
        shopper = Shopper(client)
        await shopper.listed()
        row = (await shopper.offered())[0]["personalization"]["offer"]
        await gateway.desk.stop_offer(ANNA, "welcome", "a test")
        await shopper.add(row["variantId"])
        while gateway.carts._pending:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
        cart = (await shopper.ask("{ activeOrder { couponCodes } }"))["activeOrder"]
        assert cart["couponCodes"] == []


async def test_an_offer_that_stopped_itself_is_let_run_again_everywhere(shop):
    settings = offer_settings(shop, offer(), operator_token=TOKEN)
    async with offering(settings) as (gateway, _):
        for _ in range(3):
            gateway.book.refusals.refused("welcome", "used")
        welcome = (await by_name(gateway))["welcome"]
        assert (welcome["why"], welcome["refusal"], welcome["stopped"]) == ("halted", "used", False)
        operator = await browser_of(gateway, Role.OPERATOR)
        page = (await operator.get("/console/offers")).text
        assert "the code was used already" in page
        mutation = 'mutation { releaseOffer(name: "welcome", why: "mended at the shop") { name stopped why } }'
        assert (await told(gateway, mutation))["data"]["releaseOffer"][0]["why"] in (None, "no_codes")
        assert gateway.book.halted("welcome") is None
        gateway.book.refusals.halted["welcome"] = "used"  # once more: a release of before does not count
        await gateway.programmes.poll()
        assert gateway.book.halted("welcome") == "used"


async def test_another_process_follows(shop, tmp_path):
    settings = offer_settings(shop, offer(), store_url=f"sqlite:///{tmp_path}/store.sqlite")
    async with offering(settings) as (one, _), offering(settings) as (other, _):
        other.book.refusals.halted["welcome"] = "used"
        await one.desk.stop_offer(ANNA, "welcome", "a test")
        assert one.book.halted("welcome") == "operator"
        await until(lambda: other.book.halted("welcome") == "operator")
        await one.desk.release_offer(ANNA, "welcome", "a test")
        await until(lambda: other.book.halted("welcome") is None)  # of itself, too
    async with offering(settings) as (later, _):
        await later.desk.stop_offer(ANNA, "welcome", "a test")
    later = Gateway(settings)
    async with later.running():
        assert later.book.halted("welcome") == "operator"  # also after a restart


async def test_why_an_offer_rests(shop):
    at = 2_000_000_000.0
    small = Budget(total=Money.of("0.01", "EUR"))
    offers = (
        offer("runs"),
        offer("later", starts=at + 9e8),
        offer("over", ends=at - 9e8),
        offer("poor", budget=small),
        offer("poor_today", budget=Budget(per_day=small.total)),
        offer("nothing", benefit=AmountOff(Money.of("100000", "EUR"))),
    )
    settings = offer_settings(shop, *offers, operator_token=TOKEN)
    async with offering(settings, ready=3) as (gateway, _):
        found = await by_name(gateway)
        assert {name: one["why"] for name, one in found.items()} == {
            "runs": None, "later": "not_begun", "over": "ended", "poor": "spent", "poor_today": "spent_today",
            "nothing": "nothing_left",
        }  # fmt: skip
        assert not found["poor"]["running"]
        await gateway.desk.kill(ANNA, "offer", "a test")
        assert (await by_name(gateway))["runs"]["why"] == "strategy_off"
        await gateway.desk.kill(ANNA, None, "a test")
        assert (await by_name(gateway))["runs"]["why"] == "everything_stopped"
        with pytest.raises(DeskError) as refused:
            await gateway.desk.stop_offer(Actor("vera", Role.VIEWER), "runs", "a test")
        assert refused.value.code == "NOT_ALLOWED"
        unknown = await told(gateway, 'mutation { stopOffer(name: "run", why: "a test") { name } }')
        assert unknown["errors"][0]["extensions"]["code"] == "OFFER_UNKNOWN"


async def test_without_an_admin_api_offers_are_told_and_rest():
    shipping = offer("ships", benefit=FreeShipping(TEN), selection=Selection(), audience=Audience(orders=(2, 5)))
    settings = offer_settings("http://127.0.0.1:1", shipping, admin_url="", admin_user="", admin_password="",
                              operator_token=TOKEN, strategies=(Strategy("offer", Mode.ON),))  # fmt: skip
    gateway = Gateway(settings)
    async with gateway.running():
        assert gateway.book is None
        (ships,) = (await by_name(gateway)).values()
        assert (ships["why"], ships["pool"], ships["budget"]["total"]["left"]) == ("no_admin", 0, None)
        page = (await (await browser_of(gateway, Role.VIEWER)).get("/console/offers")).text
        assert "free shipping, worth 10.00" in page
        assert "orders known: 2 to 5" in page


STORES = """{ stores(first: 2) { after items { id name hours open services
  stock { rows out low staleRows stale oldest newest } } } }"""


async def test_stores_and_how_fresh_their_stock_is(shop):
    at = SimpleNamespace(now=1_800_000_000.0)  # a Friday, nine in the morning in Berlin
    stores = {
        "alster": ShopStore("alster", "Alster", 53.55, 10.0, city="Hamburg", address="Jungfernstieg 1",
                            hours=read_hours("Mo-Fr 08:00-20:00; Sa 10:00-14:00; 2027-01-18 off"),
                            services=frozenset(Service)),
        "elbe": ShopStore("elbe", "Elbe", 53.5, 9.9),
        "isar": ShopStore("isar", "Isar", 48.1, 11.6, hours=read_hours("Su 10:00-12:00")),
    }  # fmt: skip
    settings = offer_settings(shop, operator_token=TOKEN, stores=stores, shop_timezone="Europe/Berlin")
    rows = [
        StockRow("alster", "v1", "p", 9, at.now - 600), StockRow("alster", "v2", "p", 2, at.now - 86_400 * 3),
        StockRow("alster", "v3", "p", 0, at.now - 60), StockRow("isar", "v1", "p", 5, at.now - 86_400),
    ]  # fmt: skip
    async with offering(settings, ready=0, clock=lambda: at.now) as (gateway, _):
        await gateway.store.put_stock(rows, await gateway.store.places_version())
        await gateway.keeper.look()
        page = (await told(gateway, STORES))["data"]["stores"]
        assert page["after"] == "elbe"
        alster, elbe = page["items"]
        assert alster["hours"] == "Mo-Fr 08:00-20:00; Sa 10:00-14:00; 2027-01-18 off"
        assert (alster["open"], alster["services"]) == (True, ["collect", "reserve", "try_on"])
        stock = alster["stock"]
        assert [stock[key] for key in ("rows", "out", "low", "staleRows", "stale")] == [3, 1, 1, 1, False]
        assert stock["oldest"] < stock["newest"]
        assert (elbe["hours"], elbe["open"], elbe["stock"]["rows"], elbe["stock"]["oldest"]) == (None, None, 0, None)
        (isar,) = (await told(gateway, STORES.replace("first: 2", 'after: "elbe"')))["data"]["stores"]["items"]
        assert (isar["open"], isar["stock"]["stale"]) == (False, True)
        viewer = await browser_of(gateway, Role.VIEWER)
        html = (await viewer.get("/console/stores")).text
        for text in ("Mon–Fri 08:00–20:00", "2027-01-18 closed", "try on", "1 low, 1 out", "1 out of date",
                     "oldest 3 days ago", "out of date", "nothing known"):  # fmt: skip
            assert text in html, text
