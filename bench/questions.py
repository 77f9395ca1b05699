"""What is asked of the demo shop: pages of 24, by visitors that each ask once for a listing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from bench.load import Request

TAKE = 24
PAGE = f"""query Page($slug: String, $term: String, $skip: Int) {{
  search(input: {{ collectionSlug: $slug, term: $term, groupByProduct: true, take: {TAKE}, skip: $skip }}) {{
    totalItems
    items {{ productId productName slug description currencyCode priceWithTax {{ ... on PriceRange {{ min max }} }}
            productAsset {{ preview }} }}
  }}
}}"""
DISTINCT = 128
SLUG = "women"  # 332 products: more than a window of 200


def plain(slug: str | None = SLUG, language: str = "en", skip: int = 0) -> Request:
    """A page asked for by nobody in particular."""
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    return Request(orjson.dumps({"query": PAGE, "variables": {"slug": slug, "skip": skip}}), headers)


def distinct(count: int) -> list[Request]:
    """Pages of which no two under way at the same time are alike: Hive Gateway would ask the shop once for both."""
    return [plain(skip=number % DISTINCT) for number in range(count)]


def known(
    visitors: Sequence[str], tags: Iterator[str], count: int, slug: str | None = SLUG
) -> tuple[list[Request], list[Request]]:
    """(requests that warm the windows up, `count` requests), every visitor asking for each listing once.

    A visitor who asks for the same listing again goes on with the order of before, and nothing is ranked. So each lap
    through the visitors asks in a language tag of its own, which makes it a listing, and a window, of its own.
    """
    first: list[Request] = []
    found: list[Request] = []
    while len(found) < count:
        language = f"en, x-{next(tags)};q=0.1"
        first.append(plain(slug, language))
        found += [of_visitor(plain(slug, language), one) for one in visitors[: count - len(found)]]
    return first, found


def cold(visitors: Sequence[str], tags: Iterator[str], count: int) -> list[Request]:
    """Known visitors with search terms that nobody asked for before; each finds something."""
    found = []
    for number in range(count):
        variables = {"term": f"linen {next(tags)}"}
        body = orjson.dumps({"query": PAGE, "variables": variables})
        found.append(of_visitor(Request(body, plain().headers), visitors[number % len(visitors)]))
    return found


def private(visitors: Sequence[str], tags: Iterator[str], count: int) -> list[Request]:
    """Known visitors in sessions of the shop that the gateway has never seen: nothing is shared with them."""
    found = []
    for number in range(count):
        asked = of_visitor(plain(), visitors[number % len(visitors)])
        found.append(Request(asked.body, {**asked.headers, "Authorization": f"Bearer unknown-{next(tags)}"}))
    return found


def of_visitor(request: Request, visitor: str) -> Request:
    """The same, asked by a known visitor who agreed to personalisation."""
    told = {"X-Personalize-Visitor": visitor, "X-Personalize-Consent": "personalization"}
    return Request(request.body, {**request.headers, **told})


def tags() -> Iterator[str]:
    """Words that were not used before."""
    number = 0
    while True:
        number += 1
        yield f"t{number:06d}"
