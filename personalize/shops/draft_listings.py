"""Guesses which fields are lists that may be ordered: their items, count, paging, sort and search term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from personalize.shops.draft_guess import Directive, Entry, Guess, Sure
from personalize.shops.draft_items import Item
from personalize.shops.draft_paging import Paged, Paging, first_number, page_sizes, paging, sorting, term
from personalize.shops.draft_places import Place, place
from personalize.shops.draft_shapes import Argument, arguments, composite, is_many, object_types, possible, seen
from personalize.shops.draft_words import AGGREGATE, NOT_LISTING, NOT_PARENT, VARIANT, has, words
from personalize.shops.map import ABOVE

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
    above = _answering(kinds)
    for kind in kinds:
        for name, one in kind.fields.items():
            where = place(schema, items, one)
            if where is not None:
                _look(_Field(schema, items, kind, name, one, where), above.get(kind.name, ()), found)
    return found


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that answers items, and where they are."""

    schema: GraphQLSchema
    items: dict[str, Item]
    parent: GraphQLObjectType
    name: str
    field: GraphQLField
    place: Place

    @property
    def coordinates(self) -> str:
        return f"{self.parent.name}.{self.name}"

    @property
    def members(self) -> list[str]:
        return sorted(kind.name for kind in possible(self.schema, self.place.kind) if kind.name in self.items)


def _look(one: _Field, above: Sequence[GraphQLField], found: Listings) -> None:
    where, held = one.coordinates, one.place
    given = arguments(one.field)
    paged = paging(given, cursors=held.edges is not None and held.edges.cursors)
    if one.parent.name in one.items and (has(one.name, VARIANT) or one.items[one.parent.name].is_variant):
        return  # the variants of one product: there is nothing to order
    if paged is None:
        if one.field.args and not held.connection and not held.bare:
            found.used |= set(one.members)
            found.left_out.append(f"{where} has no paging arguments that are understood; it has {seen(one.field)}")
        return
    if has(one.parent.name, NOT_PARENT) or has(one.name, NOT_LISTING):
        found.left_out.append(f"{where} looks like a list that a visitor made")
        return
    if set(words(one.name)) & AGGREGATE:
        found.left_out.append(f"{where} looks like a count over a list, and is none to show")
        return
    if len(one.members) < MIXED * len(possible(one.schema, held.kind)):
        found.left_out.append(f"{where} holds so many other types that it is hardly a list of products")
        return
    found.used |= set(one.members)
    found.entries.append(_entry(one, given, paged, above))


def _entry(one: _Field, given: list[Argument], paged: Paging, above: Sequence[GraphQLField]) -> Entry:
    named, members, held = get_named_type(one.field.type).name, one.members, one.place
    by_cursor = paged.how is Paged.CURSOR
    listing = held.guesses(", ".join(members[:4]), by_cursor=by_cursor)
    listing |= sorting(given) or _above(above, sorting)
    if (searched := term(given)) is not None:
        listing["term"] = searched
    else:
        listing |= _above(above, lambda args: {"term": guess} if (guess := term(args)) else {})
    listing["shareable"] = Guess(False, SHAREABLE, Sure.UNSURE)
    page = {key: Guess(argument.text, "") for key, argument in paged.names.items()}
    first = next(iter(page))
    page[first] = Guess(page[first].value, "the arguments of paging, by their names")
    if paged.others:
        why = "they page it in another way; where one is given, the list is left to the shop"
        page["unless"] = Guess([one.text for one in paged.others], why)
    if "number" in paged.names:
        page |= first_number(paged.names["number"])
    sizes = page_sizes(paged.size, fixed=paged.how is Paged.NUMBER and paged.size is None)
    how = ", ".join(argument.text for argument in paged.names.values())
    a_page = "a bare list" if held.bare else f"{named}, a page"
    why = f"{one.coordinates} answers {a_page} of {', '.join(members[:4])}, paged by {how}"
    sure = Sure.SURE if all(one.items[member].called_product for member in members) else Sure.UNSURE
    if len(members) < (every := len(possible(one.schema, held.kind))):
        why += f"; it may hold other types than items too, such pages are left as they are ({every} types in all)"
        sure = Sure.UNSURE
    if not by_cursor and held.telling.unknown:
        why += f"; where {', '.join(held.telling.unknown[:4])} depends on the page, name it in `tells`"
    if paged.how is Paged.NUMBER and paged.size is None:
        why += "; until `default` says how many rows a page has, it is left to the shop"
        sure = Sure.UNSURE
    lacking = _lacking(held, paged)
    if lacking:
        why += f"; {lacking}, so this list is left to the shop"
    directives = (Directive("listing", listing), Directive("page", page | sizes))
    return Entry(one.parent.name, directives, Guess(None, why, sure, live=lacking is None), one.name, named)


def _lacking(held: Place, paged: Paging) -> str | None:
    """Why a list cannot be ordered as it is, None where it can."""
    if paged.how is Paged.CURSOR:
        cursors = held.edges is not None and held.edges.cursors
        return None if cursors else "its rows do not tell their cursors (there are no edges that do)"
    if not held.telling.counted:
        return "it tells how many pages there are, and no count of its items"
    return None


def _above(above: Sequence[GraphQLField], guess: Callable[[list[Argument]], dict[str, Guess]]) -> dict[str, Guess]:
    """What arguments of the field above say of the list: `search(sort:, term:) { products(first:) }`."""
    for field_above in above:
        found = guess(arguments(field_above))
        if found:
            return {key: one if key == "neutral" else _raised(one) for key, one in found.items()}
    return {}


def _raised(guess: Guess) -> Guess:
    paths = guess.value if isinstance(guess.value, list) else [str(guess.value)]
    raised = [f"{ABOVE}/{path}" for path in paths]
    why = f"{guess.why} (an argument of the field above)"
    return replace(guess, value=raised if isinstance(guess.value, list) else raised[0], why=why)


def _answering(kinds: Sequence[GraphQLObjectType]) -> dict[str, list[GraphQLField]]:
    """The fields that answer one object of a type, by its name; those of the roots' own types have no field above."""
    found: dict[str, list[GraphQLField]] = {}
    for kind in kinds:
        for one in kind.fields.values():
            if one.args and not is_many(one) and composite(one) is not None:
                found.setdefault(get_named_type(one.type).name, []).append(one)
    return found
