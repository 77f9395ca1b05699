"""Lets simulated shoppers browse the demo shop and writes the event log they leave. No real person is in it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from personalize.decisions.exploring import swaps as pairs
from personalize.demo.catalogue import CURRENCY, Catalogue, Product
from personalize.demo.shop.find import Finder
from personalize.demo.shop.inputs import SearchInput
from personalize.demo.shop.shelf import Shelf
from personalize.demo.source import read
from personalize.demo.tastes import PAGE, POSITION_BIAS, Shopper, attraction, examination, make_shoppers
from personalize.domain.event import Event, EventItem
from personalize.domain.moves import Draw, Swap

ATTRIBUTES: Mapping[str, Callable[[Product], object]] = MappingProxyType(
    {
        "facet": lambda product: list(product.facet_value_ids),
        "collection": lambda product: list(product.collection_ids),
        "inStock": lambda product: product.in_stock,
    }
)
"""The item attributes of the log. Their names are those that the shop map gives to the same fields of a listing."""

START = datetime(2026, 2, 2, tzinfo=UTC).timestamp()
DAY = 86_400.0
SESSIONS_A_WEEK = 2.2
"""Sessions of a shopper of average activity."""
MAX_PAGES = 3
WINDOW = 200
"""How many rows of a listing are shuffled together where a list is explored."""
MARK: Mapping[str, object] = MappingProxyType({"simulated": True})
"""On every line, so that nobody takes the log for people."""
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 6, 6, 6, 7, 8, 7, 6, 6, 7, 8, 10, 12, 13, 12, 8, 4], dtype=np.float64)
"""How busy each hour of the day (UTC) is."""


def list_id_of(asked: str) -> str:
    """The `list_id` of a listing: `asked` is the slug of a collection or a search term."""
    return f"search:{asked}"


def price_of(product: Product) -> float:
    """The price of the log: the lowest gross price of the variants, in euros."""
    return product.price_with_tax[0] / 100


def simulate(
    catalogue: Catalogue, *, shoppers: int, seed: int, days: int = 14, explore: float = 0.0, swaps: float = 0.0,
    bias: float = POSITION_BIAS,
) -> Iterator[Event]:  # fmt: skip
    """The events of `shoppers` simulated people over `days` days, in the order of time.

    They see listings in the shop's own order (the share `explore` of them with the first `WINDOW` rows shuffled, as a
    shop does that wants to learn what its own order hides; of the others the share `swaps` with one pair of places of
    the first page drawn for a swap, as the strategy `exploring` does, and the line saying so), look at rows with a
    probability that falls with the position, the faster the greater `bias`, and click, add to the cart and buy by
    their known utility (`make_shoppers(catalogue, shoppers, seed)` gives the same people, whose ids are the log's
    visitors). The same arguments give the same events. Memory is bounded by the events of the sessions under way.
    """
    people = make_shoppers(catalogue, shoppers, seed)
    street = _Street(catalogue, seed, days, explore, swaps, bias)
    starts = sorted(_starts(people, seed, days))
    pending: list[tuple[float, int, Event]] = []
    order = itertools.count()
    for number, (start, row) in enumerate(starts):
        while pending and pending[0][0] < start:
            yield heapq.heappop(pending)[2]
        for event in street.session(people[row], start, number):
            heapq.heappush(pending, (event.at, next(order), event))
    while pending:
        yield heapq.heappop(pending)[2]


def _starts(people: list[Shopper], seed: int, days: int) -> Iterator[tuple[float, int]]:
    """(start in seconds since the epoch, row of the shopper) of every session."""
    rng = np.random.default_rng([seed, 2])
    hours = HOURS / HOURS.sum()
    for row, shopper in enumerate(people):
        for _ in range(int(rng.poisson(shopper.activity * SESSIONS_A_WEEK * days / 7))):
            hour = float(rng.choice(24, p=hours)) + float(rng.random())
            yield START + float(rng.integers(days)) * DAY + hour * 3_600, row


@dataclass(frozen=True, slots=True)
class _Listing:
    """One listing of the shop: what was asked, the rows in the shop's order, and whether it was a search."""

    asked: str
    rows: NDArray[np.int_]
    term: str | None


class _Street:
    """The shop as the shoppers find it: its listings and the weather outside."""

    def __init__(
        self, catalogue: Catalogue, seed: int, days: int, explore: float, swaps: float, bias: float
    ) -> None:  # fmt: skip
        self.catalogue = catalogue
        self.seed = seed
        self.explore, self.swaps = explore, swaps
        self.seen = examination(np.arange(PAGE), bias)
        self.listings = {c.slug: _Listing(c.slug, np.array(c.products, dtype=np.int_), None)
                         for c in catalogue.collections if c.products}  # fmt: skip
        self.categories = [c["code"] for c in read("categories")["category"]]
        self.terms = {language: _terms(catalogue, language) for language in ("en", "de")}
        rng = np.random.default_rng([seed, 3])
        self.temperature = np.round(9 + 7 * np.sin(np.arange(days) / 3.1) + rng.normal(0, 4, days), 1)
        self.rain = rng.random(days) < 0.35
        self._items: dict[tuple[int, int | None], EventItem] = {}
        self._attributes = [
            MappingProxyType({name: get(product) for name, get in ATTRIBUTES.items()}) for product in catalogue.products
        ]

    def session(self, shopper: Shopper, start: float, number: int) -> Iterator[Event]:
        """One visit: some listings, what is clicked in them, and perhaps a purchase."""
        rng = np.random.default_rng([self.seed, 4, number])
        day = min(int((start - START) // DAY), len(self.rain) - 1)
        hour = int(start % DAY // 3_600)
        context: Mapping[str, object] = MappingProxyType(
            {
                "temperature": float(self.temperature[day]),
                "rain": bool(self.rain[day]),
                "daypart": ("night", "morning", "afternoon", "evening")[hour // 6],
                "device": "mobile" if rng.random() < 0.7 else "desktop",
            }
        )
        session = f"{shopper.id}-{number}"
        numbers = itertools.count()
        clock = start

        def event(
            name: str, items: tuple[EventItem, ...], listing: _Listing | None = None,
            extra: Mapping[str, object] = MARK, **more: str,
        ) -> Event:  # fmt: skip
            return Event(
                event=name,
                event_id=f"{session}-{next(numbers)}",
                at=round(clock, 3),
                visitor=shopper.id,
                session=session,
                context=context,
                items=items,
                list_id=list_id_of(listing.asked) if listing else None,
                search_term=listing.term if listing else None,
                extra=extra,
                **more,
            )

        liked = shopper.utilities(context)
        cart: dict[int, int] = {}
        main = self._choose(shopper, liked, rng)
        for turn in range(1 + int(rng.poisson(1.4))):
            listing = main if turn == 0 or rng.random() < 0.35 else self._choose(shopper, liked, rng)
            if listing.term is not None:
                yield event("search", (), listing)
            order, drawn = self._shown(listing, rng)
            for page in range(MAX_PAGES):
                places = order[page * PAGE : (page + 1) * PAGE]
                if not len(places):
                    break
                rows = listing.rows[places]
                first = page * PAGE
                items = tuple(map(self._item, rows.tolist(), range(first, first + len(rows)), places.tolist()))
                if listing.term is not None:
                    titles = (self.catalogue.products[row].name.of(shopper.language) for row in rows.tolist())
                    items = tuple(
                        msgspec.structs.replace(item, title=title) for item, title in zip(items, titles, strict=True)
                    )
                shown = event("view_item_list", items, listing, drawn if page == 0 else MARK)
                yield shown
                seen = self.seen[: len(rows)]
                clicked = np.flatnonzero(rng.random(len(rows)) < seen * attraction(liked[rows]))
                for k in clicked.tolist():
                    row = int(rows[k])
                    clock += float(rng.uniform(4, 30))
                    yield event("select_item", (items[k],), listing, list_event_id=shown.event_id)
                    clock += 0.4
                    yield event("view_item", (self._item(row),))
                    clock += float(rng.uniform(5, 60))
                    wanted = rng.random() < 0.3 * float(attraction(liked[row : row + 1])[0])
                    if wanted and self.catalogue.products[row].in_stock:
                        cart[row] = cart.get(row, 0) + 1
                        yield event("add_to_cart", (self._item(row, quantity=1),))
                clock += float(rng.uniform(6, 40))
                if rng.random() > (0.4 if len(clicked) else 0.25):
                    break
        if cart and rng.random() < 0.6:
            bought = tuple(self._item(row, quantity=quantity) for row, quantity in cart.items())
            clock += float(rng.uniform(20, 120))
            yield event("begin_checkout", bought)
            if rng.random() < 0.75:
                clock += float(rng.uniform(30, 200))
                yield event("purchase", bought, transaction_id=f"T{session}")

    def _choose(self, shopper: Shopper, liked: NDArray[np.float64], rng: np.random.Generator) -> _Listing:
        """Mostly a category the shopper likes, else a department, something special, or a search."""
        kind = rng.random()
        if kind < 0.62:
            columns = [shopper.goods.column["category", code] for code in self.categories]
            pull = np.exp(2.2 * shopper.likes[columns])
            return self.listings[self.categories[int(rng.choice(len(columns), p=pull / pull.sum()))]]
        if kind < 0.82:
            wanted = int(np.argmax(liked + rng.gumbel(0, 1, len(liked))))
            return self.listings[self.catalogue.products[wanted].department]
        if kind < 0.90:
            return self.listings[str(rng.choice(["all", "new-in", "gifts"]))]
        found = self.terms[shopper.language]
        return found[int(rng.integers(len(found)))]

    def _shown(
        self, listing: _Listing, rng: np.random.Generator
    ) -> tuple[NDArray[np.int_], Mapping[str, object]]:  # fmt: skip
        """The shop's places of the listing's rows, in the order in which they are shown; what the first line tells."""
        places = np.arange(len(listing.rows))
        if self.explore and rng.random() < self.explore:
            places[:WINDOW] = rng.permutation(places[:WINDOW])
        elif self.swaps and rng.random() < self.swaps and len(places) > 1:
            moves = pairs(0, min(PAGE, len(places)))
            draw = Draw(moves, (1 / len(moves),) * len(moves), int(rng.integers(len(moves))))
            first, second, done = cast(Swap, draw.move)
            page = range(min(PAGE, len(places)))
            whole, each = draw.propensities(page, 0, len(page))
            if done:
                places[[first, second]] = places[[second, first]]
            told = {"strategy": "exploring@1", "items": each, "swap": [first, second], "done": done}
            return places, {**MARK, "propensity": whole, "exploration": told}
        return places, MARK

    def _item(
        self, row: int, index: int | None = None, shop_index: int | None = None, quantity: int | None = None
    ) -> EventItem:
        """An item as logged; `index` is its place as shown and `shop_index` the shop's, both only in lists."""
        usual = index == shop_index and quantity is None
        if usual and (row, index) in self._items:
            return self._items[row, index]
        product = self.catalogue.products[row]
        item = EventItem(
            item_id=product.id,
            index=index,
            shop_index=shop_index,
            price=price_of(product),
            currency=CURRENCY,
            quantity=quantity,
            attributes=self._attributes[row],
        )
        if usual:
            self._items[row, index] = item
        return item


def _terms(catalogue: Catalogue, language: str) -> list[_Listing]:
    """What people type: words of product names that find enough; rows in the order of the shop's own search."""
    finder = Finder(Shelf(catalogue, language))
    words = sorted({product.kind.of(language).casefold() for product in catalogue.products})
    found = []
    for word in words:
        results = finder.search(SearchInput(term=word, take=-1, group_by_product=True)).items
        if len(results) >= PAGE:
            rows = np.array([int(result.product_id) - 1 for result in results], dtype=np.int_)
            found.append(_Listing(word, rows, word))
    return found
