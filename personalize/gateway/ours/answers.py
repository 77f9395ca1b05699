"""Answers to our own fields: the root by strawberry, introspection by the merged schema, item fields by projection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from cachetools import LRUCache
from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    execute,
    execute_sync,
)

from personalize.gateway.document.plan import Plan
from personalize.gateway.document.rewrite import errors
from personalize.gateway.document.slots import PREFIX, ItemField
from personalize.gateway.document.values import included
from personalize.gateway.ours.schema import ITEM, Desk, own_schema, root_names

MAX_INTROSPECTIONS = 16


class Known(Protocol):
    """Values by name, None where there is none: a mapping, or one that makes them when they are asked for."""

    def get(self, name: str, /) -> Any:
        """The value of that name."""
        ...


class Own:
    """Executes what is ours of an operation."""

    def __init__(self, merged: GraphQLSchema, namespace: str) -> None:
        self.merged = merged
        self.schema = own_schema(namespace, *root_names(merged))._schema
        self.introspections: LRUCache[tuple[str, str, bytes], dict[str, bytes]] = LRUCache(MAX_INTROSPECTIONS)

    async def fields(self, plan: Plan, variables: dict[str, Any], desk: Desk) -> tuple[dict[str, bytes], list[Any]]:
        """Our root fields as raw JSON by response key, and their errors."""
        if not plan.found.own:
            return {}, []
        part = plan.part("own", [occurrence for _, occurrence in plan.found.own])
        result = execute(self.schema, part.document, variable_values=variables, context_value=desk)
        if not isinstance(result, ExecutionResult):
            result = await result
        data = result.data or {key: None for key, _ in plan.found.own}
        mine = {key: orjson.dumps(value) for key, value in data.items() if not key.startswith(PREFIX)}
        faults = orjson.dumps([error.formatted for error in (*(result.errors or ()), *desk.complaints)])
        return mine, orjson.loads(errors(faults, part.composed.spliced, ()) or b"[]")

    def introspect(self, plan: Plan, variables: dict[str, Any]) -> dict[str, bytes]:
        """The introspection fields of an operation, answered from the merged schema."""
        if not plan.found.introspection:
            return {}
        part = plan.part("introspection", [occurrence for _, occurrence in plan.found.introspection])
        used = {name: value for name, value in variables.items() if name in part.composed.variables}
        name = plan.operation.name.value if plan.operation.name else ""
        key = (plan.source, name, orjson.dumps(used, option=orjson.OPT_SORT_KEYS))
        told = self.introspections.get(key)
        if told is None:
            data = execute_sync(self.merged, part.document, variable_values=used).data or {}
            told = {name: orjson.dumps(value) for name, value in data.items() if not name.startswith(PREFIX)}
            self.introspections[key] = told
        return told


def project(
    one: ItemField, values: Known, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
) -> bytes | None:
    """An item's `personalization` as raw JSON: the selected fields of `values`; None where it is not included.

    A plain projection, since every value is known: no executor runs for each item of a list.
    """
    out: dict[str, Any] = {}
    there = False
    for occurrence in one.occurrences:
        if occurrence.there(variables):
            there = True
            _select(occurrence.node, values, ITEM, fragments, variables, out)
    return orjson.dumps(out) if there else None


def _select(
    node: Any, values: Known, kind: object, fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any], out: dict[str, Any],
) -> None:  # fmt: skip
    """Add what `node` selects of an object of this kind; fields that merge add to what is there."""
    for inner in node.selection_set.selections if node.selection_set else ():
        if not included(inner.directives, variables):
            continue
        if isinstance(inner, FieldNode):
            name, key = inner.name.value, inner.alias.value if inner.alias else inner.name.value
            value = kind if name == "__typename" else values.get(name)
            out[key] = _below(inner, value, fragments, variables, out.get(key)) if inner.selection_set else value
        elif isinstance(inner, InlineFragmentNode):
            _select(inner, values, kind, fragments, variables, out)
        elif isinstance(inner, FragmentSpreadNode):
            _select(fragments[inner.name.value], values, kind, fragments, variables, out)


def _below(
    node: FieldNode, value: Any, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any],
    before: Any,
) -> Any:  # fmt: skip
    """What a field selects of an object, or of each in a list; `before` is what it selected where it stood already."""
    if isinstance(value, list | tuple):
        earlier = before or [None] * len(value)
        return [_below(node, one, fragments, variables, old) for one, old in zip(value, earlier, strict=True)]
    if value is None:
        return None
    out: dict[str, Any] = before or {}
    _select(node, value, value.get("__typename"), fragments, variables, out)
    return out
