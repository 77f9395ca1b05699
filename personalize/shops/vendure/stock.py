"""Vendure's stock locations by its Admin API: how many of each variant are on hand there and not yet allocated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from personalize.domain.places.shop_store import ShopStore
from personalize.domain.places.stock import MAX_ROWS, StockRow
from personalize.errors import PlaceError
from personalize.settings import Settings
from personalize.shops.vendure.admin import Admin

MAX_LOCATIONS, MAX_VARIANTS = 10_000, 200_000

LOCATIONS = """query Locations($options: StockLocationListOptions) {
  stockLocations(options: $options) { totalItems items { id name } } }"""
STOCK = """query Stock($options: ProductVariantListOptions) {
  productVariants(options: $options) { totalItems items {
    id product { id } stockLevels { stockLocationId stockOnHand stockAllocated } } } }"""


class VendureStock:
    """Locations are stores by `locations` (location id or name to store id), else by an equal id or name."""

    def __init__(self, admin: Admin, locations: Mapping[str, str]) -> None:
        self.admin, self.locations = admin, locations

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """With `admin_*` and `places.locations`."""
        admin = Admin(
            settings.admin_url, user=settings.admin_user, password=settings.admin_password,
            token=settings.admin_token, channel=settings.admin_channel,
        )  # fmt: skip
        return cls(admin, settings.places.locations)

    async def fetch(self, stores: Mapping[str, ShopStore], at: float) -> list[StockRow]:
        """The rows of all variants and known locations. Raises AdminError, or PlaceError where no location is known."""
        locations = await self.admin.listed(LOCATIONS, "stockLocations", most=MAX_LOCATIONS)
        known = self._known([(str(one.get("id")), str(one.get("name"))) for one in locations], stores)
        if not known:
            there = ", ".join(f"{one.get('name')} ({one.get('id')})" for one in locations[:5])
            raise PlaceError(
                f"none of the shop's stock locations is a store: {there[:300]}", code="STOCK_NOWHERE",
                hint='name them: [places.locations] "1" = "hamburg-mitte"',
            )  # fmt: skip
        variants = await self.admin.listed(STOCK, "productVariants", most=MAX_VARIANTS)
        rows = [row for variant in variants for row in _rows(variant, known, at)]
        if len(rows) > MAX_ROWS:
            raise PlaceError(f"{len(rows)} rows of stock, {MAX_ROWS} are kept at most", code="STOCK_OVERSIZED")
        return rows

    def _known(self, locations: list[tuple[str, str]], stores: Mapping[str, ShopStore]) -> dict[str, str]:
        """Stores by location id, each once: what the operator names goes before an equal name."""
        names = {store.name.casefold(): name for name, store in stores.items()}
        told = [(where, self.locations.get(where) or self.locations.get(name)) for where, name in locations]
        alike = [(where, name if name in stores else names.get(name.casefold())) for where, name in locations]
        named = {where for where, store in told if store is not None}
        found: dict[str, str] = {}
        for where, store in [*told, *(pair for pair in alike if pair[0] not in named)]:
            if store is not None and store in stores and store not in found.values():
                found[where] = store
        return found

    async def close(self) -> None:
        """Close all connections."""
        await self.admin.close()


def _rows(variant: Mapping[str, Any], known: Mapping[str, str], at: float) -> list[StockRow]:
    """The rows of one variant. Raises PlaceError where they are no stock."""
    try:
        product = str((variant.get("product") or {}).get("id") or variant["id"])
        return [
            StockRow(
                known[where], str(variant["id"]), product, max(level["stockOnHand"] - level["stockAllocated"], 0), at
            )
            for level in variant["stockLevels"]
            if (where := str(level["stockLocationId"])) in known
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise PlaceError(f"the shop told of stock that is none: {type(error).__name__}", code="STOCK_GARBAGE") from None
