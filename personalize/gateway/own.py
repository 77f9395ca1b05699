"""Answers to our own fields: the root by strawberry, introspection by the merged schema, item fields by projection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    execute_sync,
    parse,
)

from personalize.gateway.compose import Changes
from personalize.gateway.plan import Plan
from personalize.gateway.schema import ITEM, Desk, own_schema
from personalize.gateway.slots import ItemField, Occurrence
from personalize.gateway.values import included

MAX_INTROSPECTIONS = 64


class Own:
    """Executes what is ours of an operation."""

    def __init__(self, merged: GraphQLSchema, namespace: str) -> None:
        self.merged, self.schema = merged, own_schema(namespace)
        self.introspections: LRUCache[tuple[str, bytes], dict[str, Any]] = LRUCache(MAX_INTROSPECTIONS)

    async def fields(self, plan: Plan, variables: dict[str, Any], desk: Desk) -> tuple[dict[str, bytes], list[Any]]:
        """Our root fields as raw JSON by response key, and their errors."""
        if not plan.found.own:
            return {}, []
        result = await self.schema.execute(
            _only(plan, [occurrence for _, occurrence in plan.found.own]), variable_values=variables,
            context_value=desk, operation_name=plan.operation.name.value if plan.operation.name else None,
        )  # fmt: skip
        data = result.data or {key: None for key, _ in plan.found.own}
        return {key: orjson.dumps(value) for key, value in data.items()}, [e.formatted for e in result.errors or ()]

    def introspect(self, plan: Plan, variables: dict[str, Any]) -> dict[str, bytes]:
        """The introspection fields of an operation, answered from the merged schema."""
        if not plan.found.introspection:
            return {}
        key = (plan.source, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS, default=str))
        data = self.introspections.get(key)
        if data is None:
            document = parse(_only(plan, [occurrence for _, occurrence in plan.found.introspection]))
            data = execute_sync(self.merged, document, variable_values=variables).data or {}
            self.introspections[key] = data
        return {name: orjson.dumps(value) for name, value in data.items()}


def _only(plan: Plan, occurrences: list[Occurrence]) -> str:
    dropped = plan.composer.only(occurrence.node for occurrence in occurrences)
    return plan.composer.compose(Changes(dropped=dropped)).text


def project(
    one: ItemField, values: Mapping[str, Any], document: DocumentNode, variables: Mapping[str, Any]
) -> bytes | None:
    """An item's `personalization` as raw JSON: the selected fields of `values`; None where it is not included.

    A plain projection, since every value is known: no executor runs for each item of a list.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    out: dict[str, Any] = {}
    there = False
    for occurrence in one.occurrences:
        if occurrence.there(variables):
            there = True
            _select(occurrence.node, {**values, "__typename": ITEM}, fragments, variables, out)
    return orjson.dumps(out) if there else None


def _select(
    node: Any, values: Mapping[str, Any], fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any], out: dict[str, Any],
) -> None:  # fmt: skip
    for inner in node.selection_set.selections if node.selection_set else ():
        if not included(inner.directives, variables):
            continue
        if isinstance(inner, FieldNode):
            out[inner.alias.value if inner.alias else inner.name.value] = values.get(inner.name.value)
        elif isinstance(inner, InlineFragmentNode):
            _select(inner, values, fragments, variables, out)
        elif isinstance(inner, FragmentSpreadNode):
            _select(fragments[inner.name.value], values, fragments, variables, out)
