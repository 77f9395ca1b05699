"""A mix of listings as shoppers ask for them: few very often, most seldom; each visitor asks once for each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from bench.load import Request
from bench.questions import of_visitor
from bench.visitors import Product

TAKE = 24
EXPONENT = 1.0  # of Zipf's law: the second listing is asked for half as often as the first
SEARCH = """query Listing($input: SearchInput!) {
  search(input: $input) {
    totalItems
    items {
      productId productName slug description currencyCode productAsset { preview }
      priceWithTax { ... on PriceRange { min max } ... on SinglePrice { value } }
    }
  }
}"""
EVERYTHING = """query Everything($input: SearchInput!) {
  search(input: $input) { totalItems items {
    productId currencyCode facetValueIds collectionIds priceWithTax { ... on PriceRange { min } } } } }"""
COLLECTIONS = "{ collections(options: { take: 100 }) { items { slug } } }"
WORDS = [  # what the generated products are called
    *("alder", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "isle", "juniper", "kelp", "larch"),
    *("black", "white", "navy", "olive", "sand", "rust", "berry", "sky"),
    *("light", "warm", "plain", "soft", "bold", "slim", "wide", "quiet", "bright", "rough"),
    *("shirt", "jacket", "jeans", "dress", "pullover", "coat", "lamp", "cushion", "carpet", "vase", "blanket"),
    *("mirror", "pan", "bowl", "knife", "mug", "carafe", "board"),
]

Input = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mix:
    """Listings, the most popular first, with the share of requests each gets."""

    inputs: tuple[Input, ...]
    weights: tuple[float, ...]

    def requests(self, visitors: Sequence[str], seed: int) -> Iterator[Request]:
        """Requests without end; each visitor asks for a listing once before one asks for it again."""
        rng = random.Random(seed)
        order = [rng.sample(range(len(visitors)), len(visitors)) for _ in self.inputs]
        asked = [0] * len(self.inputs)
        while True:
            (at,) = rng.choices(range(len(self.inputs)), self.weights)
            who = order[at][asked[at] % len(visitors)]
            asked[at] += 1
            yield of_visitor(request(self.inputs[at]), visitors[who])


def request(wanted: Input) -> Request:
    """A page of a listing."""
    body = {"query": SEARCH, "variables": {"input": {"take": TAKE, "skip": 0, "groupByProduct": True, **wanted}}}
    return Request(orjson.dumps(body), {"Content-Type": "application/json", "Accept-Language": "en"})


def mix(shop_url: str, count: int, seed: int = 1) -> Mix:
    """So many collections and search terms of the shop, each with more than a page of products."""
    with httpx.Client(timeout=60.0) as client:
        slugs = [one["slug"] for one in _ask(client, shop_url, COLLECTIONS)["collections"]["items"]]
        wanted: list[Input] = [{"collectionSlug": slug} for slug in slugs] + [{"term": word} for word in WORDS]
        random.Random(seed).shuffle(wanted)
        found: list[Input] = []
        for one in wanted:
            if len(found) < count and _total(client, shop_url, one) > TAKE:
                found.append(one)
    if len(found) < count:
        raise RuntimeError(f"the shop has {len(found)} listings of more than {TAKE} products, expected {count}")
    return Mix(tuple(found), tuple(1 / rank**EXPONENT for rank in range(1, count + 1)))


def products(shop_url: str) -> list[Product]:
    """Everything that the shop sells, as its map reads it; minor units become units."""
    with httpx.Client(timeout=120.0) as client:
        found: list[Product] = []
        while True:
            wanted = {"take": 1_000, "skip": len(found), "groupByProduct": True}
            rows = _ask(client, shop_url, EVERYTHING, wanted)["search"]["items"]
            found += [
                Product(
                    row["productId"], row["priceWithTax"]["min"] / 100, row["currencyCode"],
                    {"facet": row["facetValueIds"], "collection": row["collectionIds"]},
                )
                for row in rows
            ]  # fmt: skip
            if len(rows) < 1_000:
                return found


def _total(client: httpx.Client, url: str, wanted: Input) -> int:
    return int(_ask(client, url, EVERYTHING, {"take": 1, "groupByProduct": True, **wanted})["search"]["totalItems"])


def _ask(client: httpx.Client, url: str, query: str, wanted: Input | None = None) -> Any:
    answer = client.post(url, json={"query": query, "variables": {"input": wanted} if wanted else {}}).json()
    if answer.get("errors"):
        raise RuntimeError(f"the shop refused: {answer['errors']}")
    return answer["data"]
