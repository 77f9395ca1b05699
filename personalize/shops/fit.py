"""Fits a shop map to a live schema: what is there stays, what is gone is switched off and named."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoUnusedFragmentsRule,
    get_named_type,
    parse,
    specified_rules,
    validate,
)

from personalize.shops.map import ArgumentPath, CartMap, Cursors, EventMap, ItemMap, Leaf, ListingMap, ShopMap

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
    listings = {key: listing for key, listing in shop.listings.items() if fitting.listing(listing, items)}
    events = {key: event for key, event in shop.events.items() if fitting.event(event)}
    labels = tuple(leaf for leaf in shop.labels if fitting.labels(leaf))
    return replace(shop, items=items, carts=carts, listings=listings, events=events, labels=labels), fitting.findings


def held_by(listing: ListingMap) -> str:
    """A selection of everything that a listing's container has to hold."""
    parts = [f"{listing.items} {{ __typename }}"] if listing.items else []
    if listing.edges:
        edges = listing.edges
        parts.append(f"{edges.field} {{ {edges.node} {{ __typename }} {edges.cursor} }}")
    if isinstance(listing.paged, Cursors) and listing.paged.page_info:
        parts.append(f"{listing.paged.page_info} {{ hasNextPage }}")
    return " ".join(parts)


def _members(listing: ListingMap, container: GraphQLObjectType) -> Composite:
    """The type of a listing's items."""
    holder, name = container, listing.items
    if name is None:
        assert listing.edges is not None
        holder, name = get_named_type(container.fields[listing.edges.field].type), listing.edges.node
    members: Composite = get_named_type(holder.fields[name].type)
    return members


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
        for name in ("variant", "title", "price", "currency"):
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

    def listing(self, listing: ListingMap, items: dict[str, ItemMap]) -> bool:
        return self.say(f"{listing.coordinates} @listing", self._listing(listing, items), f"window {listing.window}")

    def _listing(self, listing: ListingMap, items: dict[str, ItemMap]) -> str | None:
        kind = self._object(listing.parent)
        if kind is None or listing.field not in kind.fields:
            return f"the schema has no field {listing.coordinates}"
        field = kind.fields[listing.field]
        container = get_named_type(field.type)
        if not isinstance(container, GraphQLObjectType):
            return f"{listing.coordinates} answers {field.type}, which is no object type"
        if lacking := self._selects(container.name, held_by(listing)):
            return f"{listing.coordinates} answers {field.type}: {lacking}"
        members = _members(listing, container)
        possible = [members.name]
        if not isinstance(members, GraphQLObjectType):
            possible = [kind.name for kind in self.schema.get_possible_types(members)]
        if not any(name in items for name in possible):
            return f"its items are {members.name}, which no @item describes"
        for path in (*listing.paged.arguments, *listing.sort, *((listing.term,) if listing.term else ())):
            if gone := self._argument(field.args, path):
                return f"{listing.coordinates} has no argument {gone}"
        return None

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
            for argument in (event.added, event.variant):
                if argument is not None and argument not in kind.fields[event.field].args:
                    problem = f"{event.coordinates} has no argument {argument}"
            if event.on is not None and event.on not in self.schema.type_map:
                problem = f"the schema has no type {event.on}"
        return self.say(f"{event.coordinates} @event", problem, event.name)

    def labels(self, leaf: Leaf) -> bool:
        root = self.schema.query_type
        problem = self._selects(root.name, leaf.selection) if root else "the schema has no Query"
        return self.say(f"@labels {leaf.name}", problem, leaf.selection)

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
