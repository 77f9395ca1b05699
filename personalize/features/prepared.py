"""What features need of a listing and can know before a visitor comes: computed once per window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from personalize.domain.learned.lift import situation
from personalize.domain.learned.pairs import Near
from personalize.domain.learned.popularity import (
    CLICKS,
    EXPECTED,
    IMPRESSIONS,
    MAX_POSITIONS,
    PRIOR_CLICKS,
    PURCHASES,
    PURCHASES_AGAIN,
    PURCHASES_EVER,
    Popularity,
)
from personalize.domain.listing import Listing
from personalize.domain.tokens import token
from personalize.features.match import matches
from personalize.features.schema import ZERO, Schema
from personalize.features.window import GRID, Facts, log_prices, measure, rank, traits_of

Floats = NDArray[np.float64]
PRIOR_AGAIN = 1.0, 4.0  # purchases again, and in all, that an item starts with
PRIOR_SHARE = 0.5, 10.0  # purchases of an item, and of its kind, that it starts with
MAX_SITUATIONS = 64  # whose lifts are remembered with a listing


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Prepared:
    """A listing made ready: n rows in the shop's order.

    `static` is float32 (n, s): the columns that depend on the list and the catalogue only, as `Schema.static_names`;
    `blank` (f - s, 1) is what the others are before a visitor comes. `position`, `log_price`, `rate` are (n,),
    `numbers` (n, a) of the attributes, NaN where unknown; `last` is the greatest position, -1 of no rows. Properties of
    all rows lie in one flat table: `token_row[k]` bears the property number `token_kind[k]`, whose hash `token_number`
    maps to it and whose `(name, value)` is `token_names[number]`. `wanted` maps these hashes, and behind them those of
    what nearly all of the window bear and no row here, to numbers below `places`; `common` are the numbers of what
    nearly all of the window bear. `elsewhere` gives the position of touched items of the window that are no rows here.
    `company`, `following`, `beside` and `covisits` are the items that buyers of rows bought, too, that were bought
    before them, in one order with them, and that the same sessions turned to; `buyers`, `ordered` and `visits` (n,) are
    those of each row. `at` is when it was made ready, `after` the event that `popularity` had seen last then.
    """

    schema: Schema
    ids: tuple[str, ...]
    row_of: dict[str, int]
    position: Floats
    last: float
    currency: str
    static: NDArray[np.float32]
    blank: NDArray[np.float32]
    log_price: Floats
    rate: Floats
    numbers: Floats
    token_row: NDArray[np.int64]
    token_kind: NDArray[np.int64]
    token_number: dict[int, int]
    token_names: tuple[tuple[str, str], ...]
    wanted: dict[int, int]
    places: int
    common: tuple[int, ...]
    elsewhere: Mapping[str, float]
    company: Near
    buyers: Floats
    following: Near
    beside: Near
    ordered: Floats
    covisits: Near
    visits: Floats
    at: float
    after: str
    popularity: Popularity
    _lifts: dict[tuple[int, ...], tuple[NDArray[np.float32], str]] = field(default_factory=dict)

    def lift(self, context: Mapping[str, object]) -> NDArray[np.float32]:
        """The columns `LIFT`, (n, 2): sum and greatest lift of each row's properties in this situation, as of `at`.

        Remembered for the situations met: all visitors of a window share few.
        """
        return self.lifted(context)[0]

    def lifted(self, context: Mapping[str, object]) -> tuple[NDArray[np.float32], str]:
        """As `lift`, and the event that `popularity` had seen last when it was measured."""
        facts = situation(context)
        found = self._lifts.get(facts)
        if found is None:
            if len(self._lifts) >= MAX_SITUATIONS:
                self._lifts.clear()
            found = self._lifts[facts] = self._measure_lift(context), self.popularity.after
        return found

    def _measure_lift(self, context: Mapping[str, object]) -> NDArray[np.float32]:
        n = len(self.ids)
        found = np.zeros((n, 2), np.float32)
        each = self.popularity.lift([token(*pair) for pair in self.token_names], context, self.at)[self.token_kind]
        if each.any():
            found[:, 0] = np.bincount(self.token_row, each, minlength=n)
            most = np.full(n, -np.inf)
            np.maximum.at(most, self.token_row, each)
            found[:, 1] = np.where(np.isfinite(most), most, 0.0)
        return found

    def place(self, item: str) -> float | None:
        """The position of an item in the window, None where it is not in it."""
        row = self.row_of.get(item)
        return float(self.position[row]) if row is not None else self.elsewhere.get(item)


@lru_cache(maxsize=64)
def _blank(schema: Schema) -> NDArray[np.float32]:
    names = schema.names[len(schema.static_names) :]
    found = np.array([[0.0 if name in ZERO else np.nan] for name in names], np.float32)
    found.setflags(write=False)
    return found


def comparable(one: str | None, other: str | None) -> bool:
    """Whether amounts of two currencies compare: the same one, or one of them is not told."""
    return not one or not other or one == other


def prepare(
    listing: Listing,
    popularity: Popularity,
    at: float,
    schema: Schema,
    position: Floats | None = None,
    facts: Facts | None = None,
) -> Prepared:
    """Make `listing` ready as of `at` (epoch seconds).

    Where `listing` is only a page of a window, `position` gives each row's place in it and `facts` what the log tells
    of the whole; by default the listing is the window.
    """
    n = len(listing)
    position = np.arange(n, dtype=np.float64) if position is None else position
    facts = measure(listing) if facts is None else facts
    log_price = log_prices(listing)
    table = np.full((n, len(schema.attributes)), np.nan)
    names: dict[tuple[str, str], int] = {}
    rows: list[int] = []
    kinds: list[int] = []
    turns: list[int] = []
    for row, read in enumerate(traits_of(listing)):
        rows += [row] * len(read.pairs)
        kinds += [names.setdefault(pair, len(names)) for pair in read.pairs]
        turns += range(len(read.pairs))
        if schema.attributes and read.numbers:
            table[row] = [read.numbers.get(name, np.nan) for name in schema.attributes]
    counts, of_kind = popularity.of_list(listing.ids, facts.common, at)
    rate = (counts[:, CLICKS] + PRIOR_CLICKS) / (counts[:, EXPECTED] + PRIOR_CLICKS)
    known = popularity.companions
    company, buyers = known.company.near(listing.ids)
    beside, ordered = known.orders.near(listing.ids)
    covisits, visits = popularity.covisits.near(listing.ids)
    static = np.empty((len(schema.static_names), n), np.float32).T
    columns: list[Floats | float] = [
        position,
        float(facts.size),
        log_price,
        rank(log_price, facts.prices),
        log_price - (facts.prices[len(GRID) // 2] if facts.prices else np.nan),
        facts.price_order,
        facts.prices[-2] - facts.prices[1] if facts.prices else np.nan,
        matches(listing.search_term, listing.titles) if listing.titles else np.nan,
        rate,
        np.log1p(counts[:, IMPRESSIONS]),
        *(np.log1p(counts[:, column]) for column in range(CLICKS, PURCHASES_AGAIN)),
        (counts[:, PURCHASES_AGAIN] + PRIOR_AGAIN[0]) / (counts[:, PURCHASES_EVER] + PRIOR_AGAIN[1]),
        np.log1p(buyers),
        np.log((counts[:, PURCHASES] + PRIOR_SHARE[0]) / (of_kind + PRIOR_SHARE[1])),
        popularity.age(listing.ids, at),
        popularity.listed.lift(listing.list_id, listing.ids, rate, at),
        popularity.position_rates()[np.clip(position, 0, MAX_POSITIONS - 1).astype(np.int64)],
    ]
    for column, name in enumerate(schema.attributes):
        columns += [table[:, column], rank(table[:, column], facts.numbers.get(name, ()))]
    for column, values in enumerate(columns):
        static[:, column] = values
    number = {token(*pair): place for pair, place in names.items()}
    others = sorted(facts.common - number.keys())
    wanted = {**number, **{key: place for place, key in enumerate(others, len(names))}}
    # The first property of each row, then the second of each: no step of a sum over rows waits for the one before it.
    in_turn = np.argsort(turns, kind="stable")
    return Prepared(
        schema=schema,
        ids=listing.ids,
        row_of={item: row for row, item in enumerate(listing.ids)},
        position=position,
        last=float(position.max(initial=-1.0)),
        currency=listing.currency,
        static=static,
        blank=_blank(schema),
        log_price=log_price,
        rate=rate,
        numbers=table,
        token_row=np.asarray(rows, np.int64)[in_turn],
        token_kind=np.asarray(kinds, np.int64)[in_turn],
        token_number=number,
        token_names=tuple(names),
        wanted=wanted,
        places=len(names) + len(others),
        common=tuple(wanted[key] for key in facts.common),
        elsewhere=facts.touched,
        company=company,
        buyers=buyers,
        following=known.following.near(listing.ids)[0],
        beside=beside,
        ordered=ordered,
        covisits=covisits,
        visits=visits,
        at=at,
        after=popularity.after,
        popularity=popularity,
    )
