"""The contract of a shop behind the gateway: one suite, and one map, for the demo shop and a real Vendure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import pytest

from personalize.events.log import parse
from tests.gateway_world import Bench, World, request_of
from tests.vendure.purchase import recipe
from tests.vendure.server import Vendure

SEARCH = """query Search($input: SearchInput!) { search(input: $input) { totalItems items {
  productId productName priceWithTax { ... on PriceRange { min max } ... on SinglePrice { value } } } } }"""
PRODUCTS = "query Products($options: ProductListOptions) { products(options: $options) { totalItems items { id } } }"
VARIANTS = """query Variants($slug: String!, $options: ProductVariantListOptions) { collection(slug: $slug) {
  id productVariants(options: $options) { totalItems items { id productId } } } }"""
ADD = """mutation Add($variant: ID!, $quantity: Int!) {
  addItemToOrder(productVariantId: $variant, quantity: $quantity) {
  __typename ... on Order { code lines { id quantity } } ... on ErrorResult { errorCode message } } }"""


@dataclass
class Shop:
    """One shop under contract: how the gateway reaches it, and a collection with several variants a product."""

    bench: Bench
    changes: dict[str, Any]
    collection: str

    def world(self, *strategies: str) -> World:
        """A gateway in front of it."""
        return self.bench.world(*strategies, **self.changes)

    def send(self, one: World, query: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        """Through the gateway."""
        answer: httpx.Response = self.bench.run(one.send(query, variables, headers=headers or {}))
        assert answer.status_code == 200, answer.text
        return answer

    def direct(self, one: World, query: str, **variables: Any) -> Any:
        """The shop's own data."""
        if one.upstream is not None:
            return self.bench.run(one.direct(query, variables)).json()["data"]
        with httpx.HTTPTransport() as line:
            answer = line.handle_request(request_of(self.changes["shop_url"], query, variables))
            answer.read()
            return answer.json()["data"]

    def log(self, one: World) -> list[tuple[str, tuple[str, ...]]]:
        """(event, item ids) of all that was logged so far."""

        async def read() -> list[Any]:
            await one.gateway.outbox.flush()
            return [parse(row.line) async for row in one.gateway.store.events()]

        return [(event.event, tuple(item.item_id for item in event.items)) for event in self.bench.run(read())]


@pytest.fixture(scope="module", params=["demo", pytest.param("vendure", marks=pytest.mark.vendure)])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Each shop in turn."""
    bench = Bench()
    if request.param == "vendure":
        real: Vendure = request.getfixturevalue("vendure")
        yield Shop(bench, {"shop_url": real.shop_url, "sockets": True}, "electronics")
    else:
        yield Shop(bench, {}, "women")
    bench.close()


def test_the_map_fits(shop: Shop) -> None:
    one = shop.world("nothing")
    shop_map = one.gateway.knowledge.fitted
    assert set(shop_map.listings) == {
        ("Query", "search"), ("Query", "products"), ("Collection", "productVariants"),
    }  # fmt: skip
    assert not [name for name in one.faults() if name.startswith("map")]


@pytest.mark.parametrize("token", ["", "Bearer " + "0" * 64])
def test_a_search_is_reordered_and_complete(shop: Shop, token: str) -> None:
    one, headers = shop.world("reversing"), {"authorization": token} if token else {}
    total = shop.direct(one, SEARCH, input={"take": 1, "groupByProduct": True})["search"]["totalItems"]
    whole = shop.direct(one, SEARCH, input={"take": 100, "groupByProduct": True})["search"]["items"]
    ids = []
    headers["x-personalize-visitor"] = f"contract-{'guest' if not token else 'stranger'}"
    for skip in range(0, min(total, 96), 12):
        listing = {"take": 12, "skip": skip, "groupByProduct": True}
        items = shop.send(one, SEARCH, headers, input=listing).json()["data"]["search"]["items"]
        ids += [item["productId"] for item in items]
        for item in items:
            assert item in whole or total > 100
    assert len(set(ids)) == len(ids)
    own = [item["productId"] for item in whole]
    assert ids != own[: len(ids)]
    if total <= 96:
        assert sorted(ids) == sorted(own)


def test_an_explicit_sort_is_untouched(shop: Shop) -> None:
    one, listing = shop.world("reversing"), {"take": 12, "groupByProduct": True, "sort": {"name": "ASC"}}
    through = shop.send(one, SEARCH, input=listing).json()["data"]
    assert through == shop.direct(one, SEARCH, input=listing)


def test_products_over_two_windows(shop: Shop) -> None:
    one = shop.world("reversing")
    for options in ({"take": 10}, {"take": 10, "skip": 10}):
        shown = shop.send(one, PRODUCTS, options=options).json()["data"]["products"]
        own = shop.direct(one, PRODUCTS, options=options)["products"]
        assert shown["totalItems"] == own["totalItems"]
        assert len(shown["items"]) == len(own["items"])


def test_variants_of_one_product_stay_together(shop: Shop) -> None:
    one, seen = shop.world("reversing"), []
    for skip in range(0, 36, 12):
        variables = {"slug": shop.collection, "options": {"take": 12, "skip": skip}}
        answer = shop.send(one, VARIANTS, {"x-personalize-visitor": "contract-variants"}, **variables).json()
        seen += [item["productId"] for item in answer["data"]["collection"]["productVariants"]["items"]]
        shop.bench.run(one.settle())
    changes = sum(left != right for left, right in pairwise(seen))
    assert changes == len(set(seen)) - 1, f"a product's variants are torn apart: {seen}"


def test_a_refused_cart_mutation_is_no_event_and_a_purchase_is_one(shop: Shop) -> None:
    one = shop.world("nothing")
    before = len(shop.log(one))
    visitor = {"x-personalize-visitor": "contract-buyer"}
    refused = shop.send(one, ADD, visitor, variant="1", quantity=-1).json()["data"]["addItemToOrder"]
    assert refused["__typename"] == "NegativeQuantityError"
    assert len(shop.log(one)) == before

    steps, token = recipe(email="contract@shop.example"), ""
    step = next(steps)
    while True:
        headers = visitor | ({"authorization": f"Bearer {token}"} if token else {})
        answer = shop.send(one, step.query, headers, **step.variables)
        token = answer.headers.get("vendure-auth-token") or token
        assert "_pz_" not in answer.text
        try:
            step = steps.send(answer.json()["data"])
        except StopIteration as end:
            bought = end.value
            break
    told = shop.log(one)[before:]
    mine = (bought.product,)
    assert told == [
        ("view_item_list", bought.listed),
        ("select_item", mine),
        ("view_item", mine),
        ("add_to_cart", mine),
        ("begin_checkout", mine),
        ("purchase", mine),
    ]


def test_the_language_of_the_page_is_kept(shop: Shop) -> None:
    one = shop.world("reversing")
    listing = {"input": {"take": 5, "groupByProduct": True}}
    answers = {}
    for language in ("en", "de"):
        for _ in range(2):  # cold, then from the window
            answer = shop.bench.run(one.send(SEARCH, listing, params=f"languageCode={language}"))
            shop.bench.run(one.settle())
        answers[language] = [item["productName"] for item in answer.json()["data"]["search"]["items"]]
        assert answer.headers["content-language"] == language
    assert answers["en"] != answers["de"]
