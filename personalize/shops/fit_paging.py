"""Holds the arguments of paging against the types that a schema gives them: what is no number is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from personalize.shops.map import ArgumentPath, Cursors, ListingMap, Numbers

WORDED = frozenset(("String", "ID"))
ENDS = frozenset(("to", "until", "till", "end", "upto", "stop", "endindex", "toindex"))
"""Names of arguments that hold the position of a last row, and no number of rows."""


def read_types(
    listing: ListingMap, arguments: Mapping[str, GraphQLArgument]
) -> tuple[str | None, frozenset[ArgumentPath]]:
    """Why a list cannot be paged by these arguments (None where it can), and which of its numbers are strings."""
    paged, worded = listing.paged, set[ArgumentPath]()
    numbers: tuple[ArgumentPath | None, ...]
    cursors: tuple[ArgumentPath | None, ...] = ()
    if isinstance(paged, Cursors):
        numbers, cursors = (paged.first, paged.last), (paged.after, paged.before)
    else:
        numbers = (paged.number if isinstance(paged, Numbers) else paged.skip, paged.take)
        if paged.take is not None and paged.take[-1].replace("_", "").lower() in ENDS:
            why = "looks like the position of the last row, not a number of rows; such lists are not supported"
            return f"take: {'.'.join(paged.take)} {why}", frozenset()
    for path in numbers:
        if path is None:
            continue
        text, kind = _type(arguments, path)
        if kind in WORDED and not isinstance(paged, Cursors):
            worded.add(path)
        elif kind is None or kind in WORDED or kind == "Boolean":
            return f"{'.'.join(path)} is of type {text}, and has to be a number", frozenset()
    for path in cursors:
        if path is not None:
            text, kind = _type(arguments, path)
            if kind in (None, "Boolean", "Int", "Float"):
                return f"{'.'.join(path)} is of type {text}, and has to be a cursor (a string)", frozenset()
    return None, frozenset(worded)


def _type(arguments: Mapping[str, Any], path: ArgumentPath) -> tuple[str, str | None]:
    """The type of an argument as the schema writes it, and the scalar's name (None where it is no single scalar)."""
    fields, one = arguments, None
    for step in path:
        one = fields[step].type
        inner = get_named_type(one)
        fields = inner.fields if isinstance(inner, GraphQLInputObjectType) else {}
    kind = get_named_type(one)
    single = isinstance(kind, GraphQLScalarType) and not is_list_type(get_nullable_type(one))
    return str(one), kind.name if single and kind is not None else None
