"""Guesses which fields are events: product details, mutations of carts, signing in and out."""

from __future__ import annotations

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from personalize.shops.draft_carts import Carts, cart_in
from personalize.shops.draft_guess import Directive, Entry, Guess, Sure
from personalize.shops.draft_items import Item
from personalize.shops.draft_shapes import arguments, composite, is_leaf, is_many, object_types, possible
from personalize.shops.draft_words import (
    ACTED_ON,
    ACTS,
    ADDS_TO,
    ANY_OBJECT,
    CART,
    ERRORS,
    FINISHES,
    IDS,
    NOT_ACT,
    NOT_PARENT,
    NOT_SIGNED_IN,
    SIGN_IN,
    SIGN_OUT,
    SLUGS,
    TOKENS,
    VARIANT_ARGUMENTS,
    has,
    joined,
    singular,
    words,
)

_BY_TOKEN = {
    "verify",
    "reset",
    "activate",
    "confirm",
    "register",
    "signup",
    "sign",
    "join",
    "accept",
    "recover",
    "account",
}


def find_views(schema: GraphQLSchema, items: dict[str, Item]) -> list[tuple[Entry, set[str]]]:
    """Fields that answer one product by its id or slug, each with the item types that it answers."""
    entries: list[tuple[Entry, set[str]]] = []
    for kind in object_types(schema):
        if kind.name in items or has(kind.name, NOT_PARENT | {"line", "item", "payload"}):
            continue
        for name, one in kind.fields.items():
            kinds = [one_of.name for one_of in possible(schema, composite(one)) if not has(one_of.name, ERRORS)]
            members = {member for member in kinds if member in items}
            if is_many(one) or len(members) * 2 < len(kinds) or not members or joined(name) in ANY_OBJECT:
                continue
            by = [a for a in arguments(one, 2) if joined(a.name) in IDS or joined(a.name) in SLUGS
                  or joined(a.name) in VARIANT_ARGUMENTS]  # fmt: skip
            if by:
                named = get_named_type(one.type).name
                why = f"{kind.name}.{name} answers one {named} by {', '.join(a.text for a in by[:3])}"
                event = Directive("event", {"name": Guess("view_item", "")})
                entries.append((Entry(kind.name, (event,), Guess(None, why, Sure.LIKELY), name, named), members))
    return entries


def find_cart_events(schema: GraphQLSchema, carts: Carts, items: dict[str, Item]) -> tuple[list[Entry], list[str]]:
    """Mutations that change lines or finish an order, and those that seem to but answer no cart."""
    entries: list[Entry] = []
    left_out: list[str] = []
    goods = {*VARIANT_ARGUMENTS, *(f"{kind.lower()}id" for kind in items), *(kind.lower() for kind in items)}
    for parent, name, one in _mutations(schema):
        said = set(words(name))
        if said & NOT_ACT or not said & ACTS or not (said & ACTED_ON or said & FINISHES):
            continue
        there = cart_in(schema, carts, one, finishes=bool(said & FINISHES or "checkout" in said))
        if there is None:
            if said & {"cart", "basket", "order", "checkout"} and said & (FINISHES | {"add", "remove"}):
                left_out.append(f"Mutation {name} answers no cart that is read here, so it is no event")
            continue
        cart, inside = there
        given = {"name": Guess("cart", "")}
        if said & {"add", "put", "buy"}:
            for key, table in (("added", ADDS_TO), ("variant", goods)):
                found = [arg.text for arg in arguments(one, 2) if joined(arg.name) in table and arg.plain]
                if found:
                    given[key] = Guess(found[0], "by its name")
        if inside is not None:
            given["cart"] = Guess(inside, f"the field of the answer that holds the {cart}", Sure.SURE)
        why = f"{name} changes lines, or finishes the order, by its name, and answers the {cart}"
        entries.append(_event(parent, name, one, given, Guess(None, why, Sure.LIKELY)))
    return entries, left_out


def find_sessions(schema: GraphQLSchema, taken: set[str]) -> list[Entry]:
    """Mutations that sign in or out; rather one too many, since a guest's session may share windows.

    `taken` are mutations that are events of carts: the `token` in their answer names a cart.
    """
    every = _mutations(schema)
    outs = [one for one in every if any(word in joined(one[1]) for word in SIGN_OUT)]
    gone = {name for _, name, _ in outs}
    ins: dict[str, tuple[str, GraphQLField, str, Sure]] = {}
    for parent, name, one in every:
        if name in gone or name in taken or has(name, NOT_SIGNED_IN):
            continue
        if any(word in joined(name) for word in SIGN_IN):
            ins[name] = (parent, one, f"{name} signs in, by its name", Sure.SURE)
        elif token := _token(schema, one):
            ins[name] = (parent, one, f"{name} answers {token}: it hands out a login", Sure.LIKELY)
    users = {kind for _, one, _, _ in ins.values() if (kind := _success(schema, one)) is not None}
    for parent, name, one in every:
        if name not in {*ins, *gone, *taken} and _success(schema, one) in users and set(words(name)) & _BY_TOKEN:
            why = f"{name} answers {_success(schema, one)} as signing in does"
            ins[name] = (parent, one, why, Sure.LIKELY)
    entries = [
        _session(schema, (parent, name, one), "signed_in", why, sure) for name, (parent, one, why, sure) in ins.items()
    ]
    entries += [_session(schema, one, "signed_out", f"{one[1]} signs out, by its name", Sure.LIKELY) for one in outs]
    return entries


def _session(schema: GraphQLSchema, found: tuple[str, str, GraphQLField], event: str, why: str, sure: Sure) -> Entry:
    parent, name, one = found
    given = {"name": Guess(event, "")}
    kind, live = composite(one), True
    if kind is None:
        why += "; it answers no object, so whether it worked cannot be seen: its sessions stay unknown"
        live = False
    elif not isinstance(kind, GraphQLObjectType) and (success := _success(schema, one)):
        given["on"] = Guess(success, "the type that means success, the others are errors")
    elif event == "signed_in" and any(
        words(field)[-1] in ERRORS for field in getattr(kind, "fields", {}) if words(field)
    ):
        why += "; failures look alike (errors are fields of the answer) and count too, which is the safe side"
    return _event(parent, name, one, given, Guess(None, why, sure, live=live))


def _event(parent: str, name: str, one: GraphQLField, given: dict[str, Guess], guess: Guess) -> Entry:
    return Entry(parent, (Directive("event", given),), guess, name, get_named_type(one.type).name)


def _mutations(schema: GraphQLSchema) -> list[tuple[str, str, GraphQLField]]:
    """(type, name, field) of every mutation; those of an object that only holds some (`cart { addLine }`), too."""
    root = schema.mutation_type
    found: list[tuple[str, str, GraphQLField]] = []
    for name, one in root.fields.items() if root is not None else ():
        kind = composite(one)
        holds = isinstance(kind, GraphQLObjectType) and "mutation" in [singular(word) for word in words(kind.name)[-1:]]
        if isinstance(kind, GraphQLObjectType) and holds and not is_many(one):
            found += [(kind.name, inner, field) for inner, field in kind.fields.items()]
        elif root is not None:
            found.append((root.name, name, one))
    return found


def _success(schema: GraphQLSchema, one: GraphQLField) -> str | None:
    """The one type among those answered that is no error, None where there is none or more than one."""
    kinds = [k for k in possible(schema, composite(one)) if not has(k.name, ERRORS)]
    if len(kinds) > 1:
        kinds = [kind for kind in kinds if any(joined(field) in TOKENS for field in kind.fields)]
    return kinds[0].name if len(kinds) == 1 else None


def _token(schema: GraphQLSchema, one: GraphQLField) -> str | None:
    """`Payload.accessToken`, where an answer holds a login, at most one object down."""
    for kind in possible(schema, composite(one)):
        for name, inner in kind.fields.items():
            if is_leaf(inner):
                if joined(name) in TOKENS and not _plain_token(kind, name):
                    return f"{kind.name}.{name}"
            elif joined(name) in TOKENS and isinstance(deeper := composite(inner), GraphQLObjectType):
                told = [n for n, f in deeper.fields.items() if is_leaf(f) and joined(n) in TOKENS]
                if told:
                    return f"{kind.name}.{name} {{ {told[0]} }}"
    return None


def _plain_token(kind: GraphQLObjectType, name: str) -> bool:
    """A `token` among many fields names an object (a cart, a channel); in a small answer it is a login."""
    return joined(name) == "token" and has(kind.name, CART | {"channel", "shop", "store"})
