"""The simulated shoppers: reproducible, under position bias, with tastes that a better order can serve."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from personalize.demo.generate import generate
from personalize.demo.shop.find import Finder
from personalize.demo.shop.inputs import SearchInput
from personalize.demo.shop.shelf import Shelf
from personalize.demo.shoppers import ATTRIBUTES, WINDOW, list_id_of, price_of, simulate
from personalize.demo.tastes import PAGE, make_shoppers
from personalize.domain.event import EVENT_NAMES, Event

CATALOGUE = generate()


@pytest.fixture(scope="module")
def log() -> list[Event]:
    return list(simulate(CATALOGUE, shoppers=300, seed=3))


def test_the_same_seed_gives_the_same_log(log: list[Event]) -> None:
    again = itertools.islice(simulate(CATALOGUE, shoppers=300, seed=3), 500)
    assert list(again) == log[:500]
    assert next(simulate(CATALOGUE, shoppers=300, seed=4)) != log[0]


def test_the_log_is_in_order_marked_and_complete(log: list[Event]) -> None:
    assert all(a.at <= b.at for a, b in itertools.pairwise(log))
    assert len({event.event_id for event in log}) == len(log)
    assert {event.event for event in log} <= EVENT_NAMES
    assert {"view_item_list", "select_item", "view_item", "add_to_cart", "purchase", "search"} <= {e.event for e in log}
    assert all(event.extra["simulated"] is True for event in log), "nobody may take it for people"
    lists = {event.event_id: event for event in log if event.event == "view_item_list"}
    for event in log:
        if event.event == "select_item":
            shown = lists[event.list_event_id or ""]
            assert shown.session == event.session
            assert shown.at < event.at
            assert event.items[0] in shown.items
        if event.event == "purchase":
            assert event.transaction_id
            assert all(item.quantity for item in event.items)


def test_items_say_what_the_shop_says(log: list[Event]) -> None:
    finder = Finder(Shelf(CATALOGUE, "de"))
    checked = 0
    for event in log:
        if event.event != "view_item_list" or (event.items[0].index or 0) > 0 or event.search_term:
            continue
        slug = (event.list_id or "").removeprefix("search:")
        rows = finder.search(SearchInput(collection_slug=slug, group_by_product=True, take=PAGE)).items
        assert event.list_id == list_id_of(slug)
        assert [item.item_id for item in event.items] == [row.product_id for row in rows]
        for item, row in zip(event.items, rows, strict=True):
            assert dict(item.attributes) == {
                "facet": row.facet_value_ids, "collection": row.collection_ids, "inStock": row.in_stock,
            }  # fmt: skip
            assert item.attributes.keys() == ATTRIBUTES.keys()
            assert item.price == price_of(CATALOGUE.product_by_id[item.item_id])
            assert item.currency == "EUR"
        checked += 1
        if checked > 40:
            break
    assert checked > 40


def test_explored_lists_are_shuffled_within_the_window_and_say_where_the_shop_had_each_item() -> None:
    listed = [CATALOGUE.products[i].id for i in CATALOGUE.collection_by_slug["women"].products]
    shuffled = 0
    for event in simulate(CATALOGUE, shoppers=60, seed=3, explore=1.0):
        if event.event == "view_item_list" and event.list_id == list_id_of("women"):
            assert [item.item_id for item in event.items] == [listed[item.shop_index or 0] for item in event.items]
            assert all((item.shop_index or 0) < WINDOW for item in event.items)
            shuffled += [item.index for item in event.items] != [item.shop_index for item in event.items]
    assert shuffled


def test_searches_are_those_of_the_shop(log: list[Event]) -> None:
    finders = {language: Finder(Shelf(CATALOGUE, language)) for language in ("en", "de")}
    found = [e for e in log if e.event == "view_item_list" and e.search_term and e.items[0].index == 0]
    assert found
    for event in found[:20]:
        wanted = SearchInput(term=event.search_term, group_by_product=True, take=PAGE)
        orders = [[row.product_id for row in finder.search(wanted).items] for finder in finders.values()]
        assert [item.item_id for item in event.items] in orders


def test_clicks_fall_with_the_position(log: list[Event]) -> None:
    shown, clicked = np.zeros(PAGE), np.zeros(PAGE)
    for event in log:
        for item in event.items:
            if item.index is not None and item.index < PAGE:
                (shown if event.event == "view_item_list" else clicked)[item.index] += 1
    rate = clicked / shown
    thirds = [rate[a:b].mean() for a, b in ((0, 3), (3, 9), (9, PAGE))]
    assert thirds[0] > 1.5 * thirds[1] > 2 * thirds[2] > 0


def test_people_click_what_they_like(log: list[Event]) -> None:
    people = {shopper.id: shopper for shopper in make_shoppers(CATALOGUE, 300, 3)}
    difference = []
    shown: dict[str, list[float]] = defaultdict(list)
    for event in log:
        shopper = people[event.visitor or ""]
        if event.event == "view_item_list":
            liked = shopper.utilities(event.context)
            shown[event.event_id] = [float(liked[int(item.item_id) - 1]) for item in event.items]
        if event.event == "select_item":
            product = CATALOGUE.product_by_id[event.items[0].item_id]
            difference.append(shopper.utility(product, event.context) - np.mean(shown[event.list_event_id or ""]))
    assert np.mean(difference) > 0.5


def test_a_fitting_order_is_worth_more_and_tastes_differ() -> None:
    people = make_shoppers(CATALOGUE, 20, 5)
    rows = [CATALOGUE.products[i] for i in CATALOGUE.collection_by_slug["gifts"].products]
    for shopper, other in itertools.pairwise(people):
        mine = sorted(rows, key=shopper.utility, reverse=True)
        theirs = sorted(rows, key=other.utility, reverse=True)
        assert shopper.expected_clicks(mine) > shopper.expected_clicks(rows)
        assert shopper.expected_clicks(mine) > shopper.expected_clicks(theirs)
        assert mine[:10] != theirs[:10]


def test_the_weather_moves_people() -> None:
    shopper = make_shoppers(CATALOGUE, 1, 5)[0]
    warm = next(p for p in CATALOGUE.products if p.weather == ("warming",))
    airy = next(p for p in CATALOGUE.products if p.weather == ("airy",))
    dry = next(p for p in CATALOGUE.products if "rainproof" in p.weather)
    cold, hot, wet = {"temperature": -2.0}, {"temperature": 28.0}, {"rain": True}
    assert shopper.utility(warm, cold) > shopper.utility(warm) > shopper.utility(warm, hot)
    assert shopper.utility(airy, cold) < shopper.utility(airy) < shopper.utility(airy, hot)
    assert shopper.utility(dry, wet) > shopper.utility(dry)
