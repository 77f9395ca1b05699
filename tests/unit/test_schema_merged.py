"""The merged schema: what clients and their code generators see, and what is refused."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from graphql import (
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    is_nullable_type,
    parse,
    print_schema,
    validate,
)

from personalize.errors import MapError
from personalize.gateway.ours.knowledge import schema_from_file
from personalize.gateway.ours.schema import merge, own_schema
from personalize.shops import reader
from tests.cases.failing_shop import MAP, SDL, FailingShop
from tests.gateway_world import World, demo_shop, settings_of, world

SHOP = """
schema { query: Root mutation: Actions }
type Root { products(options: Options): ProductList! }
input Options { skip: Int take: Int }
type ProductList { items: [Product!]! totalItems: Int! }
type Product { id: ID! name: String! }
type Actions { noop: Boolean }
"""
CLIENT = """
query Page($options: ProductListOptions, $path: String) {
  products(options: $options) { items { id name personalization { itemId bought } } }
  personalization {
    visit { consent identified strategies assignments { experiment variant } context { name value } }
    listings(path: $path) { path personalized strategy items { itemId position shopPosition reason { code text } } }
  }
}
mutation Away { personalization { notInterested(itemId: "1") forget } }
"""


async def introspected(one: World, query: str | None = None) -> GraphQLSchema:
    """The schema a code generator builds."""
    answer = await one.send(query or get_introspection_query(input_value_deprecation=True, specified_by_url=True))
    assert answer.status_code == 200
    return build_client_schema(answer.json()["data"])


async def test_a_code_generator() -> None:
    """Full introspection builds, and a client's operations with our fields fit it."""
    async with world(strategies=()) as one:
        schema = await introspected(one)
        assert validate(schema, parse(CLIENT)) == []
        direct = build_client_schema((await one.direct(get_introspection_query())).json()["data"])
        for name, kind in direct.type_map.items():
            assert set(getattr(kind, "fields", ())) <= set(getattr(schema.type_map[name], "fields", ()))
        assert "personalization" not in print_schema(direct)


async def test_our_fields_can_fail_alone() -> None:
    """What is ours is nullable: it never takes the shop's answer with it."""
    async with world() as one:
        schema = await introspected(one)
        assert schema.query_type
        assert schema.mutation_type
        for owner in (schema.query_type, schema.mutation_type, schema.type_map["Product"]):
            assert is_nullable_type(owner.fields["personalization"].type)  # type: ignore[attr-defined]


async def test_introspection_beside_other_fields() -> None:
    """Answered together, each from its own side."""
    async with world() as one:
        answer = await one.send(
            "query I($n: String!) { __typename t: __type(name: $n) { name fields { name } } "
            "__schema { queryType { name } } activeChannel { code } }",
            {"n": "ItemPersonalization"},
        )
        data = answer.json()["data"]
        own = ["itemId", "bought", "offer", "channels"]
        assert data["t"] == {"name": "ItemPersonalization", "fields": [{"name": name} for name in own]}
        assert data["__schema"] == {"queryType": {"name": "Query"}}
        assert data["activeChannel"] == {"code": "__default_channel__"}
        assert data["__typename"] == "Query"
        assert one.upstream is not None
        assert all("__schema" not in document for document in one.upstream.documents)


async def test_two_introspections_in_one_document() -> None:
    """The answer is that of the operation named."""
    document = '{kind} A {{ __type(name: "Product") {{ name }} }} {kind} B {{ __type(name: "Asset") {{ name }} }}'
    async with world() as one:
        for name, kind in (("A", "Product"), ("B", "Asset")):
            answer = await one.send(document.format(kind="query"), name=name)
            assert answer.json()["data"] == {"__type": {"name": kind}}


async def test_deep_introspection() -> None:
    """A query that goes round in circles is not executed by us."""
    deep = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    async with world() as one:
        direct, through = await one.direct(deep), await one.send(deep)
        assert through.status_code == direct.status_code == 400


async def test_introspection_is_off(tmp_path: Path) -> None:
    """Off at the shop, off here, also where we know the schema from a file; everything else works."""
    shop = demo_shop(introspection=False)
    file = tmp_path / "shop.json"
    async with world() as other:
        file.write_bytes((await other.direct(get_introspection_query())).content)
    async with world(shop=shop, schema_file=str(file)) as one:
        for query in ("{ __schema { queryType { name } } }", '{ __type(name: "Product") { name } }'):
            direct, through = await one.direct(query), await one.send(query)
            assert through.status_code == direct.status_code == 400
            assert through.json() == direct.json()
        answer = await one.send("{ products(options: {take: 2}) { items { id personalization { itemId } } } }")
        assert [item["personalization"]["itemId"] for item in answer.json()["data"]["products"]["items"]] == [
            item["id"] for item in answer.json()["data"]["products"]["items"]
        ]
        mixed = await one.send("{ __schema { queryType { name } } personalization { visit { identified } } }")
        assert mixed.status_code == 400


async def test_a_schema_file_of_an_open_shop(tmp_path: Path) -> None:
    """Introspection is answered with the merged schema once the shop has shown that it lets itself be introspected."""
    file = tmp_path / "shop.json"
    async with world() as other:
        file.write_bytes((await other.direct(get_introspection_query())).content)
    async with world(schema_file=str(file)) as one:
        task = one.gateway.knowledge._task
        assert task is not None
        await task
        assert "personalization" in print_schema(await introspected(one))


async def test_a_shop_that_refuses_and_no_file() -> None:
    """Everything passes through, ours is unknown, and the fault says what to do."""
    async with world(shop=demo_shop(introspection=False), ready=False) as one:
        await one.gateway.knowledge.wait(0.2)
        assert not one.gateway.knowledge.ready
        query = "{ products(options: {take: 3}) { items { id } } }"
        assert (await one.send(query)).json() == (await one.direct(query)).json()
        assert "schema INTROSPECTION_REFUSED" in one.faults()


async def test_another_namespace() -> None:
    """All our fields move; the word `personalization` is the shop's then."""
    async with world(namespace="pz") as one:
        answer = await one.send(
            "{ products(options: {take: 1}) { items { id pz { itemId } } } pz { visit { identified } } }"
        )
        data = answer.json()["data"]
        assert data["products"]["items"][0]["pz"]["itemId"] == data["products"]["items"][0]["id"]
        assert data["pz"] == {"visit": {"identified": True}}
        assert "Cannot query field" in (await one.send("{ personalization { visit { identified } } }")).text


@pytest.mark.parametrize(
    ("sdl", "taken"),
    [
        (SHOP.replace("name: String!", "personalization: String"), "Product.personalization"),
        (SHOP.replace("noop", "personalization"), "Actions.personalization"),
        (SHOP + "type Personalization { a: Int }", "Personalization"),
    ],
)
def test_a_name_that_is_taken(sdl: str, taken: str) -> None:
    """A named refusal, and a setting that helps."""
    with pytest.raises(MapError, match=taken) as caught:
        merge(build_schema(sdl), reader.load("vendure"), "personalization")
    assert caught.value.code == "NAMESPACE_TAKEN"


def test_root_types_of_another_name() -> None:
    """Our own schema calls its root types as the shop does, so that fragments on them hold."""
    schema = merge(build_schema(SHOP), reader.load("vendure"), "personalization")
    assert schema.query_type
    assert schema.query_type.name == "Root"
    query = "{ ...R } fragment R on Root { personalization { visit { identified } } }"
    assert validate(schema, parse(query)) == []
    assert own_schema("personalization", "Root", "Actions")._schema.query_type.name == "Root"  # type: ignore[union-attr]


async def test_a_shop_without_mutations(tmp_path: Path) -> None:
    """It gets ours all the same, and stays readable."""
    file, shop_map = tmp_path / "shop.graphql", tmp_path / "map.graphql"
    file.write_text(SDL, "utf-8")
    shop_map.write_text(MAP, "utf-8")
    async with world(shop=FailingShop(), shop_map=str(shop_map), schema_file=str(file)) as one:
        answer = await one.send("{ rows(take: 2) { items { id personalization { itemId } } } }")
        assert answer.json()["data"]["rows"]["items"][0] == {"id": "1", "personalization": {"itemId": "1"}}
        forgotten = await one.send("mutation { personalization { forget } }")
        assert forgotten.json() == {"data": {"personalization": {"forget": True}}}


@pytest.mark.parametrize("text", ["type Query {", "[]", "null"])
def test_a_schema_file_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    """A named error."""
    file = tmp_path / ("shop.graphql" if text.startswith("type") else "shop.json")
    file.write_text(text, "utf-8")
    with pytest.raises(MapError) as caught:
        schema_from_file(str(file))
    assert caught.value.code == "SCHEMA_UNREADABLE"


async def test_graphiql_in_dev() -> None:
    """A page for browsers in development only; with a query it is an ordinary GET."""
    page = [("accept", "text/html,application/xhtml+xml")]
    async with world(dev=True) as one:
        answer = await one.send(method="GET", headers=page)
        assert answer.headers["content-type"].startswith("text/html")
        assert "GraphiQL" in answer.text
    async with world(dev=False) as one:
        direct, through = await one.direct(method="GET", headers=page), await one.send(method="GET", headers=page)
        assert (through.status_code, through.content) == (direct.status_code, direct.content)
    assert settings_of().dev is False
    assert orjson.loads(direct.content)["errors"]


async def test_a_shop_that_owns_the_name(tmp_path: Path) -> None:
    """Everything passes through, and the fault names the clash; another name works."""
    shop_map = tmp_path / "map.graphql"
    shop_map.write_text(MAP, "utf-8")
    shop = FailingShop()
    shop.schema = build_schema(SDL + "extend type Query { personalization: Int }")
    query = "{ rows(take: 3) { items { id } } personalization }"
    async with world(shop=shop, shop_map=str(shop_map), ready=False) as one:
        await one.gateway.knowledge.wait(0.2)
        assert not one.gateway.knowledge.ready
        assert (await one.send(query)).json() == (await one.direct(query)).json()
        assert "schema NAMESPACE_TAKEN" in one.faults()
    async with world(shop=shop, shop_map=str(shop_map), namespace="mine") as one:
        found = (await one.send(query.replace("}", "mine { itemId } }", 1))).json()["data"]
        assert [row["mine"]["itemId"] for row in found["rows"]["items"]] == ["2", "1", "0"]
        assert found["personalization"] is None
