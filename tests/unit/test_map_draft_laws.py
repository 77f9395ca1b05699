"""Drafts of schemas nobody would write: whatever is guessed, the map can be read, and everything in it fits."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLSchema, build_ast_schema, build_schema, parse, parse_type, validate_schema
from graphql.language import (
    DocumentNode,
    FieldDefinitionNode,
    InputValueDefinitionNode,
    ListTypeNode,
    NameNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    Visitor,
    visit,
)
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from personalize.errors import MapError
from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.fit import fit
from tests.unit.test_map_draft import SHOPS
from tests.unit.test_map_known import SCHEMAS

KNOWN = {path.stem: path.read_text("utf-8") for path in SCHEMAS.glob("*.graphql")}
DOCUMENTS = {name: parse(sdl, no_location=True) for name, sdl in (SHOPS | KNOWN).items()}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def holds(schema: GraphQLSchema) -> None:
    """The draft of a schema, if there is one, can be read, and nothing of it is gone."""
    try:
        made = draft(schema, name='a "shop"', source="somewhere")
    except MapError as error:
        event(error.code)
        if error.code != "NO_PRODUCTS":
            raise
        return
    fitted, findings = fit(reader.read(made.text), schema)
    assert [finding for finding in findings if not finding.found] == []
    assert set(fitted.items) == set(made.items)
    assert {listing.coordinates for listing in fitted.listings.values()} == set(made.listings)
    event(f"{len(made.listings)} listings, {len(fitted.carts)} carts")


def field_names(document: DocumentNode) -> list[str]:
    """Names of all fields of a schema."""
    found: dict[str, None] = {}
    for node in document.definitions:
        found |= {one.name.value: None for one in getattr(node, "fields", None) or ()}
    return list(found)


class Bent(Visitor):
    """Changes the fields of these names wherever they stand, so that types and their interfaces still agree."""

    def __init__(self, changes: dict[str, tuple[str, str]]) -> None:
        super().__init__()
        self.changes = changes

    def enter_field_definition(self, node: FieldDefinitionNode, *_: Any) -> FieldDefinitionNode | None:
        """One field, changed."""
        change, other = self.changes.get(node.name.value, ("", ""))
        given: dict[str, Any] = {key: getattr(node, key) for key in node.keys if hasattr(node, key)}
        match change:
            case "type":
                given["type"] = parse_type(other, no_location=True)
            case "list":
                given["type"] = ListTypeNode(type=node.type)
            case "required":
                must = InputValueDefinitionNode(name=NameNode(value="must"), type=_int(), directives=())
                given["arguments"] = (*(node.arguments or ()), must)
            case "name":
                given["name"] = NameNode(value=other)
            case _:
                return None
        return FieldDefinitionNode(**given)


def _int() -> TypeNode:
    return parse_type("Int!", no_location=True)


@st.composite
def bent(draw: DrawFn) -> GraphQLSchema:
    """A sane shop in which some fields have other types, other names, or need arguments."""
    document = DOCUMENTS[draw(st.sampled_from(sorted(DOCUMENTS)))]
    names = field_names(document)
    types = [node.name.value for node in document.definitions if isinstance(node, ObjectTypeDefinitionNode)]
    change = st.one_of(
        st.tuples(st.just("type"), st.sampled_from(["Int", "String!", "[String!]", "Boolean", "ID", *types])),
        st.tuples(st.just("name"), st.sampled_from([*names, "_", "_2ndTag", "type", "fragment"])),
        st.tuples(st.sampled_from(["list", "required"]), st.just("")),
    )
    changes = draw(st.dictionaries(st.sampled_from(names), change, max_size=5))
    schema = build_ast_schema(visit(document, Bent(changes)), assume_valid_sdl=True)
    assume(not validate_schema(schema))
    return schema


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(bent())
def test_every_draft_of_a_bent_shop_fits_its_schema(schema: GraphQLSchema) -> None:
    holds(schema)


TYPES = [
    "Product", "ProductVariant", "SearchResult", "ProductConnection", "ProductEdge", "PageInfo", "PriceRange",
    "Collection", "Cart", "CartLine", "LoginResult", "LoginError",
]  # fmt: skip
FIELDS = [
    "id", "name", "title", "slug", "productId", "variantId", "price", "priceWithTax", "min", "amount", "currency",
    "product", "variants", "items", "nodes", "edges", "node", "pageInfo", "total", "brand", "tags", "collections",
    "facetValueIds", "attributes", "values", "inStock", "lines", "quantity", "state", "token", "cart", "code",
    "products", "_", "_2ndTag", "pagination", "totalCount", "count", "page", "pages", "limit", "hasMore", "data",
    "type",
]  # fmt: skip
KINDS = ["ID", "String", "Int", "Float", "Boolean", "Money", "Sort", "Goods", "Outcome", "Named", *TYPES]
ARGUMENTS = [
    "skip", "take", "first", "after", "last", "before", "page", "sort", "reverse", "term", "id", "slug", "input",
]  # fmt: skip
ARGUMENT_KINDS = ["Int", "Int = 10", "Int!", "String", "ID", "Sort = RELEVANCE", "Listing", "Listing!", "[Int!]"]
FIXED = """
scalar Money
enum Sort { RELEVANCE PRICE }
interface Named { name: String }
type Gift implements Named { name: String id: ID prices: [PriceRange] }
union Goods = Product | ProductVariant
union Outcome = LoginResult | LoginError | Cart
input Listing { skip: Int take: Int = 5 sort: Sort input: Listing }
"""


@st.composite
def nonsense(draw: DrawFn) -> GraphQLSchema:
    """A shop out of words that drafting knows, put together without sense."""

    def fields(names: list[str]) -> str:
        lines = []
        for name in draw(st.lists(st.sampled_from(names), unique=True, min_size=2, max_size=7)):
            asked = draw(st.dictionaries(st.sampled_from(ARGUMENTS), st.sampled_from(ARGUMENT_KINDS), max_size=3))
            given = f"({', '.join(f'{key}: {kind}' for key, kind in asked.items())})" if asked else ""
            wrap = draw(st.sampled_from(["{}", "{}!", "[{}!]!", "[[{}]]"]))
            lines.append(f"  {name}{given}: {wrap.format(draw(st.sampled_from(KINDS)))}")
        return "\n".join(lines)

    sane = {"Product": "sku: ID label: String salePrice: Float", "CartLine": "qty: Int variant: Product"}
    parts = [FIXED, *(f"type {name} {{\n{sane.get(name, '')}\n{fields(FIELDS)}\n}}" for name in TYPES)]
    parts.append(f"type Query {{\n{fields(FIELDS)}\n}}")
    parts.append(f"type Mutation {{\n{fields(['addToCart', 'login', 'logout', 'resetPassword', 'completeOrder'])}\n}}")
    return build_schema("\n".join(parts))


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(nonsense())
def test_every_draft_of_nonsense_fits_its_schema(schema: GraphQLSchema) -> None:
    holds(schema)
