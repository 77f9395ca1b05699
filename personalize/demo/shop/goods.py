"""The output types around products: assets, facets, variants, collections, search results; named as in Vendure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Protocol

import strawberry

from personalize.demo import catalogue as c
from personalize.demo.shop.call import Info
from personalize.demo.shop.inputs import ProductVariantListOptions
from personalize.demo.shop.scalars import AssetType, CurrencyCode, DateTime, LanguageCode, Money


class Source(Protocol):
    """Where a type finds what it refers to (the shelf, which is built on these types)."""

    def facet(self, identity: str) -> Facet: ...
    def facet_value(self, identity: str) -> FacetValue: ...
    def product(self, identity: str) -> Product: ...
    def variant(self, identity: str) -> ProductVariant: ...
    def options(self, variant_id: str) -> list[ProductOption]: ...
    def option_groups(self, product_id: str) -> list[ProductOptionGroup]: ...
    def variant_facet_value_ids(self, variant_id: str) -> list[str]: ...
    def variant_ids(self, collection_id: str) -> list[str]: ...
    def variant_page(self, ids: Sequence[str], options: ProductVariantListOptions | None) -> ProductVariantList: ...
    def collection(self, identity: str) -> Collection: ...
    def children(self, identity: str) -> list[Collection]: ...
    def breadcrumbs(self, identity: str) -> list[CollectionBreadcrumb]: ...
    def count(self, rows: Iterable[Iterable[str]]) -> list[tuple[str, int]]: ...


@strawberry.interface
class Node:
    """Anything with an id."""

    id: strawberry.ID


@strawberry.interface
class PaginatedList:
    """A page of something, and how much there is in all."""

    items: Sequence[Node]
    total_items: int


@strawberry.type
class Coordinate:
    """A point in a picture."""

    x: float
    y: float


@strawberry.type
class Asset(Node):
    """A picture, drawn by the shop itself."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    name: str
    type: AssetType
    file_size: int
    mime_type: str
    width: int
    height: int
    source: str
    preview: str
    focal_point: Coordinate | None = None


@strawberry.type
class TaxCategory(Node):
    """What is taxed alike."""

    created_at: DateTime
    updated_at: DateTime
    name: str
    is_default: bool


@strawberry.type
class TaxRate(Node):
    """How much tax is on a price, in per cent."""

    created_at: DateTime
    updated_at: DateTime
    name: str
    enabled: bool
    value: float
    category: TaxCategory


@strawberry.type
class FacetValue(Node):
    """A tag."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    facet_id: strawberry.ID
    name: str
    code: str
    shelf: strawberry.Private[Source]

    @strawberry.field
    def facet(self) -> Facet:
        """The facet this is a value of."""
        return self.shelf.facet(self.facet_id)


@strawberry.type
class Facet(Node):
    """A kind of tag."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    name: str
    code: str
    raw: strawberry.Private[c.Facet]
    shelf: strawberry.Private[Source]

    @strawberry.field
    def values(self) -> list[FacetValue]:
        """The values in their order."""
        return [self.shelf.facet_value(value.id) for value in self.raw.values]


@strawberry.type
class FacetList(PaginatedList):
    """A page of facets."""

    items: Sequence[Facet]


@strawberry.type
class ProductOptionGroup(Node):
    """What variants differ in."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    code: str
    name: str
    product: strawberry.Private[c.Product]
    shelf: strawberry.Private[Source]

    @strawberry.field
    def options(self) -> list[ProductOption]:
        """One option per variant."""
        return [option for v in self.product.variants for option in self.shelf.options(v.id)]


@strawberry.type
class ProductOption(Node):
    """One choice, e.g. a size."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    code: str
    name: str
    group_id: strawberry.ID
    product: strawberry.Private[c.Product]
    shelf: strawberry.Private[Source]

    @strawberry.field
    def group(self) -> ProductOptionGroup:
        """The group of this option."""
        return self.shelf.option_groups(self.product.id)[0]


@strawberry.type
class ProductVariant(Node):
    """What can be bought."""

    product_id: strawberry.ID
    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    sku: str
    name: str
    featured_asset: Asset | None
    assets: list[Asset]
    price: Money
    currency_code: CurrencyCode
    price_with_tax: Money
    tax_rate_applied: TaxRate
    tax_category: TaxCategory
    shelf: strawberry.Private[Source]

    @strawberry.field
    def product(self) -> Product:
        """The product of this variant."""
        return self.shelf.product(self.product_id)

    @strawberry.field
    def stock_level(self, info: Info) -> str:
        """The level of what is left after the orders so far."""
        left = info.context.shop.left(self.id)
        return "OUT_OF_STOCK" if left <= 0 else "LOW_STOCK" if left <= 2 else "IN_STOCK"

    @strawberry.field
    def options(self) -> list[ProductOption]:
        """The options of this variant."""
        return self.shelf.options(self.id)

    @strawberry.field
    def facet_values(self) -> list[FacetValue]:
        """The product's facet values, but of several colours only the variant's own."""
        return [self.shelf.facet_value(value) for value in self.shelf.variant_facet_value_ids(self.id)]


@strawberry.type
class ProductVariantList(PaginatedList):
    """A page of variants."""

    items: Sequence[ProductVariant]


@strawberry.type
class ProductTranslation:
    """A product's words in one language."""

    id: strawberry.ID
    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    name: str
    slug: str
    description: str


@strawberry.type
class Product(Node):
    """A product page."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    name: str
    slug: str
    description: str
    enabled: bool
    featured_asset: Asset | None
    assets: list[Asset]
    translations: list[ProductTranslation]
    raw: strawberry.Private[c.Product]
    shelf: strawberry.Private[Source]

    @strawberry.field
    def variants(self) -> list[ProductVariant]:
        """The variants in their order."""
        return [self.shelf.variant(v.id) for v in self.raw.variants]

    @strawberry.field
    def variant_list(self, options: ProductVariantListOptions | None = None) -> ProductVariantList:
        """The variants that fit `options`."""
        return self.shelf.variant_page([v.id for v in self.raw.variants], options)

    @strawberry.field
    def option_groups(self) -> list[ProductOptionGroup]:
        """No or one option group."""
        return self.shelf.option_groups(self.id)

    @strawberry.field
    def facet_values(self) -> list[FacetValue]:
        """The facet values of this product."""
        return [self.shelf.facet_value(value) for value in self.raw.facet_value_ids]

    @strawberry.field
    def collections(self) -> list[Collection]:
        """The collections that hold it."""
        return [self.shelf.collection(identity) for identity in self.raw.collection_ids]


@strawberry.type
class ProductList(PaginatedList):
    """A page of products."""

    items: Sequence[Product]


@strawberry.type
class CollectionBreadcrumb:
    """One step from the root to a collection."""

    id: strawberry.ID
    name: str
    slug: str


@strawberry.type
class Collection(Node):
    """A listing of the shop."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode | None
    name: str
    slug: str
    position: int
    description: str
    featured_asset: Asset | None
    assets: list[Asset]
    parent_id: strawberry.ID
    raw: strawberry.Private[c.Collection]
    shelf: strawberry.Private[Source]

    @strawberry.field
    def breadcrumbs(self) -> list[CollectionBreadcrumb]:
        """The root first, this collection last."""
        return self.shelf.breadcrumbs(self.id)

    @strawberry.field
    def parent(self) -> Collection | None:
        """None for the root."""
        return None if self.raw.parent_id is None else self.shelf.collection(self.raw.parent_id)

    @strawberry.field
    def children(self) -> list[Collection] | None:
        """Direct children by position."""
        return self.shelf.children(self.id)

    @strawberry.field
    def product_variants(self, options: ProductVariantListOptions | None = None) -> ProductVariantList:
        """The variants that fit `options`, variants of one product side by side."""
        return self.shelf.variant_page(self.shelf.variant_ids(self.id), options)

    @strawberry.field
    def product_variant_count(self) -> int:
        """All variants of its products."""
        return len(self.shelf.variant_ids(self.id))


@strawberry.type
class CollectionList(PaginatedList):
    """A page of collections."""

    items: Sequence[Collection]


@strawberry.type
class SearchResultAsset:
    """The picture of a search result."""

    id: strawberry.ID
    preview: str
    focal_point: Coordinate | None = None


@strawberry.type
class SinglePrice:
    """The price of one variant."""

    value: Money


@strawberry.type
class PriceRange:
    """Lowest and highest price of a product's variants."""

    min: Money
    max: Money


SearchResultPrice = Annotated[PriceRange | SinglePrice, strawberry.union("SearchResultPrice")]


@strawberry.type
class SearchResult:
    """One row of a search: a product (grouped) or a variant."""

    sku: str
    slug: str
    product_id: strawberry.ID
    product_name: str
    product_asset: SearchResultAsset | None
    product_variant_id: strawberry.ID
    product_variant_name: str
    product_variant_asset: SearchResultAsset | None
    price: SearchResultPrice
    price_with_tax: SearchResultPrice
    currency_code: CurrencyCode
    description: str
    facet_ids: list[strawberry.ID]
    facet_value_ids: list[strawberry.ID]
    collection_ids: list[strawberry.ID]
    score: float
    in_stock: bool


@strawberry.type
class FacetValueResult:
    """How many rows of a search carry a tag."""

    facet_value: FacetValue
    count: int


@strawberry.type
class CollectionResult:
    """How many rows of a search are in a collection."""

    collection: Collection
    count: int


@strawberry.type
class SearchResponse:
    """A page of a search, and counts over all of it."""

    items: Sequence[SearchResult]
    total_items: int
    rows: strawberry.Private[tuple[SearchResult, ...]]
    shelf: strawberry.Private[Source]

    @strawberry.field
    def facet_values(self) -> list[FacetValueResult]:
        """Counts by facet value id, in the order of the ids."""
        counts = self.shelf.count(row.facet_value_ids for row in self.rows)
        return [FacetValueResult(facet_value=self.shelf.facet_value(key), count=n) for key, n in counts]

    @strawberry.field
    def collections(self) -> list[CollectionResult]:
        """Counts by collection id, in the order of the ids."""
        counts = self.shelf.count(row.collection_ids for row in self.rows)
        return [CollectionResult(collection=self.shelf.collection(key), count=n) for key, n in counts]
