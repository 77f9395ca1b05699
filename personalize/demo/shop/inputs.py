"""The input types of the demo shop's schema: the part of Vendure's that it understands."""

from __future__ import annotations

import strawberry

from personalize.demo.shop.scalars import JSON, LogicalOperator, SortOrder


@strawberry.input
class FacetValueFilterInput:
    """One condition on facet values: all hold `and`, any of `or`."""

    and_: strawberry.ID | None = strawberry.field(name="and", default=None)
    or_: list[strawberry.ID] | None = strawberry.field(name="or", default=None)


@strawberry.input
class SearchResultSortParameter:
    """An explicit order of search results."""

    name: SortOrder | None = None
    price: SortOrder | None = None


@strawberry.input
class SearchInput:
    """What to search for, and which page of it."""

    term: str | None = None
    facet_value_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, deprecation_reason="Use `facetValueFilters` instead"
    )
    facet_value_operator: LogicalOperator | None = strawberry.field(
        default=None, deprecation_reason="Use `facetValueFilters` instead"
    )
    facet_value_filters: list[FacetValueFilterInput] | None = None
    collection_id: strawberry.ID | None = None
    collection_ids: list[strawberry.ID] | None = None
    collection_slug: str | None = None
    collection_slugs: list[str] | None = None
    group_by_product: bool | None = None
    take: int | None = None
    skip: int | None = None
    sort: SearchResultSortParameter | None = None
    in_stock: bool | None = None


@strawberry.input
class StringOperators:
    """Conditions on a text."""

    eq: str | None = None
    not_eq: str | None = None
    contains: str | None = None
    not_contains: str | None = None
    in_: list[str] | None = strawberry.field(name="in", default=None)
    not_in: list[str] | None = None


@strawberry.input(name="IDOperators")
class IdOperators:
    """Conditions on an id."""

    eq: str | None = None
    not_eq: str | None = None
    in_: list[str] | None = strawberry.field(name="in", default=None)
    not_in: list[str] | None = None


@strawberry.input
class NumberOperators:
    """Conditions on a number."""

    eq: float | None = None
    lt: float | None = None
    lte: float | None = None
    gt: float | None = None
    gte: float | None = None


@strawberry.input
class BooleanOperators:
    """Conditions on a flag."""

    eq: bool | None = None


@strawberry.input
class ProductFilterParameter:
    """Conditions on products."""

    id: IdOperators | None = None
    name: StringOperators | None = None
    slug: StringOperators | None = None
    description: StringOperators | None = None
    enabled: BooleanOperators | None = None


@strawberry.input
class ProductSortParameter:
    """An explicit order of products."""

    id: SortOrder | None = None
    created_at: SortOrder | None = None
    name: SortOrder | None = None
    slug: SortOrder | None = None


@strawberry.input
class ProductListOptions:
    """Which products, in which order, which page."""

    skip: int | None = None
    take: int | None = None
    sort: ProductSortParameter | None = None
    filter: ProductFilterParameter | None = None
    filter_operator: LogicalOperator | None = None


@strawberry.input
class ProductVariantFilterParameter:
    """Conditions on variants."""

    id: IdOperators | None = None
    product_id: IdOperators | None = None
    sku: StringOperators | None = None
    name: StringOperators | None = None
    price: NumberOperators | None = None
    price_with_tax: NumberOperators | None = None
    stock_level: StringOperators | None = None


@strawberry.input
class ProductVariantSortParameter:
    """An explicit order of variants."""

    id: SortOrder | None = None
    product_id: SortOrder | None = None
    sku: SortOrder | None = None
    name: SortOrder | None = None
    price: SortOrder | None = None
    price_with_tax: SortOrder | None = None


@strawberry.input
class ProductVariantListOptions:
    """Which variants, in which order, which page."""

    skip: int | None = None
    take: int | None = None
    sort: ProductVariantSortParameter | None = None
    filter: ProductVariantFilterParameter | None = None
    filter_operator: LogicalOperator | None = None


@strawberry.input
class CollectionFilterParameter:
    """Conditions on collections."""

    id: IdOperators | None = None
    name: StringOperators | None = None
    slug: StringOperators | None = None
    parent_id: IdOperators | None = None


@strawberry.input
class CollectionSortParameter:
    """An explicit order of collections."""

    id: SortOrder | None = None
    name: SortOrder | None = None
    slug: SortOrder | None = None
    position: SortOrder | None = None


@strawberry.input
class CollectionListOptions:
    """Which collections, in which order, which page."""

    top_level_only: bool | None = None
    skip: int | None = None
    take: int | None = None
    sort: CollectionSortParameter | None = None
    filter: CollectionFilterParameter | None = None
    filter_operator: LogicalOperator | None = None


@strawberry.input
class FacetFilterParameter:
    """Conditions on facets."""

    id: IdOperators | None = None
    name: StringOperators | None = None
    code: StringOperators | None = None


@strawberry.input
class FacetListOptions:
    """Which facets, which page."""

    skip: int | None = None
    take: int | None = None
    filter: FacetFilterParameter | None = None
    filter_operator: LogicalOperator | None = None


@strawberry.input
class OrderListOptions:
    """Which page of a customer's orders."""

    skip: int | None = None
    take: int | None = None


@strawberry.input
class AddItemInput:
    """One variant to put into the cart."""

    product_variant_id: strawberry.ID
    quantity: int


@strawberry.input
class CreateCustomerInput:
    """Who a guest is."""

    first_name: str
    last_name: str
    email_address: str
    title: str | None = None
    phone_number: str | None = None


@strawberry.input
class CreateAddressInput:
    """Where to send goods or the bill."""

    street_line1: str
    country_code: str
    full_name: str | None = None
    company: str | None = None
    street_line2: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    phone_number: str | None = None
    default_shipping_address: bool | None = None
    default_billing_address: bool | None = None


@strawberry.input
class RegisterCustomerInput:
    """A new account."""

    email_address: str
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None
    password: str | None = None


@strawberry.input
class NativeAuthInput:
    """Name and password."""

    username: str
    password: str


@strawberry.input
class AuthenticationInput:
    """How to sign in: the demo shop knows passwords only."""

    native: NativeAuthInput | None = None


@strawberry.input
class PaymentInput:
    """How the customer pays."""

    method: str
    metadata: JSON
