"""`personalization(key:)`: for caches only, however it is written and whatever the shop calls its root types."""

from __future__ import annotations

import orjson
from graphql import build_schema

from personalize.gateway.ours.schema import merge
from personalize.shops import reader
from tests.gateway_world import world

BOTH = """query($key: String, $of: String = "b") {
  search(input: {take: 3}) { items { productId } }
  a: personalization(key: $key) { listings(path: "search") { path } }
  b: personalization(key: $of) { listings(path: "nowhere") { path } }
  c: personalization(key: null) { visit { identified } }
  d: personalization { visit { identified } }
}"""


async def test_the_key_changes_nothing_but_the_place_in_a_cache() -> None:
    async with world() as one:
        answer = (await one.send(BOTH, {"key": "a"})).json()
        assert "errors" not in answer
        assert answer["data"]["a"] == {"listings": [{"path": "search"}]}
        assert answer["data"]["b"] == {"listings": []}
        assert answer["data"]["c"] == answer["data"]["d"]
        assert one.upstream is not None
        asked = [orjson.loads(request.content) for request in one.upstream.requests]
        assert all("key" not in (body.get("variables") or {}) and "$key" not in body["query"] for body in asked)


async def test_a_key_of_another_type_is_refused() -> None:
    async with world() as one:
        answer = await one.send("{ search(input: {}) { totalItems } personalization(key: 1) { visit { identified } } }")
        assert answer.status_code == 400
        assert "String cannot represent a non string value: 1" in answer.json()["errors"][0]["message"]


def test_root_types_of_other_names() -> None:
    shop = build_schema("schema { query: QueryRoot mutation: Writes } type QueryRoot { a: Int } type Writes { b: Int }")
    merged = merge(shop, reader.load("vendure"), "ours")
    assert merged.query_type is not None
    assert merged.mutation_type is not None
    assert set(merged.query_type.fields) == {"a", "ours"}
    assert set(merged.query_type.fields["ours"].args) == {"key"}
    assert set(merged.mutation_type.fields) == {"b", "ours"}
    assert not {"Query", "Mutation"} & set(merged.type_map)
