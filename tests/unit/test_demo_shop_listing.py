"""The demo shop's listings: searching, filtering, sorting and paging, in two languages, with Vendure's limits."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize.demo.catalogue import Catalogue
from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop
from personalize.demo.shop.find import Finder
from personalize.demo.shop.inputs import SearchInput
from personalize.demo.shop.shelf import Shelf

CATALOGUE: Catalogue = generate()
APP = create_shop(CATALOGUE)
FINDER = Finder(Shelf(CATALOGUE, "en"))
ROW = (
    "sku slug productId productName productVariantId productVariantName description currencyCode score inStock "
    "facetIds facetValueIds collectionIds productAsset { id preview focalPoint { x y } } productVariantAsset { id } "
    "price { __typename ... on PriceRange { min max } ... on SinglePrice { value } } "
    "priceWithTax { __typename ... on PriceRange { min max } ... on SinglePrice { value } }"
)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


async def ask(shop: httpx.AsyncClient, query: str, query_string: str = "", **variables: object) -> Any:
    answer = await shop.post(f"/shop-api{query_string}", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert "errors" not in body, body["errors"]
    return body["data"]


SEARCH = f"query S($i: SearchInput!) {{ search(input: $i) {{ totalItems items {{ {ROW} }} }} }}"


async def test_a_row_says_all_of_a_product(shop: httpx.AsyncClient) -> None:
    data = await ask(shop, SEARCH, i={"groupByProduct": True, "take": 1, "collectionSlug": "womens-dresses"})
    row = data["search"]["items"][0]
    product = CATALOGUE.product_by_id[row["productId"]]
    assert product.category == "womens-dresses"
    assert row["productName"] == product.name.en
    low, high = product.price_with_tax
    assert row["priceWithTax"] == {"__typename": "PriceRange", "min": low, "max": high}
    assert row["facetValueIds"] == list(product.facet_value_ids)
    assert row["collectionIds"] == list(product.collection_ids)
    assert row["currencyCode"] == "EUR"
    single = (await ask(shop, SEARCH, i={"take": 1}))["search"]["items"][0]
    assert single["price"]["__typename"] == "SinglePrice"


async def test_the_same_request_has_the_same_answer(shop: httpx.AsyncClient) -> None:
    bodies = set()
    for _ in range(2):
        answer = await shop.post("/shop-api", json={"query": SEARCH, "variables": {"i": {"term": "linen"}}})
        bodies.add(answer.content)
        assert "vendure-auth-token" not in answer.headers, "catalogue queries open no session"
        assert "set-cookie" not in answer.headers
    assert len(bodies) == 1


@pytest.mark.parametrize("grouped", [True, False])
async def test_paging_covers_each_row_once(shop: httpx.AsyncClient, grouped: bool) -> None:
    query = "query P($i: SearchInput!) { search(input: $i) { totalItems items { productId productVariantId } } }"
    seen: list[tuple[str, str]] = []
    total = 1
    while len(seen) < total:
        i = {"groupByProduct": grouped, "take": 500, "skip": len(seen)}
        page = (await ask(shop, query, i=i))["search"]
        total = page["totalItems"]
        seen += [(row["productId"], row["productVariantId"]) for row in page["items"]]
    assert len(set(seen)) == len(seen) == total
    assert total == (len(CATALOGUE.products) if grouped else len(CATALOGUE.variant_by_id))


@given(st.integers(-3, 60), st.integers(-3, 60), st.sampled_from(["bags", "mens-shirts", "gifts"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
def test_a_page_is_a_slice_of_the_whole(skip: int, take: int, slug: str) -> None:
    def ids(*, skip: int = 0, take: int) -> list[str]:
        wanted = SearchInput(collection_slug=slug, group_by_product=True, skip=skip, take=take)
        return [row.product_id for row in FINDER.search(wanted).items]

    whole, start = ids(take=-1), max(0, skip)
    end = None if take < 0 else start + (take or 25)
    assert ids(skip=skip, take=take) == whole[start:end]
    assert whole == [CATALOGUE.products[i].id for i in CATALOGUE.collection_by_slug[slug].products]


async def test_filters(shop: httpx.AsyncClient) -> None:
    value = {v.code: v.id for v in CATALOGUE.facet_value_by_id.values()}
    search = "query F($i: SearchInput!) { search(input: $i) { totalItems items { productId inStock } } }"

    async def found(**filters: object) -> set[str]:
        i = {"groupByProduct": True, "take": 5_000, **filters}
        page = (await ask(shop, search, i=i))["search"]
        assert page["totalItems"] == len(page["items"])
        return {row["productId"] for row in page["items"]}

    linen, wool = await found(facetValueIds=[value["linen"]]), await found(facetValueIds=[value["wool"]])
    assert await found(facetValueFilters=[{"or": [value["linen"], value["wool"]]}]) == linen | wool
    assert await found(facetValueIds=[value["linen"], value["wool"]]) == linen | wool
    assert await found(facetValueIds=[value["linen"], value["wool"]], facetValueOperator="AND") == set()
    sand = await found(facetValueFilters=[{"and": value["linen"]}, {"and": value["sand"]}])
    assert sand == linen & await found(facetValueFilters=[{"and": value["sand"]}])
    women = await found(collectionSlug="women")
    dresses = CATALOGUE.collection_by_slug["womens-dresses"]
    assert await found(collectionId=dresses.id, collectionSlug="women") == await found(collectionId=dresses.id) <= women
    assert await found(collectionSlugs=["women", "men"]) == women | await found(collectionSlug="men")
    assert await found(collectionSlug="nowhere") == set()
    assert await found(inStock=True) | await found(inStock=False) == {p.id for p in CATALOGUE.products}
    assert await found(inStock=False) == {p.id for p in CATALOGUE.products if not p.in_stock}


async def test_counts_cover_the_whole_result_not_the_page(shop: httpx.AsyncClient) -> None:
    query = """{ search(input: {groupByProduct: true, take: 1, collectionSlug: "bags"}) { totalItems
      facetValues { count facetValue { code facet { code } } } collections { count collection { slug } } } }"""
    found = (await ask(shop, query))["search"]
    counts = {
        (row["facetValue"]["facet"]["code"], row["facetValue"]["code"]): row["count"] for row in found["facetValues"]
    }
    assert counts["category", "bags"] == found["totalItems"]
    assert sum(n for (facet, _), n in counts.items() if facet == "material") == found["totalItems"]
    assert {"bags", "accessories", "all"} <= {row["collection"]["slug"] for row in found["collections"]}


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_an_explicit_sort_is_obeyed(shop: httpx.AsyncClient, direction: str) -> None:
    i: dict[str, object] = {"groupByProduct": True, "take": 2_000, "sort": {"price": direction}}
    prices = [row["price"]["min"] for row in (await ask(shop, SEARCH, i=i))["search"]["items"]]
    assert prices == sorted(prices, reverse=direction == "DESC")
    i["sort"] = {"name": direction}
    names = [row["productName"].casefold() for row in (await ask(shop, SEARCH, i=i))["search"]["items"]]
    assert names == sorted(names, reverse=direction == "DESC")


async def test_a_search_goes_by_relevance_then_by_the_merchandiser(shop: httpx.AsyncClient) -> None:
    page = (await ask(shop, SEARCH, i={"term": "linen shirt", "groupByProduct": True, "take": 200}))["search"]
    assert 0 < page["totalItems"] < 300
    keys = [(-row["score"], CATALOGUE.product_by_id[row["productId"]].rank) for row in page["items"]]
    assert keys == sorted(keys)
    assert page["items"][0]["productName"].startswith("Linen shirt")
    german = await ask(shop, SEARCH, "?languageCode=de", i={"term": "leinenhemd", "groupByProduct": True})
    assert german["search"]["items"][0]["productName"].startswith("Leinenhemd")
    short = await ask(shop, SEARCH, i={"term": "li", "groupByProduct": True})
    assert short["search"]["totalItems"] == len(CATALOGUE.products)


async def test_languages(shop: httpx.AsyncClient) -> None:
    product = CATALOGUE.products[0]
    query = "query L($slug: String!) { product(slug: $slug) { name slug languageCode translations { languageCode } } }"
    for slug in product.slug:
        german = await ask(shop, query, "?languageCode=de", slug=slug)
        assert german["product"]["name"] == product.name.de
        assert german["product"]["slug"] == product.slug.de
        assert (await ask(shop, query, "?languageCode=xx", slug=slug))["product"]["name"] == product.name.en
    body = {"query": "{ activeChannel { code } }"}
    answer = await shop.post("/shop-api", json=body, headers={"accept-language": "de-AT, en;q=0.5"})
    assert answer.headers["content-language"] == "de"


LISTS = {
    "products": "{ products(options: %s) { totalItems items { id } } }",
    "collections": "{ collections(options: %s) { totalItems items { id } } }",
    "facets": "{ facets(options: %s) { totalItems items { id } } }",
    "productVariants": '{ collection(slug: "women") { productVariants(options: %s) { totalItems items { id } } } }',
    "variantList": '{ product(id: "1") { variantList(options: %s) { totalItems items { id } } } }',
}


@pytest.mark.parametrize("name", LISTS)
async def test_lists_give_at_most_a_hundred_rows(shop: httpx.AsyncClient, name: str) -> None:
    answer = await shop.post("/shop-api", json={"query": LISTS[name] % "{take: 101}"})
    assert answer.status_code == 200
    error = answer.json()["errors"][0]
    assert error["message"] == "Cannot take more than 100 results from a list query"
    assert error["extensions"] == {"code": "USER_INPUT_ERROR"}
    assert error["path"][-1] == name
    assert list(answer.json()) == ["errors", "data"]
    for options in ("{take: 100}", "{}", "null", "{take: 0}", "{take: -1, skip: -1}"):
        data = await ask(shop, LISTS[name] % options)
        found = next(iter(data.values()))
        found = found if "items" in found else next(iter(found.values()))
        assert len(found["items"]) == min(100, found["totalItems"])


async def test_products_and_variants_page_through_everything(shop: httpx.AsyncClient) -> None:
    query = "query P($s: Int) { products(options: {take: 100, skip: $s}) { totalItems items { id } } }"
    seen: list[str] = []
    for start in range(0, len(CATALOGUE.products), 100):
        seen += [row["id"] for row in (await ask(shop, query, s=start))["products"]["items"]]
    assert sorted(seen, key=int) == [product.id for product in CATALOGUE.products]
    query = """query V($s: Int) { collection(slug: "bed-linen") { productVariantCount
      productVariants(options: {take: 100, skip: $s}) { totalItems items { id productId } } } }"""
    owners: list[str] = []
    total = (await ask(shop, query, s=0))["collection"]["productVariantCount"]
    for start in range(0, total, 100):
        page = (await ask(shop, query, s=start))["collection"]["productVariants"]
        owners += [row["productId"] for row in page["items"]]
    assert len(owners) == total
    changes = sum(a != b for a, b in itertools.pairwise(owners))
    assert changes == len(set(owners)) - 1, "variants of a product are side by side"


async def test_list_options_filter_and_sort(shop: httpx.AsyncClient) -> None:
    options = '{filter: {name: {contains: "linen"}, id: {notIn: ["1"]}}, sort: {name: DESC}}'
    found = (await ask(shop, f"{{ products(options: {options}) {{ totalItems items {{ id name }} }} }}"))["products"]
    names = [row["name"] for row in found["items"]]
    assert names == sorted(names, key=str.casefold, reverse=True)
    assert all("linen" in name.casefold() for name in names)
    either = '{filterOperator: OR, filter: {slug: {eq: "no"}, id: {in: ["3", "4"]}}, sort: {id: ASC}}'
    found = (await ask(shop, f"{{ products(options: {either}) {{ items {{ id }} }} }}"))["products"]
    assert [row["id"] for row in found["items"]] == ["3", "4"]


async def test_the_tree_of_collections(shop: httpx.AsyncClient) -> None:
    query = """{ collections(options: {topLevelOnly: true}) {
        items { id slug parent { slug } children { slug parentId } } }
      collection(slug: "bags") { breadcrumbs { slug } parent { slug } children { id } } }"""
    data = await ask(shop, query)
    for row in data["collections"]["items"]:
        assert row["parent"]["slug"] == "__root_collection__"
        assert all(child["parentId"] == row["id"] for child in row["children"])
    assert [row["slug"] for row in data["collection"]["breadcrumbs"]] == ["__root_collection__", "accessories", "bags"]


async def test_a_product_page(shop: httpx.AsyncClient) -> None:
    product = next(p for p in CATALOGUE.products if len(p.variants) == 6)
    query = """query P($id: ID!) { product(id: $id) { id enabled featuredAsset { preview mimeType }
      variants { id sku stockLevel price priceWithTax product { id }
        options { name code group { name options { id } } } }
      optionGroups { name options { name } } facetValues { code facet { code } } collections { slug } } }"""
    found = (await ask(shop, query, id=product.id))["product"]
    assert [v["id"] for v in found["variants"]] == [v.id for v in product.variants]
    assert all(v["product"]["id"] == product.id for v in found["variants"])
    assert {v["stockLevel"] for v in found["variants"]} <= {"IN_STOCK", "LOW_STOCK", "OUT_OF_STOCK"}
    assert len(found["optionGroups"]) == 1
    picture = await shop.get(found["featuredAsset"]["preview"])
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert (await shop.get("/assets/preview/99999.svg")).status_code == 404


async def test_a_variant_has_the_tags_of_its_product_but_only_its_own_colour(shop: httpx.AsyncClient) -> None:
    product = next(p for p in CATALOGUE.products if len(p.colours) == 4)
    query = "query V($id: ID!) { product(id: $id) { variants { id facetValues { code facet { code } } } } }"
    for row in (await ask(shop, query, id=product.id))["product"]["variants"]:
        colours = [value["code"] for value in row["facetValues"] if value["facet"]["code"] == "colour"]
        assert colours == [CATALOGUE.variant_by_id[row["id"]].colour]
        assert len(row["facetValues"]) == len(product.facet_value_ids) - 3


async def test_what_is_not_there_is_null_and_what_is_not_asked_is_an_error(shop: httpx.AsyncClient) -> None:
    data = await ask(shop, '{ product(id: "x") { id } collection(slug: "x") { id } facet(id: "99") { id } }')
    assert data == {"product": None, "collection": None, "facet": None}
    for field in ("product", "collection"):
        body = (await shop.post("/shop-api", json={"query": f"{{ {field} {{ id }} }}"})).json()
        assert body["errors"][0]["message"] == f"Either the {field.title()} id or slug must be provided"
        assert body["data"] == {field: None}
