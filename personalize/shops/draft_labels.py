"""Guesses where a shop says what the ids of a property are called: a list of objects with `id` and `name`."""

from __future__ import annotations

from collections import deque
from collections.abc import Container

from graphql import GraphQLField, GraphQLSchema, get_named_type

from personalize.shops.draft_shapes import Composite, arguments, composite, container, holds, is_leaf, is_many, usable
from personalize.shops.draft_words import TAKE, joined

DEPTH = 4
VISITS = 2_000
SIZE = 100


def label_selection(schema: GraphQLSchema, kind: str, avoid: Container[str]) -> str | None:
    """The shortest selection of Query that lists objects of type `kind` with `id` and `name`, None where none does.

    Needs no arguments but a page size, since it is asked beside all requests; types to `avoid` (items: their lists are
    long) are not gone through.
    """
    target, root = schema.get_type(kind), schema.query_type
    fields = getattr(target, "fields", {})
    if root is None or not all(name in fields and is_leaf(fields[name]) for name in ("id", "name")):
        return None
    waiting: deque[tuple[Composite, tuple[str, ...], bool]] = deque([(root, (), False)])
    seen: set[tuple[str, bool]] = set()
    for _ in range(VISITS):
        if not waiting:
            return None
        where, way, listed = waiting.popleft()
        for name, field in usable(where):
            inner = composite(field)
            if inner is None or inner.name in avoid or field.deprecation_reason is not None:
                continue
            if field.args and not is_many(field) and container(inner) is None:
                continue  # one object by its id: without arguments there is none
            many, here = listed or is_many(field), (*way, name + _size(field))
            if get_named_type(field.type) is target and many:
                text = "{ id name }"
                for step in reversed(here):
                    text = f"{{ {step} {text} }}"
                text = text[2:-2]
                if holds(schema, root.name, text):
                    return text
            elif len(here) < DEPTH and (inner.name, many) not in seen:
                seen.add((inner.name, many))
                waiting.append((inner, here, many))
    return None


def _size(field: GraphQLField) -> str:
    """The arguments that ask for many, as GraphQL text."""
    for one in arguments(field, 2):
        if joined(one.name) in TAKE and one.type == "Int":
            text = f"{one.name}: {SIZE}"
            for step in reversed(one.path[:-1]):
                text = f"{step}: {{ {text} }}"
            return f"({text})"
    return ""
