"""Inferring events: lists and clicks, carts that changed, one purchase an order."""

from __future__ import annotations

from personalize.domain.event import EventItem
from personalize.events.infer import Cart, Inference, Line, Whose

ANNA = Whose("s:anna", "session-1", {"daypart": "morning"})
CHECKOUT, PLACED = frozenset({"ArrangingPayment"}), frozenset({"PaymentSettled"})


def cart(*lines: Line, code: str = "ORDER", state: str = "AddingItems") -> Cart:
    return Cart(code, state, "EUR", lines)


def line(variant: str, quantity: int, item: str = "p1", name: str | None = None) -> Line:
    return Line(name or f"line-{variant}", item, variant, quantity, 9.5)


def told(inference: Inference, after: Cart, *, variant: str | None = None, added: int = 0, unit: str | None = "anna"):
    events = inference.cart(
        unit, ANNA, 1.0, after, variant=variant, added=added, checkout=CHECKOUT, placed=PLACED
    )  # fmt: skip
    return [(event.event, [(item.item_id, item.quantity) for item in event.items]) for event in events]


def test_a_click_answers_the_last_list_that_held_the_item():
    inference = Inference()
    items = [EventItem("p1", index=24), EventItem("p2", index=25)]
    inference.shown("anna", ANNA, 1.0, items, list_id="a", term=None)
    second = inference.shown("anna", ANNA, 2.0, items[:1], list_id="b", term="lamp")
    assert second.search_term == "lamp"
    click, view = inference.looked_at("anna", ANNA, 3.0, EventItem("p1", price=5.0))
    assert (click.event, click.list_event_id, click.items[0].index) == ("select_item", second.event_id, 24)
    assert (view.event, view.items[0].price) == ("view_item", 5.0)
    assert [event.event for event in inference.looked_at("anna", ANNA, 4.0, EventItem("p1"))] == ["view_item"]
    assert [event.event for event in inference.looked_at("ben", ANNA, 4.0, EventItem("p2"))] == ["view_item"]
    assert [event.event for event in inference.looked_at(None, Whose(), 4.0, EventItem("p2"))] == ["view_item"]


def test_what_is_remembered_of_lists_is_bounded():
    inference = Inference()
    for number in range(60):
        items = [EventItem(f"p{number}-{row}") for row in range(20)]
        inference.shown("anna", ANNA, 1.0, items, list_id="a", term=None)
    assert len(inference.memory["anna"].shown) == 500
    assert [e.event for e in inference.looked_at("anna", ANNA, 2.0, EventItem("p0-0"))] == ["view_item"]
    assert [e.event for e in inference.looked_at("anna", ANNA, 2.0, EventItem("p59-0"))] == ["select_item", "view_item"]


def test_carts_are_compared_with_the_one_before():
    inference = Inference()
    assert told(inference, cart(line("v1", 2)), variant="v1", added=2) == [("add_to_cart", [("p1", 2)])]
    assert told(inference, cart(line("v1", 5)), variant="v1", added=3) == [("add_to_cart", [("p1", 3)])]
    assert told(inference, cart(line("v1", 1))) == [("remove_from_cart", [("p1", 4)])]
    assert told(inference, cart(line("v1", 1))) == []
    assert told(inference, cart(line("v1", 1), line("v2", 1, "p2"))) == [("add_to_cart", [("p2", 1)])]
    assert told(inference, cart()) == [("remove_from_cart", [("p1", 1)]), ("remove_from_cart", [("p2", 1)])]


def test_a_cart_met_in_the_middle_tells_only_what_the_mutation_added():
    lines = (line("v0", 7, "p0"), line("v1", 3))
    assert told(Inference(), cart(*lines), variant="v1", added=2) == [("add_to_cart", [("p1", 2)])]
    assert told(Inference(), cart(*lines)) == []
    assert told(Inference(), cart(*lines), variant="v9", added=1) == []
    anonymous = told(Inference(), cart(*lines), variant="v1", added=1, unit=None)
    assert anonymous == [("add_to_cart", [("p1", 1)])]


def test_another_order_is_another_cart():
    inference = Inference()
    told(inference, cart(line("v1", 2)), variant="v1", added=2)
    other = cart(line("v2", 1, "p2"), code="OTHER")
    assert told(inference, other, variant="v2", added=1) == [("add_to_cart", [("p2", 1)])]


def test_checkout_and_purchase_are_told_once():
    inference = Inference()
    told(inference, cart(line("v1", 2)), variant="v1", added=2)
    assert told(inference, cart(line("v1", 2), state="ArrangingPayment")) == [("begin_checkout", [("p1", 2)])]
    assert told(inference, cart(line("v1", 2), state="ArrangingPayment")) == []
    paid = cart(line("v1", 2), state="PaymentSettled")
    first = inference.cart("anna", ANNA, 1.0, paid, variant=None, added=0, checkout=CHECKOUT, placed=PLACED)
    again = inference.cart("anna", ANNA, 9.0, paid, variant=None, added=0, checkout=CHECKOUT, placed=PLACED)
    assert [(e.event, e.transaction_id) for e in first] == [("purchase", "ORDER")]
    assert first[0].event_id == again[0].event_id  # a repeated answer is the same purchase: the outbox keeps one
    assert first[0].context == {"daypart": "morning"}


def test_forgetting_a_unit():
    inference = Inference()
    inference.shown("anna", ANNA, 1.0, [EventItem("p1")], list_id="a", term=None)
    inference.forget("anna")
    assert [event.event for event in inference.looked_at("anna", ANNA, 2.0, EventItem("p1"))] == ["view_item"]
