"""What every store of the registry has to do with promises, budgets, codes and list prices, where it has offers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from personalize.domain.offers.ledger import PAGE, Limits, ListPrice, PromiseState, Purse, Shown, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon
from personalize.domain.offers.tariff import NO_PRICES, Tariff
from personalize.domain.store import ProfileRow
from personalize.registry import names
from personalize.stores import open_store
from tests.contracts.test_stores import _url

NOW = 1_700_000_000.0
DAY = "2023-11-14"


def eur(minor):
    return Money(minor, "EUR")


TARIFF = Tariff({"v1": (eur(1000), eur(900)), "v2": (eur(2000), eur(1800))})
OTHER = Tariff({"v1": (eur(1100), eur(990)), "v2": (eur(2000), eur(1800))})


def coupons(count, offer="ten", prices=TARIFF, ends=NOW + 10_000, start=0):
    return [Coupon(f"{offer}-{start + n:03d}", offer, f"promotion-{start + n}", ends, prices) for n in range(count)]


def wish(offer="ten", number=0, prices=TARIFF, reserved=200, until=NOW + 3600, **limits):
    return Wish(f"{offer}/{number}", offer, prices, eur(reserved), until, Limits(**{"day": DAY, **limits}))


@pytest.fixture(params=names("stores"))
async def store(request, tmp_path):
    store = open_store(_url(request.param, tmp_path))
    await store.open()
    assert store.offers is not None
    yield store
    await store.close()


@pytest.fixture
async def offers(store):
    return store.offers


async def test_a_promise_claims_a_code_and_sets_money_aside(offers):
    assert await offers.add_coupons(coupons(3)) == 3
    assert await offers.add_coupons(coupons(4)) == 1
    assert await offers.pool("ten", TARIFF, NOW) == 4
    assert await offers.pooled() == {"ten"}
    (made,) = await offers.promise("s:a", [wish()], NOW)
    assert (made.offer, made.visitor, made.reserved, made.made_at) == ("ten", "s:a", eur(200), NOW)
    assert dict(made.prices) == dict(TARIFF)
    assert await offers.pool("ten", TARIFF, NOW) == 3
    assert await offers.spent("ten", "EUR") == await offers.spent("ten", "EUR", DAY) == Purse(eur(200), eur(0))
    assert await offers.spent("ten", "EUR", "2023-11-15") == Purse(eur(0), eur(0))
    assert await offers.spent("ten", "USD") == Purse(Money(0, "USD"), Money(0, "USD"))
    assert await offers.find(made.code) == made
    assert (await offers.coupon(made.code)).code == made.code
    assert await offers.find("nobody's") is await offers.coupon("nobody's") is None


async def test_promises_are_counted_by_offer_and_state(offers):
    assert dict(await offers.counts()) == {}
    await offers.add_coupons([*coupons(3), *coupons(1, "five")])
    made = [(await offers.promise(who, [wish(number=n)], NOW))[0] for n, who in enumerate(("s:a", "s:b", "s:c"))]
    await offers.promise("s:a", [wish("five")], NOW)
    await offers.keep(made[0].code, eur(100), "order-1", NOW)
    await offers.withdraw(made[1].code, NOW)
    counts = {name: dict(found) for name, found in (await offers.counts()).items()}
    assert counts == {
        "ten": {PromiseState.KEPT: 1, PromiseState.WITHDRAWN: 1, PromiseState.OPEN: 1}, "five": {PromiseState.OPEN: 1},
    }  # fmt: skip


async def test_the_same_visitor_gets_the_same_promise_again_and_another_one_another_code(offers):
    await offers.add_coupons(coupons(3))
    first = await offers.promise("s:a", [wish(number=1)], NOW)
    assert await offers.promise("s:a", [wish(number=2)], NOW + 5) == first
    assert await offers.open_promises("s:a", NOW + 5) == first
    (second,) = await offers.promise("s:b", [wish(number=3)], NOW)
    assert second.code != first[0].code
    assert await offers.promise("s:c", [], NOW) == []


async def test_a_code_is_claimed_with_its_very_prices_and_only_if_it_lives_as_long(offers):
    await offers.add_coupons(coupons(1) + coupons(1, start=5, prices=OTHER) + coupons(1, "short", ends=NOW + 60))
    assert await offers.promise("s:a", [wish(prices=NO_PRICES), wish("short", 1)], NOW) == []
    (made,) = await offers.promise("s:a", [wish(prices=OTHER, number=2)], NOW)
    assert made.code == "ten-005"
    assert await offers.promise("s:b", [wish(prices=OTHER, number=3)], NOW) == []


async def test_nobody_is_promised_nothing(offers):
    await offers.add_coupons(coupons(1))
    assert await offers.promise("", [wish()], NOW) == []
    assert await offers.promise("s:a", [wish(reserved=-1)], NOW) == []


@pytest.mark.parametrize("limits", [{"total": eur(500)}, {"per_day": eur(500)}])
async def test_a_budget_bounds_what_is_set_aside_and_what_was_spent(offers, limits):
    await offers.add_coupons(coupons(5))
    (one,) = await offers.promise("s:a", [wish(number=1, **limits)], NOW)
    (two,) = await offers.promise("s:b", [wish(number=2, **limits)], NOW)
    assert await offers.promise("s:c", [wish(number=3, **limits)], NOW) == []
    assert await offers.keep(one.code, eur(100), "order-1", NOW + 1)
    assert await offers.promise("s:c", [wish(number=4, **limits)], NOW)
    assert await offers.withdraw(two.code, NOW)
    assert not await offers.withdraw(two.code, NOW)
    assert await offers.promise("s:d", [wish(number=5, **limits)], NOW)
    assert await offers.spent("ten", "EUR") == Purse(eur(400), eur(100))


async def test_another_day_has_its_own_budget_and_no_budget_in_another_currency_allows_anything(offers):
    await offers.add_coupons(coupons(5))
    assert await offers.promise("s:a", [wish(number=1, per_day=eur(200))], NOW)
    assert not await offers.promise("s:b", [wish(number=2, per_day=eur(200))], NOW)
    assert await offers.promise("s:b", [wish(number=3, per_day=eur(200), day="2023-11-15")], NOW)
    assert not await offers.promise("s:c", [wish(number=4, total=Money(10**6, "USD"))], NOW)


async def test_a_visitor_has_a_budget_and_a_number_of_times(offers):
    await offers.add_coupons(coupons(5))
    (made,) = await offers.promise("s:a", [wish(number=1, per_visitor=eur(350))], NOW)
    await offers.keep(made.code, eur(200), "order", NOW)
    assert not await offers.promise("s:a", [wish(number=2, per_visitor=eur(350))], NOW)
    assert not await offers.promise("s:a", [wish(number=3, times=1, since=NOW - 60)], NOW)
    assert await offers.promise("s:a", [wish(number=4, times=1, since=NOW + 1)], NOW + 2)


async def test_offers_on_the_same_items_stand_apart(offers):
    await offers.add_coupons(coupons(2) + coupons(2, "twenty"))
    apart = frozenset({"ten"})
    (made,) = await offers.promise("s:a", [wish(number=1), wish("twenty", 2, apart=apart)], NOW)
    assert made.offer == "ten"
    assert not await offers.promise("s:a", [wish("twenty", 3, apart=apart)], NOW + 4000), "its code is not ended yet"
    await offers.lapse([made.code], NOW + 4000)
    (made,) = await offers.promise("s:a", [wish("twenty", 4, until=NOW + 9000, apart=apart)], NOW + 4000)
    assert made.offer == "twenty"


async def test_a_promise_lapses_once_its_time_and_its_code_have_ended(offers):
    await offers.add_coupons(coupons(2))
    (made,) = await offers.promise("s:a", [wish(number=1)], NOW)
    assert await offers.due(NOW + 3600, 300) == []
    assert await offers.lapse([made.code], NOW + 3599) == 0
    assert await offers.open_promises("s:a", NOW + 3600) == []
    assert await offers.promise("s:a", [wish(number=2, until=NOW + 9000)], NOW + 3600) == []
    assert await offers.due(NOW + 3900, 300) == [made]
    assert await offers.lapse([made.code, "nobody's"], NOW + 3900) == 1
    assert await offers.due(NOW + 3900, 300) == []
    assert await offers.spent("ten", "EUR") == Purse(eur(0), eur(0))
    assert (await offers.find(made.code)).state is PromiseState.LAPSED
    assert await offers.promise("s:a", [wish(number=3, until=NOW + 9000)], NOW + 3900)


async def test_a_cart_with_more_pieces_sets_more_aside_or_not(offers):
    await offers.add_coupons(coupons(2))
    (made,) = await offers.promise("s:a", [wish(number=1, total=eur(500))], NOW)
    limits = Limits(DAY, total=eur(500), per_visitor=eur(450))
    assert await offers.raise_promise(made.code, eur(400), limits, NOW)
    assert not await offers.raise_promise(made.code, eur(600), limits, NOW)
    assert not await offers.raise_promise(made.code, eur(460), limits, NOW)
    assert await offers.raise_promise(made.code, eur(300), limits, NOW)
    assert (await offers.find(made.code)).reserved == eur(400)
    assert await offers.spent("ten", "EUR", DAY) == Purse(eur(400), eur(0))
    assert not await offers.raise_promise(made.code, eur(410), limits, NOW + 3600)
    assert not await offers.raise_promise(made.code, Money(10, "USD"), limits, NOW)
    assert not await offers.raise_promise("nobody's", eur(1), limits, NOW)


async def test_keeping_counts_each_order_once_and_the_truth_at_any_time(offers):
    await offers.add_coupons(coupons(2))
    (made,) = await offers.promise("s:a", [wish(number=1)], NOW)
    assert not await offers.keep("nobody's", eur(1), "o", NOW)
    assert not await offers.keep(made.code, Money(1, "USD"), "o", NOW)
    for _ in range(2):
        assert await offers.keep(made.code, eur(150), "o1", NOW)
    assert await offers.spent("ten", "EUR") == Purse(eur(0), eur(150))
    assert await offers.keep(made.code, eur(50), "o2", NOW)
    assert await offers.keep(made.code, eur(150), "o1", NOW)
    assert (await offers.find(made.code)).spent == eur(200)
    (late,) = await offers.promise("s:b", [wish(number=2)], NOW)
    await offers.withdraw(late.code, NOW)
    assert await offers.keep(late.code, eur(70), "o3", NOW)
    assert await offers.spent("ten", "EUR") == Purse(eur(0), eur(270))
    assert (await offers.find(late.code)).state is PromiseState.KEPT


async def test_an_order_that_is_told_late_replaces_what_was_assumed(offers):
    await offers.add_coupons(coupons(1))
    (made,) = await offers.promise("s:a", [wish()], NOW)
    for _ in range(2):
        assert await offers.keep(made.code, eur(200), "", NOW)
    assert await offers.spent("ten", "EUR") == Purse(eur(0), eur(200))
    assert await offers.keep(made.code, eur(90), "o", NOW)
    assert await offers.keep(made.code, eur(200), "", NOW)
    assert await offers.spent("ten", "EUR") == Purse(eur(0), eur(90))


async def test_the_pool_lets_go_of_other_prices_and_of_old_codes(offers):
    await offers.add_coupons(coupons(2) + coupons(1, start=5, prices=OTHER) + coupons(1, start=7, ends=NOW + 5))
    (made,) = await offers.promise("s:a", [wish()], NOW)
    assert [one.code for one in await offers.unpool("ten", TARIFF, NOW + 10)] == ["ten-005", "ten-007"]
    assert await offers.unpool("ten", TARIFF, NOW + 10) == []
    left = await offers.unpool("ten", None, NOW)
    assert {one.code for one in left} == {"ten-000", "ten-001"} - {made.code}
    assert left[0].prices == TARIFF
    assert await offers.pool("ten", TARIFF, NOW) == 0
    assert await offers.pooled() == frozenset()
    assert await offers.add_coupons(coupons(2)) == 0, "what left the pool does not come back"
    assert await offers.coupon("ten-005") == coupons(1, start=5, prices=OTHER)[0]


async def test_open_promises_of_other_prices_are_found_in_pages(offers):
    await offers.add_coupons(coupons(PAGE + 2))
    for number in range(PAGE + 2):
        await offers.promise(f"s:{number}", [wish(number=number)], NOW)
    assert await offers.open_of("ten", TARIFF) == []
    page = await offers.open_of("ten", OTHER)
    rest = await offers.open_of("ten", None, page[-1].code)
    assert (len(page), len(rest)) == (PAGE, 2)


async def test_known_are_codes_of_the_pool_and_of_open_promises(offers):
    await offers.add_coupons(coupons(3))
    (made,) = await offers.promise("s:a", [wish()], NOW)
    every = [coupon.code for coupon in coupons(3)]
    assert await offers.known([*every, "foreign"]) == frozenset(every)
    await offers.withdraw(made.code, NOW)
    assert await offers.known(every) == frozenset(every) - {made.code}
    assert await offers.known([]) == frozenset()


async def test_history_forgetting_and_the_money_that_stays_counted(store, offers):
    await offers.add_coupons(coupons(3))
    (mine,) = await offers.promise("s:a", [wish(number=1)], NOW)
    (theirs,) = await offers.promise("s:b", [wish(number=2)], NOW)
    rows = [Shown(one.promise_id, "v1", one.visitor, NOW, b"{}") for one in (mine, theirs)]
    await offers.record(rows)
    await offers.record([replace_body(rows[0])])
    assert await offers.recorded("s:a") == rows[:1]
    assert await offers.history("s:a") == [mine]
    assert await store.erase("s:a") == 2
    assert await offers.forget("s:a") == 0
    assert await offers.history("s:a") == await offers.recorded("s:a") == await offers.history("") == []
    assert (await offers.find(mine.code)) == replace(mine, visitor="")
    assert await offers.open_promises("", NOW) == await offers.open_promises("s:a", NOW) == []
    assert await offers.recorded("s:b") == rows[1:]
    assert await offers.spent("ten", "EUR") == Purse(eur(400), eur(0))
    assert await offers.keep(mine.code, eur(100), "o", NOW)
    assert await offers.forget("s:b") == 2


def replace_body(row):
    return row._replace(body=b'{"again": true}')


async def test_reach_counts_visitors_and_living_profiles(store, offers):
    await offers.add_coupons(coupons(4))
    assert await offers.first_day("ten") is None
    for number, visitor in enumerate(("s:a", "s:b")):
        (made,) = await offers.promise(visitor, [wish(number=number)], NOW + number)
        await offers.withdraw(made.code, NOW + 2)
    await offers.promise("s:a", [wish(number=3, day="2023-11-15")], NOW + 3)
    await store.put_profiles([ProfileRow(f"s:{n}", b"x", NOW + n) for n in range(5)])
    assert await offers.reach("ten", NOW, NOW) == (2, 4)
    assert await offers.reach("ten", NOW + 2, NOW + 3) == (1, 1)
    assert await offers.first_day("ten") == DAY


async def test_prune_takes_what_ended_and_leaves_the_purse(offers):
    await offers.add_coupons(coupons(3) + coupons(1, "old", ends=NOW))
    (kept,) = await offers.promise("s:a", [wish(number=1)], NOW)
    (still,) = await offers.promise("s:b", [wish(number=2)], NOW)
    await offers.keep(kept.code, eur(150), "o", NOW)
    await offers.record([Shown("p", "v", "s:a", NOW, b"{}")])
    assert await offers.prune(NOW + 1) == 2
    assert await offers.prune(NOW + 3601) == 1
    assert await offers.find(kept.code) is None
    assert await offers.history("s:a") == []
    assert await offers.find(still.code) == still
    assert await offers.spent("ten", "EUR") == Purse(eur(200), eur(150))
    await offers.withdraw(still.code, NOW)
    assert await offers.prune(NOW + 20_000) == 4
    assert await offers.coupon(still.code) is None


async def test_many_at_once_overspend_nothing(offers):
    await offers.add_coupons(coupons(50))
    made = await asyncio.gather(
        *(offers.promise(f"s:{n % 20}", [wish(number=n, total=eur(2000))], NOW) for n in range(60))
    )
    codes = {one.visitor: one.code for promises in made for one in promises}
    assert len(codes) == len(set(codes.values())) == 10
    assert await offers.spent("ten", "EUR") == Purse(eur(2000), eur(0))


async def test_list_prices_are_kept_by_day(store):
    ledger = store.list_prices
    assert await ledger.since() is None
    await ledger.note([])
    await ledger.note([
        ListPrice("v1", "2026-10-01", eur(900)), ListPrice("v1", "2026-10-01", eur(800)),
        ListPrice("v1", "2026-10-02", eur(950)), ListPrice("v2", "2026-10-02", eur(100)),
        ListPrice("v1", "2026-10-02", Money(5, "USD")),
    ])  # fmt: skip
    many = ["v1", "v2", *(f"x{n}" for n in range(1200))]
    assert await ledger.lowest(many, "EUR", "2026-10-01", "2026-10-02") == {"v1": eur(800), "v2": eur(100)}
    assert await ledger.lowest(many, "EUR", "2026-10-02", "2026-11-02") == {"v1": eur(950), "v2": eur(100)}
    assert await ledger.highest(many, "EUR", "2026-10-01") == {"v1": eur(900)}
    assert await ledger.since() == "2026-10-01"
    assert await ledger.prune("2026-10-02") == 1
    assert await ledger.since() == "2026-10-02"
