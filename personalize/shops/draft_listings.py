"""Guesses which fields are lists that may be ordered: their items, count, paging, sort and search term."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from personalize.shops.draft_guess import Directive, Entry, Guess, Sure
from personalize.shops.draft_items import Item
from personalize.shops.draft_paging import Paged, Paging, page_sizes, paging, sorting, term
from personalize.shops.draft_shapes import (
    Argument,
    Container,
    arguments,
    composite,
    container,
    is_many,
    object_types,
    possible,
)
from personalize.shops.draft_words import NOT_LISTING, NOT_PARENT, VARIANT, has

SHAREABLE = (
    "set it true where ALL guests with the same varyHeaders see this list alike: its window is then shared between "
    "them, and pages are faster than the shop's own"
)


MIXED = 0.25
"""The least share of item types among what a list of products may hold."""


@dataclass(slots=True)
class Listings:
    """Listings found, what was left out and why, and the types whose objects are in any of them."""

    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    @property
    def live(self) -> int:
        """How many can be ordered as the map stands."""
        return sum(entry.guess.live for entry in self.entries)


def find_listings(schema: GraphQLSchema, items: dict[str, Item]) -> Listings:
    """Every list of items in the schema that is paged."""
    found = Listings()
    kinds = sorted(object_types(schema), key=lambda kind: kind is not schema.query_type)
    for kind in kinds:
        for name, one in kind.fields.items():
            _look(schema, items, kind, name, one, found)
    return found


def _look(
    schema: GraphQLSchema, items: dict[str, Item], parent: GraphQLObjectType, name: str, one: GraphQLField,
    found: Listings,
) -> None:  # fmt: skip
    where, given = f"{parent.name}.{name}", arguments(one)
    if is_many(one):
        members = _members(schema, items, one)
        if members and one.args and paging(given, cursors=False):
            found.used |= members
            found.left_out.append(f"{where} answers a bare list, and a map needs an object that holds it")
        return
    kind = composite(one)
    held = container(kind)
    if held is None or kind is None or kind.name in items:
        return
    lists = {key: _of(schema, items, inner) for key, inner in held.lists.items()}
    edges = held.edges if held.edges is not None and held.edges.cursors and lists[held.edges.path] else None
    paged = paging(given, cursors=edges is not None)
    shown = next((key for key in lists if lists[key]), None)
    if shown is None:
        if paged is not None and (deeper := _deeper(schema, items, kind)):
            found.left_out.append(f"{where} holds its items two steps down ({deeper}), and a map names one step")
        return
    if parent.name in items and (has(name, VARIANT) or items[parent.name].is_variant):
        return  # the variants of one product: there is nothing to order
    if paged is None:
        if one.args and not held.connection:
            found.used |= lists[shown]
            found.left_out.append(f"{where} has no paging arguments that are understood")
        return
    if has(parent.name, NOT_PARENT) or has(name, NOT_LISTING):
        found.left_out.append(f"{where} looks like a list that a visitor made")
        return
    if len(lists[shown]) < MIXED * len(possible(schema, held.lists[shown])):
        found.left_out.append(f"{where} holds so many other types that it is hardly a list of products")
        return
    found.used |= lists[shown]
    found.entries.append(_entry(schema, items, parent, name, one, held, shown, given, paged))


def _entry(
    schema: GraphQLSchema, items: dict[str, Item], parent: GraphQLObjectType, name: str, one: GraphQLField,
    held: Container, shown: str, given: list[Argument], paged: Paging,
) -> Entry:  # fmt: skip
    named = get_named_type(one.type).name
    members, every = _of(schema, items, held.lists[shown]), possible(schema, held.lists[shown])
    listing = _held(schema, items, held, paged, shown)
    if held.totals:
        listing["total"] = Guess(held.totals[0], "the count of all items, by its name", Sure.LIKELY, held.totals[1:])
    listing |= sorting(given)
    if (searched := term(given)) is not None:
        listing["term"] = searched
    listing["shareable"] = Guess(False, SHAREABLE, Sure.UNSURE)
    page = {key: Guess(argument.text, "") for key, argument in paged.names.items()}
    first = next(iter(page))
    page[first] = Guess(page[first].value, "the arguments of paging, by their names")
    directives = (Directive("listing", listing), Directive("page", page | page_sizes(paged.size)))
    how = ", ".join(argument.text for argument in paged.names.values())
    why = f"{parent.name}.{name} answers {named}, a page of {', '.join(sorted(members)[:4])}, paged by {how}"
    sure = Sure.SURE if all(items[member].called_product for member in members) else Sure.UNSURE
    if len(members) < len(every):
        why += f"; it may hold other types than items too, such pages are left as they are ({len(every)} types in all)"
        sure = Sure.UNSURE
    live = True
    if paged.how is Paged.CURSOR and "edges" not in listing:
        why += "; its rows do not tell their cursors (there are no edges that do), so this list is left to the shop"
        live = False
    elif paged.how is Paged.NUMBER:
        why += "; paging by page number (page 1, 2, ...) is not supported yet, so this list is left to the shop"
        live = False
    return Entry(parent.name, directives, Guess(None, why, sure, live=live), name, named)


def _held(
    schema: GraphQLSchema, items: dict[str, Item], held: Container, paged: Paging, shown: str
) -> dict[str, Guess]:
    """Where the items are: in a list, in edges, or both; and the `pageInfo` beside them."""
    kinds = f"a list of {', '.join(sorted(_of(schema, items, held.lists[shown]))[:4])}"
    edges = held.edges if held.edges is not None and _of(schema, items, held.edges.kind) else None
    plain = [key for key in held.lists if (edges is None or key != edges.path) and _of(schema, items, held.lists[key])]
    given = {}
    if edges is not None and edges.cursors:
        given["edges"] = Guess(edges.field, f"edges, each with a node and a cursor: {kinds}", Sure.SURE)
        beside = [key for key in plain if held.lists[key] is edges.kind]
        if beside:
            given["items"] = Guess(beside[0], "the same items without their edges", Sure.SURE, tuple(beside[1:]))
    elif plain:
        given["items"] = Guess(plain[0], kinds, Sure.SURE, tuple(plain[1:]))
    if paged.how is Paged.CURSOR and held.page_info:
        given["pageInfo"] = Guess(held.page_info, "tells where the page begins and ends", Sure.SURE)
    return given


def _members(schema: GraphQLSchema, items: dict[str, Item], one: GraphQLField) -> set[str]:
    return _of(schema, items, composite(one))


def _of(schema: GraphQLSchema, items: dict[str, Item], kind: object) -> set[str]:
    return {member.name for member in possible(schema, kind) if member.name in items}  # type: ignore[arg-type]


def _deeper(schema: GraphQLSchema, items: dict[str, Item], kind: object) -> str | None:
    """`data.items`, where a container's own container holds items."""
    for name, one in getattr(kind, "fields", {}).items():
        held = None if is_many(one) else container(composite(one))
        for key, inner in held.lists.items() if held else ():
            if _of(schema, items, inner):
                return f"{name}.{key}"
    return None
