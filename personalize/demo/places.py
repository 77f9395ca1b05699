"""The demo's stores: three in Hamburg with what the invented catalogue says lies there, and who is told of them."""

from __future__ import annotations

import time

import httpx

from personalize.demo.catalogue import Catalogue
from personalize.domain.places.hours import read_hours
from personalize.domain.places.shop_store import Service, ShopStore, pack
from personalize.domain.places.stock import StockRow
from personalize.domain.places.terms import Terms
from personalize.domain.store import PlaceRow, Store
from personalize.places.keeper import put

TERMS = Terms(ship_days=(2, 3), stock_max_age=7 * 86_400.0)
TRUSTED = ("127.0.0.0/8", "::1/128")
HERE = {"X-Vercel-IP-Latitude": "53.5511", "X-Vercel-IP-Longitude": "9.9937", "X-Vercel-IP-Country": "DE"}
"""What a network would say of a visitor in Hamburg."""

_EVERY = frozenset(Service)
_DAY = read_hours("Mo-Sa 10:00-20:00")
STORES = (
    ShopStore("hamburg-eppendorf", "Eppendorf", 53.5916, 9.9891, "Hamburg", hours=read_hours("24/7"), services=_EVERY),
    ShopStore("hamburg-mitte", "Hamburg Mitte", 53.5511, 9.9937, "Hamburg", hours=_DAY, services=_EVERY),
    ShopStore("hamburg-altona", "Altona", 53.5507, 9.9334, "Hamburg", hours=_DAY),
)
STOCKED = "hamburg"
"""The catalogue's store whose stock the three share out: the first has a third, the second the rest, the last none."""

QUERY = """{ search(input: { collectionSlug: "women", groupByProduct: true, take: 24 }) {
  items { productName personalization { channels { kind availability label store { name } } } } } }"""


async def put_demo_places(store: Store, catalogue: Catalogue) -> None:
    """Put the stores and their stock of this moment into the store. Raises StoreError."""
    now = time.time()
    await store.put_places([PlaceRow(one.id, pack(one)) for one in STORES])
    rows = []
    for product in catalogue.products:
        for variant in product.variants:
            there = variant.stock.get(STOCKED, 0)
            first = -(-there // 3)
            for place, quantity in zip(STORES, (first, there - first, 0), strict=True):
                rows.append(StockRow(place.id, variant.id, product.id, quantity, now))
    await put(store, rows, now)


async def told_in_hamburg(client: httpx.AsyncClient, url: str) -> str:
    """What a visitor there is told of the first item that a store has. Raises httpx.HTTPError."""
    answer = await client.post(url, json={"query": QUERY}, headers={**HERE, "Accept-Language": "en"})
    for item in answer.json()["data"]["search"]["items"]:
        for channel in item["personalization"]["channels"] or ():
            if channel["kind"] == "COLLECT" and channel["availability"] in ("IN_STOCK", "LOW"):
                return f"{item['productName']}: {channel['label']} ({channel['store']['name']})"
    return "nothing of this list is in a store"
