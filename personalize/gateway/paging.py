"""Paging of a listing slot: which rows are asked for, and whether their order may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from personalize.gateway.values import MISSING, at_path, with_path
from personalize.shops.map import ListingMap

MAX_ROWS = 100_000


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


def read_paging(listing: ListingMap, arguments: dict[str, Any], size: int) -> Paging | None:
    """The paging of a request for a window of `size` rows, None where it is odd or unknown: the shop will answer."""
    skip: object = at_path(arguments, listing.skip)
    take: object = at_path(arguments, listing.take)
    skip = 0 if skip is MISSING or skip is None else skip
    take = listing.default if take is MISSING or take is None else take
    if not (_whole(skip) and _whole(take)):
        return None
    if not 0 <= skip <= MAX_ROWS or not 0 < take <= listing.limit:
        return None  # what the shop itself refuses is never made up from smaller pages
    if take > size:  # a page larger than the window: its head is moved, where it is the head of the list
        return Paging(skip, take, size if skip == 0 else 0)
    return Paging(skip, take, (size // take) * take)


def neutral(listing: ListingMap, arguments: dict[str, Any]) -> bool:
    """Whether the shopper left the order to the shop: no sort, an empty one, or one the map names neutral."""
    if listing.sort is None:
        return True
    sort = at_path(arguments, listing.sort)
    if sort is MISSING or sort is None or sort == {} or sort == []:
        return True
    if isinstance(sort, dict) and all(value is None for value in sort.values()):
        return True
    return sort in listing.neutral


def without_paging(listing: ListingMap, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that say what is listed."""
    return with_path(with_path(arguments, listing.skip, MISSING), listing.take, MISSING)


def with_paging(listing: ListingMap, arguments: dict[str, Any], skip: int, take: int) -> dict[str, Any]:
    """The arguments asking for rows [skip, skip + take)."""
    return with_path(with_path(arguments, listing.skip, skip), listing.take, take)


def search_term(listing: ListingMap, arguments: dict[str, Any]) -> str | None:
    """The search term, None where there is none."""
    term = at_path(arguments, listing.term) if listing.term else None
    return term if isinstance(term, str) and term else None


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
