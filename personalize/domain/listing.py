"""A listing's window as values: parallel columns, one row per candidate, in the shop's own order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class About:
    """What a listing was asked for: its field (`Query.search`), what its arguments and those above hold, its term.

    `values` are there alone and as `argument=value`, without paging, sort and term; `term` is without case and doubled
    white space; `channels` are the headers that answers vary by.
    """

    field: str
    values: frozenset[str] = frozenset()
    term: str = ""
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Listing:
    """The candidates of one listing, in the shop's order (row = shop position, 0-based).

    Shapes: every column has n entries. `prices` are major units of `currency`, NaN where unknown.
    `attributes[i]` maps an attribute name to a scalar or a list of strings (e.g. facet ids).
    `list_id` names what was asked (field and arguments without paging); `total` is the shop's own count.
    `offset` is where the first row stands in the shop's list, `about` what was asked for, None where nobody said.
    """

    list_id: str
    ids: tuple[str, ...]
    prices: NDArray[np.float64]
    currency: str = ""
    titles: tuple[str, ...] = ()
    attributes: tuple[Mapping[str, object], ...] = ()
    search_term: str | None = None
    total: int | None = None
    offset: int = 0
    about: About | None = None

    def __len__(self) -> int:
        return len(self.ids)
