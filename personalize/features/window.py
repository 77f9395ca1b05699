"""Facts of a whole window: what features need of rows that a logged page does not show, measured once and logged."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from personalize.domain.listing import Listing
from personalize.domain.profile import Profile
from personalize.domain.tokens import MAX_NUMBERS, MAX_TOKENS, Traits, traits

Floats = NDArray[np.float64]
GRID = np.linspace(0.0, 1.0, 11)  # where quantiles are taken
MAX_TOUCHED = 128
NEARLY_ALL = 0.9  # share of the rows that bear what the list is a kind of


@dataclass(frozen=True, slots=True)
class Facts:
    """Aggregates of a window of `size` candidates.

    `prices` are quantiles of the log price at `GRID` (11 of them; none where no price is known), `numbers` the same
    of each numeric attribute. `price_order` is the rank correlation of price and position, NaN where it has no meaning.
    `common` are the tokens of the properties that nearly all of its rows bear: what kind of list it is.
    `touched` maps items of the window that the session touched to their position in it.
    """

    size: int
    prices: tuple[float, ...] = ()
    price_order: float = math.nan
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    touched: Mapping[str, float] = field(default_factory=dict)
    common: frozenset[int] = frozenset()


def measure(listing: Listing) -> Facts:
    """The facts of a window, remembered as long as the listing lives; `touched` is left to `describe`."""
    found = _measured.get(listing)
    if found is None:
        columns: dict[str, list[float]] = {}
        borne: Counter[int] = Counter()
        for read in traits_of(listing) if listing.attributes else ():
            borne.update(read.tokens)
            for name, value in read.numbers.items():
                if name in columns or len(columns) < MAX_NUMBERS:
                    columns.setdefault(name, []).append(value)
        least = NEARLY_ALL * len(listing)
        price = log_prices(listing)
        found = _measured[listing] = Facts(
            len(listing),
            quantiles(price),
            _order(price),
            {name: quantiles(np.array(values)) for name, values in columns.items()},
            common=frozenset(key for key, count in borne.most_common(MAX_TOKENS) if count >= least),
        )
    return found


def traits_of(listing: Listing) -> tuple[Traits, ...]:
    """What is read of each row's attributes and price, remembered as long as the listing lives."""
    found = _read.get(listing)
    if found is None:
        prices, attributes = listing.prices.tolist(), listing.attributes or ({},) * len(listing)
        found = _read[listing] = tuple(
            traits(item, attributes[row], prices[row], listing.currency) for row, item in enumerate(listing.ids)
        )
    return found


def describe(listing: Listing, profile: Profile | None, session: str | None, at: float) -> Mapping[str, object]:
    """What a logged page of `listing` carries in `window`, so that its vectors can be computed again: JSON values."""
    told = _told.get(listing)
    if told is None:
        told = _told[listing] = _tell(measure(listing))
    touched = profile.session_for(session, at).touched if profile is not None else {}
    places = {item: row for row, item in enumerate(listing.ids) if item in touched} if touched else {}
    return {**told, "touched": places} if places else told


def _tell(facts: Facts) -> dict[str, object]:
    """What all pages of a window say alike."""
    told: dict[str, object] = {"candidates": facts.size}
    if facts.prices:
        told["prices"] = list(facts.prices)
    if not math.isnan(facts.price_order):
        told["price_order"] = facts.price_order
    if facts.numbers:
        told["numbers"] = {name: list(values) for name, values in facts.numbers.items()}
    if facts.common:
        told["common"] = sorted(facts.common)
    return told


def recall(told: object) -> Facts | None:
    """The facts that `describe` told, None where there are none or they make no sense."""
    if not isinstance(told, Mapping) or not isinstance(size := told.get("candidates"), int) or size <= 0:
        return None
    order, table, touched = told.get("price_order"), told.get("numbers"), told.get("touched")
    common = told.get("common")
    return Facts(
        size,
        _quantiles(told.get("prices")),
        float(order) if isinstance(order, (int, float)) else math.nan,
        {str(name): _quantiles(values) for name, values in table.items()} if isinstance(table, Mapping) else {},
        {str(item): float(row) for item, row in list(touched.items())[:MAX_TOUCHED] if isinstance(row, int)}
        if isinstance(touched, Mapping)
        else {},
        frozenset(key for key in common[:MAX_TOKENS] if isinstance(key, int))
        if isinstance(common, list)
        else frozenset(),
    )


def log_prices(listing: Listing) -> Floats:
    """Natural logarithms of the prices, NaN where a price is unknown or not positive."""
    prices = np.where(listing.prices > 0, listing.prices, np.nan)
    logs: Floats = np.log(prices)
    return logs


def quantiles(values: Floats) -> tuple[float, ...]:
    """Quantiles of the known values at `GRID`; none where nothing is known."""
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return ()
    return tuple(np.interp(GRID * (len(known) - 1), np.arange(len(known)), known).tolist())


def rank(values: Floats, known: tuple[float, ...]) -> Floats:
    """Where values lie among `known` quantiles, 0 (least) to 1; NaN where either is unknown."""
    if not known:
        return np.full(len(values), np.nan)
    low = np.asarray(known)
    if low[0] == low[-1]:
        return np.where(np.isnan(values), np.nan, 0.5)
    # Equal quantiles make a step: reading from both sides and taking the middle keeps it in order and symmetric.
    below, above = np.interp(values, low, GRID), 1.0 - np.interp(-values, -low[::-1], GRID)
    middle: Floats = (below + above) / 2
    return middle


def _quantiles(raw: object) -> tuple[float, ...]:
    if not isinstance(raw, list) or len(raw) != len(GRID):
        return ()
    return tuple(float(value) for value in raw) if all(isinstance(value, (int, float)) for value in raw) else ()


def _order(values: Floats) -> float:
    rows = np.flatnonzero(~np.isnan(values))
    known = values[rows]
    if len(known) < 3 or known.min() == known.max():
        return math.nan
    # Ties share their mean rank, so a list of few prices is not "sorted" by accident of the sort.
    _, inverse, counts = np.unique(known, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[inverse]
    ranks = ranks - ranks.mean()
    places = np.arange(len(known)) - (len(known) - 1) / 2
    return float(ranks @ places / math.sqrt(float(ranks @ ranks) * float(places @ places)))


_measured: WeakKeyDictionary[Listing, Facts] = WeakKeyDictionary()
_told: WeakKeyDictionary[Listing, dict[str, object]] = WeakKeyDictionary()
_read: WeakKeyDictionary[Listing, tuple[Traits, ...]] = WeakKeyDictionary()
