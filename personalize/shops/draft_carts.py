"""Guesses which types are carts or orders, how their lines are read, and which mutations change them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_non_null_type

from personalize.shops.draft_guess import Directive, Entry, Guess, Sure
from personalize.shops.draft_items import Item
from personalize.shops.draft_prices import currency_beside, prices
from personalize.shops.draft_shapes import (
    WHOLE,
    Composite,
    asked,
    composite,
    container,
    holds,
    is_leaf,
    is_many,
    object_types,
    pick,
    possible,
    to_one,
    usable,
)
from personalize.shops.draft_words import (
    CART,
    CHECKOUT_STATES,
    CODES,
    LINES,
    NOT_ITEM_LAST,
    NOT_ORDERED,
    NOT_PLACED,
    PLACED_STATES,
    PRODUCT_IDS,
    PRODUCT_REFERENCES,
    QUANTITY,
    STATE_NAMES,
    STATES,
    VARIANT_IDS,
    joined,
    singular,
    words,
)
from personalize.shops.map import below

NO_STATE = "; it has no state, so an order that is placed does not show in it: no purchases from this type"
LINES_MAX = 50
"""Lines asked for where a cart pages them; few carts hold more, and shops that allow few rows allow as many."""

_NOT_CART = NOT_ITEM_LAST | frozenset(
    ("line", "item", "connection", "edge", "payload", "error", "list", "result", "total")
)
_NUMBER = re.compile(f"{WHOLE.pattern}|^(?:Float|Decimal|BigDecimal|Number)$")
_PLACES = 12
"""Members of a union of line goods that a selection names."""


@dataclass(slots=True)
class Carts:
    """Cart types by name, each with the entry of the map."""

    entries: dict[str, Entry] = field(default_factory=dict)


def find_carts(schema: GraphQLSchema, items: dict[str, Item]) -> Carts:
    """Every type with lines of items and quantities that a word says to be a cart or an order."""
    found = Carts()
    for kind in object_types(schema):
        said = [singular(word) for word in words(kind.name)]
        if set(said) & CART and said[-1] not in _NOT_CART and kind is not schema.query_type:
            entry = _cart(schema, items, kind)
            if entry is not None:
                found.entries[kind.name] = entry
    apart = any("order" not in words(name) for name in found.entries)
    for name, entry in found.entries.items():
        order = schema.type_map[name]
        if apart and "order" in words(name) and isinstance(order, GraphQLObjectType):
            found.entries[name] = _placed(order, entry)
    return found


def _placed(kind: GraphQLObjectType, entry: Entry) -> Entry:
    """An order, where carts are another type: it is placed in all states but those of failure, or once it is there."""
    (cart,) = entry.directives
    given = {key: guess for key, guess in cart.arguments.items() if key not in ("checkout", "placed")}
    state = str(given["state"].value) if "state" in given else ""
    named = get_named_type(kind.fields[state].type) if state in kind.fields else None
    members = list(named.values) if isinstance(named, GraphQLEnumType) else []
    placed = [member for member in members if not set(words(member)) & NOT_ORDERED]
    why = "states of an order that is placed: all but those of failure, since carts are a type of their own"
    if not placed:
        others = (state,) if state else ()
        given["state"] = Guess("__typename", f"{kind.name} objects are there once they are placed", Sure.UNSURE, others)
        placed, why = [kind.name], f"each {kind.name} that a mutation answers is a purchase, told once by its id"
    others = tuple(member for member in members if member not in placed)
    first = {"id": given["id"], "state": given["state"], "placed": Guess(placed, why, Sure.UNSURE, others)}
    why = (entry.guess.why or "").replace(NO_STATE, "")
    return replace(entry, directives=(Directive("cart", first | given | first),), guess=replace(entry.guess, why=why))


def _cart(schema: GraphQLSchema, items: dict[str, Item], kind: GraphQLObjectType) -> Entry | None:
    fitting = [name for name in kind.fields if joined(name) in LINES]
    fitting.sort(key=lambda name: (kind.fields[name].deprecation_reason is not None, LINES.index(joined(name))))
    for name in fitting:
        one = kind.fields[name]
        way = _way_to_lines(name, one)
        line = _line(schema, items, way[1]) if way is not None else None
        codes = sorted(pick(kind, CODES, _scalar), key=lambda n: not is_non_null_type(kind.fields[n].type))
        if line is None or way is None:
            continue
        path, inner = way
        why = f"{kind.name}.{name} are {inner.name} objects with a quantity and an item"
        given = {
            "id": Guess(codes[0], "what names this cart or order for good", Sure.LIKELY, tuple(codes[1:])) if codes
            else Guess("__typename", "nothing names it: taken as the one that its visitor has", Sure.UNSURE)
        }  # fmt: skip
        given |= _states(kind)
        if "state" not in given:
            why += NO_STATE
        given |= _currency(schema, kind, path, inner)
        if "(" in path:
            why += f"; its lines are paged, {LINES_MAX} are asked for: name fewer where the shop refuses so many"
        given["lines"] = Guess(path, f"a list of {inner.name}", Sure.LIKELY)
        return Entry(kind.name, (Directive("cart", given | line),), Guess(None, why, Sure.LIKELY))
    return None


def _way_to_lines(name: str, one: GraphQLField) -> tuple[str, Composite] | None:
    """The selection that leads to a cart's lines (`lines(first: 50) { nodes }`), and their type."""
    inner, whole = composite(one), asked(name, one, LINES_MAX)
    if inner is None or whole is None:
        return None
    if is_many(one):
        return whole, inner
    held = container(inner)
    if held is None:
        return None
    shown = "nodes" if "nodes" in held.lists else next(iter(held.lists))
    *outer, last = shown.split(".")
    return f"{whole} {{ {' { '.join([*outer, last])}{' }' * len(outer)} }}", held.lists[shown]


def _currency(schema: GraphQLSchema, kind: GraphQLObjectType, lines: str, line: Composite) -> dict[str, Guess]:
    """The currency of a cart: its own, that of a sum, or that of its lines."""
    ways = [currency_beside(kind), *(price.currency for price in prices(schema, kind, line=True))]
    ways += [below(lines, price.currency) for price in prices(schema, line, line=True) if price.currency]
    found = [way for way in ways if way and holds(schema, kind.name, way)]
    return {"currency": Guess(found[0], "a currency by its name", Sure.LIKELY, tuple(found[1:]))} if found else {}


def _line(schema: GraphQLSchema, items: dict[str, Item], kind: Composite) -> dict[str, Guess] | None:
    quantities = pick(kind, QUANTITY, lambda one: _scalar(one) and bool(_NUMBER.match(get_named_type(one.type).name)))
    goods = _goods(schema, items, kind)
    if not quantities or goods is None:
        return None
    own = pick(kind, ("id", "uid", "entityid", "lineid", "lineitemid", "key", "sku"), _scalar)
    given = {
        "line": Guess(own[0], "the line's own id", Sure.SURE)
        if own else Guess(goods[0], "lines have no id of their own: told apart by their product", Sure.UNSURE),
        "item": _same(items, goods[0]),
    }  # fmt: skip
    if goods[1]:
        given["variant"] = Guess(goods[1], "the variant's id, the same that @item names")
    else:
        given["variant"] = Guess(goods[0], "no variants are known, so a product counts as its own", Sure.UNSURE)
    whole = bool(WHOLE.match(get_named_type(dict(usable(kind))[quantities[0]].type).name))
    given["quantity"] = Guess(
        quantities[0], "by its name" if whole else "by its name; fractions are not counted", Sure(1 + whole)
    )
    found = prices(schema, kind, line=True)
    if found:
        others = tuple(one.selection for one in found[1:])
        given["price"] = Guess(found[0].selection, "what one piece costs, by its name", Sure.LIKELY, others)
        given["minorUnits"] = Guess(found[0].minor, found[0].units, found[0].sure)
    return given


def _goods(
    schema: GraphQLSchema, items: dict[str, Item], kind: Composite, deep: bool = True
) -> tuple[str, str | None] | None:
    """The selections of the product's and the variant's id on a line, None where a line leads to no item.

    Where it leads to none itself, but (`deep`) to something that does, that thing is the variant.
    """
    ways: list[tuple[bool, str, str | None]] = []
    for name, one in usable(kind):
        way = to_one(name, one)
        there = [items[member.name] for member in possible(schema, way and way[1]) if member.name in items][:_PLACES]
        if way is None or not there:
            continue
        item = _leading(schema, way, [(i.kind.name, i.id) for i in there])
        variant = _leading(schema, way, [(i.kind.name, i.variant) for i in there if i.variant])
        if item is not None and holds(schema, kind.name, item):
            ways.append((variant is None, item, variant if variant and holds(schema, kind.name, variant) else None))
    if ways:
        _, item, variant = min(ways, key=lambda way: way[0])
        return item, variant
    ids, variants = pick(kind, (*PRODUCT_IDS, *PRODUCT_REFERENCES, "sku"), _scalar), pick(kind, VARIANT_IDS, _scalar)
    if ids and _same(items, ids[0]).sure is not Sure.UNSURE:
        return ids[0], variants[0] if variants else None
    for name, one in usable(kind) if deep else ():
        way = to_one(name, one)
        further = _goods(schema, items, way[1], deep=False) if way is not None else None
        own = pick(way[1], ("id", "uid", "sku"), _scalar) if way is not None else []
        if way is not None and further is not None and own and holds(schema, kind.name, way[0](further[0])):
            return way[0](further[0]), way[0](further[1] or own[0])
    return (ids[0], variants[0] if variants else None) if ids else None


def _leading(
    schema: GraphQLSchema, way: tuple[Callable[[str], str], Composite], ids: list[tuple[str, str]]
) -> str | None:
    """A selection of the ids behind a field: at once where all types agree, else a fragment for each."""
    if not ids:
        return None
    wrap, target = way
    shared = {selection for _, selection in ids}
    if len(shared) == 1 and holds(schema, target.name, whole := next(iter(shared))):
        return wrap(whole)
    if isinstance(target, GraphQLObjectType):
        return None
    return wrap(" ".join(f"... on {kind} {{ {selection} }}" for kind, selection in ids))


def _same(items: dict[str, Item], selection: str) -> Guess:
    """The product's id on a line, where it may be another than the one that lists name."""
    ids = sorted({item.id for item in items.values()})
    plain, last = joined(selection), {joined(one.rstrip("} ").split()[-1]) for one in ids}
    if " " in selection or any(plain in (one, f"product{one}") for one in last):
        return Guess(selection, "the product's id, the same that @item names")
    why = f"names the product, but @item names {', '.join(ids[:3])}: both have to be the same id"
    return Guess(selection, why, Sure.UNSURE)


def _states(kind: GraphQLObjectType) -> dict[str, Guess]:
    found = pick(kind, STATES, _scalar)
    below = {name: pick(inner, STATE_NAMES, _scalar) for name in pick(kind, STATES, lambda one: not is_leaf(one))
             if (inner := composite(kind.fields[name])) is not None and not is_many(kind.fields[name])}  # fmt: skip
    found += [f"{name} {{ {names[0]} }}" for name, names in below.items() if names]
    if not found:
        return {}
    given = {"state": Guess(found[0], "how far the order is, by its name", Sure.LIKELY, tuple(found[1:]))}
    named = get_named_type(kind.fields[found[0].split()[0]].type)
    members = list(named.values) if isinstance(named, GraphQLEnumType) else []
    placed = [m for m in members if set(words(m)) & PLACED_STATES and not set(words(m)) & NOT_PLACED]
    checkout = [m for m in members if set(words(m)) & CHECKOUT_STATES and m not in placed]
    meanings = ("checkout", checkout, "the checkout has begun"), ("placed", placed, "the order is placed")
    for key, values, meaning in meanings:
        if values:
            others = tuple(m for m in members if m not in values)
            given[key] = Guess(values, f"states in which {meaning}, by their names", Sure.UNSURE, others)
        else:
            why = f"states in which {meaning}: {named.name} does not say; look at one in the shop and name it here"
            given[key] = Guess(["..."], why, Sure.UNSURE, live=False)
    return given


def _scalar(one: GraphQLField) -> bool:
    return is_leaf(one) and not is_many(one) and get_named_type(one.type).name != "Boolean"


def cart_in(
    schema: GraphQLSchema, carts: Carts, one: GraphQLField, *, finishes: bool = False
) -> tuple[str, str | None] | None:
    """The cart type that a mutation answers and the field of the answer that holds it (None: the answer itself).

    One that `finishes` a cart may answer both the cart and the order that came of it: the order is the purchase.
    """
    kinds = possible(schema, composite(one))
    own = [kind.name for kind in kinds if kind.name in carts.entries]
    if is_many(one):
        return None
    if own:
        return (own[0], None) if len(own) == 1 else None
    for kind in kinds:
        inside = sorted(
            usable(kind), key=lambda pair: (finishes and "order" not in words(pair[0]), joined(pair[0]) not in CART)
        )
        for name, inner in inside:
            there = [member.name for member in possible(schema, composite(inner)) if member.name in carts.entries]
            if len(there) == 1 and not is_many(inner):
                return there[0], name
    return None
