"""The demo brand's catalogue as plain values: products, variants, facets, collections, stores; all invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

CURRENCY = "EUR"
TAX_PERCENT = 19
LANGUAGES = ("en", "de")


class Text(NamedTuple):
    """The same words in both languages."""

    en: str
    de: str

    def of(self, language: str) -> str:
        """The words in `language` ("de", else English)."""
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class Store:
    """A shop on the street; `latitude` and `longitude` in degrees (WGS 84)."""

    code: str
    city: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Variant:
    """What one can buy: a size or colour of a product.

    `price` is net, `price_with_tax` gross, `cost` net: minor units (cents) of EUR. `online` is the warehouse's stock
    (what the web shop sells from), `stock` the units per store code. `option` is None where a product has one variant.
    """

    id: str
    product_id: str
    sku: str
    gtin: str
    name: Text
    option: str | None
    price: int
    price_with_tax: int
    cost: int
    online: int
    stock: Mapping[str, int]
    colour: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product page: 1..6 variants, its tags, and where it stands in the merchandiser's order (`rank`, 0 first).

    `warmth` and `rain` are in 0..1 (None: says nothing, as with a plate). `appeal` in 0..1 is how much people like it
    apart from their own taste; nothing but the simulated shoppers and the review numbers may know it.
    """

    id: str
    slug: Text
    name: Text
    description: Text
    category: str
    department: str
    line: str
    kind: Text
    material: str
    care: Text
    colours: tuple[str, ...]
    season: str
    occasions: tuple[str, ...]
    weather: tuple[str, ...]
    warmth: float | None
    rain: float | None
    appeal: float
    rank: int
    created_at: str
    review_count: int
    rating: float | None
    option_name: Text | None
    variants: tuple[Variant, ...]
    facet_value_ids: tuple[str, ...]
    facet_ids: tuple[str, ...]
    collection_ids: tuple[str, ...]

    @property
    def in_stock(self) -> bool:
        """Whether the warehouse has any variant."""
        return any(variant.online > 0 for variant in self.variants)

    @property
    def price_with_tax(self) -> tuple[int, int]:
        """Lowest and highest gross price of the variants, in cents."""
        prices = [variant.price_with_tax for variant in self.variants]
        return min(prices), max(prices)

    @property
    def price(self) -> tuple[int, int]:
        """Lowest and highest net price of the variants, in cents."""
        prices = [variant.price for variant in self.variants]
        return min(prices), max(prices)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One tag of a facet, e.g. colour: sand."""

    id: str
    facet_id: str
    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class Facet:
    """A kind of tag (category, line, colour, material, season, occasion, weather) and its values."""

    id: str
    code: str
    name: Text
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A listing of the shop: `products` hold indexes into `Catalogue.products`, in the merchandiser's order."""

    id: str
    parent_id: str | None
    position: int
    slug: str
    name: Text
    products: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Catalogue:
    """Everything the demo shop sells; `products[i].id == str(i + 1)`; `collections[0]` is the root."""

    products: tuple[Product, ...]
    facets: tuple[Facet, ...]
    collections: tuple[Collection, ...]
    stores: tuple[Store, ...]

    @cached_property
    def product_by_id(self) -> dict[str, Product]:
        """Products by id."""
        return {product.id: product for product in self.products}

    @cached_property
    def product_by_slug(self) -> dict[str, Product]:
        """Products by slug, in any language."""
        return {slug: product for product in self.products for slug in product.slug}

    @cached_property
    def variant_by_id(self) -> dict[str, Variant]:
        """Variants by id."""
        return {variant.id: variant for product in self.products for variant in product.variants}

    @cached_property
    def facet_value_by_id(self) -> dict[str, FacetValue]:
        """Facet values by id."""
        return {value.id: value for facet in self.facets for value in facet.values}

    @cached_property
    def collection_by_id(self) -> dict[str, Collection]:
        """Collections by id, the root included."""
        return {collection.id: collection for collection in self.collections}

    @cached_property
    def collection_by_slug(self) -> dict[str, Collection]:
        """Collections by slug, the root included."""
        return {collection.slug: collection for collection in self.collections}
