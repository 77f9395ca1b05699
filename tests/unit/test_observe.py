"""Observing: what an impression tells of a list as shown, and how a cart is read from an answer."""

from __future__ import annotations

import pytest

from personalize.domain.event import Event
from personalize.events.log import parse
from personalize.gateway.observe import at, read_cart
from personalize.shops import reader
from tests.gateway_world import World, world

CART = reader.load("vendure").carts["Order"]
SEARCH = "query S($i: SearchInput!) { s: search(input: $i) { items { productId } } }"
SORTED = {"take": 4, "groupByProduct": True, "sort": {"name": "ASC"}}


async def events(running: World) -> list[Event]:
    await running.gateway.outbox.flush()
    return [parse(row.line) async for row in running.gateway.store.events()]


async def test_an_impression_tells_both_orders_and_whose_they_are():
    async with world() as running:
        for skip in (0, 4, 8):
            wanted = {"take": 4, "skip": skip, "groupByProduct": True, "term": "linen"}
            response = await running.send(SEARCH, {"i": wanted})
            await running.settle()
        first, second, third = await events(running)
        assert first.event == "view_item_list"
        assert [item.item_id for item in third.items] == [i["productId"] for i in response.json()["data"]["s"]["items"]]
        assert [item.index for item in first.items] == [0, 1, 2, 3]
        assert [item.shop_index for item in first.items] == [3, 2, 1, 0]  # cold: the page by itself, turned round
        assert [item.index for item in second.items] == [4, 5, 6, 7]
        assert first.search_term == "linen"
        assert first.list_id == second.list_id
        assert first.list_id.startswith("search:")
        assert first.extra["strategy"] == "reversing@1"
        assert first.extra["window"]["size"] == 4
        assert third.extra["window"]["size"] > 4  # paged through, so its window was asked for
        assert all(item.price and item.currency == "EUR" for item in first.items)
        assert all(item.attributes["facet"] for item in first.items)


async def test_a_sorted_list_is_an_impression_of_the_shops_order():
    async with world() as running:
        await running.send(SEARCH, {"i": SORTED})
        (event,) = await events(running)
        assert event.extra["strategy"] == "shop_order"
        assert [item.shop_index for item in event.items] == [0, 1, 2, 3]


async def test_several_details_in_one_operation_are_no_click():
    async with world() as running:
        await running.send('{ a: product(id: "1") { id } b: product(id: "2") { id } }')
        await running.send('{ product(id: "none") { id } }')
        assert await events(running) == []
        await running.send('query Q($no: Boolean!) { product(id: "1") @include(if: $no) { id } }', {"no": False})
        assert await events(running) == []
        await running.send('{ product(id: "1") { name } }')
        assert [event.event for event in await events(running)] == ["view_item"]


def hidden(**more: object) -> dict[str, object]:
    line = {
        "_pz_line": "7",
        "_pz_item": {"productId": "p1"},
        "_pz_variant": {"id": "v1"},
        "_pz_quantity": 2,
        "_pz_price": 995,
    }
    return {
        "_pz_t": "Order",
        "_pz_code": "ABC",
        "_pz_state": "AddingItems",
        "_pz_currency": "EUR",
        "_pz_lines": [line],
        **more,
    }


def test_a_cart_is_read():
    cart = read_cart(CART, hidden())
    assert (cart.code, cart.state, cart.currency) == ("ABC", "AddingItems", "EUR")
    (line,) = cart.lines
    assert (line.line, line.item_id, line.variant, line.quantity, line.price) == ("7", "p1", "v1", 2, 9.95)


@pytest.mark.parametrize(
    "odd",
    [{"_pz_t": "InsufficientStockError"}, {"_pz_lines": None}, {"_pz_code": None}, {"_pz_t": None}, {"_pz_lines": "x"}],
)
def test_what_is_no_cart(odd):
    assert read_cart(CART, hidden(**odd)) is None


def test_lines_that_say_nothing_are_left_out():
    assert read_cart(CART, hidden(_pz_lines=[{"_pz_line": "1"}, {"_pz_item": {"productId": "p"}}])).lines == ()


def test_a_value_at_a_path():
    assert at({"a": {"b": 1}}, ("a", "b")) == 1
    assert at({"a": None}, ("a", "b")) is None
    assert at([], ("a",)) is None
