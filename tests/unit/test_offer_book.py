"""The book of offers: promised in time or not at all, codes made ahead and ended, refused ones halt their offer."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from personalize.domain.offers.law import DISCLOSURE, NEW_YORK, NO_CONSENT, NOT_VOUCHED, disclosure, may_have_offers
from personalize.domain.offers.ledger import ListPrice, PromiseState
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import (
    Audience,
    AudienceKind,
    Bounds,
    Budget,
    FreeShipping,
    Frequency,
    Offer,
    Percent,
    Selection,
)
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.promise import PersonalPrice
from personalize.domain.patch import Author, Patch, Reason, Reprice
from personalize.domain.store import ProfileRow
from personalize.domain.visit import Consent, Trust, Visit, VisitorId
from personalize.errors import StoreError
from personalize.gateway.offers.book import OfferBook
from personalize.gateway.offers.keeper import GRACE, LIFE, MINTED, SEARCH
from personalize.guardrails.price import Rule, Shelf, clip, repriced
from personalize.stores import open_store
from personalize.telemetry import Telemetry
from tests.offer_shop import OfferShop

DAY = 86_400.0
START = 1_793_000_000.0
TEN = Offer("ten", "EUR", Percent(Decimal(10)), budget=Budget(total=Money(100_000, "EUR")))
AUTHOR = Author("offer", "1")


def eur(minor):
    return Money(minor, "EUR")


def of(name="ten", percent=10, **fields):
    return Offer(name, "EUR", Percent(Decimal(percent)), **{"budget": TEN.budget, **fields})


class World:
    """A shop, a store and a book on them, at a time that tests move."""

    def __init__(self, store, offers, prices=None, shop=None):
        self.at, self.store = START, store
        self.shop = shop or OfferShop({"lamp-1": 1000, "lamp-2": 2000, "desk-1": 30_000})
        self.telemetry = Telemetry()
        self.book = self.another(offers, prices)

    def another(self, offers, prices=None):
        return OfferBook(
            offers, prices or Prices(jurisdictions=frozenset()), self.shop, self.store.offers, self.store.list_prices,
            self.telemetry, ZoneInfo("Europe/Berlin"), clock=lambda: self.at, deadline=5.0,
        )  # fmt: skip

    async def rounds(self, count=1):
        for _ in range(count):
            await self.book.keeper.round()

    def count(self, reason, kind="offers"):
        return self.telemetry.counted(kind, reason)


@pytest.fixture(params=["memory://", "sqlite:///{}/store.sqlite"])
async def store(request, tmp_path):
    store = open_store(request.param.format(tmp_path))
    await store.open()
    yield store
    await store.close()


def reprice(promise, variant, row=0):
    listed, price = promise.prices[variant]
    product = variant.partition("-")[0]
    shown = PersonalPrice(variant, product, listed, price, promise.offer, promise.code, promise.valid_until)
    return Reprice("t", row, shown, AUTHOR, Reason("often_chosen", {"a": "b"}))


async def test_codes_are_made_ahead_and_promised_once(store):
    world = World(store, [of()], Prices(pool=15, jurisdictions=frozenset()))
    assert world.book.running() == {}
    assert await world.book.promises("s:a", ["ten"]) == ()
    await world.rounds()
    assert len(world.shop.codes) == MINTED
    await world.rounds(2)
    assert len(world.shop.codes) == 15
    ready = world.book.running()["ten"]
    assert ready.reserve == eur(3000)
    world.at += 10  # what was remembered is forgotten
    (promise,) = await world.book.promises("s:a", ["ten", "unknown"])
    assert promise.prices["lamp-1"] == (eur(1000), eur(900))
    assert promise.valid_until == world.at + 3600
    assert world.shop.codes[promise.code].ends >= promise.valid_until + GRACE
    assert await world.book.promises("s:a", ["ten"]) == await world.book.promises("s:a", []) == (promise,)
    (other,) = await world.book.promises("s:b", ["ten"])
    assert other.code != promise.code
    world.at += 3600
    assert await world.book.promises("s:a", []) == ()


async def test_what_is_promised_is_shown_told_and_recorded(store):
    world = World(store, [of()], Prices(jurisdictions=frozenset({"EU", "US-NY"})))
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    sight = world.book.sight([promise], "EUR")
    changes = [reprice(promise, "lamp-1"), reprice(promise, "lamp-1", 1), reprice(promise, "desk-1", 2)]
    shelves = {0: Shelf("lamp", {"lamp-1": eur(1000)}), 1: Shelf("lamp", {"lamp-1": eur(1100)})}
    clipped = clip(Patch(tuple(changes)), "t", shelves, sight)
    assert set(repriced(clipped, "t")) == {0}
    assert [one.rule for one in clipped.cuts] == [Rule.LIST_CHANGED, Rule.UNKNOWN_ITEM]
    world.book.cut(clipped.cuts)
    assert world.count("list_changed", "offer_cut") == 1
    told = world.book.told("ten", "lamp-1", "de")
    assert told.disclosure == f"{NEW_YORK} {DISCLOSURE['de']}"
    assert told.lowest is None
    for _ in range(2):
        world.book.showed("s:a", promise, changes[:1], "de")
        await world.rounds()
        world.at += 1
    promises, (shown,) = await world.book.history("s:a")
    assert promises == [promise]
    body = json.loads(shown.body)
    assert (shown.at, shown.variant, body["listed"], body["price"]) == (START, "lamp-1", "10.00", "9.00")
    assert (body["reason"], body["parameters"], body["disclosure"]) == ("often_chosen", {"a": "b"}, told.disclosure)
    assert promise.code not in shown.body.decode()
    await store.erase("s:a")
    world.book.forget("s:a")
    assert await world.book.history("s:a") == ([], [])
    assert await world.book.promises("s:a", []) == ()


async def test_bounds_hold_for_what_codes_lower(store):
    shop = OfferShop({"lamp-1": 1000, "lamp-2": 2000, "desk-1": 30_000, "sofa-1": 5000}, costs={"lamp-2": 1000})
    offers = [of(bounds=Bounds(eur(950))), of("thin", bounds=Bounds(margin=Decimal("0.3")))]
    world = World(store, offers, Prices(never=frozenset({"sofa"}), jurisdictions=frozenset()), shop)
    await world.rounds()
    running = world.book.running()
    assert set(running["ten"].tariff) == {"lamp-2", "desk-1"}
    assert set(running["thin"].tariff) == {"lamp-2"}
    assert all(set(code.prices) <= {"lamp-2", "desk-1"} for code in shop.codes.values())


async def test_offers_on_the_same_items_are_not_both_promised(store):
    world = World(store, [of(), of("lamps", selection=Selection(products=frozenset({"lamp"}))),
                          of("desks", selection=Selection(products=frozenset({"desk"})))])  # fmt: skip
    await world.rounds()
    running = world.book.running()
    assert (running["ten"].apart, running["desks"].apart) == ({"lamps", "desks"}, {"ten"})
    found = await world.book.promises("s:a", ["lamps", "ten", "desks"])
    assert [one.offer for one in found] == ["lamps", "desks"]


@pytest.mark.parametrize("currencies", [("EUR", "USD"), ("USD", "EUR")])
async def test_each_currency_has_its_own_list_prices(store, currencies):
    offers = [
        Offer(one.lower(), one, Percent(Decimal(10)), budget=Budget(total=Money(1_000, one))) for one in currencies
    ]
    world = World(store, offers)
    await world.rounds()
    for currency in currencies:
        assert world.book.priced(currency)["lamp-1"].listed == Money(1_000, currency)
        assert world.book.variants("lamp", currency) == ("lamp-1", "lamp-2")
    world.book.use(offers[:1], world.book.prices)
    await world.rounds()
    assert not world.book.priced(currencies[1])


async def test_a_list_price_that_changes_makes_new_codes_and_ends_the_old(store):
    world = World(store, [of(bounds=Bounds(floor=eur(800)))])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    old = set(world.shop.codes)
    world.shop.listed["lamp-2"] = 2200
    await world.rounds()
    assert set(world.shop.codes) & old == {promise.code}, "what was promised holds"
    assert world.book.running()["ten"].tariff["lamp-2"] == (eur(2200), eur(1980))
    assert await world.book.promises("s:a", ["ten"]) == (promise,)
    world.shop.listed["lamp-1"] = 880
    await world.rounds(2)
    assert "lamp-1" not in world.book.running()["ten"].tariff
    assert promise.code not in world.shop.codes, "its code would charge 792 now, and the floor is 800"
    assert (await store.offers.find(promise.code)).state is PromiseState.WITHDRAWN
    assert world.count("list_price_fell", "offer_mismatch") == 1


async def test_an_offer_of_which_nothing_is_left_ends_its_codes_and_what_would_break_a_bound(store):
    world = World(store, [of(bounds=Bounds(floor=eur(800)))], shop=OfferShop({"lamp-1": 1000}))
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    world.shop.listed["lamp-1"] = 880
    await world.rounds(2)
    assert world.book.running() == {}
    assert world.shop.codes == {}
    assert (await store.offers.find(promise.code)).state is PromiseState.WITHDRAWN
    world.shop.listed["lamp-1"] = 1000
    await world.rounds()
    assert set(world.book.running()) == {"ten"}


async def test_a_book_that_never_reached_the_shop_shows_nothing_and_ends_nothing(store):
    world = World(store, [of()])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    world.book, world.shop.down = world.another([of()]), True
    await world.rounds()
    assert await world.book.promises("s:a", ["ten"]) == (promise,)
    assert world.book.sight([promise], "EUR").offers == {}
    world.shop.down = False
    await world.rounds()
    assert set(world.book.sight([promise], "EUR").offers) == {"ten"}
    assert len(world.shop.codes) == 2 * MINTED


async def test_a_promise_lapses_after_its_code_was_ended_and_not_before(store):
    world = World(store, [of()])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    world.at += 3600 + GRACE - 1
    await world.rounds()
    assert promise.code in world.shop.codes
    world.at, world.shop.down = world.at + 1, True
    await world.rounds()
    assert await store.offers.spent("ten", "EUR") == (eur(3000), eur(0)), "the code still buys"
    world.shop.down = False
    await world.rounds()
    assert promise.code not in world.shop.codes
    assert await store.offers.spent("ten", "EUR") == (eur(0), eur(0))
    assert await world.book.promises("s:a", ["ten"])


async def test_an_order_that_nobody_told_of_costs_what_was_set_aside(store):
    world = World(store, [of()])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    world.shop.used[promise.code] = True
    world.at += 3600 + GRACE
    await world.rounds()
    assert await store.offers.spent("ten", "EUR") == (eur(0), eur(3000))
    assert await world.book.kept(promise.code, eur(100), "order")
    assert await store.offers.spent("ten", "EUR") == (eur(0), eur(100))
    assert world.count("bought_kept") == 1


async def test_a_code_whose_use_nobody_can_tell_for_a_day_is_taken_to_be_used(store):
    world = World(store, [of()])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    standing = world.shop.standing

    async def unknown(coupon):
        raise StoreError("too many orders")

    world.shop.standing = unknown
    world.at += 3600 + DAY - 1
    await world.rounds()
    assert (await store.offers.find(promise.code)).state is PromiseState.OPEN
    world.at += 1
    await world.rounds()
    world.shop.standing = standing
    assert await store.offers.spent("ten", "EUR") == (eur(0), eur(3000))
    assert promise.code not in world.shop.codes


async def test_orders_raises_and_carts(store):
    world = World(store, [of(budget=Budget(total=eur(7000)))])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    assert await world.book.raised(promise.code, eur(4000))
    assert not await world.book.raised(promise.code, eur(7001))
    assert not await world.book.raised("foreign", eur(1))
    (second,) = await world.book.promises("s:b", ["ten"])
    assert await world.book.promises("s:c", ["ten"]) == ()
    assert await world.book.kept(second.code, eur(3500), "order")
    assert world.count("more_than_reserved") == 1
    assert not await world.book.kept("foreign", eur(1), "order")
    assert await world.book.promises("s:b", []) == ()


async def test_frequency_bounds_how_often(store):
    world = World(store, [of(frequency=Frequency(1, 7))])
    await world.rounds()
    assert len(await world.book.promises("s:a", ["ten"])) == 1
    world.at += 3600 + GRACE
    await world.rounds()
    assert await world.book.promises("s:a", ["ten"]) == ()
    world.at += 7 * DAY
    await world.rounds(2)
    assert await world.book.promises("s:a", ["ten"])


async def test_refusals_withdraw_and_past_a_share_the_offer_halts_itself(store):
    world = World(store, [of(), of("other", selection=Selection(products=frozenset({"sofa"})))],
                  shop=OfferShop({"lamp-1": 1000, "sofa-1": 5000}))  # fmt: skip
    await world.rounds()
    for number in range(3):
        (promise,) = await world.book.promises(f"s:{number}", ["other"])
        world.book.applied("other")
        await world.book.refused(promise.code, "not_combinable")
        assert await world.book.promises(f"s:{number}", []) == ()
        assert (await store.offers.find(promise.code)).state is PromiseState.WITHDRAWN
    await world.book.refused("foreign", "used")
    assert (world.count("not_combinable", "offer_mismatch"), world.count("other", "offer_halted")) == (3, 1)
    assert set(world.book.running()) == {"ten"}
    assert "other" not in world.book.sight([], "EUR").offers
    await world.rounds()
    assert {code.offer for code in world.shop.codes.values()} == {"ten"}
    assert await world.book.promises("s:new", ["other"]) == ()
    world.book.use([of(), of("other", 20)], world.book.prices)
    await world.rounds()
    assert set(world.book.running()) == {"ten", "other"}, "an offer that changed begins anew"


async def test_few_refusals_among_many_are_chance(store):
    world = World(store, [of()], Prices(mismatch=0.05, jurisdictions=frozenset(), pool=100))
    for _ in range(100):
        world.book.refusals.applied("ten")
    assert not any(world.book.refusals.refused("ten", "used") for _ in range(5))
    assert world.book.refusals.refused("ten", "used")
    assert not world.book.refusals.refused("ten", "used"), "once is enough"


async def test_codes_that_nobody_knows_are_ended_after_two_searches(store):
    world = World(store, [of()])
    await world.rounds()
    (lost,) = await world.shop.mint([type("G", (), {"offer": "ten", "benefit": FreeShipping(), "ends": 9e9})])
    world.book.keeper._rounds = SEARCH
    await world.rounds()
    assert lost.code in world.shop.codes, "another process may be about to put it into the pool"
    world.book.keeper._rounds = 2 * SEARCH
    await world.rounds()
    assert lost.code not in world.shop.codes
    assert len(world.shop.codes) == await store.offers.pool("ten", world.book.running()["ten"].tariff, world.at)


async def test_an_offer_that_is_gone_is_wound_up_and_what_was_promised_holds(store):
    world = World(store, [of()])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    world.book.use([], world.book.prices)
    world.book.keeper._rounds = SEARCH
    await world.rounds()
    assert set(world.shop.codes) == {promise.code}
    assert await world.book.promises("s:b", ["ten"]) == ()
    assert await world.book.promises("s:a", []) == (promise,)


async def test_codes_that_the_shop_made_otherwise_are_ended_and_never_promised(store):
    world = World(store, [of()])
    world.shop.differently = True
    await world.rounds()
    assert (world.shop.codes, world.book.running(), world.count("made_otherwise")) == ({}, {}, 1)


async def test_old_codes_leave_the_pool_before_they_would_end_within_a_promise(store):
    world = World(store, [of()])
    await world.rounds()
    first = set(world.shop.codes)
    world.at += LIFE + 1
    await world.rounds()
    assert not first & set(world.shop.codes)
    assert len(world.shop.codes) == MINTED


async def test_schedules(store):
    world = World(store, [of("later", starts=START + 100), of("short", ends=START + 1800)])
    await world.rounds()
    assert set(world.book.running()) == {"short"}
    (promise,) = await world.book.promises("s:a", ["short", "later"])
    assert promise.valid_until == START + 1800
    world.at += 1800
    await world.rounds()
    assert set(world.book.running()) == {"later"}
    assert {code.offer for code in world.shop.codes.values() if code.code != promise.code} == {"later"}


async def test_free_shipping_lowers_no_item_and_costs_what_it_is_worth(store):
    world = World(store, [Offer("ship", "EUR", FreeShipping(eur(490)), budget=Budget(total=eur(900)))])
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ship"])
    assert (dict(promise.prices), promise.reserved) == ({}, eur(490))
    assert await world.book.promises("s:b", ["ship"]) == ()


class Slow:
    """A store that does not answer in time, or not at all."""

    def __init__(self, offers, error=None):
        self._offers, self.error, self.gate = offers, error, asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._offers, name)

    async def promise(self, visitor, wishes, at):
        if self.error is not None:
            raise self.error
        self.made = asyncio.create_task(self._offers.promise(visitor, wishes, at))
        await self.gate.wait()
        return await self.made


async def test_a_store_that_is_late_or_down_means_no_promise_now(store):
    world = World(store, [of()])
    await world.rounds()
    world.book.store = slow = Slow(store.offers)
    assert await world.book.promises("s:a", ["ten"], deadline=0.0) == ()
    assert world.count("late") == 1
    slow.gate.set()
    slow.error = StoreError("gone")
    for _ in range(3):
        assert await world.book.promises("s:b", ["ten"]) == ()
    assert (world.count("store"), world.count("store_paused")) == (2, 1)
    world.at += 2
    slow.error = None
    assert len(await world.book.promises("s:a", ["ten"])) == 1


async def test_an_admin_api_that_is_down_or_read_only_leaves_list_prices(store):
    world = World(store, [of()])
    world.shop.down = True
    await world.rounds(2)
    assert world.book.running() == {}
    assert world.count("look_up_failed") == 2
    world.shop.down = False
    await world.rounds()
    world.shop.down = True
    await world.rounds()
    assert await world.book.promises("s:b", ["ten"]), "what was made ahead is still promised"


async def test_two_books_on_one_store_overspend_nothing(store):
    world = World(store, [of(budget=Budget(total=eur(9000)))])
    other = world.another([of(budget=Budget(total=eur(9000)))])
    await asyncio.gather(world.book.keeper.round(), other.keeper.round())
    found = await asyncio.gather(
        *(book.promises(f"s:{n}", ["ten"]) for n in range(6) for book in (world.book, other)),
    )
    codes = {(one.visitor, one.code) for promises in found for one in promises}
    assert len(codes) == len({code for _, code in codes}) == 3
    assert await store.offers.spent("ten", "EUR") == (eur(9000), eur(0))


async def test_the_work_behind_begins_at_once_and_ends(store):
    world = World(store, [of()])
    await world.book.start()
    while not world.book.running():  # noqa: ASYNC110
        await asyncio.sleep(0)
    world.book.notes.note("lamp-1", eur(1500))
    await world.book.stop()
    await world.book.stop()
    assert await store.list_prices.highest(["lamp-1"], "EUR", world.book.day()) == {"lamp-1": eur(1500)}


async def test_the_dearest_price_of_the_day_bounds_the_spread(store):
    world = World(store, [of()], Prices(spread=Decimal(15), jurisdictions=frozenset()))
    world.book.notes.note("lamp-1", eur(1200))
    world.book.notes.note("lamp-1", eur(0))
    await world.rounds(3)
    assert "lamp-1" not in world.book.running()["ten"].tariff, "900 is more than 15 % below 1200"
    assert "lamp-2" in world.book.running()["ten"].tariff


EVERYBODY = of(audience=Audience(AudienceKind.GENERAL), starts=START)


def days_ago(days):
    return date.fromordinal(date(2026, 10, 26).toordinal() - days).isoformat()


async def test_a_general_offer_waits_until_the_lowest_price_of_30_days_is_known(store):
    world = World(store, [EVERYBODY], Prices())
    assert world.book.day() == days_ago(0)
    await world.rounds()
    (promise,) = await world.book.promises("s:a", ["ten"])
    shelves = {0: Shelf("lamp", {"lamp-1": eur(1000)})}

    def cut():
        clipped = clip(Patch((reprice(promise, "lamp-1"),)), "t", shelves, world.book.sight([promise], "EUR"))
        return [one.rule for one in clipped.cuts]

    assert cut() == [Rule.LOWEST_PRICE_UNKNOWN]
    await store.list_prices.note([
        ListPrice("lamp-1", days_ago(40), eur(100)), ListPrice("lamp-1", days_ago(12), eur(940)),
        ListPrice("lamp-1", days_ago(5), eur(1000)),
    ])  # fmt: skip
    await world.rounds()
    assert cut() == []
    told = world.book.told("ten", "lamp-1", "en")
    assert (told.disclosure, told.lowest) == (None, eur(940))
    assert world.book.told("ten", "lamp-2", "en").lowest is None, "nobody knows"
    assert world.book.told("gone", "lamp-2", "en").lowest is None


async def test_what_the_operator_knows_of_earlier_prices_counts(store):
    world = World(store, [EVERYBODY], Prices(listed_since=date.fromisoformat(days_ago(60))))
    await world.rounds()
    assert world.book.told("ten", "lamp-1", "en").lowest == eur(1000)
    assert world.book.running()["ten"].lowest.keys() == set(world.book.running()["ten"].tariff)


async def test_a_later_reduction_looks_back_on_what_everybody_got(store):
    world = World(store, [EVERYBODY], Prices(listed_since=date.fromisoformat(days_ago(60))))
    await world.rounds()
    await world.book.promises("s:a", ["ten"])
    await world.rounds()
    world.at += 3 * DAY
    await world.rounds()
    assert world.book.told("ten", "lamp-1", "en").lowest == eur(1000), "its own price is none before it"
    later = of("later", 5, audience=Audience(AudienceKind.GENERAL), starts=world.at)
    world.book.use([later], world.book.prices)
    await world.rounds()
    assert world.book.told("later", "lamp-1", "en").lowest == eur(900)


async def test_an_individual_offer_that_reaches_everybody_is_held_to_be_general(store):
    world = World(store, [of()], Prices(reach=0.5, pool=200))
    await world.rounds(6)
    alive = START - 30 * DAY + 90 * DAY + 1
    await store.put_profiles([ProfileRow(f"s:{n}", b"x", alive) for n in range(60)])
    for number in range(29):
        await world.book.promises(f"s:{number}", ["ten"])
    await world.rounds()
    ready = world.book.running()["ten"]
    assert (round(ready.reach, 3), ready.reduced) == (0.483, False)
    await world.book.promises("s:29", ["ten"])
    await world.rounds()
    ready = world.book.running()["ten"]
    assert (ready.reach, ready.reduced, ready.lowest) == (0.5, True, {})
    world.book.prices = Prices(reach=0.5, jurisdictions=frozenset({"US-NY"}))
    await world.rounds()
    assert not world.book.running()["ten"].reduced


@pytest.mark.parametrize(
    ("consent", "visitor", "why"),
    [
        (Consent.CONSENTED, VisitorId("anna-anna", Trust.SIGNED), None),
        (Consent.CONSENTED, VisitorId("anna-anna", Trust.SHOP), None),
        (Consent.CONSENTED, VisitorId("anna-anna", Trust.BARE), NOT_VOUCHED),
        (Consent.CONSENTED, None, NOT_VOUCHED),
        (Consent.SESSION, VisitorId("anna-anna", Trust.SIGNED), NO_CONSENT),
        (Consent.NONE, VisitorId("anna-anna", Trust.SHOP), NO_CONSENT),
    ],
)
def test_a_personal_price_takes_consent_and_an_id_that_somebody_vouches_for(consent, visitor, why):
    assert may_have_offers(Visit(START, visitor, consent=consent)) == why


@pytest.mark.parametrize("kind", [AudienceKind.INDIVIDUAL, AudienceKind.GROUP])
def test_disclosures(kind):
    assert disclosure(kind, "de-AT", frozenset({"EU"})) == DISCLOSURE["de"]
    assert disclosure(kind, "fr", frozenset()) == DISCLOSURE["en"]
    told = disclosure(kind, "en", frozenset({"US-NY"}))
    assert told.startswith("THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA")
    assert disclosure(AudienceKind.GENERAL, "en", frozenset({"US-NY", "EU"})) is None
