"""Builds the demo catalogue from the brand's data and one seed: the same seed gives the same catalogue, everywhere."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from personalize.demo import describe, tags, taxonomy, wording
from personalize.demo.catalogue import Catalogue, Product, Store, Text
from personalize.demo.draft import Draft
from personalize.demo.source import read
from personalize.demo.variants import make_variants

NEWEST = 96
"""How many products the collection "new-in" holds."""
DAYS = 540
"""The oldest product came into the shop this many days before the newest."""


@lru_cache(maxsize=4)
def generate(seed: int = 7) -> Catalogue:
    """The whole catalogue of the invented brand for `seed` (about 1,300 products; some 50 ms, then cached)."""
    rng = random.Random(seed)
    taken: set[tuple[str, ...]] = set()
    drafts = [draft for category in read("categories")["category"] for draft in _category(category, taken, rng)]
    facets, tree = taxonomy.facets(), taxonomy.collections()
    value_ids = {(facet.code, value.code): value.id for facet in facets for value in facet.values}
    facet_of = {value.id: facet.id for facet in facets for value in facet.values}
    collection_ids = {collection.slug: collection.id for collection in tree}
    stores = read("brand")["store"]

    newest = set(sorted(range(len(drafts)), key=lambda i: drafts[i].age)[:NEWEST])
    ranked = sorted(range(len(drafts)), key=lambda i: (-_merchandiser(drafts[i], rng), i))
    rank_of = {index: rank for rank, index in enumerate(ranked)}

    products: list[Product] = []
    used: set[str] = set()
    variant_count = 0
    for index, draft in enumerate(drafts):
        identity = str(index + 1)
        variants = make_variants(draft, identity, variant_count, stores, rng)
        variant_count += len(variants)
        values = tuple(value_ids[pair] for pair in tags.facet_codes(draft))
        slugs = taxonomy.slugs_of(draft.department, draft.category, draft.occasions, new=index in newest)
        products.append(
            Product(
                id=identity,
                slug=wording.slugs(draft.name, used),
                name=draft.name,
                description=describe.description(draft),
                category=draft.category,
                department=draft.department,
                line=draft.line,
                kind=Text(draft.kind["en"], draft.kind["de"]),
                material=draft.material,
                care=describe.care(draft),
                colours=draft.colours,
                season=draft.season,
                occasions=draft.occasions,
                weather=tags.weather(draft),
                warmth=draft.warmth,
                rain=draft.rain,
                appeal=draft.appeal,
                rank=rank_of[index],
                created_at=wording.date(draft.age),
                review_count=draft.review_count,
                rating=draft.rating,
                option_name=describe.option_name(draft),
                variants=variants,
                facet_value_ids=values,
                facet_ids=tuple(dict.fromkeys(facet_of[value] for value in values)),
                collection_ids=tuple(sorted((collection_ids[slug] for slug in slugs), key=int)),
            )
        )
    return Catalogue(
        products=tuple(products),
        facets=facets,
        collections=taxonomy.fill(tree, ((index, products[index].collection_ids) for index in ranked)),
        stores=tuple(Store(s["code"], s["city"], s["latitude"], s["longitude"]) for s in stores),
    )


def _category(category: dict[str, Any], taken: set[tuple[str, ...]], rng: random.Random) -> list[Draft]:
    """`category["products"]` drafts: styles of one kind, material and line, each in up to three colours.

    `taken` remembers (kind, material, style) over all categories, so that no two products share a name.
    """
    home = category["department"] in ("living", "table", "bed-bath")
    names = read("brand")["styles"]
    styles = names.get(category["department"], names["home"] if home else [*names["women"], *names["men"]])
    drafts: list[Draft] = []
    while len(drafts) < category["products"]:
        kind = category["kinds"][rng.randrange(len(category["kinds"]))]
        material = rng.choice(kind["materials"])
        style = rng.choice(styles)
        if (kind["en"], material, style) in taken:
            continue
        taken.add((kind["en"], material, style))
        line = tags.pick_line(home, kind, rng)
        palette = read("colours")["palettes"][read("materials")[material]["palette"]]
        vary = kind.get("vary", category["vary"])
        if vary == "colours":
            colourings = [tuple(rng.sample(palette, min(len(palette), rng.randint(1, 4))))]
        else:
            colourings = [(colour,) for colour in rng.sample(palette, min(len(palette), rng.randint(1, 3)))]
        base = rng.betavariate(1.6, 2.6)
        appeal = rng.betavariate(2.5, 2.5)
        for colours in colourings[: category["products"] - len(drafts)]:
            choice = (kind, material, style, line, colours, vary)
            drafts.append(Draft.make(category, *choice, base=base, appeal=appeal, days=DAYS, rng=rng))
    return drafts


def _merchandiser(draft: Draft, rng: random.Random) -> float:
    """What the shop's own default order goes by: liked by many, new, a little of the buyer's whim."""
    return 0.9 * draft.appeal + 0.5 * (1 - draft.age / DAYS) + 0.35 * rng.random()
