"""One contract for every shop that the Vendure map fits: the demo shop and a real Vendure, through the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from itertools import groupby
from typing import Any
from uuid import uuid4

import httpx
import pytest

from personalize.domain.event import Event
from personalize.events.log import parse
from personalize.shops.fit import fit
from tests.gateway_world import World, demo_shop, listening, world
from tests.vendure.purchase import purchase_async

SEARCH = "query S($i: SearchInput!) { search(input: $i) { totalItems items { productId productName } } }"
PRODUCTS = "query P($o: ProductListOptions) { products(options: $o) { totalItems items { id name } } }"
VARIANTS = """query V($s: String, $o: ProductVariantListOptions) { collection(slug: $s) { name
  productVariants(options: $o) { totalItems items { id product { id } } } } }"""
COLLECTIONS = "{ collections { items { slug productVariants { totalItems } } } }"
LOOK = "query L($id: ID!) { product(id: $id) { id variants { id priceWithTax currencyCode } } }"
ADD = """mutation A($v: ID!, $q: Int!) { addItemToOrder(productVariantId: $v, quantity: $q) {
  __typename ... on Order { id code lines { id quantity } } ... on ErrorResult { errorCode message } } }"""
ADJUST = """mutation J($l: ID!, $q: Int!) { adjustOrderLine(orderLineId: $l, quantity: $q) {
  __typename ... on ErrorResult { errorCode } } }"""
REMOVE = """mutation R($l: ID!) { removeOrderLine(orderLineId: $l) { __typename ... on ErrorResult { errorCode } } }"""
REGISTER = "mutation R($i: RegisterCustomerInput!) { registerCustomerAccount(input: $i) { __typename } }"
LOGIN = "mutation L($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
LOGOUT = "mutation { logout { success } }"
GROUPED = {"groupByProduct": True}
NONE = {"x-personalize-consent": "none"}


class Shop:
    """A running shop, and the gateway in front of it. A visitor's headers go on with what answers hand out."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.url = world, url

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, headers: dict[str, str] | None = None,
                  **more: Any) -> Any:  # fmt: skip
        """`data` of an operation through the gateway."""
        sent = NONE if headers is None else headers
        response = await self.world.send(query, variables, headers=sent, **more)
        answer = response.json()
        assert "errors" not in answer, answer
        assert "_pz_" not in response.text
        if headers is not None:
            if value := response.headers.get("x-personalize-visitor"):
                headers["x-personalize-visitor"] = value
            if (token := response.headers.get("vendure-auth-token")) is not None:
                headers.pop("authorization", None)
                headers.update({"authorization": f"Bearer {token}"} if token else {})
        return answer["data"]

    async def direct(self, query: str, variables: Mapping[str, Any] | None = None, params: str = "") -> Any:
        """The shop's own answer as JSON."""
        async with httpx.AsyncClient(timeout=30) as client:
            url = f"{self.url}?{params}" if params else self.url
            return (await client.post(url, json={"query": query, "variables": variables or {}})).json()

    async def events(self) -> list[Event]:
        """The log so far, in the order it was written."""
        await self.world.gateway.outbox.flush()
        return [parse(row.line) async for row in self.world.gateway.store.events()]


@pytest.fixture(params=["demo", pytest.param("vendure", marks=pytest.mark.vendure)])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    if request.param == "vendure":
        url = request.getfixturevalue("vendure").shop_url
        async with world(shop_url=url, sockets=True) as running:
            yield Shop(running, url)
        return
    async with listening(demo_shop()) as base, world(shop_url=f"{base}/shop-api", sockets=True) as running:
        yield Shop(running, f"{base}/shop-api")


@pytest.fixture
def consented() -> dict[str, str]:
    return {"x-personalize-consent": "personalization", "user-agent": "a storefront"}


async def pages(shop: Shop, query: str, size: int, read: Any, variables: Any, headers: dict[str, str] | None = None
                ) -> list[Any]:  # fmt: skip
    """All rows of a list, page after page; a window that is being filled is waited for after the first."""
    rows: list[Any] = []
    while True:
        page = read(await shop.ask(query, variables(len(rows), size), headers))
        await shop.world.settle()
        rows += page
        if len(page) < size:
            return rows


async def test_the_map_fits(shop):
    planner = shop.world.gateway.knowledge.planner
    assert planner is not None
    fitted, findings = fit(shop.world.gateway.shop, planner.schema)
    assert [finding for finding in findings if not finding.found] == []
    assert len(fitted.listings) == 3


@pytest.mark.parametrize("who", ["guest", "visitor", "stranger"])
async def test_search_read_in_pages_is_a_permutation(shop, consented, who):
    """Shared windows for guests and visitors; a session nobody saw being opened has windows of its own."""
    whole = (await shop.direct(SEARCH, {"i": {**GROUPED, "take": 120, "skip": 0}}))["data"]["search"]
    headers = {"guest": dict(NONE), "visitor": consented, "stranger": {**NONE, "authorization": "Bearer " + "0" * 64}}
    theirs, ours = whole["items"], []
    while len(ours) < len(theirs):
        i = {**GROUPED, "take": min(17, len(theirs) - len(ours)), "skip": len(ours)}
        # The stranger's shop says that the token is stale; this client goes on sending it.
        data = await shop.ask(SEARCH, {"i": i}, dict(headers[who]) if who == "stranger" else headers[who])
        assert data["search"]["totalItems"] == whole["totalItems"]
        ours += data["search"]["items"]
        await shop.world.settle()
    ids = [item["productId"] for item in ours]
    assert len(set(ids)) == len(ids)
    assert ours != theirs
    if whole["totalItems"] <= 120:
        assert sorted(ours, key=str) == sorted(theirs, key=str)


async def test_products_read_in_pages_are_a_permutation(shop):
    direct = await shop.direct(PRODUCTS, {"o": {"take": 100}})
    theirs = [item["id"] for item in direct["data"]["products"]["items"]]
    ours = await pages(
        shop, PRODUCTS, 40, lambda data: [item["id"] for item in data["products"]["items"]],
        lambda skip, take: {"o": {"skip": skip, "take": take}},
    )  # fmt: skip
    assert len(set(ours)) == len(ours) == direct["data"]["products"]["totalItems"]
    assert set(theirs) <= set(ours)
    assert ours[:100] != theirs


async def test_variants_of_a_product_stay_together(shop):
    found = (await shop.ask(COLLECTIONS))["collections"]["items"]
    fitting = [one for one in found if 30 <= one["productVariants"]["totalItems"] <= 190]
    slug = max(fitting, key=lambda one: one["productVariants"]["totalItems"])["slug"]
    direct = (await shop.direct(VARIANTS, {"s": slug, "o": {"take": 100}}))["data"]["collection"]["productVariants"]
    rows = await pages(
        shop, VARIANTS, 12, lambda data: data["collection"]["productVariants"]["items"],
        lambda skip, take: {"s": slug, "o": {"skip": skip, "take": take}},
    )  # fmt: skip
    assert len({row["id"] for row in rows}) == len(rows) == direct["totalItems"]
    mine = [name for name, _ in groupby(row["product"]["id"] for row in rows)]
    shops = [name for name, _ in groupby(row["product"]["id"] for row in direct["items"])]
    if len(shops) == len(set(shops)):
        assert len(mine) == len(set(mine))
    assert mine[: len(shops)] != shops


async def test_an_explicit_sort_is_the_shoppers(shop):
    for sort in ({"name": "DESC"}, {"price": "ASC"}):
        wanted = {"i": {**GROUPED, "take": 20, "sort": sort}}
        for _ in range(2):
            assert await shop.ask(SEARCH, wanted) == (await shop.direct(SEARCH, wanted))["data"]
            await shop.world.settle()


async def test_the_shops_own_page_size_and_limit_hold(shop):
    plain = await shop.ask(SEARCH, {"i": GROUPED})
    assert len(plain["search"]["items"]) == 25
    over = {"o": {"take": 101}}
    refused = await shop.world.send(PRODUCTS, over, headers=NONE)
    assert refused.json() == await shop.direct(PRODUCTS, over)


async def test_the_query_string_chooses_the_language(shop):
    texts = {}
    for language in ("en", "de"):
        for _ in range(2):
            response = await shop.world.send(
                SEARCH, {"i": {**GROUPED, "take": 20}}, headers=NONE, params=f"languageCode={language}"
            )
            await shop.world.settle()
            assert response.headers["content-language"] == language
        texts[language] = {item["productName"] for item in response.json()["data"]["search"]["items"]}
    assert texts["en"].isdisjoint(texts["de"])


async def test_a_guest_with_a_cart_shares_and_a_customer_does_not(shop):
    guest = dict(NONE)
    first = (await shop.ask(SEARCH, {"i": {**GROUPED, "take": 5}}))["search"]["items"][0]["productId"]
    variant = (await shop.ask(LOOK, {"id": first}))["product"]["variants"][0]["id"]
    added = await shop.ask(ADD, {"v": variant, "q": 1}, guest)
    assert added["addItemToOrder"]["__typename"] == "Order"
    assert "authorization" in guest
    gateway = shop.world.gateway

    def standing() -> str:
        token = guest["authorization"].removeprefix("Bearer ")
        return gateway.reception.sessions.standing(gateway.reception.who.session(token)).value

    assert standing() == "guest"
    before = guest["authorization"]
    account = {"emailAddress": f"{uuid4().hex}@shop.example", "password": "a long password", "firstName": "T"}
    await shop.ask(REGISTER, {"i": account}, dict(NONE))
    entered = await shop.ask(LOGIN, {"u": account["emailAddress"], "p": account["password"]}, guest)
    assert entered["login"]["__typename"] == "CurrentUser"
    assert guest["authorization"] != before
    assert standing() == "signed_in"
    await shop.ask(LOGOUT, headers=guest)
    assert "authorization" not in guest


async def test_a_cart_tells_its_events_and_a_refusal_none(shop, consented):
    listed = (await shop.ask(SEARCH, {"i": {**GROUPED, "take": 5}}, consented))["search"]["items"]
    chosen = listed[2]["productId"]
    product = (await shop.ask(LOOK, {"id": chosen}, consented))["product"]
    variant = product["variants"][0]
    for quantity in (-1, 100_000):
        refused = await shop.ask(ADD, {"v": variant["id"], "q": quantity}, consented)
        assert "errorCode" in refused["addItemToOrder"], refused
    # A shop may have put in what it had and refused the rest.
    await shop.ask("mutation { removeAllOrderLines { __typename } }", headers=consented)
    order = (await shop.ask(ADD, {"v": variant["id"], "q": 2}, consented))["addItemToOrder"]
    line = order["lines"][0]["id"]
    await shop.ask(ADJUST, {"l": line, "q": 3}, consented)
    await shop.ask(REMOVE, {"l": line}, consented)
    told = [event for event in await shop.events() if event.visitor is not None]
    names = [event.event for event in told]
    assert names == ["view_item_list", "select_item", "view_item", "add_to_cart", "add_to_cart", "remove_from_cart"]
    listing, click, view, first, second, last = told
    assert [item.item_id for item in listing.items] == [item["productId"] for item in listed]
    assert click.list_event_id == listing.event_id
    assert (click.items[0].item_id, click.items[0].index) == (chosen, 2)
    assert view.items[0].item_id == chosen
    assert [event.items[0].quantity for event in (first, second, last)] == [2, 1, 3]
    assert first.items[0].price == variant["priceWithTax"] / 100
    assert first.items[0].currency == variant["currencyCode"]
    assert len({event.visitor for event in told}) == len({event.session for event in told}) == 1


@pytest.mark.parametrize("bearer", [True, False])
async def test_a_whole_purchase(shop, bearer):
    headers = {"x-personalize-consent": "session"}
    async with shop.world.client(timeout=30) as client:
        bought = await purchase_async(
            client, "http://gateway.test/graphql", headers=headers, bearer=bearer, position=1, quantity=2
        )
    purchases = [event for event in await shop.events() if event.event == "purchase"]
    assert [event.transaction_id for event in purchases] == [bought.code]
    assert [(item.item_id, item.quantity) for item in purchases[0].items] == [(bought.product, 2)]
    checkouts = [event for event in await shop.events() if event.event == "begin_checkout"]
    assert len(checkouts) == 1


@pytest.mark.parametrize(
    "header",
    [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ],
)
async def test_what_nobody_looked_at_leaves_no_event(shop, consented, header):
    consented[header[0]] = header[1]
    items = (await shop.ask(SEARCH, {"i": {**GROUPED, "take": 5}}, consented))["search"]["items"]
    await shop.ask(LOOK, {"id": items[0]["productId"]}, consented)
    assert await shop.events() == []
