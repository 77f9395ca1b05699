"""Spread: near-duplicates (same title stem, same group of variants) do not stand side by side on the first page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from personalize.domain.listing import Listing

PAGE = 24  # places that are looked at
REACH = 8  # places from which another item is fetched: who makes room goes down by one each time
GROUP = "item_group_id"  # the attribute that names a group of variants, as merchant feeds call it
_SPLIT = re.compile(r"\s[-–—|/]\s|[,(\[:]")
_WORD = re.compile(r"[^\W\d_]+")


def groups_of(listing: Listing) -> tuple[str, ...]:
    """Per row what it is a near-duplicate of, "" where nothing tells; read once as long as the listing lives."""
    found = _known.get(listing)
    if found is None:
        found = tuple(
            str(listing.attributes[row].get(GROUP) or "") if listing.attributes else "" for row in range(len(listing))
        )
        if listing.titles:
            found = tuple(group or stem(title) for group, title in zip(found, listing.titles, strict=True))
        if len(set(found) - {""}) == sum(group != "" for group in found):
            found = ()  # no two alike: nothing to do, for as long as the listing lives
        _known[listing] = found
    return found


def stem(title: str) -> str:
    """What near-duplicates share: the words before the first separator, else all but the last of three or more.

    Numbers (sizes) do not count. "Trail Shoe - Blue", "Trail Shoe, red 42" and "Trail Shoe 43" are one.
    """
    parts = _SPLIT.split(title, maxsplit=1)
    words = _WORD.findall(parts[0].casefold())
    if len(parts) == 1 and len(words) > 2:
        words = words[:-1]
    return " ".join(words)


def spread(order: NDArray[np.intp], groups: Sequence[str], fixed: int = 0) -> NDArray[np.intp]:
    """The rows of `order` with no two of a group side by side on the first page, where others are within reach.

    The last `fixed` rows stay where they are. A permutation of `order`; `order` itself where nothing is to be done.
    """
    if not groups:
        return order
    end = len(order) - fixed
    rows: list[int] = []
    head = order[: PAGE + REACH].tolist()
    for place in range(1, min(PAGE, end, len(head))):
        before = groups[head[place - 1]]
        if not before or groups[head[place]] != before:
            continue
        for other in range(place + 1, min(place + REACH + 1, end, len(head))):
            if groups[head[other]] != before:
                head.insert(place, head.pop(other))
                rows = head
                break
    return np.concatenate([np.asarray(rows, np.intp), order[len(rows) :]]) if rows else order


_known: WeakKeyDictionary[Listing, tuple[str, ...]] = WeakKeyDictionary()
