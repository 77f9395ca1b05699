"""Argument values: an AST value and the request's variables become plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)

from personalize.shops.map import ArgumentPath


class Missing:
    """The type of MISSING."""


MISSING: Final = Missing()
"""A variable the request does not give, or an argument that is not there (unlike null)."""


def with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The request's variables with the operation's own defaults filled in."""
    filled = dict(variables)
    for definition in operation.variable_definitions or ():
        if definition.default_value is not None and definition.variable.name.value not in filled:
            filled[definition.variable.name.value] = evaluate(definition.default_value, {})
    return filled


def evaluate(node: ValueNode, variables: Mapping[str, Any]) -> Any:
    """The JSON value of an AST value (GraphQL spec 6.4.1); MISSING for a variable that is not given."""
    match node:
        case VariableNode():
            return variables.get(node.name.value, MISSING)
        case NullValueNode():
            return None
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return float(node.value)
        case BooleanValueNode():
            return node.value
        case ListValueNode():
            values = (evaluate(value, variables) for value in node.values)
            return [None if value is MISSING else value for value in values]
        case ObjectValueNode():
            pairs = ((field.name.value, evaluate(field.value, variables)) for field in node.fields)
            return {name: value for name, value in pairs if value is not MISSING}
    return node.value  # type: ignore[attr-defined]  # strings and enums


def at_path(values: Any, path: ArgumentPath) -> Any:
    """The value at an argument path; MISSING where any step is absent, None where a step is null."""
    for step in path:
        if values is None:
            return None
        if not isinstance(values, dict):
            return MISSING
        values = values.get(step, MISSING)
    return values


def with_path(values: dict[str, Any], path: ArgumentPath, value: Any) -> dict[str, Any]:
    """A copy of `values` in which the path holds `value` (removed where MISSING); steps on the way are made."""
    copy = dict(values)
    if len(path) > 1:
        inner = copy.get(path[0])
        copy[path[0]] = with_path(inner if isinstance(inner, dict) else {}, path[1:], value)
    elif value is MISSING:
        copy.pop(path[0], None)
    else:
        copy[path[0]] = value
    return copy


def included(directives: Iterable[DirectiveNode] | None, variables: Mapping[str, Any]) -> bool:
    """Whether @skip and @include let a selection through. Raises ValueError on a condition that is no boolean."""
    for directive in directives or ():
        name = directive.name.value
        if name not in ("skip", "include"):
            continue
        for argument in directive.arguments or ():
            if argument.name.value == "if":
                value = evaluate(argument.value, variables)
                if not isinstance(value, bool):
                    raise ValueError(f"@{name}(if:) is {value!r}")
                if value is (name == "skip"):
                    return False
    return True
