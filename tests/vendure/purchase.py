"""A whole guest purchase in Vendure's shop API, from a listing to the paid order, for any client and any URL in front.

`recipe` only says what to ask and reads what came back, so every client can drive it: `purchase` and
`purchase_async` do so with httpx; another one sends each `Step` and sends the `data` into the generator.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

_REFUSED = "... on ErrorResult { errorCode message }"
_ORDER = (
    "... on Order { id code state active currencyCode totalQuantity totalWithTax "
    "lines { id quantity unitPriceWithTax linePriceWithTax productVariant { id sku product { id } } } }"
)

LIST = """query List($input: SearchInput!) { search(input: $input) { totalItems items {
  __typename productId productName slug productVariantId currencyCode
  priceWithTax { __typename ... on PriceRange { min max } ... on SinglePrice { value } } } } }"""
DETAIL = """query Detail($slug: String!) { product(slug: $slug) {
  __typename id name slug variants { id sku name priceWithTax currencyCode stockLevel } } }"""
ADD = f"""mutation Add($variant: ID!, $quantity: Int!) {{
  addItemToOrder(productVariantId: $variant, quantity: $quantity) {{ __typename {_ORDER} {_REFUSED} }} }}"""
CUSTOMER = f"""mutation Customer($input: CreateCustomerInput!) {{
  setCustomerForOrder(input: $input) {{ __typename {_ORDER} {_REFUSED} }} }}"""
ADDRESS = f"""mutation Address($input: CreateAddressInput!) {{
  setOrderShippingAddress(input: $input) {{ __typename {_ORDER} {_REFUSED} }} }}"""
METHODS = "query Methods { eligibleShippingMethods { id code priceWithTax } }"
SHIPPING = f"""mutation Shipping($ids: [ID!]!) {{
  setOrderShippingMethod(shippingMethodId: $ids) {{ __typename {_ORDER} {_REFUSED} }} }}"""
ARRANGE = f"""mutation Arrange {{
  transitionOrderToState(state: "ArrangingPayment") {{ __typename {_ORDER} {_REFUSED}
    ... on OrderStateTransitionError {{ transitionError }} }} }}"""
PAY = f"""mutation Pay($input: PaymentInput!) {{
  addPaymentToOrder(input: $input) {{ __typename {_ORDER} {_REFUSED} }} }}"""


class PurchaseError(AssertionError):
    """A step of the purchase was refused; the message holds the step and the answer."""


@dataclass(frozen=True)
class Step:
    """One operation to send."""

    name: str
    query: str
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Purchase:
    """What was seen and bought: product ids in the order shown, and the paid order (money in minor units)."""

    listed: tuple[str, ...]
    product: str
    variant: str
    quantity: int
    code: str
    state: str
    total: int
    currency: str
    order: Mapping[str, Any]


Headers = Mapping[str, str] | None
Recipe = Generator[Step, Mapping[str, Any], Purchase]


def recipe(*, term: str = "", take: int = 10, position: int = 0, quantity: int = 1, email: str | None = None) -> Recipe:
    """Lists products, opens the one at `position`, buys `quantity` of its first variant and pays.

    Yields steps, expects each step's `data`, returns the `Purchase`. Raises `PurchaseError` if an answer is a refusal.
    """
    listing = {"take": take, "skip": 0, "groupByProduct": True, **({"term": term} if term else {})}
    shown = (yield from _ask("List", LIST, input=listing))["items"]
    if position >= len(shown):
        raise PurchaseError(f"List showed {len(shown)} products, expected more than {position}")
    product = yield from _ask("Detail", DETAIL, slug=shown[position]["slug"])
    variant = product["variants"][0]["id"]
    yield from _ask("Add", ADD, variant=variant, quantity=quantity)
    guest = {"firstName": "Test", "lastName": "Guest", "emailAddress": email or f"guest-{uuid4().hex}@shop.example"}
    yield from _ask("Customer", CUSTOMER, input=guest)
    home = {
        "fullName": "Test Guest",
        "streetLine1": "Musterweg 1",
        "city": "Berlin",
        "postalCode": "10115",
        "countryCode": "DE",
    }
    yield from _ask("Address", ADDRESS, input=home)
    methods = yield from _ask("Methods", METHODS)
    free = [method["id"] for method in methods if method["priceWithTax"] == 0]
    if not free:
        raise PurchaseError(f"Methods: no free shipping among {methods}")
    yield from _ask("Shipping", SHIPPING, ids=free[:1])
    yield from _ask("Arrange", ARRANGE)
    order = yield from _ask("Pay", PAY, input={"method": "standard-payment", "metadata": {}})
    return Purchase(
        listed=tuple(item["productId"] for item in shown),
        product=product["id"],
        variant=variant,
        quantity=quantity,
        code=order["code"],
        state=order["state"],
        total=order["totalWithTax"],
        currency=order["currencyCode"],
        order=order,
    )


def purchase(
    client: httpx.Client, url: str, *, headers: Headers = None, bearer: bool = False, **choice: Any
) -> Purchase:
    """Drives `recipe(**choice)`; the session lives in the client's cookies, or with `bearer` in the token header."""
    steps, sent = recipe(**choice), dict(headers or {})
    step = next(steps)
    while True:
        data = _data(step, client.post(url, json=_body(step), headers=sent), sent, bearer)
        if bearer:
            client.cookies.clear()
        try:
            step = steps.send(data)
        except StopIteration as end:
            return _bought(end)


async def purchase_async(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    bearer: bool = False,
    **choice: Any,
) -> Purchase:
    """`purchase` for an asynchronous client."""
    steps, sent = recipe(**choice), dict(headers or {})
    step = next(steps)
    while True:
        data = _data(step, await client.post(url, json=_body(step), headers=sent), sent, bearer)
        if bearer:
            client.cookies.clear()
        try:
            step = steps.send(data)
        except StopIteration as end:
            return _bought(end)


def _ask(name: str, query: str, **variables: Any) -> Generator[Step, Mapping[str, Any], Any]:
    """Yields the step and returns the value of its one root field, which must not be a refusal."""
    data = yield Step(name, query, variables)
    (value,) = data.values()
    if value is None or (isinstance(value, dict) and "errorCode" in value):
        raise PurchaseError(f"{name}: {value}")
    return value


def _body(step: Step) -> dict[str, Any]:
    return {"query": step.query, "variables": dict(step.variables), "operationName": step.name}


def _data(step: Step, response: httpx.Response, sent: dict[str, str], bearer: bool) -> Mapping[str, Any]:
    answer = response.json()
    if response.status_code != 200 or answer.get("errors"):
        raise PurchaseError(f"{step.name}: {response.status_code} {answer}")
    token = response.headers.get("vendure-auth-token")
    if bearer and token:
        sent["authorization"] = f"Bearer {token}"
    data: Mapping[str, Any] = answer["data"]
    return data


def _bought(end: StopIteration) -> Purchase:
    bought = end.value
    assert isinstance(bought, Purchase)
    return bought
