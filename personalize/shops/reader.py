"""Reads a shop map: SDL with our directives in, a `ShopMap` out; errors name the line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from graphql import (
    DirectiveLocation,
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    ObjectTypeExtensionNode,
    SchemaExtensionNode,
    build_schema,
    get_directive_values,
    parse,
    print_ast,
)

from personalize import assets
from personalize.domain.affinity import NOTHING, WORDS, Affinity
from personalize.errors import MapError
from personalize.registry import nearest
from personalize.shops.map import (
    ABOVE,
    MEANINGS,
    ArgumentPath,
    CartMap,
    Cursors,
    EdgeMap,
    EventMap,
    ItemMap,
    Leaf,
    ListingMap,
    Numbers,
    Offsets,
    ShopMap,
    Told,
)

T = TypeVar("T")


def load(name_or_path: str) -> ShopMap:
    """The map of that name in `graphql/shops/`, or of a file. Raises MapError."""
    path = assets.shop_map(name_or_path)
    try:
        return read(path.read_text(encoding="utf-8"), source=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(f"the shop map {path.name} cannot be read: {error}") from error


def read(text: str, source: str = "map") -> ShopMap:
    """The `ShopMap` that an SDL text describes. Raises MapError with the line."""
    definitions = build_schema(
        "type Query { _: Boolean }\n" + assets.find("graphql", "shop_map.graphql").read_text(encoding="utf-8"),
        no_location=True,
    )
    try:
        return _Reader(definitions, source).read(parse(text, max_tokens=20_000))
    except GraphQLError as error:
        line = f" line {error.locations[0].line}" if error.locations else ""
        raise MapError(f"{source}{line}: {error.message}", hint="see docs/shop-map.md for the directives") from error


_PLACES = {
    SchemaExtensionNode: DirectiveLocation.SCHEMA,
    ObjectTypeExtensionNode: DirectiveLocation.OBJECT,
    FieldDefinitionNode: DirectiveLocation.FIELD_DEFINITION,
}


class _Reader:
    def __init__(self, definitions: GraphQLSchema, source: str) -> None:
        self.definitions = definitions
        self.source = source

    def read(self, document: DocumentNode) -> ShopMap:
        shop: dict[str, Any] = {}
        listings, items, carts, events = {}, {}, {}, {}
        labels: tuple[Leaf, ...] = ()
        affinities: tuple[Affinity, ...] = ()
        for node in document.definitions:
            if isinstance(node, SchemaExtensionNode):
                shop = self.values("shop", node) or shop
                labels += tuple(Leaf(one["attribute"], one["from"]) for one in self.repeated("labels", node))
                affinities += tuple(self.affinity(one) for one in self.repeated("affinity", node))
            elif isinstance(node, ObjectTypeExtensionNode):
                kind = node.name.value
                if found := self.values("item", node):
                    items[kind] = self.item(kind, found)
                if found := self.values("cart", node):
                    carts[kind] = self.cart(kind, found)
                for one in node.fields or ():
                    key = (kind, one.name.value)
                    if found := self.values("listing", one):
                        listings[key] = self.listing(key, found, self.values("page", one))
                    if found := self.values("event", one):
                        events[key] = EventMap(
                            *key,
                            found["name"],
                            _optional(_path, found.get("added")),
                            _optional(_path, found.get("variant")),
                            found.get("on"),
                            found.get("cart"),
                        )
            else:
                raise MapError(f"{self.source}: only `extend` belongs in a map, met {print_ast(node)[:60]!r}")
        named = {leaf.name for item in items.values() for leaf in item.attributes}
        if strange := next((one.attribute for one in affinities if one.attribute not in named), None):
            raise MapError(
                f"{self.source}: @affinity names the attribute {strange!r}, which no @item has",
                hint=nearest(strange, tuple(named)) or f"expected one of: {', '.join(sorted(named)) or 'none'}",
            )
        if not shop:
            raise MapError(f"{self.source}: no @shop", hint="start with `extend schema @shop(name: ...)`")
        return ShopMap(
            name=shop["name"],
            vary_headers=tuple(h.lower() for h in shop["varyHeaders"]),
            session_header=(shop.get("sessionHeader") or "").lower() or None,
            session_response_header=(shop.get("sessionResponseHeader") or "").lower() or None,
            session_cookies=tuple(shop["sessionCookies"]), labels=labels, affinities=affinities,
            listings=listings, items=items, carts=carts, events=events,
        )  # fmt: skip

    def values(self, directive: str, node: Any) -> dict[str, Any] | None:
        for one in node.directives or ():
            self._check(one, node)
        definition = self.definitions.get_directive(directive)
        assert definition is not None
        return get_directive_values(definition, node)

    def _check(self, directive: DirectiveNode, node: Any) -> None:
        """A misspelt directive or argument would be passed over in silence otherwise."""
        definition = self.definitions.get_directive(directive.name.value)
        place = _PLACES[type(node)]
        if definition is None or place not in definition.locations:
            raise GraphQLError(f"unknown directive @{directive.name.value} on {place.name}", [directive])
        for argument in directive.arguments or ():
            if argument.name.value not in definition.args:
                raise GraphQLError(f"@{directive.name.value} has no argument {argument.name.value!r}", [argument])

    def repeated(self, directive: str, node: SchemaExtensionNode) -> Iterator[dict[str, Any]]:
        """The arguments of each use of a directive that may be repeated."""
        for one in node.directives or ():
            if one.name.value == directive:
                values = self.values(directive, SchemaExtensionNode(directives=(one,)))
                assert values is not None
                yield values

    def affinity(self, found: dict[str, Any]) -> Affinity:
        if found["to"] not in (*WORDS, NOTHING):
            known = (*WORDS, NOTHING)
            raise MapError(
                f"{self.source}: @affinity to {found['to']!r}, expected one of: {', '.join(known)}",
                hint=nearest(found["to"], known),
            )
        if found["to"] == NOTHING and not found["values"]:
            raise MapError(f"{self.source}: @affinity to {NOTHING!r} names no values",
                           hint="name the values that only sound like something")  # fmt: skip
        return Affinity(found["to"], found["attribute"], tuple(found["values"]))

    def listing(self, key: tuple[str, str], listing: dict[str, Any], page: dict[str, Any] | None) -> ListingMap:
        if page is None:
            raise MapError(f"{self.source}: {key[0]}.{key[1]} has @listing and no @page")
        where = f"{self.source}: {key[0]}.{key[1]}"
        edges = EdgeMap(listing["edges"], listing["node"], listing["cursor"]) if listing.get("edges") else None
        items = listing.get("items")
        if (items is None and edges is None) != listing["bare"]:
            raise MapError(
                f"{where} @listing names {'`items` or `edges`' if listing['bare'] else 'neither `items` nor `edges`'}",
                hint="one of them holds the items; `bare: true` is for a field that answers the list itself",
            )
        paged = _paged(where, listing, page)
        if isinstance(paged, Numbers) and paged.take is None and page.get("default"):  # each page has that size
            page |= {"limit": page["default"], "private": page["default"]}
        return ListingMap(
            *key, items=_optional(_path, items), edges=edges, on=listing.get("on"),
            total=_optional(_path, listing.get("total")),
            tells=_told(where, listing), paged=paged, unless=tuple(_path(one) for one in page["unless"]),
            sort=tuple(_path(one) for one in listing["sort"]), term=_optional(_path, listing.get("term")),
            neutral=tuple(json.loads(value) for value in listing["neutral"]),
            shareable=listing["shareable"], default=page.get("default"),
            limit=page["limit"], window=page["window"], private=min(page["private"], page["limit"]),
        )  # fmt: skip

    def item(self, kind: str, found: dict[str, Any]) -> ItemMap:
        attributes = _leaves(found["attributes"]) if found.get("attributes") else ()
        names = ("variant", "title", "price", "currency", "picture")
        texts = {name: found.get(name) for name in names}
        return ItemMap(kind, found["id"], minor_units=found["minorUnits"], attributes=attributes, **texts)

    def cart(self, kind: str, found: dict[str, Any]) -> CartMap:
        return CartMap(
            kind, found["id"], found["lines"], found["line"], found["item"], found["quantity"],
            found.get("variant"), found.get("state"), found.get("currency"), found.get("price"), found["minorUnits"],
            frozenset(found["checkout"]), frozenset(found["placed"]),
        )  # fmt: skip


def _told(where: str, listing: dict[str, Any]) -> tuple[Told, ...]:
    """`page_info { number: current_page }` as meanings and paths. Raises MapError for a meaning we do not know."""
    if not listing.get("tells"):
        return ()
    operation = parse("{" + listing["tells"] + "\n}", no_location=True).definitions[0]
    told = tuple(_tellings(operation.selection_set.selections, ()))  # type: ignore[attr-defined]
    for one in told:
        if one.meaning not in MEANINGS:
            raise MapError(
                f"{where} @listing tells {one.meaning!r} ({'.'.join(one.path)})",
                hint=f"name the field by what it tells: {', '.join(sorted(MEANINGS))}",
            )
    meanings = {one.meaning for one in told}
    if not listing.get("total") and ("pages" in meanings or ("next" in meanings and "hasNext" not in meanings)):
        raise MapError(f"{where} @listing tells how many pages there are, and names no `total`",
                       hint="pages of another size are counted from it")  # fmt: skip
    return told


def _tellings(selections: Any, above: tuple[str, ...]) -> Iterator[Told]:
    for node in selections:
        if not isinstance(node, FieldNode):
            raise GraphQLError(f"what an answer tells are fields, met {print_ast(node)!r}")
        path = (*above, node.name.value)
        if node.selection_set:
            yield from _tellings(node.selection_set.selections, path)
        else:
            yield Told(node.alias.value if node.alias else node.name.value, path)


def _paged(where: str, listing: dict[str, Any], page: dict[str, Any]) -> Offsets | Numbers | Cursors:
    """How a list is paged: by position, by page number or by cursor. Raises MapError where it is none or several."""
    named = {name for name in ("skip", "take", "number", "first", "after", "last", "before") if page.get(name)}
    if named == {"skip", "take"}:
        return Offsets(_path(page["skip"]), _path(page["take"]))
    if named in ({"number", "take"}, {"number"}):
        return Numbers(_path(page["number"]), _optional(_path, page.get("take")), page["firstNumber"])
    if named in ({"first", "after"}, {"first", "after", "last", "before"}):
        if not listing.get("edges"):
            raise MapError(f"{where} is paged by cursor and names no `edges`", hint="cursors are read from them")
        last, before = (_optional(_path, page.get(name)) for name in ("last", "before"))
        return Cursors(_path(page["first"]), _path(page["after"]), last, before, listing.get("pageInfo"))
    raise MapError(
        f"{where} @page names {', '.join(sorted(named)) or 'no arguments'}",
        hint="name `skip` and `take`, `number` and `take`, or `first` and `after` (and, where the shop has them, "
        "`last` and `before`)",
    )


def _path(text: str) -> ArgumentPath:
    if text.startswith(f"{ABOVE}/"):
        return (ABOVE, *text[3:].split("."))
    return tuple(text.split("."))


def _optional(make: Callable[[str], T], text: str | None) -> T | None:
    return None if text is None else make(text)


def _leaves(text: str) -> tuple[Leaf, ...]:
    """`a: b { c } d` as named leaves: (("a", "b { c }"), ("d", "d"))."""
    operation = parse("{" + text + "\n}", no_location=True).definitions[0]
    leaves = []
    for node in operation.selection_set.selections:  # type: ignore[attr-defined]
        if not isinstance(node, FieldNode):
            raise GraphQLError(f"attributes are fields, met {print_ast(node)!r}")
        name = node.alias.value if node.alias else node.name.value
        leaves.append(Leaf(name, print_ast(node).removeprefix(f"{name}: ") if node.alias else print_ast(node)))
    return tuple(leaves)
