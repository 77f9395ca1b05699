"""Filters and explicit orders of list queries, over any objects whose attributes are called as the fields are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, TypeVar

from personalize.demo.shop.scalars import LogicalOperator, SortOrder

T = TypeVar("T")

CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "not_eq": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted.casefold() in value.casefold(),
    "not_contains": lambda value, wanted: wanted.casefold() not in value.casefold(),
    "in_": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
}


def given(parameter: object) -> list[tuple[str, Any]]:
    """(name, value) of the fields of an input object that are set."""
    if parameter is None:
        return []
    pairs = ((f.name, getattr(parameter, f.name)) for f in fields(parameter))  # type: ignore[arg-type]
    return [(name, value) for name, value in pairs if value is not None]


def chosen(rows: Iterable[T], condition: object, operator: LogicalOperator | None) -> list[T]:
    """The rows that fit a filter parameter; conditions are joined by AND unless `operator` says OR."""
    checks = [(name, *pair) for name, operators in given(condition) for pair in given(operators)]
    if not checks:
        return list(rows)
    join = any if operator is LogicalOperator.OR else all
    return [row for row in rows if join(CHECKS[check](getattr(row, name), wanted) for name, check, wanted in checks)]


def ordered(rows: list[T], parameter: object) -> list[T]:
    """The rows in the explicit order asked for, else as they are; equal rows keep their place."""
    for name, direction in reversed(given(parameter)):
        rows = sorted(rows, key=lambda row: _key(getattr(row, name)), reverse=direction is SortOrder.DESC)
    return rows


def _key(value: Any) -> Any:
    """Ids sort as numbers, words without regard to letter case."""
    if isinstance(value, str):
        return (0, int(value), "") if value.isdecimal() else (1, 0, value.casefold())
    return value
