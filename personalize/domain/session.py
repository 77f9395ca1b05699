"""The part of a profile that lives for one session: what was shown, touched, skipped and searched, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import msgspec

MAX_TOUCHED = 128  # items touched in a session, the longest untouched leaves first
MAX_SHOWN = 128  # items shown in a session, the longest unseen leaves first
MAX_LISTS = 8  # lists that a click may still answer
MAX_TOKENS = 64  # properties the session leans to
FADE = 0.8  # weight an earlier touch keeps at each later one
# Share of properties that two items have in common where the second is more of the same: in the demo's catalogue 4 % of
# the pairs of one category have less, and 95 % of the pairs of different departments.
ALIKE = 0.25
SORTED_MIN = 5  # priced items whose prices only rise or only fall, and
SORTED_DIFFERENT = 3  # different prices among them, for a list to count as sorted by price


class Touch(msgspec.Struct, array_like=True, gc=False):
    """How one item was touched; `first` and `last` count the session's events, `at` is epoch seconds."""

    first: int
    last: int
    at: float
    count: int = 0
    clicks: int = 0
    carts: int = 0
    index: int = -1


class Sight(msgspec.Struct, array_like=True, gc=False):
    """How one item was shown in this session: how often, where last, in which list, how often skipped above a click."""

    times: int
    index: int
    list_number: int
    skipped: int = 0


class Session(msgspec.Struct, array_like=True):
    """One session's state. `events` counts what was folded, `touches` the touches among it.

    `returns` counts touches of an item that another came between, `turns` those of an item unlike the one before
    (`ALIKE`; `before` has its properties), `carts` items put into the cart, `sorts` lists shown sorted by price.

    `lists` maps the event id of a list to its number (1 is the session's first). `tokens` maps a token to its
    weight as of touch number `[1]`; `read_token` fades it to now. Log prices are of the touched items, all in
    `price_currency`.
    """

    name: str | None = None
    started: float = 0.0
    last_at: float = 0.0
    events: int = 0
    touches: int = 0
    clicks: int = 0
    searches: int = 0
    list_count: int = 0
    last_search: int = 0  # event number of the last search, 0 = none
    last_term: str | None = None
    click_index: int = -1  # where the last clicked item stood, -1 = no click yet
    click_event: int = 0
    price_sum: float = 0.0
    price_count: int = 0
    price_last: float = 0.0
    price_low: float = 0.0
    price_high: float = 0.0
    touched: dict[str, Touch] = {}
    shown: dict[str, Sight] = {}
    lists: dict[str, int] = {}
    tokens: dict[int, tuple[float, int]] = {}
    returns: int = 0
    turns: int = 0
    carts: int = 0
    sorts: int = 0
    before: tuple[int, ...] = ()
    price_currency: str | None = None

    def see(self, items: list[tuple[str, int]], event_id: str) -> None:
        """Note a list as shown: `(item id, 0-based position)` a row."""
        self.list_count += 1
        self.lists[event_id] = self.list_count
        while len(self.lists) > MAX_LISTS:
            del self.lists[next(iter(self.lists))]
        for item, index in items[:MAX_SHOWN]:
            before = self.shown.pop(item, None)
            sight = before or Sight(0, index, 0)
            if sight.list_number != self.list_count:  # an item that a list holds twice was shown once
                sight.times += 1
                sight.index = index
                sight.list_number = self.list_count
            self.shown[item] = sight
        while len(self.shown) > MAX_SHOWN:
            del self.shown[next(iter(self.shown))]

    def click(self, item: str, index: int | None, list_event_id: str | None) -> int:
        """Note a click and the rows skipped above it; returns the position clicked, -1 where unknown."""
        sight = self.shown.get(item)
        number = self.lists.get(list_event_id) if list_event_id is not None else (sight.list_number if sight else None)
        if index is None:
            index = sight.index if sight is not None and sight.list_number == number else -1
        if number is not None:
            for other in self.shown.values():
                if other.list_number == number and other.index < index:
                    other.skipped += 1
        self.clicks += 1
        self.click_index = index
        self.click_event = self.events
        return index

    def touch(self, item: str, at: float, *, click: bool, cart: bool, index: int) -> None:
        """Note that the visitor turned to an item."""
        self.returns += item in self.touched and next(reversed(self.touched)) != item
        self.carts += cart
        mark = self.touched.pop(item, None) or Touch(self.events, self.events, at)
        mark.last, mark.at = self.events, at
        mark.count += 1
        mark.clicks += click
        mark.carts += cart
        if index >= 0:
            mark.index = index
        self.touched[item] = mark
        self.touches += 1
        while len(self.touched) > MAX_TOUCHED:
            del self.touched[next(iter(self.touched))]

    def lean(self, properties: tuple[int, ...], log_price: float | None, currency: str | None = None) -> None:
        """Learn the properties and the price of the item just touched; with another currency prices start anew."""
        self.turns += unlike(self.before, properties)
        self.before = properties
        for key in properties:
            self.tokens[key] = (self.read_token(key) + 1.0, self.touches)
        if len(self.tokens) > MAX_TOKENS:
            # A quarter leaves at once, so that not every touch has to look for the least.
            kept = sorted(self.tokens, key=self.read_token, reverse=True)[: MAX_TOKENS * 3 // 4]
            self.tokens = {key: self.tokens[key] for key in kept}
        if log_price is not None:
            if currency is not None and currency != self.price_currency:
                if self.price_currency is not None:  # amounts of two currencies do not compare
                    self.price_count, self.price_sum = 0, 0.0
                self.price_currency = currency  # what says none is taken to be of the one before, as in a list
            self.price_low = min(self.price_low, log_price) if self.price_count else log_price
            self.price_high = max(self.price_high, log_price) if self.price_count else log_price
            self.price_sum += log_price
            self.price_count += 1
            self.price_last = log_price

    def search(self, term: str | None) -> None:
        """Note a search."""
        self.searches += 1
        self.last_search = self.events
        self.last_term = term[:128] if term else None

    def leanings(self, place: Mapping[int, int], places: int) -> list[float]:
        """Per property at its `place` of `places`, the weight as of now with which the session leans to it; [] where
        it leans to none.
        """
        if not self.tokens:
            return []
        touches = self.touches
        found = [0.0] * places
        for key, (weight, number) in self.tokens.items():
            if key in place:
                found[place[key]] = weight * FADE ** (touches - number)
        return found

    def read_token(self, key: int) -> float:
        """The weight of a token as of now, 0.0 where unknown."""
        weight, number = self.tokens.get(key, (0.0, 0))
        return weight * FADE ** (self.touches - number)


def unlike(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether two items, by their properties, have less than `ALIKE` of all in common; unknown ones are not."""
    if before == after or not before or not after:
        return False
    common = len(set(before) & set(after))
    return common < ALIKE * (len(before) + len(after) - common)


def sorted_by_price(prices: Iterable[float | None]) -> bool:
    """Whether the prices of a list, as shown, only rise or only fall; too few or too equal ones do not tell."""
    known = [price for price in prices if price is not None]
    if len(known) < SORTED_MIN or len(set(known)) < SORTED_DIFFERENT:
        return False
    rises = all(left <= right for left, right in pairwise(known))
    return rises or all(left >= right for left, right in pairwise(known))
