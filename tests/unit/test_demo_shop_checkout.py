"""The demo shop's cart, checkout, coupons, accounts and sessions: Vendure's rules, errors and tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop
from personalize.demo.shop.state import DEMO_ACCOUNTS, DEMO_PASSWORD

CATALOGUE = generate()
VARIANT = next(v for v in CATALOGUE.variant_by_id.values() if 10 <= v.online <= 60)
OTHER = next(v for v in CATALOGUE.variant_by_id.values() if v.online > 60 and v.product_id != VARIANT.product_id)
TOKEN = "vendure-auth-token"
ORDER = """__typename ... on Order { id code state active totalQuantity subTotal subTotalWithTax shipping
  shippingWithTax total totalWithTax couponCodes discounts { amount amountWithTax } customer { emailAddress }
  lines { id quantity unitPrice unitPriceWithTax linePriceWithTax discountedLinePriceWithTax lineTax
    productVariant { id } discounts { amountWithTax } }
  payments { state amount } taxSummary { taxRate taxBase taxTotal } orderPlacedAt }
  ... on ErrorResult { errorCode message }"""


class Shopper:
    """A client that keeps its bearer token as a storefront does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.token = ""
        self.tokens: list[str] = []

    async def send(self, query: str, **variables: object) -> Any:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self.http.post("/shop-api", json={"query": query, "variables": variables}, headers=headers)
        assert answer.status_code == 200, answer.text
        if TOKEN in answer.headers:
            self.token = answer.headers[TOKEN]
            self.tokens.append(self.token)
        self.http.cookies.clear()
        return answer.json()

    async def do(self, mutation: str, fields: str = ORDER) -> Any:
        body = await self.send(f"mutation {{ it: {mutation} {{ {fields} }} }}")
        assert "errors" not in body, body
        return body["data"]["it"]

    async def add(self, variant_id: str = VARIANT.id, quantity: int = 1) -> Any:
        return await self.do(f'addItemToOrder(productVariantId: "{variant_id}", quantity: {quantity})')


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_shop(CATALOGUE))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


@pytest.fixture
def guest(shop: httpx.AsyncClient) -> Shopper:
    return Shopper(shop)


async def test_a_guest_buys_something(guest: Shopper) -> None:
    assert (await guest.send("{ activeOrder { id } }"))["data"] == {"activeOrder": None}
    cart = await guest.add(quantity=2)
    assert cart["state"] == "AddingItems"
    assert cart["subTotalWithTax"] == 2 * VARIANT.price_with_tax
    address = 'input: {fullName: "A B", streetLine1: "Weg 1", city: "Kiel", postalCode: "24103", countryCode: "DE"}'
    assert (await guest.do(f"setOrderShippingAddress({address})"))["__typename"] == "Order"
    assert (await guest.do(f"setOrderBillingAddress({address})"))["__typename"] == "Order"
    customer = 'input: {firstName: "A", lastName: "B", emailAddress: "a@b.example"}'
    assert (await guest.do(f"setCustomerForOrder({customer})"))["customer"]["emailAddress"] == "a@b.example"
    quotes = await guest.send(
        "{ eligibleShippingMethods { id code priceWithTax } eligiblePaymentMethods { code isEligible } }"
    )
    express = next(q for q in quotes["data"]["eligibleShippingMethods"] if q["code"] == "express-shipping")
    order = await guest.do(f'setOrderShippingMethod(shippingMethodId: ["{express["id"]}"])')
    assert order["shippingWithTax"] == express["priceWithTax"] == 990
    assert order["totalWithTax"] == order["subTotalWithTax"] + 990
    tax = order["taxSummary"][0]
    assert tax["taxBase"] + tax["taxTotal"] == order["totalWithTax"]
    assert tax["taxBase"] == order["total"]
    assert (await guest.do('transitionOrderToState(state: "ArrangingPayment")'))["state"] == "ArrangingPayment"
    assert (await guest.add())["errorCode"] == "ORDER_MODIFICATION_ERROR"
    paid = await guest.do('addPaymentToOrder(input: {method: "standard-payment", metadata: {}})')
    assert (paid["state"], paid["active"]) == ("PaymentSettled", False)
    assert paid["payments"] == [{"state": "Settled", "amount": order["totalWithTax"]}]
    after = await guest.send(
        '{{ activeOrder {{ id }} orderByCode(code: "{}") {{ code orderPlacedAt }} }}'.format(paid["code"])
    )
    assert after["data"]["activeOrder"] is None
    assert after["data"]["orderByCode"]["orderPlacedAt"]
    assert len(guest.tokens) == 1, "one guest token, given once"


async def test_stock_is_sold_once(guest: Shopper, shop: httpx.AsyncClient) -> None:
    fields = "__typename ... on InsufficientStockError { errorCode message quantityAvailable order { totalQuantity } }"
    greedy = await guest.do(f'addItemToOrder(productVariantId: "{VARIANT.id}", quantity: 900)', fields)
    assert greedy == {
        "__typename": "InsufficientStockError",
        "errorCode": "INSUFFICIENT_STOCK_ERROR",
        "message": f"Only {VARIANT.online} items were added to the order due to insufficient stock",
        "quantityAvailable": VARIANT.online,
        "order": {"totalQuantity": VARIANT.online},
    }
    await buy(guest)
    second = Shopper(shop)
    assert (await second.add())["message"] == "No items were added to the order due to insufficient stock"
    level = await second.send(f'{{ product(id: "{VARIANT.product_id}") {{ variants {{ id stockLevel }} }} }}')
    levels = {row["id"]: row["stockLevel"] for row in level["data"]["product"]["variants"]}
    assert levels[VARIANT.id] == "OUT_OF_STOCK"


async def buy(shopper: Shopper, email: str = "a@b.example") -> Any:
    await shopper.do(f'setCustomerForOrder(input: {{firstName: "A", lastName: "B", emailAddress: "{email}"}})')
    await shopper.do('setOrderShippingMethod(shippingMethodId: ["1"])')
    assert (await shopper.do('transitionOrderToState(state: "ArrangingPayment")'))["state"] == "ArrangingPayment"
    return await shopper.do('addPaymentToOrder(input: {method: "standard-payment", metadata: {}})')


async def test_quantities(guest: Shopper) -> None:
    assert (await guest.add(quantity=-1))["errorCode"] == "NEGATIVE_QUANTITY_ERROR"
    too_many = await guest.do(
        f'addItemToOrder(productVariantId: "{OTHER.id}", quantity: 1000)',
        "... on OrderLimitError { errorCode maxItems }",
    )
    assert too_many == {"errorCode": "ORDER_LIMIT_ERROR", "maxItems": 999}
    line = (await guest.add())["lines"][0]["id"]
    assert [row["quantity"] for row in (await guest.add())["lines"]] == [2], "the same variant is one line"
    assert (await guest.add(quantity=0))["totalQuantity"] == 2
    assert (await guest.do(f'adjustOrderLine(orderLineId: "{line}", quantity: 5)'))["totalQuantity"] == 5
    assert (await guest.do(f'adjustOrderLine(orderLineId: "{line}", quantity: 0)'))["lines"] == []
    await guest.add(OTHER.id)
    line = (await guest.add())["lines"][1]["id"]
    assert len((await guest.do(f'removeOrderLine(orderLineId: "{line}")'))["lines"]) == 1
    assert (await guest.do("removeAllOrderLines"))["lines"] == []


async def test_several_at_once(guest: Shopper) -> None:
    inputs = ", ".join(
        f'{{productVariantId: "{identity}", quantity: {quantity}}}'
        for identity, quantity in ((VARIANT.id, 2), (OTHER.id, -1), (OTHER.id, 1))
    )
    fields = "order { totalQuantity } errorResults { __typename ... on ErrorResult { errorCode } }"
    assert await guest.do(f"addItemsToOrder(inputs: [{inputs}])", fields) == {
        "order": {"totalQuantity": 3},
        "errorResults": [{"__typename": "NegativeQuantityError", "errorCode": "NEGATIVE_QUANTITY_ERROR"}],
    }


NO_LINE = "This order does not contain an OrderLine with the id 0"
ADDRESS = 'setOrderShippingAddress(input: {streetLine1: "x", countryCode: "ZZ"})'


@pytest.mark.parametrize(
    ("mutation", "message", "code"),
    [
        (
            'addItemToOrder(productVariantId: "0", quantity: 1)',
            'No ProductVariant with the id "0" could be found',
            "ENTITY_NOT_FOUND",
        ),
        ('adjustOrderLine(orderLineId: "0", quantity: 1)', NO_LINE, "USER_INPUT_ERROR"),
        ('removeOrderLine(orderLineId: "0")', NO_LINE, "USER_INPUT_ERROR"),
        (ADDRESS, 'The countryCode "ZZ" was not recognized', "USER_INPUT_ERROR"),
    ],
)
async def test_what_is_unknown_is_a_field_error(guest: Shopper, mutation: str, message: str, code: str) -> None:
    body = await guest.send(f"mutation {{ {mutation} {{ __typename }} }}")
    assert body["data"] is None
    assert body["errors"][0]["message"] == message
    assert body["errors"][0]["extensions"]["code"] == code
    assert guest.token, "even a failing cart mutation opens a session"


async def test_refusals_on_the_way_to_payment(guest: Shopper) -> None:
    assert (await guest.do('setOrderShippingMethod(shippingMethodId: ["1"])'))["errorCode"] == "NO_ACTIVE_ORDER_ERROR"
    transition = "... on OrderStateTransitionError { fromState toState transitionError message }"

    async def arrange() -> str:
        refused = await guest.do('transitionOrderToState(state: "ArrangingPayment")', transition)
        assert refused["message"] == 'Cannot transition Order from "AddingItems" to "ArrangingPayment"'
        return str(refused["transitionError"])

    start = 'Cannot transition Order to the "ArrangingPayment" state '
    assert await arrange() == start + "when it is empty"
    await guest.add()
    assert await arrange() == start + "without Customer details"
    await guest.do('setCustomerForOrder(input: {firstName: "A", lastName: "B", emailAddress: "a@b.example"})')
    assert await arrange() == start + "without a ShippingMethod"
    nowhere = await guest.do('transitionOrderToState(state: "Nowhere")', transition)
    assert nowhere["transitionError"] == nowhere["message"] == 'Cannot transition Order from "AddingItems" to "Nowhere"'
    early = await guest.do('addPaymentToOrder(input: {method: "standard-payment", metadata: {}})')
    assert early["errorCode"] == "ORDER_PAYMENT_STATE_ERROR"
    wrong = await guest.do('setOrderShippingMethod(shippingMethodId: ["9"])')
    assert wrong["errorCode"] == "INELIGIBLE_SHIPPING_METHOD_ERROR"
    await guest.do('setOrderShippingMethod(shippingMethodId: ["3"])')
    await guest.do('transitionOrderToState(state: "ArrangingPayment")')
    pay = 'addPaymentToOrder(input: {method: "standard-payment", metadata: {%s: true}})'
    assert (await guest.do(pay % "shouldDecline"))["errorCode"] == "PAYMENT_DECLINED_ERROR"
    assert (await guest.do(pay % "shouldError"))["errorCode"] == "PAYMENT_FAILED_ERROR"
    assert (await guest.send("{ nextOrderStates }"))["data"]["nextOrderStates"][2] == "AddingItems"
    assert (await guest.do('transitionOrderToState(state: "AddingItems")'))["state"] == "AddingItems"


async def test_coupons(guest: Shopper, shop: httpx.AsyncClient) -> None:
    cart = await guest.add(quantity=3)
    before = cart["totalWithTax"]
    coupon = 'applyCouponCode(couponCode: "%s")'
    assert (await guest.do(coupon % "NOPE"))["message"] == 'Coupon code "NOPE" is not valid'
    assert (await guest.do(coupon % "SOMMER2025"))["errorCode"] == "COUPON_CODE_EXPIRED_ERROR"
    reduced = await guest.do(coupon % "WILLKOMMEN10")
    off = round(before * 0.10)
    assert reduced["totalWithTax"] == before - off
    assert reduced["discounts"][0]["amountWithTax"] == -off
    assert reduced["couponCodes"] == ["WILLKOMMEN10"]
    assert (await guest.do(coupon % "WILLKOMMEN10"))["totalWithTax"] == before - off, "twice is once"
    body = await guest.send('mutation { removeCouponCode(couponCode: "WILLKOMMEN10") { totalWithTax } }')
    assert body["data"]["removeCouponCode"]["totalWithTax"] == before
    await guest.do(coupon % "EINMAL25")
    await buy(guest)
    again = Shopper(shop)
    await again.add(OTHER.id)
    await again.do('setCustomerForOrder(input: {firstName: "A", lastName: "B", emailAddress: "A@b.example"})')
    limited = await again.do(coupon % "EINMAL25", "... on CouponCodeLimitError { errorCode limit couponCode message }")
    assert limited["errorCode"] == "COUPON_CODE_LIMIT_ERROR"
    assert limited["limit"] == 1


async def test_a_login_changes_the_token_and_keeps_the_cart(guest: Shopper, shop: httpx.AsyncClient) -> None:
    email = DEMO_ACCOUNTS[0][0]
    user = "__typename ... on CurrentUser { identifier } ... on ErrorResult { errorCode message }"
    await guest.add()
    before = guest.token
    assert (await guest.do(f'login(username: "{email}", password: "no")', user))[
        "errorCode"
    ] == "INVALID_CREDENTIALS_ERROR"
    assert guest.token == before
    assert (await guest.do(f'login(username: "{email}", password: "{DEMO_PASSWORD}")', user))["identifier"] == email
    assert guest.token != before
    data = (
        await guest.send(
            "{ me { identifier } activeCustomer { emailAddress orders { totalItems } } activeOrder { totalQuantity } }"
        )
    )["data"]
    assert data["me"]["identifier"] == data["activeCustomer"]["emailAddress"] == email
    assert data["activeOrder"]["totalQuantity"] == 1
    signed_in = await guest.do(
        'setCustomerForOrder(input: {firstName: "A", lastName: "B", emailAddress: "x@y.example"})'
    )
    assert signed_in["errorCode"] == "ALREADY_LOGGED_IN_ERROR"
    live = guest.token
    assert await guest.do("logout", "success") == {"success": True}
    assert guest.token == "", "an empty header says: forget it"
    for dead in (before, live):
        stale = Shopper(shop)
        stale.token = dead
        assert (await stale.send("{ activeCustomer { id } activeOrder { id } }"))["data"] == {
            "activeCustomer": None,
            "activeOrder": None,
        }
        assert stale.token not in (dead, "")
    assert await Shopper(shop).do("logout", "success") == {"success": False}


async def test_other_ways_to_sign_in(guest: Shopper) -> None:
    user = "__typename ... on ErrorResult { errorCode }"
    native = f'input: {{native: {{username: "{DEMO_ACCOUNTS[0][0]}", password: "%s"}}}}'
    wrong = await guest.do(f"authenticate({native.replace('%s', 'no')})", user)
    assert wrong["errorCode"] == "INVALID_CREDENTIALS_ERROR"
    assert await guest.do(f"authenticate({native.replace('%s', DEMO_PASSWORD)})", user) == {"__typename": "CurrentUser"}
    for mutation in ('verifyCustomerAccount(token: "x")', 'resetPassword(token: "x", password: "sesame")'):
        assert (await guest.do(mutation, user))["errorCode"].endswith("TOKEN_INVALID_ERROR")


async def test_an_account_can_be_opened_and_its_address_is_taken(guest: Shopper) -> None:
    register = 'registerCustomerAccount(input: {emailAddress: "new@b.example", firstName: "N"%s})'
    fields = "__typename ... on Success { success } ... on ErrorResult { errorCode }"
    assert (await guest.do(register % "", fields))["errorCode"] == "MISSING_PASSWORD_ERROR"
    assert (await guest.do(register % ', password: "x"', fields))["errorCode"] == "PASSWORD_VALIDATION_ERROR"
    assert (await guest.do(register % ', password: "sesame"', fields))["success"] is True
    await guest.add()
    taken = await guest.do('setCustomerForOrder(input: {firstName: "A", lastName: "B", emailAddress: "NEW@b.example"})')
    assert taken["errorCode"] == "EMAIL_ADDRESS_CONFLICT_ERROR"
    await guest.do('login(username: "new@b.example", password: "sesame", rememberMe: true)', "__typename")
    assert (await guest.send("{ activeCustomer { firstName } }"))["data"]["activeCustomer"]["firstName"] == "N"


async def test_only_the_owner_sees_an_accounts_order(guest: Shopper, shop: httpx.AsyncClient) -> None:
    await guest.do(f'login(username: "{DEMO_ACCOUNTS[1][0]}", password: "{DEMO_PASSWORD}")', "__typename")
    order = await guest.add()
    query = '{{ orderByCode(code: "{}") {{ code }} }}'.format(order["code"])
    assert (await guest.send(query))["data"]["orderByCode"]["code"] == order["code"]
    for stranger in (query, '{{ order(id: "{}") {{ code }} }}'.format(order["id"]), "{ me { id } }"):
        body = await Shopper(shop).send(stranger)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_cookies_carry_the_session_too(shop: httpx.AsyncClient) -> None:
    add = {"query": f'mutation {{ addItemToOrder(productVariantId: "{VARIANT.id}", quantity: 1) {{ __typename }} }}'}
    opened = await shop.post("/shop-api", json=add)
    assert [c.partition("=")[0] for c in opened.headers.get_list("set-cookie")] == ["session", "session.sig"]
    assert all("httponly" in c and "samesite=lax" in c for c in opened.headers.get_list("set-cookie"))
    ask = {"query": "{ activeOrder { totalQuantity } }"}
    kept = await shop.post("/shop-api", json=ask)
    assert kept.json()["data"]["activeOrder"] == {"totalQuantity": 1}
    assert TOKEN not in kept.headers
    forged = {"cookie": f"session={shop.cookies['session']}; session.sig=AAAA"}
    shop.cookies.clear()
    assert (await shop.post("/shop-api", json=ask, headers=forged)).json()["data"]["activeOrder"] is None


async def test_a_stale_token_on_a_catalogue_query_is_taken_back(shop: httpx.AsyncClient) -> None:
    body = {"query": "{ activeChannel { code } }"}
    answer = await shop.post("/shop-api", json=body, headers={"authorization": "Bearer gone"})
    assert answer.json()["data"]["activeChannel"]["code"] == "__default_channel__"
    assert answer.headers[TOKEN] == ""
