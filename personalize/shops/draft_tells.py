"""Guesses what an answer tells of its page: the count of all items, the page's number, whether more follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graphql import GraphQLField, get_named_type

from personalize.shops.draft_shapes import WHOLE, Composite, composite, is_leaf, is_many, usable
from personalize.shops.draft_words import PAGE_OBJECTS, TELLS, TOTALS, has, joined
from personalize.shops.map import Told

DEPTH = 3
SPELT = ("String", "ID")
"""Types of numbers in some shops (`page: "1"`)."""
PLAIN = ("number", "take", "pages")
"""What a string of that name tells as surely as a number does."""
_NAMED = frozenset[str]().union(*(TELLS[meaning] for meaning in (*PLAIN, "next", "previous"))) - {"size", "current"}


@dataclass(frozen=True, slots=True)
class Telling:
    """What a container tells: paths of its count (best first), the fields that tell of the page, and further numbers
    of which no name says whether they do."""

    totals: tuple[tuple[str, ...], ...]
    tells: tuple[Told, ...]
    unknown: tuple[str, ...]

    @property
    def counted(self) -> bool:
        """Whether what is told can be counted for a page of any size."""
        meanings = {one.meaning for one in self.tells}
        return bool(self.totals) or not ("pages" in meanings or ("next" in meanings and "hasNext" not in meanings))


NOTHING = Telling((), (), ())


def telling(kind: Composite, through: str | None = None) -> Telling:
    """What an object of this type tells of the list that it holds (or that the object in its field `through` holds)."""
    leaves = list(_leaves(kind, (), DEPTH, through))
    numbers = [path for path, field in leaves if WHOLE.match(get_named_type(field.type).name)]
    totals = sorted((path for path in numbers if joined(path[-1]) in TOTALS), key=_rank)
    total = totals[0] if totals else None
    tells: list[Told] = []
    unknown: list[str] = []
    for path, field in leaves:
        meaning = next((key for key, table in TELLS.items() if joined(path[-1]) in table), None)
        if path == total:
            continue
        if get_named_type(field.type).name in SPELT and meaning not in PLAIN:
            meaning = None  # `next` may be an address
        if meaning is not None and meaning not in {one.meaning for one in tells}:
            tells.append(Told(meaning, path))
        elif path not in totals:
            unknown.append(".".join(path))
    known = {one.path for one in tells}
    return Telling(tuple(path for path in totals if path not in known), tuple(tells), tuple(unknown))


def text_of(tells: Iterable[Told]) -> str:
    """The selection that names them, as `tells` has it."""
    tree: dict[str, object] = {}
    for one in tells:
        here = tree
        for step in one.path[:-1]:
            here = here.setdefault(step, {})  # type: ignore[assignment]
        name = one.path[-1]
        here[name if name == one.meaning else f"{one.meaning}: {name}"] = None
    return _text(tree)


def _text(tree: dict[str, object]) -> str:
    return " ".join(f"{name} {{ {_text(inner)} }}" if isinstance(inner, dict) else name for name, inner in tree.items())


def _rank(path: tuple[str, ...]) -> tuple[int, int]:
    return len(path), TOTALS.index(joined(path[-1]))


def _leaves(
    kind: Composite, above: tuple[str, ...], depth: int, through: str | None = None
) -> Iterator[tuple[tuple[str, ...], GraphQLField]]:
    """Numbers, strings named like them, and truths of a container, and of the objects in it that tell of the page."""
    for name, field in usable(kind):
        inner, named = composite(field), get_named_type(field.type).name
        if is_many(field):
            continue
        if inner is not None:
            page = has(name, PAGE_OBJECTS) or joined(name).endswith("info") or name == through
            if page and len(above) + 1 < depth:
                yield from _leaves(inner, (*above, name), depth)
        elif is_leaf(field) and (
            named == "Boolean" or WHOLE.match(named) or (named in SPELT and joined(name) in _NAMED)
        ):
            yield (*above, name), field
