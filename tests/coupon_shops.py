"""Shops whose coupon desk is tested: the demo shop, and a real Vendure that keeps prices with tax or without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette

from personalize.demo.shop.app import create_shop
from personalize.demo.shop.state import DEMO_PASSWORD
from personalize.registry import load
from personalize.settings import Settings
from personalize.shops.vendure.coupons import VendureCoupons
from tests.gateway_world import catalogue, listening
from tests.vendure.server import Vendure

CART = """__typename ... on Order { code state couponCodes totalWithTax shippingWithTax
  lines { quantity unitPriceWithTax proratedLinePriceWithTax productVariant { id } } }"""
ORDER = f"{CART} ... on ErrorResult {{ errorCode message }}"
WORLDS = {"vendure": ("demo", "net", "gross")}
"""Shops for each plug: Vendure's serves the demo shop, and Vendure with both kinds of channel."""


@dataclass
class Shopper:
    """One guest of a shop, by bearer token."""

    url: str
    client: httpx.AsyncClient
    token: str = ""

    async def do(self, field_text: str, fields: str = ORDER) -> Any:
        """The answer of one mutation field."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": f"mutation {{ it: {field_text} {{ {fields} }} }}"}
        answer = await self.client.post(self.url, json=body, headers=headers)
        self.token = answer.headers.get("vendure-auth-token") or self.token
        self.client.cookies.clear()
        found = answer.json()
        assert "errors" not in found, found
        return found["data"]["it"]

    async def add(self, variant: str, pieces: int = 1) -> Any:
        """Put pieces of a variant into the cart."""
        return await self.do(f'addItemToOrder(productVariantId: "{variant}", quantity: {pieces})')

    async def code(self, code: str) -> Any:
        """Enter a code."""
        return await self.do(f'applyCouponCode(couponCode: "{code}")')

    async def drop(self, code: str) -> Any:
        """Take a code out."""
        return await self.do(f'removeCouponCode(couponCode: "{code}")', CART)

    async def checkout(self) -> Any:
        """Everything before the payment."""
        await self.do(
            'setCustomerForOrder(input: {firstName: "A", lastName: "B", '
            f'emailAddress: "guest-{uuid4().hex}@shop.example"}})'
        )
        await self.do('setOrderShippingAddress(input: {streetLine1: "Weg 1", countryCode: "DE"})')
        await self.do('setOrderShippingMethod(shippingMethodId: ["1"])')
        return await self.do('transitionOrderToState(state: "ArrangingPayment")')

    async def pay(self) -> Any:
        """Place the order."""
        return await self.do('addPaymentToOrder(input: {method: "standard-payment", metadata: {}})')


@dataclass
class World:
    """A shop with a desk at it."""

    name: str
    shop_url: str
    admin_url: str
    user: str
    password: str
    currency: str
    client: httpx.AsyncClient
    goods: tuple[str, ...]
    """Variants of which there is enough."""
    vendure: Vendure | None = None
    desks: list[VendureCoupons] = field(default_factory=list)

    def desk(self, **changes: Any) -> Any:
        """A desk with an administrator of everything, or another."""
        given = {"admin_user": self.user, "admin_password": self.password, **changes}
        desk = load("coupons", "vendure").of(Settings(admin_url=self.admin_url, **given))
        self.desks.append(desk)
        return desk

    def shopper(self) -> Shopper:
        """A new guest."""
        return Shopper(self.shop_url, self.client)


def charged(order: Mapping[str, Any]) -> dict[str, int]:
    """What each line costs in the end, by variant."""
    return {line["productVariant"]["id"]: line["proratedLinePriceWithTax"] for line in order["lines"]}


@cache
def demo() -> Starlette:
    """One demo shop for all tests: to make one takes a second."""
    return create_shop(catalogue())


@asynccontextmanager
async def opened(name: str, vendure: Vendure) -> AsyncIterator[World]:
    """A world of that name; `vendure` is one whose settings may be changed."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        if name == "demo":
            goods = tuple(v.id for v in catalogue().variant_by_id.values() if v.online >= 90)[:12]
            base = await stack.enter_async_context(listening(demo()))
            shop, admin = f"{base}/shop-api", f"{base}/admin-api"
            world = World(name, shop, admin, "superadmin", DEMO_PASSWORD, "EUR", client, goods)
        else:
            keep_prices(vendure, gross=name == "gross")
            goods, who = tuple(str(number) for number in range(11, 23)), vendure.superadmin
            shop, admin = vendure.shop_url, vendure.admin_url
            world = World(name, shop, admin, who.username, who.password, "USD", client, goods, vendure)
        try:
            yield world
        finally:
            for desk in world.desks:
                await desk.close()


def keep_prices(vendure: Vendure, *, gross: bool) -> None:
    """Whether the prices that are entered have tax in them."""
    vendure.admin(
        "mutation($gross: Boolean!) { updateChannel(input: {id: 1, pricesIncludeTax: $gross}) { __typename } }",
        {"gross": gross},
    )


@contextmanager
def taxed(vendure: Vendure, rate: float) -> Iterator[None]:
    """The shop's one tax rate is another while the block runs (the sample data: 20)."""
    query = "query { taxRates(options: {take: 100}) { items { id value } } }"
    change = "mutation($id: ID!, $rate: Float!) { updateTaxRate(input: {id: $id, value: $rate}) { value } }"
    rates = [(one["id"], one["value"]) for one in vendure.admin(query)["taxRates"]["items"]]
    for identity, value in rates:
        if value == 20:
            vendure.admin(change, {"id": identity, "rate": rate})
    try:
        yield
    finally:
        for identity, value in rates:
            if value == 20:
                vendure.admin(change, {"id": identity, "rate": value})


def set_prices(vendure: Vendure, prices: Mapping[str, int]) -> None:
    """Enter other prices, and enough stock."""
    vendure.admin(
        "mutation($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }",
        {"input": [{"id": i, "price": p, "trackInventory": "FALSE"} for i, p in prices.items()]},
    )
