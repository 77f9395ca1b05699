"""Drafts a shop map for a schema nobody has seen: every guess under a comment that says why, and how sure it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from graphql import GraphQLSchema

from personalize.errors import MapError
from personalize.shops.draft_carts import find_carts
from personalize.shops.draft_events import find_cart_events, find_sessions, find_views
from personalize.shops.draft_guess import extension, remark
from personalize.shops.draft_items import Item, find_items
from personalize.shops.draft_labels import label_selection
from personalize.shops.draft_listings import find_listings

LEFT_OUT_MAX = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted map: its SDL, and what it holds, for a summary."""

    text: str
    items: tuple[str, ...]
    listings: tuple[str, ...]
    waiting: tuple[str, ...]
    events: int
    unsure: int


def draft(schema: GraphQLSchema, *, name: str, source: str = "the shop's schema") -> Draft:
    """A map of this schema that fits it. Raises MapError (NO_PRODUCTS) where nothing looks like a product."""
    schema = _lenient(schema)
    looking = find_items(schema)
    listings = find_listings(schema, looking)
    views = find_views(schema, looking)
    viewed = set[str]().union(*(members for _, members in views))
    items = {k: item for k, item in looking.items() if k in listings.used | viewed or _by_name(item)}
    if not items:
        raise MapError(
            f"nothing in {source} looks like a product: an object type with an id, a name or title, and a price",
            code="NO_PRODUCTS", hint="check that this is the shop's storefront API, or write a map (docs/shop-map.md)",
        )  # fmt: skip
    carts = find_carts(schema, items)
    cart_events, no_events = find_cart_events(schema, carts, items)
    sessions = find_sessions(schema, {entry.field or "" for entry in cart_events})
    seen = [entry for entry, members in views if members & items.keys()]
    fields = [*listings.entries, *seen, *cart_events, *sessions]
    types = [item.entry() for item in items.values()] + list(carts.entries.values())
    root = schema.query_type.name if schema.query_type else ""
    order = [root, *dict.fromkeys(entry.type for entry in (*listings.entries, *types, *fields))]
    place = {kind: number for number, kind in reversed(list(enumerate(order)))}
    every = sorted([*types, *fields], key=lambda entry: place[entry.type])
    lines = [*_head(source), *_shop(schema, name, items, bool(sessions)), ""]
    for kind, group in groupby(every, key=lambda entry: entry.type):
        lines += extension(kind, group)
    lines += _left_out([*listings.left_out, *no_events])
    text = "\n".join(lines).rstrip() + "\n"
    return Draft(
        text, tuple(items), tuple(f"{e.type}.{e.field}" for e in listings.entries if e.guess.live),
        tuple(f"{e.type}.{e.field}" for e in listings.entries if not e.guess.live),
        sum(one.guess.live for one in (*seen, *cart_events, *sessions)), text.count("# unsure:"),
    )  # fmt: skip


def _lenient(schema: GraphQLSchema) -> GraphQLSchema:
    """The same schema, taken as valid: shops break rules that clients live with, and no selection could be checked."""
    kwargs: dict[str, Any] = dict(schema.to_kwargs())
    return GraphQLSchema(**{**kwargs, "assume_valid": True})


def _by_name(item: Item) -> bool:
    """Whether a type that no list and no detail leads to is a product all the same: by its own name, with a price."""
    return item.called_product and item.price is not None


def _head(source: str) -> list[str]:
    return [
        *remark(f"A shop map, drafted by `personalize map` from {source}."),
        *remark("Read it, mend it, then `personalize check` it. Every guess stands under a comment: sure, likely or "
                "unsure, why, and what else was possible. Look at the unsure ones first. docs/shop-map.md explains the "
                "directives."),
        "",
    ]  # fmt: skip


def _shop(schema: GraphQLSchema, name: str, items: dict[str, Item], sessions: bool) -> list[str]:
    login = "some mutations sign in" if sessions else "no mutation signs in by its name"
    lines = ["extend schema", "  @shop("]
    lines += [
        f"    name: {json.dumps(name, ensure_ascii=False)}",
        *_in(remark("unsure: headers that change what a guest is answered (a schema does not name them); add the "
                    "shop's own: channel, store view, currency, market")),
        '    varyHeaders: ["accept-language"]',
        *_in(remark(f"unsure: where a session travels ({login}); also: another header")),
        '    sessionHeader: "authorization"',
        *_in(remark("unsure: name them where the shop hands out sessions in a response header or in cookies, the one "
                    "that holds the session first")),
        '    # sessionResponseHeader: "..."',
        '    # sessionCookies: ["..."]',
        "  )",
    ]  # fmt: skip
    for attribute, kind in _ids(items).items():
        selection = label_selection(schema, kind, items)
        if selection is not None:
            why = f"likely: what the ids of {attribute} ({kind}) are called, so that reasons can be told in words"
            lines += [f"  {line}" for line in remark(why)]
            lines.append(f'  @labels(attribute: "{attribute}", from: {json.dumps(selection)})')
    return lines


def _ids(items: dict[str, Item]) -> dict[str, str]:
    """Properties that are told by id, and the types whose ids they are."""
    return {one.name: one.ids_of for item in items.values() for one in item.attributes if one.ids_of and one.live}


def _left_out(notes: list[str]) -> list[str]:
    if not notes:
        return []
    lines = remark("Left out:")
    for note in notes[:LEFT_OUT_MAX]:
        lines += remark(f"- {note}")
    if len(notes) > LEFT_OUT_MAX:
        lines += remark(f"- and {len(notes) - LEFT_OUT_MAX} more")
    return lines


def _in(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
