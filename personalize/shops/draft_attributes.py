"""Guesses which fields of an item type are properties that tastes can be learned from."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass

from graphql import GraphQLEnumType, GraphQLField, GraphQLSchema, get_named_type

from personalize.shops.draft_guess import Guess, Sure
from personalize.shops.draft_shapes import Composite, composite, holds, is_leaf, is_many, through, usable
from personalize.shops.draft_words import (
    ATTRIBUTES,
    NOT_ATTRIBUTE,
    NOT_MAYBE,
    PROPERTIES,
    SAID_SHORT,
    joined,
    singular,
    words,
)

AVAILABLE, FILTERED = "whether it can be had", "a property that shoppers filter by"
ATTRIBUTES_MAX, PERHAPS_MAX = 10, 5
"""An item counts at most 24 words (domain.tokens); lists bring several each."""
_SCALARS = frozenset(("String", "ID", "Int", "Float", "Boolean"))


@dataclass(frozen=True, slots=True)
class Attribute:
    """One property: its name in the map, its selection, and the type whose ids it holds (None: readable words)."""

    name: str
    selection: str
    why: str
    sure: Sure
    ids_of: str | None = None
    live: bool = True

    def guess(self) -> Guess:
        """The line in the map."""
        text = self.selection if self.name == self.selection else f"{self.name}: {self.selection}"
        return Guess(text, self.why, self.sure, live=self.live)


def stem(name: str) -> str:
    """The name a property has whichever way a type holds it: `facetValueIds` and `facetValues` are both `facet`."""
    said = list(words(name))
    if len(said) > 1 and said[-1] in ("id", "ids"):
        said.pop()
    if len(said) > 1 and said[-1] in ("value", "values"):
        said.pop()
    said[-1:] = [singular(word) for word in said[-1:]]
    called = said[0] + "".join(word.capitalize() for word in said[1:]) if said else ""
    return called if called.isidentifier() else name


def held_as_ids(kinds: Iterable[Composite]) -> frozenset[str]:
    """Stems of properties that some item type holds as bare ids: the others then have to be read by id as well."""
    return frozenset(
        stem(name)
        for kind in kinds
        for name, field in usable(kind)
        if is_leaf(field) and words(name)[-1:] in (("ids",), ("id",)) and _about(name) is not None
    )


def attributes(schema: GraphQLSchema, kind: Composite, by_id: frozenset[str], items: Container[str]) -> list[Attribute]:
    """The properties of an item type, those of one stem once; before them those to be chosen by somebody who knows.

    `items` are the names of all item types: what leads to items is no property.
    """
    found: dict[str, Attribute] = {}
    for name, field in usable(kind):
        about = _about(name)
        if about is None or field.deprecation_reason is not None:
            continue
        one = _attribute(name, field, about, by_id)
        if one is None or not holds(schema, kind.name, one.selection):
            continue
        if one.name not in found or "value" in words(name) or "values" in words(name):
            found[one.name] = one
    order = {about: place for place, about in enumerate(ATTRIBUTES)}
    known = sorted(found.values(), key=lambda one: order[one.why.split(" (", 1)[0]])[:ATTRIBUTES_MAX]
    perhaps = (one for one in _perhaps(kind, items) if one.name not in found)
    chosen = [one for one in perhaps if holds(schema, kind.name, one.selection)][:PERHAPS_MAX]
    return [*chosen, *known]  # a selection may not end with a comment


def _perhaps(kind: Composite, items: Container[str]) -> Iterator[Attribute]:
    """Fields that no word marks as properties, though they look like some: enums, and objects with a name."""
    for name, field in usable(kind):
        if _about(name) is not None or set(words(name)) & NOT_MAYBE or field.deprecation_reason is not None:
            continue
        why = "a property in this shop? then take it in (no word says so)"
        if isinstance(get_named_type(field.type), GraphQLEnumType):
            yield Attribute(stem(name), name, why, Sure.UNSURE, live=False)
        way = through(name, field)
        if way is None or way[1].name in items or set(words(way[1].name)) & NOT_MAYBE:
            continue
        leaves = {joined(n): n for n, f in usable(way[1]) if is_leaf(f) and not is_many(f)}
        leaf = next((leaves[short] for short in SAID_SHORT if short in leaves), None)
        if leaf is not None and joined(leaf) not in ("id", "uid") and {"id", "uid", "slug", "code"} & leaves.keys():
            yield Attribute(stem(name), way[0](leaf), why, Sure.UNSURE, live=False)


def _about(name: str) -> str | None:
    """What a field of this name tells of an item, None where it is no property."""
    said = words(name)
    if not said or set(said) & NOT_ATTRIBUTE:
        return None
    last = [word for word in said if word not in ("id", "ids", "value", "values")][-1:] or [said[-1]]
    if said[-1] in PROPERTIES:
        return FILTERED
    for about, table in ATTRIBUTES.items():
        if joined(name) in table or last[0] in table:
            return about
    return None


def _attribute(name: str, field: GraphQLField, about: str, by_id: frozenset[str]) -> Attribute | None:
    called = stem(name)
    if is_leaf(field):
        kind = get_named_type(field.type).name
        ids = words(name)[-1] in ("id", "ids")
        many = "a list" if is_many(field) else kind
        boolean = kind == "Boolean"
        if boolean and set(words(name)) & PROPERTIES:
            return None
        if about == AVAILABLE and kind in ("Int", "Float"):
            return None  # a number that shrinks with every sale is no property
        why = f"{about} ({many} by its name{', ids only' if ids else ''})"
        return Attribute(name if boolean else called, name, why, Sure.LIKELY, _entity(name) if ids else None)
    way = through(name, field)
    if way is None:
        return None
    wrap, inner = way
    if set(words(name)) & PROPERTIES:
        return _property(name, called, wrap, inner, about)
    leaves = {
        joined(n): n
        for n, f in usable(inner)
        if is_leaf(f) and not is_many(f) and (get_named_type(f.type).name in _SCALARS or joined(n) in ("id", "uid"))
    }
    wanted = ("id", *SAID_SHORT) if called in by_id else SAID_SHORT
    leaf = next((leaves[short] for short in wanted if short in leaves), None)
    if (leaf is None or joined(leaf) in ("id", "uid")) and called not in by_id:
        joining = _joining(called, wrap, inner, about)  # an object that only joins the two has nothing to say
        if joining is not None:
            return joining
    if leaf is None:
        return None
    others = [leaves[short] for short in SAID_SHORT if short in leaves and leaves[short] != leaf]
    also = f", each told by its {leaf}" if is_many(field) or composite(field) is not inner else f", told by its {leaf}"
    why = f"{about} ({inner.name} objects{also}{'; also there: ' + ', '.join(others[:3]) if others else ''})"
    return Attribute(called, wrap(leaf), why, Sure.LIKELY, inner.name if leaf == "id" else None)


def _joining(called: str, wrap: Callable[[str], str], inner: Composite, about: str) -> Attribute | None:
    """`productTaxons { taxon { slug } }`: what an object leads to that only joins an item with its properties."""
    for name, field in usable(inner):
        below = composite(field)
        if below is None or is_many(field) or _about(name) != about:
            continue
        leaves = {joined(n): n for n, f in usable(below) if is_leaf(f) and not is_many(f)}
        leaf = next((leaves[short] for short in SAID_SHORT if short in leaves), None)
        if leaf is not None:
            why = f"{about} ({below.name} objects by way of {inner.name}, each told by its {leaf})"
            return Attribute(called, wrap(f"{name} {{ {leaf} }}"), why, Sure.LIKELY)
    return None


def _property(name: str, called: str, wrap: Callable[[str], str], inner: Composite, about: str) -> Attribute | None:
    """Named values: `attributes { value }`, or `attributes { values { slug } }`; which name each has is not read."""
    why = f"{about} ({inner.name} objects; only their values are read, not what they are values of)"
    for field_name, field in usable(inner):
        if joined(field_name) in ("value", "values", "displayvalue"):
            below = composite(field)
            if below is None:
                return Attribute(called, wrap(field_name), why, Sure.UNSURE)
            leaves = {joined(n): n for n, f in usable(below) if is_leaf(f) and not is_many(f)}
            leaf = next((leaves[short] for short in SAID_SHORT if short in leaves), None)
            if leaf is not None:
                return Attribute(called, wrap(f"{field_name} {{ {leaf} }}"), why, Sure.UNSURE)
    leaves = {joined(n): n for n, f in usable(inner) if is_leaf(f) and not is_many(f)}
    leaf = next((leaves[short] for short in ("name", "label", "title", "code") if short in leaves), None)
    if leaf is not None and any(composite(field) is not None for _, field in usable(inner)):
        # An option of a group: `properties { name group { name } }`.
        return Attribute(called, wrap(leaf), why, Sure.UNSURE)
    return None


def _entity(name: str) -> str | None:
    """The type that ids are likely of: `FacetValue` for `facetValueIds`."""
    said = words(name)[:-1]
    return "".join(word.capitalize() for word in (*said[:-1], singular(said[-1]))) if said else None
