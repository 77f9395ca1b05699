"""The real Vendure comes up, lists its sample data and sells it: what every other end-to-end test stands on."""

import httpx
import pytest

from tests.vendure.cache import VendureError
from tests.vendure.purchase import PurchaseError, purchase, purchase_async
from tests.vendure.server import Vendure, running

pytestmark = pytest.mark.vendure


def ask(vendure: Vendure, query: str, **headers: str) -> httpx.Response:
    return httpx.post(vendure.shop_url, json={"query": query}, headers=headers, timeout=20)


def test_the_sample_data_is_there_and_indexed(vendure: Vendure) -> None:
    data = ask(
        vendure,
        """{ products { totalItems } all: search(input: {groupByProduct: true}) { totalItems }
             collection(slug: "electronics") { productVariants { totalItems } }
             electronics: search(input: {collectionSlug: "electronics", groupByProduct: true, take: 100}) {
               totalItems items { productId productName priceWithTax { __typename } facetValueIds } } }""",
    ).json()["data"]
    assert data["products"]["totalItems"] == data["all"]["totalItems"] == 54
    assert data["collection"]["productVariants"]["totalItems"] == 34
    listed = data["electronics"]["items"]
    assert len(listed) == data["electronics"]["totalItems"] == 20
    assert all(item["facetValueIds"] for item in listed)
    assert {item["priceWithTax"]["__typename"] for item in listed} == {"PriceRange"}


def test_names_come_in_two_languages(vendure: Vendure) -> None:
    query = '{ product(slug: "laptop") { name languageCode } search(input: {}) { items { productName } } }'
    english = ask(vendure, query).json()["data"]
    german = httpx.post(f"{vendure.shop_url}?languageCode=de", json={"query": query}, timeout=20).json()["data"]
    assert english["product"] == {"name": "Laptop", "languageCode": "en"}
    assert german["product"] == {"name": "Laptop (de)", "languageCode": "de"}
    assert german["search"]["items"][0]["productName"] == "Laptop (de)"


@pytest.mark.parametrize("bearer", [False, True])
def test_a_guest_buys(vendure: Vendure, bearer: bool) -> None:
    with httpx.Client(timeout=20) as client:
        bought = purchase(client, vendure.shop_url, bearer=bearer, position=2, quantity=2)
        assert bought.state == "PaymentAuthorized"
        assert bought.product == bought.listed[2]
        assert bought.total == bought.order["lines"][0]["linePriceWithTax"] > 0
        kept = vendure.admin(
            "query($code: String!) { orders(options: {filter: {code: {eq: $code}}}) { items { state totalWithTax } } }",
            {"code": bought.code},
        )
    assert kept["orders"]["items"] == [{"state": "PaymentAuthorized", "totalWithTax": bought.total}]


async def test_a_guest_buys_asynchronously(vendure: Vendure) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        bought = await purchase_async(client, vendure.shop_url, term="camera")
    assert bought.state == "PaymentAuthorized"
    assert bought.product in bought.listed


def test_a_refused_step_is_named(vendure: Vendure) -> None:
    with (
        httpx.Client(timeout=20) as client,
        pytest.raises(PurchaseError, match=r"Add: .*NEGATIVE_QUANTITY_ERROR"),
    ):
        purchase(client, vendure.shop_url, quantity=-1)


def test_a_shop_that_cannot_start_says_why(vendure: Vendure) -> None:
    with pytest.raises(VendureError, match=r"EADDRINUSE"), running(port=vendure.port):
        pass


def test_each_start_is_a_throw_away_copy(vendure: Vendure) -> None:
    count = "{ orders { totalItems } }"
    with httpx.Client(timeout=20) as client:
        purchase(client, vendure.shop_url)
    assert vendure.admin(count)["orders"]["totalItems"] > 0
    with running() as other:
        assert other.admin(count)["orders"]["totalItems"] == 0
