"""Argument values, paths into them, conditions."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse, parse_value

from personalize.gateway.document.values import MISSING, at_path, evaluate, included, with_defaults, with_path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-1", -1), ("1.5", 1.5), ("true", True), ("null", None), ('"a"', "a"), ("ASC", "ASC"),
        ("[1, $v, null]", [1, 7, None]), ("[$gone]", [None]), ("{a: {b: $v}, c: $gone}", {"a": {"b": 7}}), ("$v", 7),
        ('"""\n  x\n"""', "x"), ("$none", None),
    ],
)  # fmt: skip
def test_evaluate(text: str, value: Any) -> None:
    """GraphQL spec 6.4.1: a missing variable leaves its field out, and is null in a list."""
    assert evaluate(parse_value(text), {"v": 7, "none": None}) == value


def test_a_missing_variable() -> None:
    """Is not null."""
    assert evaluate(parse_value("$gone"), {}) is MISSING


def test_defaults() -> None:
    """Fill what is not given; a given null stays null."""
    operation = parse("query Q($a: Int = 3, $b: Int = 4, $c: Int) { x }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert with_defaults(operation, {"b": None, "d": 1}) == {"a": 3, "b": None, "d": 1}


def test_paths() -> None:
    """Read and write into nested arguments without changing them."""
    arguments: dict[str, Any] = {"input": {"take": 3, "sort": None}, "other": 1}
    assert at_path(arguments, ("input", "take")) == 3
    assert at_path(arguments, ("input", "sort", "name")) is None
    assert at_path(arguments, ("input", "gone")) is MISSING
    assert at_path(arguments, ("other", "x")) is MISSING
    assert at_path({}, ("input", "take")) is MISSING
    changed = with_path(arguments, ("input", "take"), 9)
    assert changed == {"input": {"take": 9, "sort": None}, "other": 1}
    assert with_path(arguments, ("input", "take"), MISSING) == {"input": {"sort": None}, "other": 1}
    assert with_path({}, ("input", "take"), 9) == {"input": {"take": 9}}
    assert with_path({"input": None}, ("input", "take"), 9) == {"input": {"take": 9}}
    assert arguments == {"input": {"take": 3, "sort": None}, "other": 1}


@pytest.mark.parametrize(
    ("directives", "there"),
    [
        ("", True), ("@include(if: true)", True), ("@include(if: false)", False), ("@skip(if: true)", False),
        ("@skip(if: $no) @include(if: $yes)", True), ("@skip(if: $no) @include(if: $no)", False),
        ("@custom(if: false)", True),
    ],
)  # fmt: skip
def test_conditions(directives: str, there: bool) -> None:
    """GraphQL spec 3.13: both have to let it through."""
    assert included(_directives(directives), {"yes": True, "no": False}) is there


@pytest.mark.parametrize("directive", ["@include(if: $gone)", "@skip(if: 3)", '@include(if: "true")'])
def test_a_broken_condition(directive: str) -> None:
    """Is the shop's to refuse."""
    with pytest.raises(ValueError, match="if:"):
        included(_directives(directive), {})


def _directives(text: str) -> Any:
    operation = parse("{ a " + text + " }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    node = operation.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    return node.directives
