"""The demo's offer: ten percent for customers on every eighth product, and what two visitors see and pay of it."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

import httpx

from personalize.demo.catalogue import Catalogue
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Audience, AudienceKind, Bounds, Budget, Offer, Percent, Selection
from personalize.domain.offers.prices import Prices
from personalize.domain.store import Store
from personalize.domain.strategy import Mode, Strategy
from personalize.settings import DEFAULT_STRATEGIES

CURRENCY = "EUR"
NAME = "thank-you"
PRICES = Prices(disclosed=True)  # the storefront shows what has to be told
STRATEGIES = (*DEFAULT_STRATEGIES, Strategy("channel", Mode.ON), Strategy("offer", Mode.ON))
EVERY = 8
SECONDS = 30.0
"""So long the scene waits for the first codes, and for a code to be in the cart."""

LIST = """{ search(input: { collectionSlug: "women", groupByProduct: true, take: 48 }) { items { productName
  personalization { offer { variantId code price { amount currency } listPrice { amount } disclosure } } } } }"""
ADD = """mutation ($variant: ID!) { addItemToOrder(productVariantId: $variant, quantity: 1) { __typename } }"""
CART = "{ activeOrder { couponCodes lines { proratedUnitPriceWithTax } } }"


def offers(catalogue: Catalogue) -> tuple[Offer, ...]:
    """For whoever bought here before; the budget is for the demo's own promises."""
    some = frozenset(product.id for product in catalogue.products[::EVERY])
    return (
        Offer(
            NAME, CURRENCY, Percent(Decimal(10)), Selection(products=some),
            audience=Audience(AudienceKind.GROUP, orders=(1, None)),
            budget=Budget(total=Money.of("20000", CURRENCY)), bounds=Bounds(floor=Money.of("5", CURRENCY)), pieces=2,
        ),
    )  # fmt: skip


async def drop_old_codes(store: Store) -> None:
    """Codes of an earlier demo are not known to this one's shop. Raises StoreError."""
    while store.offers is not None and await store.offers.unpool(NAME, None, time.time()):
        pass


async def told_of_offers(client: httpx.AsyncClient, url: str, customer: str) -> str:
    """What a customer (by signed id) is shown and then charged in the cart. Raises httpx.HTTPError."""
    known = {"X-Personalize-Consent": "personalization", "X-Personalize-Visitor": customer, "Accept-Language": "en"}

    async def ask(query: str, **variables: Any) -> dict[str, Any]:
        answer = await client.post(url, json={"query": query, "variables": variables}, headers=known)
        if token := answer.headers.get("vendure-auth-token"):
            known["Authorization"] = f"Bearer {token}"
        found: dict[str, Any] = answer.json()["data"]
        return found

    def offered(told: dict[str, Any]) -> dict[str, Any] | None:
        return next((row for row in told["search"]["items"] if row["personalization"]["offer"]), None)

    row = None
    cart: dict[str, Any] = {"couponCodes": []}
    try:
        async with asyncio.timeout(SECONDS):
            row = offered(await ask(LIST))
            while row is None:
                await asyncio.sleep(0.2)  # codes are still being made
                row = offered(await ask(LIST))
            offer = row["personalization"]["offer"]
            await ask(ADD, variant=offer["variantId"])
            while not cart["couponCodes"]:
                cart = (await ask(CART))["activeOrder"]
    except TimeoutError:
        return "no offer in time" if row is None else "the list price: the code did not come into the cart in time"
    currency = offer["price"]["currency"]
    charged = Money(cart["lines"][0]["proratedUnitPriceWithTax"], currency)
    shown = f"{offer['price']['amount']} instead of {offer['listPrice']['amount']} {currency}"
    return f"{row['productName']}: {shown}, with code {offer['code']}; in the cart it costs {charged}"
