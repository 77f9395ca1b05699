"""Shoppers who are shown personal prices, fill carts and pay: the same for the demo shop and Vendure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx

from personalize.app import Gateway
from personalize.demo.shop.state import DEMO_PASSWORD
from personalize.domain.offers.offer import AmountOff, Offer, Percent, Selection
from personalize.domain.offers.prices import Prices
from personalize.domain.strategy import Mode, Strategy
from personalize.settings import Settings
from tests.gateway_world import catalogue, listening
from tests.vendure import purchase

OFFER = """offer { variantId price { minorUnits currency amount } listPrice { minorUnits } saving { minorUnits }
  code automatic pieces validUntil disclosure reason { code text } lowestPrice30d { amount } }"""
LIST = f"""query List($input: SearchInput!) {{ search(input: $input) {{ items {{
  productId productVariantId productName currencyCode
  priceWithTax {{ ... on PriceRange {{ min max }} ... on SinglePrice {{ value }} }}
  personalization {{ itemId {OFFER} }} }} }} }}"""
DETAIL = f"""query Detail($id: ID!) {{ product(id: $id) {{ id personalization {{ {OFFER} }}
  variants {{ id priceWithTax personalization {{ {OFFER} }} }} }} }}"""
CART = """{ activeOrder { code couponCodes lines { quantity productVariant { id } unitPriceWithTax
  proratedUnitPriceWithTax proratedLinePriceWithTax } } }"""
PLACED = """... on Order { code state couponCodes totalWithTax shippingWithTax
  lines { quantity productVariant { id } unitPriceWithTax linePriceWithTax
  proratedUnitPriceWithTax proratedLinePriceWithTax } }"""
_ADDRESSED = """who: setCustomerForOrder(input: $who) { __typename ... on ErrorResult { message } }
  where: setOrderShippingAddress(input: $where) { __typename ... on ErrorResult { message } }"""
WHO = f"mutation Who($who: CreateCustomerInput!, $where: CreateAddressInput!) {{ {_ADDRESSED} }}"
CHECKOUT = f"""mutation Checkout($who: CreateCustomerInput!, $where: CreateAddressInput!, $ids: [ID!]!) {{
  {_ADDRESSED} how: setOrderShippingMethod(shippingMethodId: $ids) {{ __typename ... on ErrorResult {{ message }} }}
  now: transitionOrderToState(state: "ArrangingPayment") {{ __typename
    ... on OrderStateTransitionError {{ transitionError }} }} }}"""
PAY = f"""mutation Pay($input: PaymentInput!) {{ addPaymentToOrder(input: $input) {{ __typename {PLACED}
  ... on ErrorResult {{ message }} }} }}"""
SECRET = "a-secret-for-tests-of-offers"


@dataclass
class Shopper:
    """A browser of one visitor: what it was handed (visitor id, session) it sends back."""

    client: httpx.AsyncClient
    consent: str | None = "personalization"
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": "storefront"})

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation, which must not fail."""
        headers = dict(self.headers)
        if self.consent:
            headers["X-Personalize-Consent"] = self.consent
        response = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        told = response.json()
        assert response.status_code == 200, response.text
        assert "errors" not in told, told
        if visitor := response.headers.get("X-Personalize-Visitor"):
            self.headers["X-Personalize-Visitor"] = visitor
        if token := response.headers.get("vendure-auth-token"):
            self.headers["Authorization"] = f"Bearer {token}"
        return told["data"]

    async def listed(self, term: str = "", take: int = 24, skip: int = 0, group: bool = True) -> list[dict[str, Any]]:
        """One page of a search."""
        wanted = {"term": term, "take": take, "skip": skip, "groupByProduct": group}
        return (await self.ask(LIST, input=wanted))["search"]["items"]

    async def offered(self, **wanted: Any) -> list[dict[str, Any]]:
        """The rows of a page that carry an offer."""
        return [row for row in await self.listed(**wanted) if row["personalization"]["offer"]]

    async def add(self, variant: str, quantity: int = 1) -> dict[str, Any]:
        """Put a variant into the cart."""
        return (await self.ask(purchase.ADD, variant=variant, quantity=quantity))["addItemToOrder"]

    async def cart(self) -> dict[str, Any]:
        """The cart as the shop has it."""
        return (await self.ask(CART))["activeOrder"]

    async def cart_with(self, codes: int) -> dict[str, Any]:
        """The cart once it holds that many codes."""
        async with asyncio.timeout(60):
            while len((cart := await self.cart())["couponCodes"]) != codes:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        return cart

    async def pay(self) -> dict[str, Any]:
        """Go through the checkout; the placed order."""
        where = {"fullName": "Ada", "streetLine1": "Street 1", "city": "Hamburg", "postalCode": "20095"}
        who = {"firstName": "Ada", "lastName": "Test", "emailAddress": f"ada-{uuid4().hex[:12]}@example.org"}
        ways = await self.ask("{ eligibleShippingMethods { id } eligiblePaymentMethods { code } }")
        shipping = ways["eligibleShippingMethods"]
        if not shipping:  # they want to know where to
            await self.ask(WHO, who=who, where={**where, "countryCode": "DE"})
            shipping = (await self.ask("{ eligibleShippingMethods { id } }"))["eligibleShippingMethods"]
        told = await self.ask(CHECKOUT, who=who, where={**where, "countryCode": "DE"}, ids=[shipping[0]["id"]])
        assert {one["__typename"] for one in told.values()} == {"Order"}, told
        payment = {"method": ways["eligiblePaymentMethods"][0]["code"], "metadata": {}}
        paid = (await self.ask(PAY, input=payment))["addPaymentToOrder"]
        assert paid["__typename"] == "Order", paid
        return paid


def unit_price(row: dict[str, Any]) -> int:
    """The price that a row shows, in minor units."""
    price = row["priceWithTax"]
    return price["value"] if "value" in price else price["min"]


FIRST = frozenset(product.id for product in catalogue().products[:60])
"""The products that the demo shop's list of everything begins with."""


def offer(name: str = "welcome", percent: str = "10", **changes: Any) -> Offer:
    """Some percent off the first products, for everybody who may have offers."""
    given: dict[str, Any] = {"currency": "EUR", "selection": Selection(products=FIRST)}
    return Offer(name, benefit=changes.pop("benefit", Percent(Decimal(percent))), **(given | changes))


def offer_settings(shop: str, *offers: Offer, **changes: Any) -> Settings:
    """Settings of a gateway that makes offers at a shop with Vendure's API."""
    given: dict[str, Any] = {
        "shop_url": f"{shop}/shop-api", "admin_url": f"{shop}/admin-api", "admin_user": "superadmin",
        "admin_password": DEMO_PASSWORD, "store_url": "memory://", "secret": (SECRET,), "offers": offers,
        "prices": Prices(disclosed=True), "holdout": 0.0,
        "strategies": (Strategy("popularity", Mode.ON), Strategy("offer", Mode.ON)),
    }  # fmt: skip
    return Settings(**(given | changes))


@asynccontextmanager
async def offering(settings: Settings, ready: int = 1, **changes: Any) -> AsyncIterator[tuple[Gateway, str]]:
    """A gateway that has codes for `ready` offers, and its address."""
    gateway = Gateway(settings, **changes)
    gateway.audit.share = 0.0
    async with gateway.running(), listening(gateway.storefront()) as front:
        assert await gateway.knowledge.wait(60)
        assert gateway.book is not None
        async with asyncio.timeout(60):
            while len(gateway.book.running()) < ready:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        yield gateway, front


__all__ = ["AmountOff", "Selection", "Shopper", "offer", "offer_settings", "offering", "unit_price"]
