"""Guesses how a list is paged, sorted and searched, from the arguments of its field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,
    is_required_input_field,
)

from personalize.shops.draft_guess import Guess, Sure
from personalize.shops.draft_shapes import WHOLE, Argument
from personalize.shops.draft_words import (
    AFTER,
    BEFORE,
    FIRST,
    FROM_ZERO,
    LAST,
    NEUTRAL,
    PAGE,
    REVERSE,
    SKIP,
    SORT,
    TAKE,
    TERM,
    joined,
)

_LIMIT_SAID = re.compile(
    r"(?:max(?:imum)?|up to|at most|no more than|limited to|limit of|limit is)\D{0,24}(\d{1,5})", re.I
)
NEUTRAL_MAX = 8
SPELT = frozenset(("page", "currentpage", "pagenumber", "pageno", "perpage", "pagesize", "offset", "limit"))
"""Names of numbers even where they are of type String."""
LIMIT = 24
"""Where more is asked for than a shop serves, it refuses, and its lists are asked for twice: rather too few."""


class Paged(StrEnum):
    """How a list is read page by page."""

    OFFSET = "offset"
    CURSOR = "cursor"
    NUMBER = "page number"


@dataclass(frozen=True, slots=True)
class Paging:
    """The arguments of paging, by the names that the `@page` directive has for them."""

    how: Paged
    names: dict[str, Argument]
    others: tuple[Argument, ...] = ()
    """Arguments that page the list in another way."""

    @property
    def size(self) -> Argument | None:
        """The argument that holds the page size."""
        return self.names.get("take") or self.names.get("first")


def paging(given: list[Argument], *, cursors: bool) -> Paging | None:
    """How these arguments page a list (whose rows tell their `cursors`, or not), None where they do not."""
    found = _paging(given, cursors=cursors)
    if found is None:
        return None
    used = {one.path for one in found.names.values()}
    beside = next(iter(found.names.values())).path[:-1]
    others = [
        one for one in given
        if one.path[:-1] == beside and one.path not in used and not one.many
        and joined(one.name) in ((*SKIP, *PAGE) if WHOLE.match(one.type) else (*AFTER, *BEFORE))
        and not isinstance(get_named_type(one.value.type), GraphQLInputObjectType | GraphQLEnumType)
    ]  # fmt: skip
    return replace(found, others=tuple(others))


def _paging(given: list[Argument], *, cursors: bool) -> Paging | None:
    """The first way of paging that is understood.

    A list that has both cursors and offsets is taken as paged by cursor: following cursors through an order that was
    changed by offset would repeat items. Without the rows' cursors there is nothing to follow them by.
    """
    whole = [one for one in given if (WHOLE.match(one.type) or _spelt(one)) and not one.many]
    texts = [one for one in given if one not in whole and not one.many]
    seeking = _by_cursor(whole, texts)
    if seeking is not None and cursors:
        return seeking
    skip, take = _pair(whole, SKIP, whole, TAKE)
    if skip is not None and take is not None:
        return Paging(Paged.OFFSET, {"skip": skip, "take": take})
    page, take = _pair(whole, PAGE, whole, TAKE)
    if page is not None:
        return Paging(Paged.NUMBER, {"number": page, **({"take": take} if take else {})})
    return seeking


def _spelt(one: Argument) -> bool:
    """Whether a string is a number of rows or pages, by its default (`page: String = "1"`) or by a name like it."""
    if one.type not in ("String", "ID"):
        return False
    default = one.default
    return (isinstance(default, str) and default.isdecimal()) or joined(one.name) in SPELT


def _by_cursor(whole: list[Argument], texts: list[Argument]) -> Paging | None:
    first, after = _pair(whole, FIRST, texts, AFTER)
    if first is None or after is None:
        return None
    names = {"first": first, "after": after}
    last, before = _pair(whole, LAST, texts, BEFORE)
    if last is not None and before is not None and last.path[:-1] == first.path[:-1]:
        names |= {"last": last, "before": before}
    return Paging(Paged.CURSOR, names)


def first_number(number: Argument) -> dict[str, Guess]:
    """`firstNumber` of `@page`, where it is not 1."""
    if number.default in (0, "0") or FROM_ZERO.search(number.value.description or ""):
        return {"firstNumber": Guess(0, f"{number.text} counts from 0, as the schema says", Sure.LIKELY)}
    if "index" in joined(number.name):
        return {"firstNumber": Guess(0, f"{number.text} is an index: say 1 where the first page is 1", Sure.UNSURE)}
    return {}


def page_sizes(size: Argument | None, *, fixed: bool = False) -> dict[str, Guess]:
    """`default` and `limit` of `@page`: what the schema says of them; `fixed`: no client can ask for another size."""
    default = size.default if size else None
    if isinstance(default, str) and default.isdecimal():
        default = int(default[:6])
    said = _LIMIT_SAID.search((size.value.description or "") if size else "")
    sizes: dict[str, Guess] = {}
    if isinstance(default, int) and not isinstance(default, bool) and default > 0:
        sizes["default"] = Guess(default, "the default that the schema gives", Sure.SURE)
    else:
        why = "rows served when no size is asked for (the schema does not say); without it such requests are left alone"
        sizes["default"] = Guess(20, why, Sure.UNSURE, live=False)
    if fixed:
        sizes["default"] = Guess(20, "the rows of every page, which the schema does not say", Sure.UNSURE, live=False)
        return sizes
    if said:
        sizes["limit"] = Guess(max(int(said[1]), 1), "the largest page, as its description says", Sure.LIKELY)
    else:
        why = "the largest page the shop serves (the schema does not say, nearly all serve so many): ask, and raise it"
        least = default if "default" in sizes and sizes["default"].live and isinstance(default, int) else LIMIT
        sizes["limit"] = Guess(max(LIMIT, least), why, Sure.UNSURE)
    return sizes


def sorting(given: list[Argument]) -> dict[str, Guess]:
    """`sort` and `neutral` of `@listing`."""
    found = _named(given, SORT)
    if not found:
        return {}
    best = found[0]
    others = tuple(one.text for one in found[1:] if one.path[: len(best.path)] != best.path)
    why = "the shopper's explicit sort, by its name: such lists are never reordered"
    beside = [one for one in _named(given, REVERSE) if one.path[:-1] == best.path[:-1] and one is not best]
    values = neutral_values(best)
    named: str | list[str] = best.text
    if beside and beside[0].type == "Boolean":
        named, values = [best.text, beside[0].text], [*values, "false"]
    elif beside:
        why += f"; {beside[0].text} only turns it round, and is not looked at by itself"
    if best.default is not None and json.dumps(best.default) not in values:
        why += f"; the default {json.dumps(best.default)} is a sort of its own, so naming it counts as explicit"
    guesses = {"sort": Guess(named, why, Sure.LIKELY, others)}
    if values:
        why = "sorts that leave the order to the shop, by their names; add what your storefront sends without a sort"
        guesses["neutral"] = Guess(values, why, Sure.LIKELY, _members(best))
    else:
        why = "no value is known to mean that nobody sorted (null and {} always do); add what it then sends"
        guesses["neutral"] = Guess([], why, Sure.UNSURE, _members(best))
    return guesses


def term(given: list[Argument]) -> Guess | None:
    """`term` of `@listing`."""
    found = [one for one in _named(given, TERM) if one.type == "String" and not one.many]
    if not found:
        return None
    return Guess(found[0].text, "the search term, by its name", Sure.LIKELY, tuple(one.text for one in found[1:]))


def neutral_values(sort: Argument) -> list[str]:
    """The values of a sort argument that mean no sort, each as JSON text: members called so."""
    values: list[object] = []
    kind = get_named_type(sort.value.type)
    if isinstance(kind, GraphQLEnumType):
        values += [name for name in kind.values if joined(name) in NEUTRAL]
    elif isinstance(kind, GraphQLInputObjectType):
        values += _neutral_objects(kind)
        if sort.many:
            values += [[value] for value in _neutral_objects(kind)]
    return list(dict.fromkeys(json.dumps(value) for value in values))[:NEUTRAL_MAX]


def _neutral_objects(kind: GraphQLInputObjectType) -> list[dict[str, str]]:
    """Values of a sort object: `{relevance: DESC}`, or `{field: RANK, direction: ASC}`."""
    enums = {
        name: list(inner.values)
        for name, field in kind.fields.items()
        if isinstance(inner := get_named_type(field.type), GraphQLEnumType)
    }
    needed = {name for name, field in kind.fields.items() if is_required_input_field(field)}
    found: list[dict[str, str]] = []
    for name, members in enums.items():
        neutral = [member for member in members if joined(member) in NEUTRAL]
        if joined(name) in NEUTRAL and needed <= {name}:
            found += [{name: member} for member in members]
        elif neutral:
            rest = [other for other in enums if other != name]
            if needed <= {name}:
                found += [{name: member} for member in neutral]
            if len(rest) == 1 and needed <= {name, rest[0]}:
                found += [{name: one, rest[0]: two} for one, two in product(neutral, enums[rest[0]])]
    return found[:NEUTRAL_MAX]


def _members(sort: Argument) -> tuple[str, ...]:
    """What else a sort may be, to choose from."""
    kind = get_named_type(sort.value.type)
    members: Iterable[str] = ()
    if isinstance(kind, GraphQLEnumType):
        members = kind.values
    elif isinstance(kind, GraphQLInputObjectType):
        members = kind.fields
    return tuple(name for name in members if joined(name) not in NEUTRAL)[:4]


def _named(given: list[Argument], table: tuple[str, ...]) -> list[Argument]:
    """The arguments with a name of the table: shallow ones first, then in the table's order."""
    found = [one for one in given if joined(one.name) in table]
    return sorted(found, key=lambda one: (len(one.path), table.index(joined(one.name))))


def _one(given: list[Argument], table: tuple[str, ...]) -> Argument | None:
    return next(iter(_named(given, table)), None)


def _pair(
    ones: list[Argument], table: tuple[str, ...], others: list[Argument], other_table: tuple[str, ...]
) -> tuple[Argument | None, Argument | None]:
    """Two arguments that stand side by side; where the second is missing, the first alone."""
    for left in _named(ones, table):
        for right in _named(others, other_table):
            if right.path[:-1] == left.path[:-1]:
                return left, right
    return _one(ones, table), None
