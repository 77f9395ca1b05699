"""The catalogue as schema objects in one language, each built once when first asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

import strawberry

from personalize.demo import catalogue as c
from personalize.demo.shop import goods
from personalize.demo.shop.call import page
from personalize.demo.shop.conditions import chosen, ordered
from personalize.demo.shop.inputs import ProductListOptions, ProductVariantListOptions
from personalize.demo.shop.picture import SIDE, preview_url
from personalize.demo.shop.present import NOW, TAX_NAME
from personalize.demo.shop.scalars import AssetType, CurrencyCode, DateTime, LanguageCode, Money

ID = strawberry.ID
CATEGORY = goods.TaxCategory(id=ID("1"), created_at=NOW, updated_at=NOW, name="Standard Tax", is_default=True)
RATE = goods.TaxRate(
    id=ID("1"),
    created_at=NOW,
    updated_at=NOW,
    name=TAX_NAME,
    enabled=True,
    value=float(c.TAX_PERCENT),
    category=CATEGORY,
)


class Shelf:
    """One language's view of a catalogue; `asset_base` is put before the paths of pictures."""

    def __init__(self, catalogue: c.Catalogue, language: str, asset_base: str = "") -> None:
        self.catalogue = catalogue
        self.language = language
        self.code = LanguageCode(language)
        self.asset_base = asset_base
        self._products: dict[str, goods.Product] = {}
        self._variants: dict[str, goods.ProductVariant] = {}
        self._options: dict[str, list[goods.ProductOption]] = {}
        self._facets = {facet.id: self._make_facet(facet) for facet in catalogue.facets}
        self._values = {value.id: self._make_value(value) for facet in catalogue.facets for value in facet.values}
        self._collections = {row.id: self._make_collection(row) for row in catalogue.collections}

    def preview(self, identity: str) -> str:
        """Where the picture of a product is served."""
        return preview_url(self.asset_base, identity)

    # products -----------------------------------------------------------------------------------------------------

    def product(self, identity: str) -> goods.Product:
        """The product with that id (KeyError where there is none)."""
        if identity not in self._products:
            self._products[identity] = self._make_product(self.catalogue.product_by_id[identity])
        return self._products[identity]

    def variant(self, identity: str) -> goods.ProductVariant:
        """The variant with that id (KeyError where there is none)."""
        if identity not in self._variants:
            self._variants[identity] = self._make_variant(self.catalogue.variant_by_id[identity])
        return self._variants[identity]

    def option_groups(self, product_id: str) -> list[goods.ProductOptionGroup]:
        """None for a product with one variant without a choice, else one."""
        product = self.catalogue.product_by_id[product_id]
        if product.option_name is None:
            return []
        group = goods.ProductOptionGroup(
            id=ID(product.id),
            created_at=NOW,
            updated_at=NOW,
            language_code=self.code,
            code=f"{product.slug.en}-option",
            name=product.option_name.of(self.language),
            product=product,
            shelf=self,
        )
        return [group]

    def options(self, variant_id: str) -> list[goods.ProductOption]:
        """The choice that a variant stands for."""
        variant = self.catalogue.variant_by_id[variant_id]
        product = self.catalogue.product_by_id[variant.product_id]
        if variant.option is None:
            return []
        if variant_id not in self._options:
            label = variant.name.of(self.language).removeprefix(product.name.of(self.language)).lstrip(", ")
            self._options[variant_id] = [
                goods.ProductOption(
                    id=ID(variant.id),
                    created_at=NOW,
                    updated_at=NOW,
                    language_code=self.code,
                    code=variant.option,
                    name=label,
                    group_id=ID(product.id),
                    product=product,
                    shelf=self,
                )
            ]
        return self._options[variant_id]

    def variant_facet_value_ids(self, variant_id: str) -> list[str]:
        """The product's facet values without the colours of its other variants."""
        variant = self.catalogue.variant_by_id[variant_id]
        product = self.catalogue.product_by_id[variant.product_id]
        others = {self._colours[colour] for colour in product.colours if colour != variant.colour}
        return [value for value in product.facet_value_ids if value not in others]

    @cached_property
    def _colours(self) -> dict[str, str]:
        """Facet value ids by colour code."""
        return {value.code: value.id for f in self.catalogue.facets if f.code == "colour" for value in f.values}

    @cached_property
    def by_rank(self) -> list[str]:
        """Ids of all products in the merchandiser's order."""
        return [product.id for product in sorted(self.catalogue.products, key=lambda p: p.rank)]

    def product_page(self, options: ProductListOptions | None) -> goods.ProductList:
        """The products that fit `options`, in the merchandiser's order unless another is asked for."""
        options = options or ProductListOptions()
        rows = page(options.skip, options.take)
        found = chosen(map(self.product, self.by_rank), options.filter, options.filter_operator)
        return goods.ProductList(items=ordered(found, options.sort)[rows], total_items=len(found))

    def variant_ids(self, collection_id: str) -> list[str]:
        """Ids of the variants in a collection: products by rank, then the variants of each."""
        products = self.catalogue.products
        return [v.id for i in self.catalogue.collection_by_id[collection_id].products for v in products[i].variants]

    def variant_page(self, ids: Sequence[str], options: ProductVariantListOptions | None) -> goods.ProductVariantList:
        """The variants among `ids` that fit `options`, in the order of `ids` unless another is asked for."""
        options = options or ProductVariantListOptions()
        rows = page(options.skip, options.take)
        if options.filter is None and options.sort is None:
            return goods.ProductVariantList(items=[self.variant(i) for i in ids[rows]], total_items=len(ids))
        found = chosen(map(self.variant, ids), options.filter, options.filter_operator)
        return goods.ProductVariantList(items=ordered(found, options.sort)[rows], total_items=len(found))

    # facets and collections ---------------------------------------------------------------------------------------

    def facet(self, identity: str) -> goods.Facet:
        """The facet with that id."""
        return self._facets[identity]

    def facets(self) -> list[goods.Facet]:
        """All facets."""
        return list(self._facets.values())

    def facet_value(self, identity: str) -> goods.FacetValue:
        """The facet value with that id."""
        return self._values[identity]

    def collection(self, identity: str) -> goods.Collection:
        """The collection with that id, the root included."""
        return self._collections[identity]

    def collections(self) -> list[goods.Collection]:
        """All collections but the root."""
        return [row for row in self._collections.values() if row.raw.parent_id is not None]

    def children(self, identity: str) -> list[goods.Collection]:
        """The collections right below one."""
        return [row for row in self._collections.values() if row.raw.parent_id == identity]

    def breadcrumbs(self, identity: str) -> list[goods.CollectionBreadcrumb]:
        """From the root down to the collection."""
        trail: list[goods.CollectionBreadcrumb] = []
        at: str | None = identity
        while at is not None:
            row = self._collections[at]
            trail.append(goods.CollectionBreadcrumb(id=row.id, name=row.name, slug=row.slug))
            at = row.raw.parent_id
        return trail[::-1]

    @staticmethod
    def count(rows: Iterable[Iterable[str]]) -> list[tuple[str, int]]:
        """(id, how many rows name it), by id."""
        return sorted(Counter(identity for row in rows for identity in row).items(), key=lambda pair: int(pair[0]))

    # building -----------------------------------------------------------------------------------------------------

    def _make_asset(self, product: c.Product) -> goods.Asset:
        url = self.preview(product.id)
        return goods.Asset(
            id=ID(product.id),
            created_at=DateTime(product.created_at),
            updated_at=DateTime(product.created_at),
            language_code=self.code,
            name=product.slug.of(self.language),
            type=AssetType.IMAGE,
            file_size=1_000,
            mime_type="image/svg+xml",
            width=SIDE,
            height=SIDE,
            source=url,
            preview=url,
        )

    def _make_product(self, product: c.Product) -> goods.Product:
        asset = self._make_asset(product)
        created = DateTime(product.created_at)
        return goods.Product(
            id=ID(product.id),
            created_at=created,
            updated_at=created,
            language_code=self.code,
            name=product.name.of(self.language),
            slug=product.slug.of(self.language),
            description=product.description.of(self.language),
            enabled=True,
            featured_asset=asset,
            assets=[asset],
            translations=[
                goods.ProductTranslation(
                    id=ID(f"{int(product.id) * 2 + (language == 'de')}"),
                    created_at=created,
                    updated_at=created,
                    language_code=LanguageCode(language),
                    name=product.name.of(language),
                    slug=product.slug.of(language),
                    description=product.description.of(language),
                )
                for language in c.LANGUAGES
            ],
            raw=product,
            shelf=self,
        )

    def _make_variant(self, variant: c.Variant) -> goods.ProductVariant:
        created = DateTime(self.catalogue.product_by_id[variant.product_id].created_at)
        return goods.ProductVariant(
            id=ID(variant.id),
            product_id=ID(variant.product_id),
            created_at=created,
            updated_at=created,
            language_code=self.code,
            sku=variant.sku,
            name=variant.name.of(self.language),
            featured_asset=None,
            assets=[],
            price=Money(variant.price),
            currency_code=CurrencyCode.EUR,
            price_with_tax=Money(variant.price_with_tax),
            tax_rate_applied=RATE,
            tax_category=CATEGORY,
            shelf=self,
        )

    def _make_facet(self, facet: c.Facet) -> goods.Facet:
        return goods.Facet(
            id=ID(facet.id),
            created_at=NOW,
            updated_at=NOW,
            language_code=self.code,
            name=facet.name.of(self.language),
            code=facet.code,
            raw=facet,
            shelf=self,
        )

    def _make_value(self, value: c.FacetValue) -> goods.FacetValue:
        return goods.FacetValue(
            id=ID(value.id),
            created_at=NOW,
            updated_at=NOW,
            language_code=self.code,
            facet_id=ID(value.facet_id),
            name=value.name.of(self.language),
            code=value.code,
            shelf=self,
        )

    def _make_collection(self, row: c.Collection) -> goods.Collection:
        return goods.Collection(
            id=ID(row.id),
            created_at=NOW,
            updated_at=NOW,
            language_code=self.code,
            name=row.name.of(self.language),
            slug=row.slug,
            position=row.position,
            description="",
            featured_asset=None,
            assets=[],
            parent_id=ID(row.parent_id or ""),
            raw=row,
            shelf=self,
        )
