"""A table of operations as clients write them, and which of their lists a reversing decision turns round."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """`turned` are paths of lists that come back last first, `mixed` of lists with the same rows in another order."""

    name: str
    query: str
    variables: dict[str, Any] | None = None
    operation: str | None = None
    turned: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=())


VASES = 'input: {term: "terracotta", groupByProduct: true}'
VASE_VARIABLES = {"input": {"term": "terracotta", "groupByProduct": True}}
TOWELS = 'options: {filter: {name: {contains: "lantern"}}}'

CASES = [
    Case("short form", f"{{ search({VASES}) {{ items {{ productName }} }} }}", turned=("search.items",)),
    Case("nothing of ours", "query Menu { collections { items { slug children { name } } } activeChannel { code } }"),
    Case("alias of the list", f"{{ hits: search({VASES}) {{ items {{ sku }} }} }}", turned=("hits.items",)),
    Case(
        "alias of the items",
        f"{{ search({VASES}) {{ rows: items {{ sku }} n: totalItems }} }}",
        turned=("search.rows",),
    ),
    Case(
        "items twice",
        f"{{ search({VASES}) {{ ids: items {{ productId }} items {{ productName slug }} }} }}",
        turned=("search.ids", "search.items"),
    ),
    Case(
        "one list in two parts",
        f"{{ search({VASES}) {{ items {{ sku }} }} search({VASES}) {{ items {{ slug }} }} }}",
        turned=("search.items",),
    ),
    Case(
        "two lists",
        f"{{ search({VASES}) {{ items {{ sku }} }} products({TOWELS}) {{ items {{ name }} }} }}",
        turned=("search.items", "products.items"),
    ),
    Case(
        "the same list under two names",
        f"{{ a: search({VASES}) {{ items {{ sku }} }} b: search({VASES}) {{ items {{ sku }} }} }}",
        turned=("a.items", "b.items"),
    ),
    Case(
        "a fragment of two lists",
        """
        query Two($p: ProductListOptions, $q: ProductListOptions) {
          a: products(options: $p) { ...L } b: products(options: $q) { ...L }
        }
        fragment L on ProductList { totalItems items { id ...P } }
        fragment P on Product { name slug }
        """,
        {"p": {"filter": {"name": {"contains": "lantern"}}}, "q": {"filter": {"name": {"contains": "terracotta"}}}},
        turned=("a.items", "b.items"),
    ),
    Case(
        "a fragment inside a list and outside",
        """
        {
          collection(slug: "kitchen") { productVariants(options: {take: 100}) { ...V } }
          collections(options: {filter: {slug: {eq: "bathroom"}}}) { items { productVariants { ...V } } }
        }
        fragment V on ProductVariantList { items { id sku } totalItems }
        """,
        mixed=("collection.productVariants.items",),
    ),
    Case(
        "a field of a fragment inside a list and outside",
        """
        {
          collection(slug: "kitchen") { ...C }
          collections(options: {filter: {slug: {eq: "bathroom"}}}) { items { ...C } }
        }
        fragment C on Collection { name productVariants(options: {take: 50}) { items { id } } }
        """,
    ),
    Case(
        "a fragment of one list at two places",
        """
        { a: collection(slug: "kitchen") { ...C } b: collection(slug: "bathroom") { ...C } }
        fragment C on Collection { name productVariants(options: {take: 50}) { items { id productId } } }
        """,
        mixed=("a.productVariants.items", "b.productVariants.items"),
    ),
    Case(
        "a fragment on the interface",
        f"""
        {{ products({TOWELS}) {{ ...L }} }}
        fragment L on PaginatedList {{ items {{ id }} totalItems }}
        """,
        turned=("products.items",),
    ),
    Case(
        "a fragment of the root",
        f"query Page {{ ...R }} fragment R on Query {{ search({VASES}) {{ items {{ sku }} }} }}",
        turned=("search.items",),
    ),
    Case(
        "inline fragments",
        f"{{ ... {{ search({VASES}) {{ ... on SearchResponse {{ items {{ ... {{ sku }} }} }} }} }} }}",
        turned=("search.items",),
    ),
    Case(
        "__typename everywhere",
        f"""
        {{ __typename search({VASES}) {{ __typename items {{ __typename t: __typename sku
          price {{ __typename ... on PriceRange {{ __typename min max }} ... on SinglePrice {{ value }} }} }} }} }}
        """,
        turned=("search.items",),
    ),
    Case(
        "a variable for the whole",
        "query S($input: SearchInput!) { search(input: $input) { items { sku } } }",
        VASE_VARIABLES,
        turned=("search.items",),
    ),
    Case(
        "variables inside",
        """
        query S($term: String, $take: Int, $skip: Int) {
          search(input: {term: $term, take: $take, skip: $skip, groupByProduct: true}) { items { sku } }
        }
        """,
        {"term": "terracotta", "take": 50},
        turned=("search.items",),
    ),
    Case(
        "defaults inside",
        """
        query S($term: String = "terracotta", $take: Int = 50, $by: Boolean! = true) {
          search(input: {term: $term, take: $take, groupByProduct: $by}) { items { sku } }
        }
        """,
        turned=("search.items",),
    ),
    Case(
        "one variable for two lists",
        """
        query S($take: Int = 40) {
          search(input: {term: "terracotta", groupByProduct: true, take: $take}) { items { sku } }
          facets(options: {take: $take}) { items { code } }
        }
        """,
        turned=("search.items",),
    ),
    Case(
        "taken in by a condition",
        f"query S($x: Boolean!) {{ search({VASES}) @include(if: $x) {{ items {{ sku }} }} }}",
        {"x": True},
        turned=("search.items",),
    ),
    Case(
        "left out by a condition",
        f"query S($x: Boolean!) {{ search({VASES}) @skip(if: $x) {{ items {{ sku }} }} activeChannel {{ code }} }}",
        {"x": True},
    ),
    Case(
        "items left out",
        f"query S($x: Boolean!) {{ search({VASES}) {{ totalItems items @skip(if: $x) {{ sku }} }} }}",
        {"x": True},
    ),
    Case(
        "one of two views left out",
        f"query S($x: Boolean!) {{ search({VASES}) {{ a: items @skip(if: $x) {{ sku }} b: items {{ sku }} }} }}",
        {"x": True},
        turned=("search.b",),
    ),
    Case(
        "a condition on a fragment",
        "query ($x: Boolean!) { ...R @include(if: $x) }"
        f"fragment R on Query {{ search({VASES}) {{ items {{ sku }} }} }}",
        {"x": True},
        turned=("search.items",),
    ),
    Case(
        "several operations",
        f"query A {{ activeChannel {{ code }} }} query B {{ search({VASES}) {{ items {{ sku }} }} }}",
        operation="B",
        turned=("search.items",),
    ),
    Case(
        "several operations, one fragment",
        f"""
        query A {{ search({VASES}) {{ items {{ ...I }} }} }}
        query B($n: Int!) {{ search(input: {{term: "lantern", take: $n}}) {{ items {{ ...I }} }} }}
        fragment I on SearchResult {{ sku }}
        """,
        operation="A",
        turned=("search.items",),
    ),
    Case(
        "comments and commas",
        f"""# ( {{
        query S # (
        ( # {{ )
          $x: Boolean!,,, # )
        ) {{ search({VASES}) @include(if: $x), {{ items, {{ sku,, }} # }}
        }} }}""",
        {"x": True},
        turned=("search.items",),
    ),
    Case("line ends", f"query S {{\r\n search({VASES}) {{\r items {{\r\n sku }} }} }}\r\n", turned=("search.items",)),
    Case(
        "block strings",
        '{ search(input: {term: """\n  terracotta\n""", groupByProduct: true}) { items { sku } } }',
        turned=("search.items",),
    ),
    Case(
        "an empty sort",
        '{ search(input: {term: "terracotta", groupByProduct: true, sort: {}}) { items { sku } } }',
        turned=("search.items",),
    ),
    Case(
        "a null sort",
        "query S($i: SearchInput!) { search(input: $i) { items { sku } } }",
        {"i": {"term": "terracotta", "groupByProduct": True, "sort": {"name": None}}},
        turned=("search.items",),
    ),
    Case("an explicit sort", '{ search(input: {term: "terracotta", sort: {price: ASC}}) { items { sku } } }'),
    Case(
        "an explicit sort in a variable",
        "query S($i: SearchInput!) { search(input: $i) { items { sku } } }",
        {"i": {"term": "terracotta", "sort": {"name": "DESC"}}},
    ),
    Case("skip beyond the end", '{ search(input: {term: "terracotta", skip: 500}) { totalItems items { sku } } }'),
    Case("take 0", '{ search(input: {term: "terracotta", take: 0, groupByProduct: true}) { items { sku } } }'),
    Case("take all", '{ search(input: {term: "terracotta", take: -1, groupByProduct: true}) { items { sku } } }'),
    Case(
        "take null",
        'query S($n: Int) { products(options: {take: $n, filter: {name: {contains: "lantern"}}}) { items { id } } }',
        {"n": None},
        turned=("products.items",),
    ),
    Case("options null", "{ facets(options: null) { items { code } } }"),
    Case("take too many", "{ products(options: {take: 101}) { items { id } } }"),
    Case("empty list", '{ search(input: {term: "no such thing"}) { totalItems items { sku } } }'),
    Case("only the total", f"{{ search({VASES}) {{ totalItems }} }}"),
    Case(
        "variants of one product stay together",
        '{ search(input: {term: "terracotta", take: 50}) { items { productId productVariantId } } }',
        mixed=("search.items",),
    ),
    Case("nested below null", '{ collection(slug: "no-such") { productVariants { items { id } } } }'),
    Case("unknown field", f"{{ search({VASES}) {{ items {{ sku noSuchField }} }} }}"),
    Case("unknown argument", "{ search(input: {}, page: 3) { items { sku } } }"),
    Case("unknown input field", '{ search(input: {term: "x", page: 3}) { items { sku } } }'),
    Case(
        "unknown input field in a variable",
        "query S($i: SearchInput!) { search(input: $i) { items { sku } } }",
        {"i": {"term": "terracotta", "page": 3}},
    ),
    Case("an enum as a string", '{ search(input: {facetValueOperator: "AND"}) { items { sku } } }'),
    Case("a missing variable", "query S($i: SearchInput!) { search(input: $i) { items { sku } } }"),
    Case("an undeclared variable", "query S { search(input: $i) { items { sku } } }", VASE_VARIABLES),
    Case("an unused variable", f"query S($i: Int) {{ search({VASES}) {{ items {{ sku }} }} }}"),
    Case("a variable of another type", "query S($i: ID) { search(input: $i) { items { sku } } }"),
    Case("an unused fragment", f"{{ search({VASES}) {{ items {{ sku }} }} }} fragment X on Product {{ id }}"),
    Case("an unknown fragment", f"{{ search({VASES}) {{ items {{ ...Nobody }} }} }}"),
    Case(
        "fragments that spread each other",
        """
        { collection(slug: "kitchen") { ...A } }
        fragment A on Collection { children { ...B } } fragment B on Collection { children { ...A } }
        """,
    ),
    Case(
        "conflicting arguments",
        "{ search(input: {take: 1}) { items { sku } } search(input: {take: 2}) { items { sku } } }",
    ),
    Case("an argument twice", "{ products(options: {take: 2}, options: {take: 3}) { items { id } } }"),
    Case("no such operation", "query A { activeChannel { code } }", operation="B"),
    Case("no operation name", "query A { activeChannel { code } } query B { activeChannel { code } }"),
    Case("an empty operation name", "query A { activeChannel { code } }", operation=""),
    Case(
        "a wrong operation beside",
        f"query A {{ search({VASES}) {{ items {{ sku }} }} }} query B {{ nope }}",
        operation="A",
    ),
    Case(
        "a conflict in the operation beside",
        f"query A {{ search({VASES}) {{ items {{ sku }} }} }} query B {{ a: activeChannel {{ code }} a: me {{ id }} }}",
        operation="A",
    ),
    Case("our prefix", f"{{ search({VASES}) {{ items {{ _pz_0_id: productId sku }} }} }}"),
    Case("a subscription", "subscription S { search { items { sku } } }"),
    Case("deferred", f"{{ search({VASES}) {{ items {{ ... @defer {{ sku }} }} }} }}"),
    Case("no GraphQL", "Hello, shop!"),
    Case("an open string", '{ search(input: {term: "x}) { items { sku } } }'),
    Case("empty", ""),
    Case(
        "an error in a field beside",
        f'{{ search({VASES}) {{ items {{ sku }} }} me {{ id }} orderByCode(code: "X") {{ id }} }}',
        turned=("search.items",),
    ),
    Case(
        "another language",
        '{ search(input: {term: "heide", take: 40, groupByProduct: true}) { items { productName } } }',
        headers=(("accept-language", "de"),),
        turned=("search.items",),
    ),
    Case(
        "another media type",
        f"{{ search({VASES}) {{ items {{ sku }} }} }}",
        headers=(("accept", "application/graphql-response+json, application/json;q=0.9"),),
        turned=("search.items",),
    ),
    Case("no JSON wanted", f"{{ search({VASES}) {{ items {{ sku }} }} }}", headers=(("accept", "text/html"),)),
]
