"""Guesses where the answer of a field holds items: in a list, in edges, further down, or as the bare list itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from personalize.shops.draft_guess import Guess, Sure
from personalize.shops.draft_items import Item
from personalize.shops.draft_paging import paging
from personalize.shops.draft_shapes import (
    Composite,
    Container,
    Edges,
    arguments,
    composite,
    container,
    is_many,
    possible,
    usable,
)
from personalize.shops.draft_tells import NOTHING, Telling, telling, text_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where items are: `kind` is their type; `items` are paths of plain lists (none of a bare list), best first."""

    kind: Composite
    items: tuple[str, ...] = ()
    edges: Edges | None = None
    page_info: str | None = None
    bare: bool = False
    on: str | None = None
    connection: bool = False
    telling: Telling = NOTHING

    def guesses(self, named: str, *, by_cursor: bool) -> dict[str, Guess]:
        """The arguments of `@listing` that say so; `named` are the item types."""
        given = {}
        if self.bare:
            given["bare"] = Guess(True, f"the field answers a list of {named} itself", Sure.SURE)
        if self.on is not None:
            given["on"] = Guess(self.on, "the one of the types answered that holds items", Sure.SURE)
        if self.edges is not None and self.edges.cursors:
            why = f"edges, each with a node and a cursor: a list of {named}"
            given["edges"] = Guess(self.edges.field, why, Sure.SURE)
        if self.items:
            why = "the same items without their edges" if "edges" in given else f"a list of {named}"
            given["items"] = Guess(self.items[0], why, Sure.SURE, self.items[1:])
        if by_cursor and self.page_info:
            given["pageInfo"] = Guess(self.page_info, "tells where the page begins and ends", Sure.SURE)
        if self.telling.totals:
            first, *others = (".".join(path) for path in self.telling.totals)
            given["total"] = Guess(first, "the count of all items, by its name", Sure.LIKELY, tuple(others))
        if self.telling.tells and not by_cursor:
            why = "what the answer tells of its page, by the names: it is told anew for the page served"
            given["tells"] = Guess(text_of(self.telling.tells), why, Sure.LIKELY)
        return given


def place(schema: GraphQLSchema, items: Mapping[str, Item], field: GraphQLField) -> Place | None:
    """Where a field's answer holds items, None where it holds none."""
    kind = composite(field)
    if kind is None:
        return None
    if is_many(field):
        return Place(kind, bare=True) if _holds(schema, items, kind) else None
    if not isinstance(kind, GraphQLObjectType):
        return _in_one_of(schema, items, kind)
    held = None if kind.name in items else container(kind)
    if held is not None and (found := _inside(schema, items, kind, held)) is not None:
        return found
    for name, one in usable(kind) if kind.name not in items else ():
        inner = composite(one)
        below = None if is_many(one) or inner is None or inner.name in items else container(inner)
        if below is None or inner is None or paging(arguments(one), cursors=below.edges is not None) is not None:
            continue
        deeper = _inside(schema, items, inner, below)
        if deeper is not None and not deeper.edges:
            return Place(deeper.kind, tuple(f"{name}.{key}" for key in deeper.items), telling=telling(kind, name))
    return None


def _in_one_of(schema: GraphQLSchema, items: Mapping[str, Item], kind: Composite) -> Place | None:
    """Where items are in one of several types (`ProductList | NotFound`), None where none or several hold some."""
    found = [
        replace(there, on=one.name)
        for one in possible(schema, kind)
        if one.name not in items and (held := container(one)) is not None
        and (there := _inside(schema, items, one, held)) is not None
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _inside(schema: GraphQLSchema, items: Mapping[str, Item], kind: Composite, held: Container) -> Place | None:
    edges = held.edges if held.edges is not None and _holds(schema, items, held.edges.kind) else None
    plain = [
        key for key, inner in held.lists.items()
        if (held.edges is None or key != held.edges.path) and _holds(schema, items, inner)
    ]  # fmt: skip
    if edges is not None and edges.cursors:
        plain = [key for key in plain if held.lists[key] is edges.kind]
    elif not plain:
        return None
    inner = edges.kind if edges is not None and edges.cursors else held.lists[plain[0]]
    return Place(
        inner, tuple(plain), edges, held.page_info, connection=held.connection, telling=telling(kind)
    )  # fmt: skip


def _holds(schema: GraphQLSchema, items: Mapping[str, Item], kind: Composite) -> bool:
    return any(member.name in items for member in possible(schema, kind))
