"""List prices as Vendure's Admin API tells them: which variants an offer is for, and what they cost now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from personalize.domain.offers.money import MoneyError
from personalize.domain.offers.offer import Selection
from personalize.domain.offers.promise import Priced
from personalize.errors import AdminError
from personalize.shops.vendure.admin import MOST, Admin
from personalize.shops.vendure.answers import typed
from personalize.shops.vendure.channel import Channel

VARIANTS_MOST = 2_000
"""Variants that one offer may be for; all of them are in each of its promotions."""
TAGS = "facetValues { id } product { facetValues { id } collections { id } }"
"""Asked for only where an offer is for certain tags: it is what costs Vendure most."""


class Catalogue:
    """Reads variants. `cost` is a selection on a variant whose first leaf is what one piece costs the shop."""

    def __init__(self, admin: Admin, cost: str = "") -> None:
        self.admin, self.cost = admin, cost

    async def priced(self, selection: Selection, currency: str, channel: Channel) -> list[Priced]:
        """The enabled variants of a selection. Raises AdminError, also where they are too many."""
        wanted: dict[str, Any] = {"enabled": {"eq": True}}
        ids = {"id": selection.variants, "productId": selection.products}
        if named := [{field: {"in": sorted(values)}} for field, values in ids.items() if values]:
            wanted["_or"] = named
        tags = TAGS if selection.attributes else "product { enabled }"
        if selection.attributes:
            tags = tags.replace("product {", "product { enabled")
        cost = f"cost: {self.cost}" if self.cost else ""
        query = f"""query Variants($options: ProductVariantListOptions) {{ productVariants(options: $options) {{
  totalItems items {{ id productId price priceWithTax currencyCode taxRateApplied {{ value }} {cost} {tags} }} }} }}"""
        params = {} if currency == channel.currency else {"currencyCode": currency}
        rows = await self.admin.listed(
            query, "productVariants", options={"filter": wanted}, params=params,
            most=MOST if selection.attributes else VARIANTS_MOST,
        )  # fmt: skip
        found = []
        for row in rows:
            variant = typed(self.admin.host, row, _Variant)
            priced = self._priced(variant, currency, channel, bool(selection.attributes))
            if priced is not None and _chosen(priced, selection):
                found.append(priced)
        if len(found) > VARIANTS_MOST:
            raise AdminError(
                f"the selection has {len(found)} variants, expected at most {VARIANTS_MOST}", code="ADMIN_OVERSIZED",
                hint="narrow the offer's selection",
            )  # fmt: skip
        return found

    def _priced(self, variant: _Variant, currency: str, channel: Channel, tagged: bool) -> Priced | None:
        if not variant.product.enabled or variant.currency != currency:
            return None
        try:
            listed = channel.money(variant.gross, currency)
            cost = next(_leaves(variant.cost), None)
            cost_money = None if cost is None else channel.money(cost, currency)
        except MoneyError:  # a fraction of what the currency has, as half a yen
            return None
        return Priced(
            variant.id, variant.product_id, listed, variant.tax.value, cost_money, _tags(variant) if tagged else {}
        )


def _chosen(priced: Priced, selection: Selection) -> bool:
    """Whether it is in the selection, as far as the shop was not asked for that already."""
    if priced.product in selection.never:
        return False
    return all(not values.isdisjoint(priced.attributes.get(name, ())) for name, values in selection.attributes.items())


def _tags(variant: _Variant) -> Mapping[str, frozenset[str]]:
    """By the names that the map gives them."""
    facets = {one.id for one in (*variant.facets, *variant.product.facets)}
    return {"facet": frozenset(facets), "collection": frozenset(one.id for one in variant.product.collections)}


def _leaves(value: object) -> Iterator[int]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        yield value


class _Tag(msgspec.Struct, frozen=True):
    id: str


class _Rate(msgspec.Struct, frozen=True):
    value: float


class _Product(msgspec.Struct, frozen=True):
    enabled: bool
    facets: list[_Tag] = msgspec.field(name="facetValues", default=[])
    collections: list[_Tag] = []


class _Variant(msgspec.Struct, frozen=True):
    id: str
    product: _Product
    product_id: str = msgspec.field(name="productId")
    gross: int = msgspec.field(name="priceWithTax")
    currency: str = msgspec.field(name="currencyCode")
    tax: _Rate = msgspec.field(name="taxRateApplied")
    facets: list[_Tag] = msgspec.field(name="facetValues", default=[])
    cost: object = None
