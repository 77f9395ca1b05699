"""What `personalize import --stores` and `--stock` do: read a file whole, then put it into the store, or nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from personalize.domain.places.shop_store import ShopStore, pack
from personalize.domain.store import PlaceRow, Store
from personalize.places.keeper import put, stores_of
from personalize.places.stock_file import read_stock
from personalize.places.stores_file import read_stores


async def put_stores(store: Store, path: Path) -> str:
    """Put the stores of a file in the place of all; a sentence that says so. Raises PlaceError, StoreError."""
    found = read_stores(path)
    await store.put_places([PlaceRow(name, pack(one)) for name, one in found.items()])
    return f"{len(found)} stores put in the place of those there were"


async def put_stock(store: Store, path: Path, named: Mapping[str, ShopStore]) -> str:
    """Put the stock of a file over what is known; a sentence that says so. Raises PlaceError, StoreError."""
    now = time.time()
    rows = read_stock(path, {*named, *await stores_of(store)}, now)
    merged = await put(store, rows, now)
    told = f"{len(rows)} rows of stock read, {len(merged.changed)} changed, {len(merged.rows)} known in all"
    return told + (f"; {merged.outdated} were older than what is known" if merged.outdated else "")
