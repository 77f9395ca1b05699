"""Paging of a listing slot: which rows are asked for, and whether their order may be changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from personalize.gateway.document.cursors import NOWHERE, Positions, read_seek
from personalize.gateway.document.values import MISSING, at_path, with_path
from personalize.shops.map import ArgumentPath, Cursors, ListingMap, Numbers, Offsets

MAX_ROWS = 100_000
ODD = object()
"""What stands in place of a number and is none: the shop answers."""

_SPELT = re.compile("0|[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Paging:
    """Rows [skip, skip + take) are asked for; the first `span` rows of the list may be moved.

    A span is a whole number of pages, so that no page crosses its end.
    """

    skip: int
    take: int
    span: int

    @property
    def beyond(self) -> bool:
        """Whether the page lies behind what we move: it is the shop's own."""
        return self.skip >= self.span


def read_paging(
    listing: ListingMap, arguments: dict[str, Any], size: int, positions: Positions = NOWHERE
) -> Paging | None:
    """The paging of a request for a window of `size` rows, None where it is odd or unknown: the shop will answer."""
    if any(at_path(arguments, path) not in (MISSING, None) for path in listing.unless):
        return None
    if isinstance(listing.paged, Cursors):
        seek = read_seek(listing, listing.paged, arguments)
        rows = seek.rows(positions) if seek is not None and seek.size <= listing.limit else None
        page = seek.size if seek is not None else 0  # fewer rows may be left before a cursor
    else:
        read = _offsets if isinstance(listing.paged, Offsets) else _numbers
        rows = read(listing, arguments)
        page = rows[1] if rows is not None else 0
    if rows is None:
        return None
    skip, take = rows
    if not 0 <= skip <= MAX_ROWS or not 0 < take <= listing.limit:
        return None  # what the shop itself refuses is never made up from smaller pages
    if page > size:  # a page larger than the window: its head is moved, where it is the head of the list
        return Paging(skip, take, size if skip == 0 else 0)
    return Paging(skip, take, (size // page) * page)


def _offsets(listing: ListingMap, arguments: dict[str, Any]) -> tuple[int, int] | None:
    paged = listing.paged
    assert isinstance(paged, Offsets)
    skip, take = _given(listing, arguments, paged.skip), _given(listing, arguments, paged.take)
    skip = 0 if skip is MISSING or skip is None else skip
    take = listing.default if take is MISSING or take is None else take
    return (skip, take) if _whole(skip) and _whole(take) else None


def _numbers(listing: ListingMap, arguments: dict[str, Any]) -> tuple[int, int] | None:
    paged = listing.paged
    assert isinstance(paged, Numbers)
    number = _given(listing, arguments, paged.number)
    take: object = MISSING if paged.take is None else _given(listing, arguments, paged.take)
    number = paged.first if number is MISSING else number  # null is for the shop to take as it likes
    take = listing.default if take is MISSING else take
    return ((number - paged.first) * take, take) if _whole(number) and _whole(take) else None


def _given(listing: ListingMap, arguments: dict[str, Any], path: ArgumentPath) -> object:
    """An argument of paging: what the schema has as a string is read as the number it spells, and as nothing else."""
    value: object = at_path(arguments, path)
    if path not in listing.worded or value is MISSING or value is None:
        return value
    return int(value) if isinstance(value, str) and _SPELT.fullmatch(value) else ODD


def _said(listing: ListingMap, path: ArgumentPath, number: int) -> int | str:
    """A number as the schema has it at this argument."""
    return str(number) if path in listing.worded else number


def neutral(listing: ListingMap, arguments: dict[str, Any]) -> bool:
    """Whether the shopper left the order to the shop: no sort, an empty one, or one the map names neutral."""
    return all(_unsorted(listing, at_path(arguments, path)) for path in listing.sort)


def _unsorted(listing: ListingMap, sort: object) -> bool:
    if sort is MISSING or sort is None or sort == {} or sort == []:
        return True
    if isinstance(sort, dict) and all(value is None for value in sort.values()):
        return True
    return sort in listing.neutral


def without_paging(listing: ListingMap, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that say what is listed."""
    for path in listing.paged.arguments:
        arguments = with_path(arguments, path, MISSING)
    return arguments


def with_paging(
    listing: ListingMap, arguments: dict[str, Any], skip: int, take: int, after: str | None = None
) -> dict[str, Any]:
    """The arguments asking for rows [skip, skip + take); `after` is the cursor of the row before them.

    Where pages are numbered, `skip` is a whole number of pages.
    """
    paged, bare = listing.paged, without_paging(listing, arguments)
    if isinstance(paged, Offsets):
        begun = with_path(bare, paged.skip, _said(listing, paged.skip, skip))
        return with_path(begun, paged.take, _said(listing, paged.take, take))
    if isinstance(paged, Numbers):
        numbered = with_path(bare, paged.number, _said(listing, paged.number, paged.first + skip // take))
        return numbered if paged.take is None else with_path(numbered, paged.take, _said(listing, paged.take, take))
    return with_path(with_path(bare, paged.first, take), paged.after, MISSING if after is None else after)


def page_size(listing: ListingMap, rows: int) -> int:
    """The largest pages in which the shop serves `rows` rows or a few more."""
    if not isinstance(listing.paged, Numbers):
        return min(listing.limit, rows)
    if listing.paged.take is None:
        return listing.limit
    return -(-rows // -(-rows // listing.limit))  # numbered pages are all of one size


def search_term(listing: ListingMap, arguments: dict[str, Any]) -> str | None:
    """The search term, None where there is none."""
    term = at_path(arguments, listing.term) if listing.term else None
    return term if isinstance(term, str) and term else None


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
