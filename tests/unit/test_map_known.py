"""Drafts of small schemas shaped like shops that people know: what a map of each has to say, found without an edit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema

from personalize.gateway.ours.knowledge import schema_from_file
from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.fit import fit
from personalize.shops.map import Cursors, Numbers, Offsets, ShopMap

SCHEMAS = Path(__file__).resolve().parents[1] / "map_schemas"
RELAY = Cursors(("first",), ("after",), ("last",), ("before",), "pageInfo")
OFFSET = Offsets(("offset",), ("limit",))

LISTINGS: dict[str, dict[str, Any]] = {
    "bigcommerce": {
        "Site.products": RELAY, "Site.featuredProducts": RELAY, "SearchProducts.products": RELAY,
        "Category.products": RELAY, "Product.relatedProducts": RELAY,
    },
    "commercetools": {"Query.products": OFFSET, "Query.productProjectionSearch": OFFSET},
    "hasura": {"query_root.products": OFFSET, "categories.products": OFFSET},
    "keystone": {"Query.products": Offsets(("skip",), ("take",)), "Category.products": Offsets(("skip",), ("take",))},
    "lighthouse": {
        "Query.products": Numbers(("page",), ("first",)), "Category.products": Numbers(("page",), ("first",)),
    },
    "magento": {
        "Query.products": Numbers(("currentPage",), ("pageSize",)),
        "CategoryTree.products": Numbers(("currentPage",), ("pageSize",)),
    },
    "medusa": {"Query.products": OFFSET},
    "payload": {"Query.Products": Numbers(("page",), ("limit",))},
    "reaction": {"Query.catalogItems": RELAY},
    "shopware": {
        "Query.productListing": Numbers(("page",), ("limit",)), "Query.productSearch": Numbers(("p",), ("limit",)),
    },
    "strapi": {"Query.products": Offsets(("pagination", "start"), ("pagination", "limit"))},
    "sylius": {
        "Query.products": RELAY, "Taxon.products": RELAY,
        "Query.catalogProducts": Numbers(("page",), ("itemsPerPage",)),
    },
    "twosteps": {"Query.search": Offsets(("page", "offset"), ("page", "limit"))},
    "woo": {"RootQuery.products": RELAY, "ProductCategory.products": RELAY},
}  # fmt: skip

ITEMS = {  # type: (id, price, currency, minor units)
    "bigcommerce": {"Product": ("entityId", "prices { priceRange { min { value } } salePrice { value } }",
                                "prices { priceRange { min { currencyCode } } }", False)},
    "commercetools": {
        "Product": ("id", "masterData { current { masterVariant { prices { value { centAmount } } } } }",
                    "masterData { current { masterVariant { prices { value { currencyCode } } } } }", True),
        "ProductProjection": ("id", "masterVariant { scopedPrice { currentValue { centAmount } } }",
                              "masterVariant { scopedPrice { currentValue { currencyCode } } }", True),
    },
    "hasura": {"products": ("id", "price", "currency", False)},
    "keystone": {"Product": ("id", "price", None, True)},
    "lighthouse": {"Product": ("id", "price", None, False)},
    "magento": dict.fromkeys(("SimpleProduct", "ConfigurableProduct"), (
        "sku", "price_range { minimum_price { final_price { value } } }",
        "price_range { minimum_price { final_price { currency } } }", False,
    )),
    "medusa": {"Product": ("id", "variants { calculated_price { calculated_amount } }",
                           "variants { calculated_price { currency_code } }", False)},
    "payload": {"Product": ("id", "priceInEUR", None, False)},
    "reaction": {"CatalogItemProduct": ("product { productId }", "product { pricing { minPrice } }",
                                        "product { pricing { currency { code } } }", False)},
    "shopware": {"Product": ("id", "calculatedPrice { unitPrice }", None, False)},
    "strapi": {"ProductEntity": ("id", "attributes { price }", "attributes { currency }", False)},
    "sylius": {"Product": ("id", "variants(first: 5) { edges { node { price } } }", None, True)},
    "twosteps": {"Product": ("id", "price", "currency", False)},
    "woo": {"SimpleProduct": ("id", "price(format: RAW)", None, False),
            "VariableProduct": ("id", "price(format: RAW)", None, False)},
}  # fmt: skip

CARTS = {  # type: (id, lines, item, state, placed)
    "bigcommerce": {"Cart": ("id", "lineItems { physicalItems }", "productEntityId", None, ())},
    "commercetools": {"Cart": ("id", "lineItems", "productId", "cartState", ("Ordered",)),
                      "Order": ("id", "lineItems", "productId", "orderState", ("Complete", "Confirmed", "Open"))},
    "hasura": {"carts": ("id", "cart_items(limit: 50)", "product { id }", "status", ())},
    "lighthouse": {"Cart": ("id", "items", "product { id }", None, ()),
                   "Order": ("number", "items", "product { id }", "__typename", ("Order",))},
    "magento": {"Cart": ("id", "itemsV2(pageSize: 50) { items }", "product { sku }", None, ()),
                "CustomerOrder": ("number", "items", "product_sku", "__typename", ("CustomerOrder",))},
    "medusa": {"Cart": ("id", "items", "product_id", None, ()),
               "Order": ("id", "items", "product_id", "status",
                         ("archived", "completed", "pending", "requires_action"))},
    "reaction": {"Cart": ("_id", "items(first: 50) { nodes }", "productId", None, ())},
    "shopware": {"Cart": ("token", "lineItems", "referencedId", None, ()),
                 "Order": ("orderNumber", "lineItems", "referencedId", "__typename", ("Order",))},
    "sylius": {"Order": ("id", "items(first: 50) { edges { node } }", "variant { product { id } }", "state", ())},
    "woo": {"Cart": ("__typename", "contents(first: 50) { nodes }", "product { node { id } }", None, ()),
            "Order": ("id", "lineItems(first: 50) { nodes }", "product { node { id } }", "status",
                      ("COMPLETED", "ON_HOLD", "PENDING", "PROCESSING"))},
}  # fmt: skip

EVENTS = {
    "bigcommerce": {"Site.product": "view_item", "CartMutations.addCartLineItems": "cart",
                    "CartMutations.createCart": "cart", "Mutation.login": "signed_in", "Mutation.logout": "signed_out"},
    "commercetools": {"Query.product": "view_item", "Mutation.createMyCart": "cart", "Mutation.updateMyCart": "cart",
                      "Mutation.createMyOrderFromCart": "cart", "Mutation.customerSignMeIn": "signed_in"},
}  # fmt: skip


@cache
def drafted(name: str) -> tuple[ShopMap, GraphQLSchema, str]:
    """The draft of that schema, read back; everything in it fits."""
    schema = schema_from_file(str(SCHEMAS / f"{name}.graphql"))
    text = draft(schema, name=name).text
    shop = reader.read(text)
    _, findings = fit(shop, schema)
    assert [finding for finding in findings if not finding.found] == []
    return shop, schema, text


def test_every_schema_is_looked_at() -> None:
    assert sorted(LISTINGS) == sorted(ITEMS) == sorted(path.stem for path in SCHEMAS.glob("*.graphql"))


@pytest.mark.parametrize("name", LISTINGS)
def test_its_listings(name: str) -> None:
    shop, _, _ = drafted(name)
    assert {listing.coordinates: listing.paged for listing in shop.listings.values()} == LISTINGS[name]


@pytest.mark.parametrize("name", ITEMS)
def test_its_items(name: str) -> None:
    items = drafted(name)[0].items
    read = {kind: (item.id, item.price, item.currency, item.minor_units) for kind, item in items.items()}
    assert {kind: read.get(kind) for kind in ITEMS[name]} == ITEMS[name]


@pytest.mark.parametrize("name", CARTS)
def test_its_carts(name: str) -> None:
    carts = drafted(name)[0].carts
    read = {kind: (c.id, c.lines, c.item, c.state, tuple(sorted(c.placed))) for kind, c in carts.items()}
    assert read == CARTS[name]


@pytest.mark.parametrize("name", EVENTS)
def test_its_events(name: str) -> None:
    assert {one.coordinates: one.name for one in drafted(name)[0].events.values()} == EVENTS[name]


@pytest.mark.parametrize(
    ("name", "listing", "total", "tells"),
    [
        ("bigcommerce", "Site.products", "collectionInfo.totalItems", {}),
        ("commercetools", "Query.products", "total", {"skip": "offset", "count": "count"}),
        ("medusa", "Query.products", "count", {"skip": "offset", "take": "limit"}),
        ("sylius", "Query.catalogProducts", "paginationInfo.totalCount",
         {"take": "paginationInfo.itemsPerPage", "pages": "paginationInfo.lastPage",
          "hasNext": "paginationInfo.hasNextPage"}),
        ("strapi", "Query.products", "meta.pagination.total",
         {"number": "meta.pagination.page", "take": "meta.pagination.pageSize", "pages": "meta.pagination.pageCount"}),
        ("payload", "Query.Products", "totalDocs",
         {"hasNext": "hasNextPage", "hasPrevious": "hasPrevPage", "take": "limit", "next": "nextPage", "skip": "offset",
          "number": "page", "position": "pagingCounter", "previous": "prevPage", "pages": "totalPages"}),
        ("twosteps", "Query.search", "data.pagination.total",
         {"skip": "data.pagination.offset", "take": "data.pagination.limit", "hasNext": "data.pagination.hasMore"}),
    ],
)  # fmt: skip
def test_what_is_told_of_its_pages(name: str, listing: str, total: str, tells: dict[str, str]) -> None:
    found = {one.coordinates: one for one in drafted(name)[0].listings.values()}[listing]
    assert ".".join(found.total or ()) == total
    assert {one.meaning: ".".join(one.path) for one in found.tells} == tells


@pytest.mark.parametrize(
    ("name", "listing", "unless"),
    [("strapi", ("Query", "products"), ("pagination", "page")), ("reaction", ("Query", "catalogItems"), ("offset",))],
)
def test_other_ways_to_page_are_named(name: str, listing: tuple[str, str], unless: tuple[str, ...]) -> None:
    assert drafted(name)[0].listings[listing].unless == (unless,)
