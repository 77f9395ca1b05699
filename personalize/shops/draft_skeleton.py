"""The skeleton of a map, where nothing looks like a product: the types and lists that come nearest, all as comments."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from graphql import GraphQLField, GraphQLSchema, get_named_type

from personalize.shops.draft_guess import remark
from personalize.shops.draft_paging import paging
from personalize.shops.draft_prices import prices
from personalize.shops.draft_shapes import (
    Composite,
    arguments,
    composite,
    container,
    is_leaf,
    is_many,
    object_types,
    pick,
    possible,
    seen,
    to_one,
    usable,
)
from personalize.shops.draft_words import IDS, TITLES

ITEMS_MAX = 8
LISTS_MAX = 12


@dataclass(frozen=True, slots=True)
class _Near:
    """A type with some of what an item has."""

    type: str
    given: dict[str, str]
    lacking: tuple[str, ...]
    listed: bool

    @property
    def lines(self) -> list[str]:
        """What it has and lacks, and its entry."""
        said = ", ".join(f"{name}: {json.dumps(self.given.get(name, '...'))}" for name in ("id", "title", "price"))
        lacks = f"lacks {' and '.join(self.lacking)}" if self.lacking else "has all three, and is called otherwise"
        return [*remark(f"{self.type} {lacks}"), f"# extend type {self.type} @item({said})"]


def skeleton(schema: GraphQLSchema, *, name: str, source: str) -> str:
    """A map of which only `@shop` is in use; below it the candidates for items and lists, to be mended by hand."""
    near = _near(schema)
    lines = remark(
        f"The skeleton of a shop map, by `personalize map` from {source}: nothing in it looks like a product (an "
        "object type with an id, a name or title, and a price), so nothing is mapped yet."
    )
    lines += remark(
        'Uncomment what comes nearest and put field names in place of each "..."; a value may lead further down: '
        '"article { sku }". docs/shop-map.md explains the directives.'
    )
    lines += ["", f"extend schema @shop(name: {json.dumps(name, ensure_ascii=False)})", ""]
    lines += remark("Candidates for items, best first:" if near else "No type has an id, a title or a price in a list.")
    for one in near:
        lines += ["", *one.lines]
    lists = list(islice(_lists(schema, {one.type for one in near}), LISTS_MAX))
    lines += ["", *remark("Candidates for lists:" if lists else "No field answers a list of any of these.")]
    for entry in lists:
        lines += ["", *entry]
    return "\n".join(lines) + "\n"


def _near(schema: GraphQLSchema) -> list[_Near]:
    """Types that have an id, a title or a price, or lead to an object with them; those in lists first."""
    listed = {
        member.name
        for kind in object_types(schema)
        for one in kind.fields.values()
        if is_many(one) or any(name in one.args for name in ("first", "limit"))
        for member in possible(schema, composite(one))
    }
    found = []
    for kind in object_types(schema):
        if kind is schema.query_type:
            continue
        given = {}
        if ids := pick(kind, IDS, _scalar):
            given["id"] = ids[0]
        if titles := pick(kind, TITLES, _scalar):
            given["title"] = titles[0]
        if priced := prices(schema, kind):
            given["price"] = priced[0].selection
        for name, one in usable(kind):
            if "price" in given and not given.keys() >= {"id", "title"} and (way := to_one(name, one)) is not None:
                given = _inside(way, given)
        lacking = tuple(name for name in ("id", "title", "price") if name not in given)
        if len(given) > 1 or (given and kind.name in listed):
            found.append(_Near(kind.name, given, lacking, kind.name in listed))
    found.sort(key=lambda one: (not one.listed, "price" in one.lacking, len(one.lacking), one.type))
    return found[:ITEMS_MAX]


def _inside(way: tuple[Callable[[str], str], Composite], given: dict[str, str]) -> dict[str, str]:
    """What is given, with the id and the title of an object that stands inside and has both."""
    ids, titles = pick(way[1], IDS, _scalar), pick(way[1], TITLES, _scalar)
    return {**given, "id": way[0](ids[0]), "title": way[0](titles[0])} if ids and titles else given


def _scalar(one: GraphQLField) -> bool:
    return is_leaf(one) and not is_many(one)


def _lists(schema: GraphQLSchema, near: set[str]) -> Iterator[list[str]]:
    """Fields that answer a list of these types, or an object that holds one: what was seen, and an entry."""
    for kind in object_types(schema):
        for name, one in kind.fields.items():
            inner = composite(one)
            if inner is None or not (one.args or kind is schema.query_type):
                continue
            held = None if is_many(one) else container(inner)
            ways = {"": inner} if is_many(one) else held.lists if held else {}
            for way, member in ways.items():
                if near & {each.name for each in possible(schema, member)}:
                    edges = held.edges if held else None
                    yield _entry(kind.name, name, one, way, cursors=edges is not None and edges.cursors)
                    break


def _entry(parent: str, name: str, one: GraphQLField, way: str, *, cursors: bool) -> list[str]:
    paged = paging(arguments(one), cursors=cursors)
    said = f"{parent}.{name}({seen(one)}) answers {one.type}"
    lines = remark(said if paged else f"{said}; its paging arguments are not understood")
    held = "bare: true"
    if way:
        held = f'edges: "{way.removesuffix(".node")}"' if cursors and way.endswith(".node") else f'items: "{way}"'
    names = {key: value.text for key, value in paged.names.items()} if paged else {"skip": "...", "take": "..."}
    page = ", ".join(f'{key}: "{value}"' for key, value in names.items())
    entry = f"{name}: {get_named_type(one.type).name} @listing({held}) @page({page})"
    return [*lines, f"# extend type {parent} {{", f"#   {entry}", "# }"]
