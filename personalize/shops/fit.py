"""Fits a shop map to a live schema: what is there stays, what is gone is switched off and named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoUnusedFragmentsRule,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    specified_rules,
    validate,
)

from personalize.shops.fit_paging import read_types
from personalize.shops.map import ABOVE, ArgumentPath, CartMap, Cursors, EventMap, ItemMap, Leaf, ListingMap, ShopMap

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
_RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one entry of the map: `slot` names it, `found` whether it holds, `said` why (not)."""

    slot: str
    found: bool
    said: str


def fit(shop: ShopMap, schema: GraphQLSchema) -> tuple[ShopMap, list[Finding]]:
    """The map with only what the schema has, and a finding for each entry."""
    fitting = _Fit(schema)
    items = {kind: item for kind, entry in shop.items.items() if (item := fitting.item(entry))}
    carts = {kind: cart for kind, cart in shop.carts.items() if fitting.cart(cart)}
    listings = {key: one for key, listing in shop.listings.items() if (one := fitting.listing(listing, items))}
    events = {key: event for key, event in shop.events.items() if fitting.event(event)}
    labels = tuple(leaf for leaf in shop.labels if fitting.labels(leaf))
    return replace(shop, items=items, carts=carts, listings=listings, events=events, labels=labels), fitting.findings


def held_by(listing: ListingMap) -> str:
    """A selection of everything that a listing's container has to hold."""
    parts = [selected(listing.items, "__typename")] if listing.items else []
    parts += [selected(path) for path in (listing.total, *(one.path for one in listing.tells)) if path]
    if listing.edges:
        edges = listing.edges
        parts.append(f"{edges.field} {{ {edges.node} {{ __typename }} {edges.cursor} }}")
    if isinstance(listing.paged, Cursors) and listing.paged.page_info:
        parts.append(f"{listing.paged.page_info} {{ hasNextPage }}")
    return " ".join(parts)


def selected(path: Iterable[str], inner: str = "") -> str:
    """The selection of `inner` at the end of a path of field names."""
    *outer, last = path
    text = f"{last} {{ {inner} }}" if inner else last
    for name in reversed(outer):
        text = f"{name} {{ {text} }}"
    return text


def _members(listing: ListingMap, container: Composite) -> Composite:
    """The type of a listing's items."""
    steps = listing.items or ()
    if listing.items is None and listing.edges is not None:
        steps = (listing.edges.field, listing.edges.node)
    members: Any = container
    for step in steps:
        members = get_named_type(members.fields[step].type)
    return members  # type: ignore[no-any-return]


class _Fit:
    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.findings: list[Finding] = []

    def say(self, slot: str, problem: str | None, good: str) -> bool:
        self.findings.append(Finding(slot, problem is None, problem or good))
        return problem is None

    def item(self, item: ItemMap) -> ItemMap | None:
        """The item map, without attributes that are gone; None where its id is gone."""
        if not self.say(f"{item.type} @item", self._selects(item.type, item.id), f"id: {item.id}"):
            return None
        kept: dict[str, str | None] = {}
        for name in ("variant", "title", "price", "currency", "picture"):
            selection = getattr(item, name)
            if selection is not None:
                held = self.say(f"{item.type} @item {name}", self._selects(item.type, selection), selection)
                kept[name] = selection if held else None
        attributes = tuple(
            leaf
            for leaf in item.attributes
            if self.say(f"{item.type} @item {leaf.name}", self._selects(item.type, leaf.selection), leaf.selection)
        )
        return replace(item, attributes=attributes, **kept)  # type: ignore[arg-type]

    def cart(self, cart: CartMap) -> bool:
        inner = " ".join(
            f"{name}: {selection}"
            for name, selection in (
                ("a", cart.line), ("b", cart.item), ("c", cart.quantity), ("d", cart.price), ("e", cart.variant),
            )
            if selection
        )  # fmt: skip
        outer = " ".join(
            f"{name}: {selection}"
            for name, selection in (("f", cart.id), ("g", cart.state), ("h", cart.currency))
            if selection
        )
        problem = self._selects(cart.type, f"{outer} l: {cart.lines_of(inner)}")
        return self.say(f"{cart.type} @cart", problem, f"lines: {cart.lines}")

    def listing(self, listing: ListingMap, items: dict[str, ItemMap]) -> ListingMap | None:
        """The listing, with its numbers that travel as strings; None where it does not fit."""
        problem, worded = self._listing(listing, items), frozenset[ArgumentPath]()
        if problem is None:
            field = self.schema.type_map[listing.parent].fields[listing.field]  # type: ignore[attr-defined]
            problem, worded = read_types(listing, field.args)
        if problem is None and listing.told("pages", "next") and (way := listing.total):
            problem = self._uncounted(listing, way)
        held = self.say(f"{listing.coordinates} @listing", problem, f"window {listing.window}")
        return replace(listing, worded=worded) if held else None

    def _uncounted(self, listing: ListingMap, total: tuple[str, ...]) -> str | None:
        """Why the pages of a list cannot be counted, None where they can."""
        parent: Any = self.schema.type_map[listing.parent]
        kind: Any = get_named_type(parent.fields[listing.field].type)
        kind = self.schema.type_map[listing.on] if listing.on else kind
        for step in total:
            kind = get_named_type(kind.fields[step].type)
        if kind.name not in ("String", "ID"):
            return None
        return f"total {'.'.join(total)} is a {kind.name}: pages are counted from a whole number only"

    def _listing(self, listing: ListingMap, items: dict[str, ItemMap]) -> str | None:
        kind = self._object(listing.parent)
        if kind is None or listing.field not in kind.fields:
            return f"the schema has no field {listing.coordinates}"
        field = kind.fields[listing.field]
        container = get_named_type(field.type)
        if listing.on is not None:
            member = self._object(listing.on)
            if member is None or member not in self._possible(container):
                return f"{listing.coordinates} answers {field.type}, which is never {listing.on}"
            container = member
        if is_list_type(get_nullable_type(field.type)) != listing.bare:
            return f"{listing.coordinates} answers {field.type}, which is {'no' if listing.bare else 'a bare'} list"
        if not listing.bare and not isinstance(container, GraphQLObjectType):
            return f"{listing.coordinates} answers {field.type}, which is no object type"
        if not listing.bare and (lacking := self._selects(container.name, held_by(listing))):
            return f"{listing.coordinates} answers {field.type}: {lacking}"
        members = _members(listing, container)
        if not any(kind.name in items for kind in self._possible(members)):
            return f"its items are {members.name}, which no @item describes"
        for path in (
            *listing.paged.arguments,
            *listing.unless,
            *listing.sort,
            *((listing.term,) if listing.term else ()),
        ):
            arguments, where = field.args, listing.coordinates
            if path[0] == ABOVE:
                above = [one for _, one in self._answering(kind.name) if path[1] in one.args]
                arguments, where, path = above[0].args if above else {}, f"no field above {where}", path[1:]
            if gone := self._argument(arguments, path):
                return f"{where} has {'an' if where.startswith('no') else 'no'} argument {gone}"
        return None

    def _answering(self, name: str) -> Iterator[tuple[str, GraphQLField]]:
        """Every field of the schema that answers an object of this type."""
        for kind in self.schema.type_map.values():
            for key, one in kind.fields.items() if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else ():
                if get_named_type(one.type).name == name:
                    yield key, one

    @staticmethod
    def _argument(arguments: dict[str, object], path: ArgumentPath) -> str | None:
        fields = arguments
        for depth, step in enumerate(path):
            if step not in fields:
                return ".".join(path[: depth + 1])
            inner = get_named_type(fields[step].type)  # type: ignore[attr-defined]
            fields = dict(inner.fields) if isinstance(inner, GraphQLInputObjectType) else {}
        return None

    def event(self, event: EventMap) -> bool:
        kind = self._object(event.parent)
        problem = None
        if kind is None or event.field not in kind.fields:
            problem = f"the schema has no field {event.coordinates}"
        else:
            for path in (event.added, event.variant):
                if path is not None and (gone := self._argument(kind.fields[event.field].args, path)):
                    problem = f"{event.coordinates} has no argument {gone}"
            if event.on is not None and event.on not in self.schema.type_map:
                problem = f"the schema has no type {event.on}"
        return self.say(f"{event.coordinates} @event", problem, event.name)

    def labels(self, leaf: Leaf) -> bool:
        root = self.schema.query_type
        problem = self._selects(root.name, leaf.selection) if root else "the schema has no Query"
        return self.say(f"@labels {leaf.name}", problem, leaf.selection)

    def _possible(self, kind: GraphQLNamedType) -> Iterable[GraphQLObjectType]:
        """The object types behind a type."""
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            return self.schema.get_possible_types(kind)
        return (kind,) if isinstance(kind, GraphQLObjectType) else ()

    def _object(self, name: str) -> GraphQLObjectType | None:
        kind = self.schema.get_type(name)
        return kind if isinstance(kind, GraphQLObjectType) else None

    def _selects(self, kind: str, selection: str) -> str | None:
        """What is wrong with a selection on a type, None where it is valid."""
        if self._object(kind) is None:
            return f"the schema has no type {kind}"
        try:
            errors = validate(self.schema, parse(f"fragment M on {kind} {{ {selection} }}"), _RULES, max_errors=1)
        except GraphQLError as error:
            return error.message
        return errors[0].message if errors else None
