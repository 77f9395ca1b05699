"""Visitors with a history, put into a gateway's store, and their signed ids."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from personalize.demo.catalogue import Catalogue
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.domain.store import ProfileRow
from personalize.domain.visit import Trust, VisitorId
from personalize.stores import open_store
from personalize.telemetry import Telemetry
from personalize.visitors.identity import Identity, profile_key

SECRET = "a-secret-for-the-benchmark-only"
VISITORS = 1_000
EVENTS = 40
KINDS = ("view_item", "select_item", "view_item", "add_to_cart", "view_item", "select_item", "view_item", "purchase")


@dataclass(frozen=True, slots=True)
class Product:
    """What a visitor may have looked at: `price` in units of the currency, `attributes` as the shop map reads them."""

    id: str
    price: float
    currency: str
    attributes: Mapping[str, object]


def products(catalogue: Catalogue) -> list[Product]:
    """The demo shop's products as its listings tell of them."""
    return [
        Product(
            one.id, one.price_with_tax[0] / 100, "EUR",
            {"facet": list(one.facet_value_ids), "collection": list(one.collection_ids)},
        )
        for one in catalogue.products
    ]  # fmt: skip


def history(shown: Sequence[Product], events: int, rng: random.Random, now: float) -> Profile:
    """A profile after so many events, one a minute, the last one a minute ago."""
    profile = Profile()
    for step in range(events):
        product = rng.choice(shown)
        item = EventItem(product.id, price=product.price, currency=product.currency, attributes=product.attributes)
        kind = KINDS[step % len(KINDS)]
        profile.apply(Event(kind, f"{rng.random()}-{step}", now - 60 * (events - step), items=(item,)))
    return profile


def remember(
    store_url: str, shown: Sequence[Product], *, visitors: int = VISITORS, events: int = EVENTS, name: str = "bench"
) -> list[str]:
    """Put visitors with distinct profiles into the store; their signed ids."""
    now, rng = time.time(), random.Random(7)
    return put(store_url, [history(shown, events, rng, now) for _ in range(visitors)], name)


def put(store_url: str, profiles: Sequence[Profile], name: str) -> list[str]:
    """Put a visitor with each of these profiles into the store; their signed ids."""
    who = Identity((SECRET,), Telemetry().count)
    ids = [VisitorId(f"{name}-visitor-{number:06d}", Trust.SIGNED) for number in range(len(profiles))]
    end = time.time() + 86_400
    rows = [ProfileRow(profile_key(one), profile.to_bytes(), end) for one, profile in zip(ids, profiles, strict=True)]
    asyncio.run(_put(store_url, rows))
    return [who.sign(one) for one in ids]


async def _put(store_url: str, rows: list[ProfileRow]) -> None:
    store = open_store(store_url)
    await store.open()
    await store.put_profiles(rows)
    await store.close()
