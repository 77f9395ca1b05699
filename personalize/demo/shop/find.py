"""The shop's search: which rows fit, in which order. Relevance by matching words, then the merchandiser's order."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import strawberry
from cachetools import LRUCache

from personalize.demo import catalogue as c
from personalize.demo.shop import goods
from personalize.demo.shop.call import user_input_error
from personalize.demo.shop.inputs import SearchInput
from personalize.demo.shop.scalars import CurrencyCode, LogicalOperator, Money, SortOrder
from personalize.demo.shop.shelf import Shelf

DEFAULT_TAKE = 25
MIN_TERM = 3
"""A shorter term is ignored."""
MAX_TERM_WORDS = 8
WEIGHTS = (6.0, 3.0, 1.0)
"""What a word counts for when it is found in the name, in a tag, in the description."""
MAX_CACHED = 256
"""Results kept, each a tuple of shared rows."""

Filters = tuple[object, ...]


class Finder:
    """Searches one language's shelf; the same input always gives the same rows (stock is that of the opening day)."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._by_rank = sorted(range(len(shelf.catalogue.products)), key=lambda i: shelf.catalogue.products[i].rank)
        self._cache: LRUCache[Filters, tuple[goods.SearchResult, ...]] = LRUCache(MAX_CACHED)

    @cached_property
    def _texts(self) -> list[tuple[str, str, str]]:
        return [self._text(product) for product in self.shelf.catalogue.products]

    @cached_property
    def _products(self) -> list[goods.SearchResult]:
        return [self._grouped(product) for product in self.shelf.catalogue.products]

    @cached_property
    def _variants(self) -> list[list[goods.SearchResult]]:
        return [self._single(product) for product in self.shelf.catalogue.products]

    def search(self, wanted: SearchInput) -> goods.SearchResponse:
        """A page: `take` of None or 0 gives 25 rows, a negative one all; there is no upper limit."""
        rows = self._rows(wanted)
        start = max(0, wanted.skip or 0)
        take = wanted.take or DEFAULT_TAKE
        items = list(rows[start : start + take] if take > 0 else rows[start:])
        return goods.SearchResponse(items=items, total_items=len(rows), rows=rows, shelf=self.shelf)

    def _rows(self, w: SearchInput) -> tuple[goods.SearchResult, ...]:
        sort = (w.sort.name, w.sort.price) if w.sort else None
        words = _words(w.term)
        filters = tuple((f.and_, tuple(f.or_ or ())) for f in w.facet_value_filters or ())
        if any(one and other for one, other in filters):
            raise user_input_error("error.facetfilterinput-invalid-input")
        collections = self._collection_ids(w)
        key: Filters = (
            words, filters, tuple(w.facet_value_ids or ()), w.facet_value_operator, collections, w.in_stock,
            bool(w.group_by_product), sort,
        )  # fmt: skip
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._find(w, words, collections)
        return found

    def _find(
        self, w: SearchInput, words: tuple[str, ...], collections: tuple[frozenset[str], ...]
    ) -> tuple[goods.SearchResult, ...]:
        catalogue = self.shelf.catalogue
        hits: list[tuple[float, int]] = []
        for index in self._by_rank:
            product = catalogue.products[index]
            if not all(wanted.intersection(product.collection_ids) for wanted in collections):
                continue
            score = self._score(index, words)
            if score is not None and _tagged(set(product.facet_value_ids), w):
                hits.append((score, index))
        hits.sort(key=lambda hit: -hit[0])
        rows: list[goods.SearchResult] = []
        for score, index in hits:
            found = [self._products[index]] if w.group_by_product else self._variants[index]
            fitting = (row for row in found if w.in_stock is None or row.in_stock is w.in_stock)
            rows.extend(replace(row, score=score) if score else row for row in fitting)
        return tuple(_sorted(rows, w))

    def _collection_ids(self, w: SearchInput) -> tuple[frozenset[str], ...]:
        """The collections asked for: a row must be in one of each set; a slug nobody knows is the id ""."""
        by_slug = self.shelf.catalogue.collection_by_slug

        def ids_of(slugs: list[str]) -> list[str]:
            return [by_slug[slug].id if slug in by_slug else "" for slug in slugs]

        asked: list[list[str]] = [
            [w.collection_id] if w.collection_id else [],
            list(w.collection_ids or ()),
            ids_of([w.collection_slug] if w.collection_slug else []),
            ids_of(w.collection_slugs or []),
        ]
        return tuple(frozenset(ids) for ids in asked if ids)

    def _text(self, product: c.Product) -> tuple[str, str, str]:
        language = self.shelf.language
        values = self.shelf.catalogue.facet_value_by_id
        variants = " ".join(variant.sku for variant in product.variants)
        return (
            product.name.of(language).casefold(),
            " ".join(values[v].name.of(language) for v in product.facet_value_ids).casefold(),
            f"{product.description.of(language)} {variants}".casefold(),
        )

    def _score(self, index: int, words: tuple[str, ...]) -> float | None:
        """Sum over the words of the best place each is found in; None if one is found nowhere."""
        total = 0.0
        for word in words:
            best = max((w for w, text in zip(WEIGHTS, self._texts[index], strict=True) if word in text), default=0.0)
            if not best:
                return None
            total += best
        return total

    def _grouped(self, product: c.Product) -> goods.SearchResult:
        net, gross = product.price, product.price_with_tax
        return self._row(
            product,
            product.variants[0],
            goods.PriceRange(min=Money(net[0]), max=Money(net[1])),
            goods.PriceRange(min=Money(gross[0]), max=Money(gross[1])),
            product.in_stock,
        )

    def _single(self, product: c.Product) -> list[goods.SearchResult]:
        return [
            self._row(
                product,
                variant,
                goods.SinglePrice(value=Money(variant.price)),
                goods.SinglePrice(value=Money(variant.price_with_tax)),
                variant.online > 0,
            )
            for variant in product.variants
        ]

    def _row(
        self,
        product: c.Product,
        variant: c.Variant,
        price: goods.PriceRange | goods.SinglePrice,
        price_with_tax: goods.PriceRange | goods.SinglePrice,
        in_stock: bool,
    ) -> goods.SearchResult:
        language, identity = self.shelf.language, strawberry.ID
        return goods.SearchResult(
            sku=variant.sku,
            slug=product.slug.of(language),
            product_id=identity(product.id),
            product_name=product.name.of(language),
            product_asset=goods.SearchResultAsset(id=identity(product.id), preview=self.shelf.preview(product.id)),
            product_variant_id=identity(variant.id),
            product_variant_name=variant.name.of(language),
            product_variant_asset=None,
            price=price,
            price_with_tax=price_with_tax,
            currency_code=CurrencyCode.EUR,
            description=product.description.of(language),
            facet_ids=[identity(i) for i in product.facet_ids],
            facet_value_ids=[identity(i) for i in product.facet_value_ids],
            collection_ids=[identity(i) for i in product.collection_ids],
            score=0.0,
            in_stock=in_stock,
        )


def _words(term: str | None) -> tuple[str, ...]:
    term = (term or "").strip().casefold()
    return tuple(term.split()[:MAX_TERM_WORDS]) if len(term) >= MIN_TERM else ()


def _tagged(values: set[str], w: SearchInput) -> bool:
    """Whether a product's facet values fit every filter."""
    if w.facet_value_ids:
        join = all if w.facet_value_operator is LogicalOperator.AND else any
        if not join(value in values for value in w.facet_value_ids):
            return False
    for condition in w.facet_value_filters or ():
        if condition.and_ and condition.and_ not in values:
            return False
        if condition.or_ and not any(value in values for value in condition.or_):
            return False
    return True


def _sorted(rows: list[goods.SearchResult], w: SearchInput) -> list[goods.SearchResult]:
    if w.sort is None:
        return rows
    if w.sort.price is not None:
        rows = sorted(rows, key=_lowest, reverse=w.sort.price is SortOrder.DESC)
    if w.sort.name is not None:
        rows = sorted(rows, key=lambda row: row.product_name.casefold(), reverse=w.sort.name is SortOrder.DESC)
    return rows


def _lowest(row: goods.SearchResult) -> int:
    return row.price.min if isinstance(row.price, goods.PriceRange) else row.price.value
