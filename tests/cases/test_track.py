"""`personalization { track }` through the gateway: what is taken, what is known already, what is refused and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from personalize.domain.event import Event
from personalize.domain.permission import Keep
from personalize.domain.visit import Consent
from personalize.errors import StoreError
from personalize.events.log import parse
from personalize.gateway.ours.telling import MAX_EVENTS
from personalize.gateway.ours.tracker import MAX_RATE
from tests.cases.failing_shop import MAP, SDL, FailingShop
from tests.gateway_world import World, world

CONSENT, VISITOR = "x-personalize-consent", "x-personalize-visitor"
TRACK = """mutation T($events: [PersonalizationEventInput!]!) { personalization { track(events: $events) {
  recorded duplicates unconfirmed refused refusals { index code message } } } }"""
SEARCH = "query S($i: SearchInput!) { hits: search(input: $i) { items { productId } } }"
LOOK = "query P($id: ID!) { product(id: $id) { id name } }"
ADD = """mutation A($v: ID!) { addItemToOrder(productVariantId: $v, quantity: 1) { __typename
  ... on Order { code lines { productVariant { productId } } } ... on ErrorResult { errorCode message } } }"""
STATE = """mutation S($s: String!) { transitionOrderToState(state: $s) { __typename
  ... on Order { code state } ... on ErrorResult { errorCode message } } }"""
PAGE = {"take": 6, "groupByProduct": True}


@dataclass
class Shopper:
    """A visitor with an id of ours, and what is in the log of them."""

    world: World
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key the log knows them by."""
        return "s:" + self.headers[VISITOR].rpartition(".")[0]

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of an answer without errors; the session goes on."""
        response = await self.world.send(query, variables, headers=self.headers)
        assert "errors" not in response.json(), response.text
        if token := response.headers.get("vendure-auth-token"):
            self.headers["authorization"] = f"Bearer {token}"
        return response.json()["data"]

    async def tell(self, *events: dict[str, Any], **headers: str) -> dict[str, Any]:
        """What became of these events."""
        return await tell(self.world, *events, headers={**self.headers, **headers})

    async def shown(self) -> list[str]:
        """A page of a listing."""
        return [item["productId"] for item in (await self.ask(SEARCH, {"i": PAGE}))["hits"]["items"]]


async def tell(one: World, *events: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What became of these events; nothing was wrong with the operation itself."""
    response = await one.send(TRACK, {"events": list(events)}, headers=headers or {})
    answer = response.json()
    complaints = [refusal for refusal in answer["data"]["personalization"]["track"]["refusals"]
                  if refusal["code"] in ("INVALID", "TOO_MANY")]  # fmt: skip
    assert len(answer.get("errors", [])) == len(complaints), response.text
    assert response.headers["cache-control"] == "private, no-store"
    told: dict[str, Any] = answer["data"]["personalization"]["track"]
    return told


async def log(one: World) -> list[Event]:
    """Every line so far, in the order of time."""
    await one.gateway.outbox.flush()
    return [parse(row.line) async for row in one.gateway.store.events()]


async def kinds(one: World) -> list[str]:
    """The kinds of all lines so far."""
    return sorted(event.event for event in await log(one))


@asynccontextmanager
async def shop(**changes: Any) -> AsyncIterator[tuple[World, Shopper]]:
    """A gateway where nobody consents unless they say so, and somebody who did."""
    async with world(consent_default=Consent.NONE, **changes) as one:
        who = one.gateway.reception.who
        yield one, Shopper(one, {CONSENT: "personalization", VISITOR: who.sign(who.issue()), "user-agent": "store"})


def code(told: dict[str, Any]) -> list[str]:
    """Why events were refused."""
    return [refusal["code"] for refusal in told["refusals"]]


# -- the same act from both sides ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["seen", "told"])
async def test_the_same_click_view_and_cart(first: str) -> None:
    async with shop() as (one, anna):
        item = (await anna.shown())[2]
        mine = [{"name": name, "items": [{"itemId": item}]} for name in ("SELECT_ITEM", "VIEW_ITEM")]
        if first == "told":
            assert (await anna.tell(*mine))["recorded"] == 2
        await anna.ask(LOOK, {"id": item})
        if first == "seen":
            assert (await anna.tell(*mine))["duplicates"] == 2
        variant = (await anna.ask("query V($id: ID!) { product(id: $id) { variants { id } } }", {"id": item}))[
            "product"
        ]
        added = {"name": "ADD_TO_CART", "items": [{"itemId": item, "quantity": 1}]}
        if first == "told":
            assert (await anna.tell(added))["recorded"] == 1
        await anna.ask(ADD, {"v": variant["variants"][0]["id"]})
        if first == "seen":
            assert (await anna.tell(added))["duplicates"] == 1
        told = await kinds(one)
        assert told == ["add_to_cart", "select_item", "view_item", "view_item", "view_item_list"]  # asked for twice
        lines = await log(one)
        click = next(event for event in lines if event.event == "select_item")
        assert (click.list_event_id, click.items[0].index) == (lines[0].event_id, 2)
        assert {event.visitor for event in lines} == {anna.key}
        assert len({event.session for event in lines}) == 1


@pytest.mark.parametrize("first", ["seen", "told"])
async def test_the_same_list(first: str) -> None:
    async with shop() as (one, anna):
        direct = await one.direct(SEARCH, {"i": PAGE})
        order = [item["productId"] for item in direct.json()["data"]["hits"]["items"]][::-1]  # as `reversing` does
        told = {"name": "VIEW_ITEM_LIST", "listPath": "hits", "listId": "women",
                "items": [{"itemId": item, "index": place} for place, item in enumerate(order)]}  # fmt: skip
        if first == "told":
            assert (await anna.tell(told))["recorded"] == 1
        assert await anna.shown() == order
        if first == "seen":
            assert (await anna.tell(told))["duplicates"] == 1
            half = {**told, "items": told["items"][2:4]}
            assert (await anna.tell(half))["duplicates"] == 1
        assert await kinds(one) == ["view_item_list"]


async def test_the_same_event_id() -> None:
    async with shop() as (one, anna):
        wish = {"name": "ADD_TO_WISHLIST", "items": [{"itemId": "7"}], "eventId": "w-1"}
        assert await anna.tell(wish, wish) == {
            "recorded": 1,
            "duplicates": 1,
            "unconfirmed": 0,
            "refused": 0,
            "refusals": [],
        }
        assert (await anna.tell(wish))["duplicates"] == 1
        ben = Shopper(one, {**anna.headers, VISITOR: one.gateway.reception.who.sign(one.gateway.reception.who.issue())})
        assert (await ben.tell(wish))["recorded"] == 1  # somebody else's event of the same name
        assert await kinds(one) == ["add_to_wishlist"] * 2


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"name": "VIEW_ITEM", "items": [{"itemId": "1"}]}, "view_item"),
        ({"name": "SELECT_ITEM", "items": [{"itemId": "1"}]}, "select_item"),
        ({"name": "BEGIN_CHECKOUT"}, "begin_checkout"),
        ({"name": "SEARCH", "searchTerm": "lamp"}, "search"),
        ({"name": "ADD_TO_WISHLIST", "items": [{"itemId": "1"}]}, "add_to_wishlist"),
        ({"name": "VIEW_ITEM_LIST", "items": [{"itemId": "1"}, {"itemId": "2"}]}, "view_item_list"),
    ],
)
async def test_told_twice_is_one_line(event: dict[str, Any], expected: str) -> None:
    """In one call and in two; under ids of their own they are two acts."""
    async with shop() as (one, anna):
        told = await anna.tell(*[event] * MAX_EVENTS)
        assert (told["recorded"], told["duplicates"]) == (1, MAX_EVENTS - 1)
        assert (await anna.tell(event))["duplicates"] == 1
        assert await kinds(one) == [expected]
        assert (await anna.tell({**event, "eventId": "a"}, {**event, "eventId": "b"}))["recorded"] == 2


# -- popularity ------------------------------------------------------------------------------------------------------


async def counted(one: World, item: str) -> dict[str, float]:
    """What is known of an item's popularity, rounded."""
    await one.gateway.outbox.flush()
    names = ("impressions", "expected", "clicks", "views", "carts", "purchases")
    (row,) = one.gateway.popularity.counts([item], one.gateway.clock())[:, : len(names)]
    return {name: round(float(count), 1) for name, count in zip(names, row, strict=True) if count > 0.01}


async def test_popularity_cannot_be_told() -> None:
    """Of an item that was never shown, nobody's word counts: a new id each time, or one that came back."""
    async with shop() as (one, anna):
        acts = ("SELECT_ITEM", "VIEW_ITEM", "ADD_TO_CART", "VIEW_ITEM_LIST")
        events = [
            {"name": name, "items": [{"itemId": "7"}], "eventId": f"{name} {n}"} for name in acts for n in range(9)
        ]
        bought = {"name": "PURCHASE", "transactionId": "MADE-UP", "items": [{"itemId": "7"}]}
        for _ in range(4):
            assert (await tell(one, *events, headers={CONSENT: "personalization"}))["refused"] == 0
        for _ in range(2):
            assert (await anna.tell(*events, bought))["refused"] == 0
        assert {event.extra["source"] for event in await log(one)} == {"track"}
        assert await counted(one, "7") == {}
        assert (await anna.tell(*({**event, "eventId": f"later {n}"} for n, event in enumerate(events))))[
            "refused"
        ] == 0
        assert await counted(one, "7") == {}  # a list that was told is none that was served


async def test_what_the_gateway_showed_counts_once() -> None:
    async with shop() as (one, anna):
        item = (await anna.shown())[2]
        acts = ("SELECT_ITEM", "VIEW_ITEM")
        events = [
            {"name": name, "items": [{"itemId": item}], "eventId": f"{name} {n}"} for name in acts for n in range(20)
        ]
        assert (await anna.tell(*events))["recorded"] == 40
        found = await counted(one, item)
        assert (found["impressions"], found["clicks"], found["views"]) == (1, 1, 1)
        again = [{**event, "eventId": f"again {n}"} for n, event in enumerate(events)]
        assert (await anna.tell(*again))["recorded"] == 40
        assert (await counted(one, item)) == found
        ben = Shopper(one, {CONSENT: "personalization"})  # shown to somebody else
        assert (await ben.tell(*events))["recorded"] == 40
        assert (await counted(one, item)) == found


async def test_one_event_id_in_two_processes(tmp_path: Path) -> None:
    """Each has a memory of its own; the store they share keeps one line."""
    shared = f"sqlite:///{tmp_path / 'events.sqlite'}"
    async with shop(store_url=shared) as (one, anna), world(consent_default=Consent.NONE, store_url=shared) as two:
        wish = {"name": "REMOVE_FROM_WISHLIST", "items": [{"itemId": "7"}], "eventId": "w-1"}
        bought = {"name": "PURCHASE", "transactionId": "A1", "items": [{"itemId": "7"}]}
        for each in (one, two):
            assert (await tell(each, wish, bought, headers=anna.headers))["recorded"] == 2
            await each.gateway.outbox.flush()
        assert await kinds(one) == ["purchase", "remove_from_wishlist"]


async def test_what_one_process_saw_and_another_is_told(tmp_path: Path) -> None:
    """Within the same two minutes both come to the same ids, and the store keeps one line of each."""
    shared = f"sqlite:///{tmp_path / 'events.sqlite'}"
    async with shop(store_url=shared) as (one, anna), world(consent_default=Consent.NONE, store_url=shared) as two:
        for each in (one, two):
            each.gateway.reception.clock = each.gateway.pipeline.tracker.clock = lambda: 1_800_000_000.0
        item = (await anna.shown())[1]
        await anna.ask(LOOK, {"id": item})
        await one.gateway.outbox.flush()
        told = [{"name": name, "items": [{"itemId": item}]} for name in ("SELECT_ITEM", "VIEW_ITEM")]
        assert (await tell(two, *told, headers=anna.headers))["refused"] == 0
        await two.gateway.outbox.flush()
        assert await kinds(one) == ["select_item", "view_item", "view_item_list"]
        found = await one.gateway.profiles.find(*await visitor_of(one, anna))
        assert found.profile is not None
        assert found.profile.history[item].count == 2  # a click and a view, each once


# -- orders ----------------------------------------------------------------------------------------------------------


async def checked_out(anna: Shopper) -> tuple[str, str]:
    """A cart at its checkout: the order's code and the product in it."""
    cart = (await anna.ask(ADD, {"v": "1"}))["addItemToOrder"]
    steps = [
        """mutation { setCustomerForOrder(input: {firstName: "A", lastName: "B", emailAddress: "a@b.example"}) {
          __typename ... on ErrorResult { message } } }""",
        """mutation { setOrderShippingAddress(input: {streetLine1: "Weg 1", city: "Berlin", postalCode: "10115",
          countryCode: "DE"}) { __typename ... on ErrorResult { message } } }""",
    ]
    for step in steps:
        await anna.ask(step)
    methods = (await anna.ask("{ eligibleShippingMethods { id } }"))["eligibleShippingMethods"]
    set_method = """mutation M($ids: [ID!]!) { setOrderShippingMethod(shippingMethodId: $ids) {
      __typename ... on ErrorResult { message } } }"""
    await anna.ask(set_method, {"ids": [methods[0]["id"]]})
    state = (await anna.ask(STATE, {"s": "ArrangingPayment"}))["transitionOrderToState"]
    assert state["__typename"] == "Order", state
    return state["code"], cart["lines"][0]["productVariant"]["productId"]


async def pay(anna: Shopper) -> None:
    """Pay through the gateway."""
    methods = (await anna.ask("{ eligiblePaymentMethods { code } }"))["eligiblePaymentMethods"]
    mutation = """mutation P($i: PaymentInput!) { addPaymentToOrder(input: $i) { __typename ... on Order { state }
      ... on ErrorResult { errorCode message } } }"""
    paid = await anna.ask(mutation, {"i": {"method": methods[0]["code"], "metadata": {}}})
    assert paid["addPaymentToOrder"]["__typename"] == "Order", paid


@pytest.mark.parametrize("first", ["seen", "told"])
@pytest.mark.parametrize("by", ["the visitor", "a server with the id", "a server with the code"])
async def test_the_same_order(first: str, by: str) -> None:
    async with shop() as (one, anna):
        order, item = await checked_out(anna)
        bought: dict[str, Any] = {"name": "PURCHASE", "transactionId": order}
        if by != "a server with the code":
            bought["items"] = [{"itemId": item, "price": 0.01, "currency": "EUR"}]
        headers = {
            "the visitor": anna.headers,
            "a server with the id": {CONSENT: "personalization", VISITOR: anna.headers[VISITOR], "user-agent": "node"},
            "a server with the code": {"user-agent": "node"},
        }[by]
        if first == "seen":
            await pay(anna)
        told = await tell(one, bought, headers=headers)
        by_code = by == "a server with the code"
        assert told["unconfirmed" if by_code else "duplicates" if first == "seen" else "recorded"] == 1, told
        if first == "told":
            await pay(anna)
        lines = [event for event in await log(one) if event.event == "purchase"]
        (line,) = lines
        assert (line.transaction_id, line.visitor) == (order, anna.key)
        assert [item_.item_id for item_ in line.items] == [item]
        found = await one.gateway.profiles.find(*await visitor_of(one, anna))
        assert found.profile is not None
        assert found.profile.bought[item].times == 1


async def visitor_of(one: World, anna: Shopper) -> Any:
    """Whom `ProfileBook.find` wants."""
    return one.gateway.reception.who.resolve(anna.headers[VISITOR], None), Keep.STORE


async def test_a_server_with_the_code_tells_what_was_in_the_cart_and_nothing_else() -> None:
    """The order is that visitor's, after a restart too; what a stranger makes up is not in it."""
    async with shop() as (one, anna):
        order, item = await checked_out(anna)
        await one.gateway.outbox.flush()
        one.gateway.orders._seen.clear()  # another process, or a restart: the store knows
        bought = {
            "name": "PURCHASE",
            "transactionId": order,
            "items": [{"itemId": "666", "price": 9, "currency": "EUR"}],
        }
        for _ in range(2):
            assert (await tell(one, bought))["unconfirmed"] == 1
        (line,) = (event for event in await log(one) if event.event == "purchase")
        assert [one_.item_id for one_ in line.items] == [item]
        assert line.items[0].price != 9
        assert line.visitor == anna.key
        back = {"name": "REFUND", "transactionId": order}
        assert code(await tell(one, back)) == code(await tell(one, {**back, "transactionId": "?"})) == ["NOT_VOUCHED"]
        assert (await anna.tell(*[back] * 50))["recorded"] == 1
        assert code(await anna.tell({**back, "transactionId": "?"})) == ["NOT_VOUCHED"]
        (line,) = (event for event in await log(one) if event.event == "refund")
        assert [one_.item_id for one_ in line.items] == [item]


async def test_codes_are_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known or not, the answer is the same, and there is an end to it."""
    monkeypatch.setattr("personalize.gateway.ours.tracker.MAX_BY_CODE", 3)
    async with shop() as (one, anna):
        order, _ = await checked_out(anna)
        known, guessed = ({"name": "PURCHASE", "transactionId": name} for name in (order, "GUESSED"))
        assert await tell(one, known) == await tell(one, guessed)
        response = await one.send(TRACK, {"events": [guessed, guessed]})
        told = response.json()["data"]["personalization"]["track"]
        assert (told["unconfirmed"], code(told)) == (1, ["TOO_MANY"])


async def test_who_may_tell_of_an_order() -> None:
    async with shop() as (one, anna):
        order, item = await checked_out(anna)
        bought = {"name": "PURCHASE", "transactionId": order, "items": [{"itemId": item}]}
        bare = {CONSENT: "personalization", VISITOR: "a-bare-opaque-id"}
        assert code(await tell(one, bought, headers=bare)) == ["NOT_VOUCHED"]
        assert (await tell(one, {**bought, "transactionId": "GUESSED"}))["unconfirmed"] == 1
        assert code(await tell(one, bought, headers={CONSENT: "none"})) == ["CONSENT"]
        assert code(await tell(one, bought, headers={"sec-gpc": "1"})) == ["CONSENT"]
        assert code(await tell(one, bought, headers={**anna.headers, CONSENT: "none"})) == ["CONSENT"]
        forged = {CONSENT: "personalization", VISITOR: anna.headers[VISITOR][:-3] + "xyz"}
        other = await tell(one, {**bought, "transactionId": "GUESSED"}, headers=forged)  # nobody, and given a new id
        assert other["unconfirmed"] == 1
        assert "purchase" not in await kinds(one)
        seller = Shopper(one, dict(bare))
        mine, product = await checked_out(seller)  # what the gateway saw under a bare id is that id's
        bought_bare = {"name": "PURCHASE", "transactionId": mine, "items": [{"itemId": product}]}
        assert (await seller.tell(bought_bare))["recorded"] == 1
        # With an id of one's own, another one's code makes a line of one's own, and takes nothing from them.
        who = one.gateway.reception.who
        ben = Shopper(one, {CONSENT: "personalization", VISITOR: who.sign(who.issue())})
        assert (await ben.tell(bought))["recorded"] == 1
        await pay(anna)
        lines = [event for event in await log(one) if event.event == "purchase"]
        assert sorted(str(event.visitor) for event in lines) == sorted(["b:a-bare-opaque-id", anna.key, ben.key])


async def test_a_forgotten_visitor_has_no_orders() -> None:
    async with shop() as (one, anna):
        order, _ = await checked_out(anna)
        await one.gateway.outbox.flush()
        await anna.ask("mutation { personalization { forget } }")
        bought = {"name": "PURCHASE", "transactionId": order}
        assert (await tell(one, bought))["unconfirmed"] == 1
        assert await log(one) == []


async def test_a_checkout_without_consent_is_nobodys() -> None:
    async with shop() as (one, anna):
        del anna.headers[CONSENT], anna.headers[VISITOR]
        order, item = await checked_out(anna)
        told = await tell(one, {"name": "PURCHASE", "transactionId": order, "items": [{"itemId": item}]})
        assert told["unconfirmed"] == 1
        assert "purchase" not in await kinds(one)


async def test_an_order_of_a_session_is_the_sessions() -> None:
    """Agreed to for this session only: in memory, and no line names the visitor."""
    async with shop() as (one, anna):
        del anna.headers[VISITOR]
        anna.headers[CONSENT] = "session"
        await anna.ask("{ activeOrder { code } }")
        order, _ = await checked_out(anna)
        assert (await tell(one, {"name": "PURCHASE", "transactionId": order}))["unconfirmed"] == 1
        (line,) = (event for event in await log(one) if event.event == "purchase")
        assert line.visitor is None
        assert line.session is not None


async def test_a_store_that_fails_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shop() as (one, anna):
        asked = []

        async def broken(*arguments: object) -> None:
            asked.append(arguments)
            raise StoreError("on purpose")

        monkeypatch.setattr(one.gateway.store, "get_link", broken)
        orders = [{"name": "PURCHASE", "transactionId": f"A{n}", "items": [{"itemId": "1"}]} for n in range(3)]
        told = await anna.tell(*orders, {"name": "SEARCH", "searchTerm": "lamp"})
        assert (told["recorded"], code(told)) == (1, ["BUSY"] * 3)
        assert len(asked) == 1


# -- what is refused -------------------------------------------------------------------------------------------------

VIEW = {"name": "VIEW_ITEM", "items": [{"itemId": "7"}]}


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "CONSENT"),
        ({CONSENT: "none"}, "CONSENT"),
        ({CONSENT: "((("}, "CONSENT"),
        ({CONSENT: "personalization", "sec-gpc": "1"}, "CONSENT"),
        ({CONSENT: "session"}, "NO_VISITOR"),
        ({CONSENT: "personalization", "user-agent": "Googlebot/2.1"}, "NOT_WATCHED"),
        ({CONSENT: "personalization", "sec-purpose": "prefetch"}, "NOT_WATCHED"),
        ({CONSENT: "personalization", "x-personalize-context": "render=static"}, "NOT_WATCHED"),
    ],
)
async def test_nothing_is_recorded(headers: dict[str, str], why: str) -> None:
    """And it is said why."""
    async with shop() as (one, _):
        told = await tell(one, VIEW, VIEW, headers=headers)
        assert (told["recorded"], told["duplicates"], told["refused"]) == (0, 0, 2)
        assert code(told) == [why, why]
        assert all(refusal["message"] for refusal in told["refusals"])
        assert await log(one) == []


async def test_a_visitor_who_is_given_an_id_with_the_answer() -> None:
    async with shop() as (one, _):
        response = await one.send(TRACK, {"events": [VIEW]}, headers={CONSENT: "personalization"})
        assert response.json()["data"]["personalization"]["track"]["recorded"] == 1
        (line,) = await log(one)
        assert line.visitor == "s:" + response.headers[VISITOR].rpartition(".")[0]
        assert line.extra["source"] == "track"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no items": ({"name": "SELECT_ITEM"}, "`items` is empty"),
    "too many items": ({**VIEW, "items": [{"itemId": "1"}] * 201}, "`items` has 201 entries, expected 200 at most"),
    "no id": ({**VIEW, "items": [{"itemId": ""}]}, "`items[0].itemId` has 0 characters"),
    "a long id": ({**VIEW, "items": [{"itemId": "1"}, {"itemId": "x" * 300}]}, "`items[1].itemId` has 300 characters"),
    "a negative price": ({**VIEW, "items": [{"itemId": "1", "price": -1, "currency": "EUR"}]}, "price` is -1,"),
    "a huge price": ({**VIEW, "items": [{"itemId": "1", "price": 2e9, "currency": "EUR"}]}, "expected 0 to 1000000"),
    "no currency": ({**VIEW, "items": [{"itemId": "1", "price": 1}]}, "`items[0].currency` is missing"),
    "a currency": ({**VIEW, "items": [{"itemId": "1", "currency": "euro"}]}, "`items[0].currency` is 'euro'"),
    "a quantity": ({**VIEW, "items": [{"itemId": "1", "quantity": 0}]}, "`items[0].quantity` is 0, expected 1 to"),
    "an index": ({**VIEW, "items": [{"itemId": "1", "index": -1}]}, "`items[0].index` is -1, expected 0 to"),
    "no term": ({"name": "SEARCH", "searchTerm": " "}, "`searchTerm` is missing"),
    "no order": ({"name": "PURCHASE", "items": [{"itemId": "1"}]}, "`transactionId` is missing"),
    "an order of nothing": ({"name": "PURCHASE", "transactionId": "A1"}, "`items` is empty, and the gateway"),
    "a long term": ({"name": "SEARCH", "searchTerm": "x" * 257}, "`searchTerm` has 257 characters"),
    "no time": ({**VIEW, "at": "yesterday"}, "`at` is 'yesterday', expected a time with an offset"),
    "a time without offset": ({**VIEW, "at": "2026-03-01T09:00:00"}, "expected a time with an offset"),
    "long ago": ({**VIEW, "at": "2001-03-01T09:00:00Z"}, "expected the last 24 hours"),
    "the beginning of time": ({**VIEW, "at": "0001-01-01T00:00:00+14:00"}, "`at` is"),
    "an order long ago": ({"name": "REFUND", "transactionId": "A", "at": "2001-03-01T09:00:00Z"}, "the last 168 hours"),
}  # fmt: skip


async def test_what_is_wrong_is_named_and_the_rest_is_taken() -> None:
    async with shop() as (one, anna):
        for case, (event, said) in WRONG.items():
            events = [
                {"name": "SCAN", "items": [{"itemId": "1"}], "eventId": case},
                event,
                {"name": "SEARCH", "searchTerm": case},
            ]
            response = await one.send(TRACK, {"events": events}, headers=anna.headers)
            answer = response.json()
            told = answer["data"]["personalization"]["track"]
            assert (told["recorded"], told["refused"]) == (2, 1), case
            (refusal,) = told["refusals"]
            assert (refusal["index"], refusal["code"]) == (1, "INVALID"), case
            assert said in refusal["message"], (case, refusal["message"])
            (error,) = answer["errors"]
            assert error["message"] == f"events[1]: {refusal['message']}"
            assert error["path"] == ["personalization", "track"]
            assert error["extensions"] == {"code": "INVALID", "index": 1}
            line = TRACK.splitlines()[error["locations"][0]["line"] - 1]
            assert line[error["locations"][0]["column"] - 1 :].startswith("track")
        assert len(await log(one)) == 2 * len(WRONG)


async def test_errors_lead_to_the_field_under_its_own_name() -> None:
    document = """mutation { mine: personalization { a: track(events: [{name: SCAN}]) { refused }
      b: track(events: [{name: SCAN, items: {itemId: 3}}]) { recorded } } }"""
    async with shop() as (one, anna):
        answer = (await one.send(document, headers=anna.headers)).json()
        assert answer["data"]["mine"] == {"a": {"refused": 1}, "b": {"recorded": 1}}
        assert [error["path"] for error in answer["errors"]] == [["mine", "a"]]


@pytest.mark.parametrize(
    "events", [[{"name": "NONSENSE"}], 3, [{}], None, [{**VIEW, "more": 1}], [{**VIEW, "items": [{"itemId": [1]}]}]]
)
async def test_what_is_no_event_at_all_is_an_error_of_the_operation(events: Any) -> None:
    """Beside a mutation of the shop's, that one stands."""
    async with shop() as (one, anna):
        both = TRACK.replace("mutation T(", "mutation T($v: ID!, ").replace(
            "{ personalization", "{ addItemToOrder(productVariantId: $v, quantity: 1) { __typename } personalization", 1
        )
        for document in (TRACK, both):
            assert one.upstream is not None
            one.upstream.clear()
            answer = (await one.send(document, {"events": events, "v": "1"}, headers=anna.headers)).json()
            assert answer["data"]["personalization"] is None
            assert all("$events" in error["message"] for error in answer["errors"]), answer
            assert (answer["data"].get("addItemToOrder") is not None) is (document is both)
            assert one.upstream.count == (document is both)
        assert await kinds(one) == ["add_to_cart"]


async def test_bounds() -> None:
    async with shop() as (one, anna):
        wish = [{"name": "ADD_TO_WISHLIST", "items": [{"itemId": str(n)}]} for n in range(MAX_EVENTS + 7)]
        told = await anna.tell(*wish)
        assert (told["recorded"], told["refused"]) == (MAX_EVENTS, 7)
        assert [(refusal["index"], refusal["code"]) for refusal in told["refusals"]] == [(MAX_EVENTS, "TOO_MANY")]
        for _ in range(MAX_RATE // MAX_EVENTS - 1):
            assert (await anna.tell(*wish[:MAX_EVENTS]))["duplicates"] == MAX_EVENTS
        response = await one.send(TRACK, {"events": wish[:1]}, headers=anna.headers)
        (refusal,) = response.json()["data"]["personalization"]["track"]["refusals"]
        assert refusal["code"] == "TOO_MANY"


async def test_a_full_outbox_is_said() -> None:
    async with shop() as (one, anna):
        one.gateway.outbox._capacity = 0
        assert code(await anna.tell(VIEW)) == ["BUSY"]


async def test_times() -> None:
    """As told where that is a little ago; a clock that runs ahead is brought back to ours."""
    async with shop() as (one, anna):
        now = one.gateway.clock()
        ago = datetime.fromtimestamp(now - 3600, UTC).isoformat()
        ahead = datetime.fromtimestamp(now + 86_400, UTC).isoformat()
        assert (await anna.tell({**VIEW, "at": ago}, {**VIEW, "at": ahead}))["recorded"] == 2
        first, second = await log(one)
        assert abs(first.at - (now - 3600)) < 1
        assert now <= second.at <= one.gateway.clock()


async def test_what_is_told_is_learned_from() -> None:
    async with shop() as (one, anna):
        told = await anna.tell(
            {"name": "VIEW_ITEM", "items": [{"itemId": "7", "price": 19.99, "currency": "EUR"}]},
            {"name": "SEARCH", "searchTerm": "lamp", "listId": "results"},
            {"name": "BEGIN_CHECKOUT", "items": [{"itemId": "7", "quantity": 2}]},
        )
        assert told["recorded"] == 3
        lines = await log(one)
        assert [event.extra["source"] for event in lines] == ["track"] * 3
        assert (lines[1].search_term, lines[1].list_id) == ("lamp", "results")
        found = await one.gateway.profiles.find(*await visitor_of(one, anna))
        assert found.profile is not None
        assert "7" in found.profile.history
        assert found.profile.session.last_term == "lamp"


async def test_everything_is_switched_off() -> None:
    """Then nothing is inferred; what is told is taken."""
    async with shop(strategies=()) as (one, anna):
        await anna.shown()
        assert (await anna.tell(VIEW))["recorded"] == 1
        assert await kinds(one) == ["view_item"]


async def test_a_mutation_is_not_told_by_get() -> None:
    async with shop() as (one, anna):
        query = urlencode({"query": 'mutation { personalization { track(events: {name: SCAN, items: {itemId: "1"}}) '
                                    "{ recorded } } }"})  # fmt: skip
        await one.send(method="GET", params=query, headers=anna.headers)
        assert await log(one) == []


async def test_a_shop_without_mutations(tmp_path: Path) -> None:
    """Ours is there, and the shop is asked nothing."""
    file, shop_map = tmp_path / "shop.graphql", tmp_path / "map.graphql"
    file.write_text(SDL, "utf-8")
    shop_map.write_text(MAP, "utf-8")
    asked = FailingShop()
    async with shop(shop=asked, shop_map=str(shop_map), schema_file=str(file)) as (one, anna):
        listed = await anna.ask("{ rows(take: 2) { items { id } } }")
        item = listed["rows"]["items"][0]["id"]
        await one.settle()
        assert one.upstream is not None
        before = one.upstream.count
        told = await anna.tell(VIEW, {"name": "VIEW_ITEM_LIST", "items": [{"itemId": item, "index": 0}]})
        assert (told["recorded"], told["duplicates"], one.upstream.count) == (1, 1, before)
