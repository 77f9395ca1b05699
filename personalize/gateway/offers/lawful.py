"""How many an offer reaches, and the lowest prices before it where the law wants them told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from personalize.domain.offers.law import DAYS, days_before, needs_lowest
from personalize.domain.offers.ledger import PriceLedger
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import FreeShipping
from personalize.domain.offers.prices import Prices
from personalize.domain.offers.tariff import Tariff
from personalize.gateway.offers.granting import Ready

if TYPE_CHECKING:
    from personalize.gateway.offers.book import OfferBook

DAY = 86_400.0
REACH_LEAST = 50
"""Visitors below which a share of them says nothing."""


async def lawful(ready: Ready, book: OfferBook, ledger: PriceLedger, profile_seconds: float) -> Ready:
    """The same with its reach, and the lowest prices of the 30 days before where they have to be told.

    `profile_seconds` is how long a profile lives after its last event. Raises `StoreError`.
    """
    offer, prices, at = ready.offer, book.prices, book.now()
    since = at - DAYS * DAY
    promised, visitors = await book.store.reach(offer.name, since, since + profile_seconds)
    reach = promised / max(visitors, promised) if visitors >= REACH_LEAST else 0.0
    reduced = needs_lowest(offer.audience.kind, reach, prices.reach, prices.jurisdictions)
    if isinstance(offer.benefit, FreeShipping) or not reduced:
        return replace(ready, reach=reach)
    if promised:  # what everybody gets is from now on a price that a later reduction has to look back on
        for variant, (_, price) in ready.tariff.items():
            book.notes.note(variant, price)
    first = await book.store.first_day(offer.name) or book.day()
    applied = max(first, book.day(offer.starts))
    lowest = await _lowest(ready.tariff, offer.currency, applied, prices, ledger)
    return replace(ready, reach=reach, reduced=True, lowest=lowest)


async def _lowest(
    tariff: Tariff, currency: str, applied: str, prices: Prices, ledger: PriceLedger
) -> dict[str, Money]:  # fmt: skip
    """By variant the lowest price of the 30 days before the day `applied`; without those that nobody can tell."""
    start, end = days_before(applied)
    found = dict(await ledger.lowest(list(tariff), currency, start, end))
    watched = await ledger.since()
    if prices.listed_since is not None and prices.listed_since.isoformat() <= start:
        for variant, (listed, _) in tariff.items():
            found[variant] = min(found.get(variant, listed), listed)
        return found
    return found if watched is not None and watched <= start else {}
