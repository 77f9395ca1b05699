"""Laws of the generated catalogue: whatever the seed, it is a shop one could open."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.demo import gtin
from personalize.demo.catalogue import Catalogue
from personalize.demo.generate import generate


@pytest.fixture(scope="module", params=[7, 8])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    return generate(request.param)


def test_it_is_large_and_every_id_number_and_name_is_unique(catalogue: Catalogue) -> None:
    products = catalogue.products
    variants = [variant for product in products for variant in product.variants]
    assert len(products) >= 1_200
    assert [product.id for product in products] == [str(n + 1) for n in range(len(products))]
    for values in (
        [v.id for v in variants], [v.sku for v in variants], [v.gtin for v in variants],
        [p.name.en for p in products], [p.name.de for p in products],
    ):  # fmt: skip
        assert len(set(values)) == len(values)
    slugs = Counter(slug for product in products for slug in set(product.slug))
    assert slugs.most_common(1)[0][1] == 1, "a slug names one product, in whichever language"


def test_variants_prices_cost_and_stock(catalogue: Catalogue) -> None:
    stores = {store.code for store in catalogue.stores}
    assert len(stores) == 8
    for product in catalogue.products:
        assert 1 <= len(product.variants) <= 6
        for v in product.variants:
            assert v.product_id == product.id
            assert gtin.valid(v.gtin)
            assert len(v.gtin) == 13
            assert 0 < v.cost < v.price < v.price_with_tax
            assert v.price == round(v.price_with_tax * 100 / 119)
            assert set(v.stock) == stores
            assert v.online >= 0
            assert min(v.stock.values()) >= 0
    share = sum(product.in_stock for product in catalogue.products) / len(catalogue.products)
    assert 0.9 < share < 1, "some things are sold out"


def test_stores_are_in_germany(catalogue: Catalogue) -> None:
    for store in catalogue.stores:
        assert 47.2 < store.latitude < 55.1
        assert 5.8 < store.longitude < 15.1


def test_tags_and_collections_agree(catalogue: Catalogue) -> None:
    assert {facet.code for facet in catalogue.facets} >= {
        "category", "line", "colour", "material", "season", "occasion", "weather",
    }  # fmt: skip
    values = catalogue.facet_value_by_id
    for product in catalogue.products:
        by_facet = {values[v].facet_id for v in product.facet_value_ids}
        assert by_facet == set(product.facet_ids)
        codes = [values[v].code for v in product.facet_value_ids]
        assert product.category in codes
        assert product.line in codes
        assert product.material in codes
    for collection in catalogue.collections[1:]:
        members = [catalogue.products[i] for i in collection.products]
        assert members, f"{collection.slug} is empty"
        assert all(collection.id in product.collection_ids for product in members)
        assert [p.rank for p in members] == sorted(p.rank for p in members)
        assert collection.parent_id in catalogue.collection_by_id
    assert len(catalogue.collection_by_slug["all"].products) == len(catalogue.products)
    assert sum(len(c.products) for c in catalogue.collections) == sum(len(p.collection_ids) for p in catalogue.products)


def test_reviews_follow_appeal(catalogue: Catalogue) -> None:
    rated = [p for p in catalogue.products if p.rating is not None]
    assert all(1 <= (p.rating or 0) <= 5 and p.review_count > 0 for p in rated)
    liked = [p.rating or 0 for p in rated if p.appeal > 0.6]
    disliked = [p.rating or 0 for p in rated if p.appeal < 0.4]
    assert sum(liked) / len(liked) > sum(disliked) / len(disliked)


def test_the_same_seed_gives_the_same_catalogue_and_another_seed_another() -> None:
    generate.cache_clear()
    first = generate(7)
    generate.cache_clear()
    assert dataclasses.asdict(first) == dataclasses.asdict(generate(7))
    assert first.products[0].name != generate(8).products[0].name


def test_names_read_like_names() -> None:
    names = {(p.name.en, p.name.de) for p in generate(7).products}
    assert any(en.startswith("Linen shirt ") and de.startswith("Leinenhemd ") for en, de in names)
    assert all(en[0].isupper() and de[0].isupper() and "  " not in en + de for en, de in names)


@given(st.integers(0, 10**10 - 1), st.integers(0, 12), st.integers(1, 9))
def test_a_wrong_digit_is_noticed(number: int, place: int, change: int) -> None:
    right = gtin.internal(number)
    assert gtin.valid(right)
    digit = str((int(right[place]) + change) % 10)
    assert not gtin.valid(right[:place] + digit + right[place + 1 :])


@pytest.mark.parametrize("number", ["4006381333931", "96385074", "036000291452", "00012345600012"])
def test_published_gtins_are_valid(number: str) -> None:
    assert gtin.valid(number)
