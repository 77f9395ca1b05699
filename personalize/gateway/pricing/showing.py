"""Showing: the personal prices of the rows of one answer, promised before they are shown and clipped before that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from personalize.domain.offers.deciding import Pricing, Row
from personalize.domain.offers.law import may_have_offers
from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.money import Money, MoneyError
from personalize.domain.offers.offer import Offer
from personalize.domain.patch import Reprice
from personalize.domain.strategy import Mode
from personalize.gateway.document.hidden import Item, row_key
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.offers.book import OfferBook
from personalize.guardrails.price import Shelf, clip, repriced
from personalize.telemetry import Telemetry

TARGET = "offers"
"""What Reprices of one answer name as their target: a price is the item's, wherever it stands in the answer."""
MAX_ROWS = 1_000
"""Rows of one answer whose prices are looked at."""


class Showing:
    """Decides which of the items that an answer shows carry a personal price."""

    def __init__(self, book: OfferBook, decisions: Mapping[str, Pricing], telemetry: Telemetry) -> None:
        self.book, self.decisions, self.telemetry = book, decisions, telemetry

    def open_to(self, arrival: Arrival) -> bool:
        """Whether this visit may be shown personal prices: a strategy for them is on, and the law's conditions hold.

        Whoever is given an id with this very answer waits for the next one: else each request of a crawler that keeps
        nothing would set a budget aside.
        """
        if arrival.key is None or not arrival.recognised or self._decision(arrival) is None:
            return False
        if not self.book.prices.disclosed:  # switched on at the desk; the settings would not have started
            self.telemetry.count("offers", "undisclosed")
            return False
        if (why := may_have_offers(arrival.visit)) is not None:
            self.telemetry.count("offers", why)
            return False
        return True

    async def decide(self, items: Iterable[Item], arrival: Arrival) -> None:
        """Promise what may be promised of the items shown, and note their prices in `arrival.prices`. Raises nothing.

        Nothing is promised of an offer that none of these items is part of: a budget is set aside for what is seen.
        """
        try:
            await self._decide(items, arrival)
        except Exception as error:  # law 4: list prices
            self.telemetry.fault("offers", "showing", error)

    async def held(self, arrival: Arrival) -> list[tuple[Offer, Promise]]:
        """What the visitor is promised, oldest first; what is of no item (free shipping) is promised with this.

        For a visit that offers are `open_to`. Raises nothing: what fails is counted, and nothing is told.
        """
        decision = self._decision(arrival)
        if decision is None or arrival.key is None:
            return []
        try:
            offers = [ready.offer for ready in self.book.running().values() if not ready.tariff]
            wanted = decision.wanted(arrival.visit.for_price(), offers)
            promises = await self.book.promises(arrival.key, wanted)
        except Exception as error:  # law 4
            self.telemetry.fault("offers", "held", error)
            return []
        return [
            (self.book.offers[one.offer], one)
            for one in promises
            if one.offer in self.book.offers and self.book.halted(one.offer) is None
        ]

    async def _decide(self, items: Iterable[Item], arrival: Arrival) -> None:
        decision = self._decision(arrival)
        assert arrival.key is not None
        assert decision is not None
        rows = self._rows(items)
        shown = {variant for _, row in rows.values() for variant in row.listed}
        running = self.book.running()
        visit = arrival.visit.for_price()
        # One answer is of one currency; rows of another one, should there be any, are cut.
        currency = next((price.currency for _, row in rows.values() for price in row.listed.values()), "")
        offers = [
            ready.offer for ready in running.values()
            if ready.offer.currency == currency and ready.shows(shown)
        ]  # fmt: skip
        wanted = [name for name in decision.wanted(visit, offers) if name in running]
        arrival.lots.update(decision.lots(visit, offers))
        if not shown or not (wanted or self.book.holds(arrival.key)):
            return
        promises = await self.book.promises(arrival.key, wanted)
        if not promises:
            return
        patch = decision.reprice(TARGET, {number: row for number, (_, row) in rows.items()}, promises)
        shelves = {number: Shelf(row.product, row.listed) for number, (_, row) in rows.items()}
        clipped = clip(patch, TARGET, shelves, self.book.sight(promises, currency))
        self.book.cut(clipped.cuts)
        changes = repriced(clipped, TARGET)
        for number, found in changes.items():
            arrival.prices[row_key(rows[number][0])] = found[0]
        self._record(arrival, promises, [one for found in changes.values() for one in found])

    def _record(self, arrival: Arrival, promises: Iterable[Promise], changes: list[Reprice]) -> None:
        assert arrival.key is not None
        for promise in promises:
            if own := [one for one in changes if one.price.code == promise.code]:
                self.book.showed(arrival.key, promise, own, arrival.visit.language)

    def _decision(self, arrival: Arrival) -> Pricing | None:
        """The first strategy for prices that is on."""
        return next(
            (
                self.decisions[name]
                for name, mode in arrival.modes.items()
                if mode is Mode.ON and name in self.decisions
            ),
            None,
        )

    def _rows(self, items: Iterable[Item]) -> dict[int, tuple[Item, Row]]:
        """The rows by number, each with the variant whose price it shows: its own, else the product's cheapest."""
        rows: dict[int, tuple[Item, Row]] = {}
        for number, item in enumerate(items):
            if number >= MAX_ROWS:
                break
            price = listed(item)
            variant = None if price is None else self._variant(item, price)
            if price is not None and variant is not None:
                rows[number] = item, Row(item.id, {variant: price})
        return rows

    def _variant(self, item: Item, price: Money) -> str | None:
        """The variant that costs what the row shows. Only variants of offers are known, and only those matter."""
        known = self.book.priced(price.currency)
        own = known.get(item.row)
        if own is not None and own.product == item.id and own.listed == price:
            return item.row
        return next((v for v in self.book.variants(item.id, price.currency) if known[v].listed == price), None)


def listed(item: Item) -> Money | None:
    """The price that a row shows, exactly; None where it shows none that can be told."""
    if math.isnan(item.price) or not item.currency:
        return None
    try:
        return Money.of(item.price, item.currency)
    except MoneyError:
        return None
