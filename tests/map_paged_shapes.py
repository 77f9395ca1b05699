"""Shapes of shops that page by number or by position, and tell of the page they answer in many ways."""

from __future__ import annotations

from typing import Any

from tests.map_shops import COUNT, Cut, Shape, by_number, by_offset

GOODS = """
type Chair { id: ID! name: String! maker: String! price: Float! currency: String! }
"""


def chair(number: int) -> dict[str, Any]:
    """A chair of that number."""
    return {"id": f"chair-{number}", "name": f"Chair {number}", "maker": f"Maker {number % 3}", "price": 20.0 + number,
            "currency": "EUR"}  # fmt: skip


def _pages(size: int) -> int:
    return -(-COUNT // size)


def _rows(cut: Cut) -> list[dict[str, Any]]:
    return [chair(number) for number in cut.numbers]


# -- Magento: pages from 1, an object that tells of the page, an error behind the last page -----------------------


def _numbered(_: Any, pageSize: int, currentPage: int, **__: Any) -> dict[str, Any]:  # noqa: N803 (names of the shop)
    cut = by_number(currentPage, pageSize, 300)
    page = {"current_page": currentPage, "page_size": pageSize, "total_pages": _pages(pageSize)}
    return {"items": _rows(cut), "page_info": page, "total_count": COUNT}


NUMBERED = Shape(
    name="numbered",
    sdl=GOODS
    + """
    type Query {
      chairs(search: String, pageSize: Int = 20, currentPage: Int = 1, sort: ChairSort): Chairs
      chair(id: ID!): Chair
    }
    input ChairSort { name: Way price: Way position: Way }
    enum Way { ASC DESC }
    type Chairs { items: [Chair] page_info: PageInfo total_count: Int }
    type PageInfo { current_page: Int page_size: Int total_pages: Int }
    """,
    root=lambda: {"chairs": _numbered},
    query="""query C($page: Int, $size: Int = 8) { list: chairs(pageSize: $size, currentPage: $page) {
      rows: items { name } page_info { at: current_page size: page_size total_pages } } }""",
    path=("list", "rows"),
    id=("name",),
    pages=[{"page": page} for page in range(1, 7)],
    odd=[{"page": 7}, {"page": 0}, {"page": -1}, {"page": 1, "size": 0}, {"page": 2, "size": 100}, {"size": 301},
         {"page": None}, {"page": 1, "size": 43}, {"page": 3, "size": 20}],
)  # fmt: skip


# -- pages from 0, of one size, with all of Payload's ways to say where one is -------------------------------------


def _fixed(_: Any, page: int = 0, **__: Any) -> dict[str, Any]:
    cut = by_number(page, 9, 9, first=0)
    last = _pages(9) - 1
    return {
        "docs": _rows(cut), "totalDocs": COUNT, "limit": 9, "totalPages": _pages(9), "page": page,
        "pagingCounter": cut.start + 1, "hasPrevPage": page > 0, "hasNextPage": page < last,
        "prevPage": page - 1 if page else None, "nextPage": page + 1 if page < last else None,
    }  # fmt: skip


FIXED = Shape(
    name="fixed",
    sdl=GOODS
    + '''
    type Query {
      Chairs("The page, counted from 0." page: Int = 0, order: String): Chairs!
      Chair(id: String!): Chair
    }
    type Chairs {
      docs: [Chair!]! totalDocs: Int! limit: Int! totalPages: Int! page: Int! pagingCounter: Int! hasPrevPage: Boolean!
      hasNextPage: Boolean! prevPage: Int nextPage: Int
    }
    ''',
    root=lambda: {"Chairs": _fixed},
    query="""query C($page: Int) { Chairs(page: $page) { docs { id } totalDocs limit totalPages page pagingCounter
      hasPrevPage hasNextPage prevPage nextPage } }""",
    path=("Chairs", "docs"),
    pages=[{"page": page} for page in range(5)],
    odd=[{"page": 5}, {"page": -1}],
    edits=[("# default: 20", "default: 9")],
)  # fmt: skip


# -- commercetools: an offset and a limit that are told again, and the count of this page ---------------------------


def _echoing(_: Any, limit: int | None = None, offset: int | None = None, **__: Any) -> dict[str, Any]:
    size = 20 if limit is None else limit
    cut = by_offset(offset or 0, size, 500)
    return {"offset": offset or 0, "limit": size, "count": cut.end - cut.start, "total": COUNT, "results": _rows(cut)}


ECHOING = Shape(
    name="echoing",
    sdl=GOODS
    + """
    scalar Long
    type Query { chairSearch(text: String, sorts: [String!] = [], limit: Int, offset: Int): ChairSearchResult! }
    type ChairSearchResult { limit: Int offset: Int! count: Long! total: Long! results: [Chair!]! exists: Boolean }
    """,
    root=lambda: {"chairSearch": _echoing},
    query="""query C($o: Int, $l: Int = 10) { chairSearch(limit: $l, offset: $o) {
      offset limit count results { id } } }""",
    path=("chairSearch", "results"),
    pages=[{"o": offset} for offset in range(0, COUNT, 10)],
    odd=[{"o": 50}, {"o": 3}, {"o": 40, "l": 40}, {"o": -1}, {"l": 0}, {"l": 501}, {"o": None, "l": None}],
)


# -- two steps down, and objects that tell of the page beside the list ----------------------------------------------


def _deep(_: Any, page: dict[str, Any] | None = None, **__: Any) -> dict[str, Any]:
    page = page or {"offset": 0, "limit": 20}
    cut = by_offset(page["offset"], page["limit"], 100)
    told = {"total": COUNT, "offset": page["offset"], "limit": page["limit"], "hasMore": cut.end < COUNT}
    return {"status": "OK", "data": {"items": _rows(cut), "pagination": told, "facets": [{"key": "maker"}]}}


DEEP = Shape(
    name="deep",
    sdl=GOODS
    + """
    type Query { search(term: String, page: PageIn, sort: SortBy): SearchResponse! chair(id: ID!): Chair }
    input PageIn { offset: Int = 0 limit: Int = 20 }
    enum SortBy { RELEVANCE PRICE_ASC PRICE_DESC }
    type SearchResponse { data: SearchData! status: String! }
    type SearchData { items: [Chair!]! pagination: Pagination! facets: [Facet!]! }
    type Pagination { total: Int! offset: Int! limit: Int! hasMore: Boolean! }
    type Facet { key: String! }
    """,
    root=lambda: {"search": _deep},
    query="""query C($page: PageIn) { search(page: $page) { status d: data {
      facets { key } rows: items { id name } pagination { hasMore offset limit } } } }""",
    path=("search", "d", "rows"),
    pages=[{"page": {"offset": offset, "limit": 10}} for offset in range(0, COUNT, 10)],
    odd=[{"page": {"offset": 60, "limit": 10}}, {}, {"page": {"offset": 0, "limit": 43}}, {"page": {"offset": 5}}],
)


# -- bare lists: by position (Hasura), by number (Strapi) -----------------------------------------------------------

BARE = Shape(
    name="bare",
    sdl=GOODS
    + """
    scalar numeric
    enum order_by { asc desc }
    input chair_order_by { name: order_by price: order_by }
    input chair_bool_exp { name: String }
    type Query {
      chairs(limit: Int, offset: Int, order_by: [chair_order_by!], where: chair_bool_exp): [Chair!]!
      chairs_aggregate(limit: Int, offset: Int): chairs_aggregate!
      chairs_by_pk(id: ID!): Chair
    }
    type chairs_aggregate { nodes: [Chair!]! aggregate: counted }
    type counted { count: Int! }
    """,
    root=lambda: {"chairs": lambda _, limit=99, offset=0, **__: _rows(by_offset(offset or 0, limit, 200))},
    query="query C($o: Int, $l: Int = 7) { c: chairs(limit: $l, offset: $o) { id name } }",
    path=("c",),
    pages=[{"o": offset} for offset in range(0, COUNT, 7)],
    odd=[{"o": 70}, {"o": 5, "l": 11}, {"l": 0}, {"o": -1}, {"l": 43}],
)

BARE_NUMBERED = Shape(
    name="bare-numbered",
    sdl=GOODS
    + """
    type Query { chairs(pagination: PaginationArg = {}, sort: [String] = []): [Chair]! chair(documentId: ID!): Chair }
    input PaginationArg { page: Int pageSize: Int }
    """,
    root=lambda: {
        "chairs": lambda _, pagination, **__: _rows(
            by_offset(
                (pagination.get("page", 1) - 1) * pagination.get("pageSize", 10), pagination.get("pageSize", 10), 100
            )
        )
    },
    query="query C($p: PaginationArg) { chairs(pagination: $p) { id } }",
    path=("chairs",),
    pages=[{"p": {"page": page, "pageSize": 9}} for page in range(1, 6)],
    odd=[{"p": {"page": 6, "pageSize": 9}}, {}, {"p": {"page": 2}}],
)

# -- one of several types: the page, or an error as data --------------------------------------------------------------


def _either(_: Any, page: int, perPage: int, **__: Any) -> dict[str, Any]:  # noqa: N803 (names of the shop)
    if not 0 < perPage <= 60 or not 0 < page <= _pages(perPage):
        return {"__typename": "OutOfRange", "message": f"no page {page} of {perPage}"}
    cut = by_number(page, perPage, 60)
    told = {"totalItems": COUNT, "totalPages": _pages(perPage), "page": page, "hasNextPage": cut.end < COUNT}
    return {"__typename": "ChairList", "chairs": _rows(cut), "pageInfo": told}


EITHER = Shape(
    name="either",
    sdl=GOODS
    + """
    type Query { chairs(page: Int!, perPage: Int!, sort: Sort): ChairsResult! chair(id: ID!): ChairResult! }
    enum Sort { RECOMMENDED PRICE_ASC }
    union ChairsResult = ChairList | OutOfRange
    union ChairResult = Chair | OutOfRange
    type OutOfRange { message: String! }
    type ChairList { chairs: [Chair!]! pageInfo: PageInfo! }
    type PageInfo { totalItems: Int! totalPages: Int! page: Int! hasNextPage: Boolean! }
    """,
    root=lambda: {"chairs": _either},
    query="""query C($page: Int = 1, $size: Int = 8) { list: chairs(page: $page, perPage: $size) { __typename
      ... on ChairList { chairs { id } pageInfo { page totalPages hasNextPage } } ... on OutOfRange { message } } }""",
    path=("list", "chairs"),
    pages=[{"page": page} for page in range(1, 7)],
    odd=[{"page": 7}, {"page": 0}, {"size": 61}, {"page": 2, "size": 40}, {"page": 1, "size": 43}],
)

PAGED = (EITHER, NUMBERED, FIXED, ECHOING, DEEP, BARE, BARE_NUMBERED)
