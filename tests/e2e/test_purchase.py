"""A whole purchase in a real Vendure through the gateway, by a stock client; the log tells it exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest
from gql.transport.httpx import HTTPXTransport

from tests.e2e.served import served
from tests.vendure import purchase as steps
from tests.vendure.server import Vendure

pytestmark = pytest.mark.vendure

ADJUST = """mutation Adjust($line: ID!, $quantity: Int!) {
  adjustOrderLine(orderLineId: $line, quantity: $quantity) {
    ... on Order { id lines { id quantity } } ... on ErrorResult { errorCode } } }"""


class Shopper:
    """A storefront's client: keeps the shop's token and the visitor id it was given."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = {"X-Personalize-Consent": "personalization, experiments", "User-Agent": "storefront"}

    def ask(self, query: str, **variables: Any) -> Any:
        """The one root field of an operation."""
        transport = HTTPXTransport(url=self.url, headers=self.headers, timeout=30)
        with Client(transport=transport) as session:
            data = session.execute(GraphQLRequest(query, variable_values=variables))
            answered = transport.response_headers
        assert answered is not None
        if token := answered.get("vendure-auth-token"):
            self.headers["Authorization"] = f"Bearer {token}"
        if visitor := answered.get("x-personalize-visitor"):
            self.headers["X-Personalize-Visitor"] = visitor
        (value,) = data.values()
        return value


def test_a_purchase_leaves_exactly_its_events(vendure: Vendure, tmp_path: Path) -> None:
    with served(vendure.shop_url, tmp_path) as gateway:
        shopper = Shopper(gateway.url)
        listed = shopper.ask(steps.LIST, input={"take": 10, "skip": 0, "groupByProduct": True})["items"]
        chosen = listed[3]
        product = shopper.ask(steps.DETAIL, slug=chosen["slug"])
        variant = product["variants"][0]["id"]
        refused = shopper.ask(steps.ADD, variant=variant, quantity=-1)
        assert refused["__typename"] == "NegativeQuantityError"
        order = shopper.ask(steps.ADD, variant=variant, quantity=2)
        line = order["lines"][0]["id"]
        shopper.ask(ADJUST, line=line, quantity=3)
        shopper.ask(ADJUST, line=line, quantity=1)
        guest = {"firstName": "Test", "lastName": "Guest", "emailAddress": "purchase@shop.example"}
        shopper.ask(steps.CUSTOMER, input=guest)
        home = {"fullName": "T", "streetLine1": "Musterweg 1", "city": "Berlin", "postalCode": "1", "countryCode": "DE"}
        shopper.ask(steps.ADDRESS, input=home)
        methods = shopper.ask(steps.METHODS)
        shopper.ask(steps.SHIPPING, ids=[method["id"] for method in methods if method["priceWithTax"] == 0][:1])
        assert shopper.ask(steps.ARRANGE)["state"] == "ArrangingPayment"
        paid = shopper.ask(steps.PAY, input={"method": "standard-payment", "metadata": {}})
        assert paid["state"] == "PaymentAuthorized"
        gateway.stop()
        gateway.run("export", "log.jsonl")

    log = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    told = [(event["event"], [(item["item_id"], item.get("quantity")) for item in event["items"]]) for event in log]
    mine = product["id"]
    assert told[0] == ("view_item_list", [(item["productId"], None) for item in listed])
    assert told[1:] == [
        ("select_item", [(mine, None)]),
        ("view_item", [(mine, None)]),
        ("add_to_cart", [(mine, 2)]),
        ("add_to_cart", [(mine, 1)]),
        ("remove_from_cart", [(mine, 2)]),
        ("begin_checkout", [(mine, 1)]),
        ("purchase", [(mine, 1)]),
    ]
    assert log[1]["list_event_id"] == log[0]["event_id"]
    assert log[1]["items"][0]["index"] == 3
    assert log[-1]["transaction_id"] == paid["code"]
    assert round(log[-1]["items"][0]["price"] * 100) == paid["lines"][0]["unitPriceWithTax"]
    assert len({event["visitor"] for event in log}) == 1
    assert len({event["session"] for event in log}) == 1
    assert shopper.headers["X-Personalize-Visitor"].startswith(log[0]["visitor"].removeprefix("s:"))
    assert len({event["event_id"] for event in log}) == len(log)


def test_without_consent_the_log_names_nobody(vendure: Vendure, tmp_path: Path) -> None:
    with served(vendure.shop_url, tmp_path) as gateway:
        shopper = Shopper(gateway.url)
        shopper.headers = {"User-Agent": "storefront"}
        shopper.ask(steps.LIST, input={"take": 5, "groupByProduct": True})
        assert "X-Personalize-Visitor" not in shopper.headers
        gateway.stop()
        gateway.run("export", "log.jsonl")
    log = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert [event["event"] for event in log] == ["view_item_list"]
    assert "visitor" not in log[0]
    assert "session" not in log[0]
