"""Turns what the demo shop keeps into what its Admin API shows: promotions, variants, orders, places."""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from personalize.demo.catalogue import TAX_PERCENT, Variant
from personalize.demo.shop import order as kept
from personalize.demo.shop.admin import shown
from personalize.demo.shop.admin.call import AdminCall
from personalize.demo.shop.promotions import Promotion
from personalize.demo.shop.scalars import CurrencyCode, DateTime, Money

WAREHOUSE = shown.StockLocation(id=strawberry.ID("1"), name="warehouse", description="What the web shop sells from")


def moment(seconds: float) -> DateTime:
    """A moment as the API writes it."""
    return DateTime(datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def promotion(found: Promotion) -> shown.Promotion:
    """A promotion."""
    return shown.Promotion(
        id=strawberry.ID(found.id),
        created_at=moment(found.made),
        updated_at=moment(found.made),
        starts_at=None,
        ends_at=None if found.ends is None else moment(found.ends),
        coupon_code=found.coupon_code,
        per_customer_usage_limit=found.per_customer,
        usage_limit=found.limit,
        name=found.name.en,
        description=found.description,
        enabled=found.enabled,
        actions=[
            shown.ConfigurableOperation(
                code=code, args=[shown.ConfigArg(name=name, value=value) for name, value in args]
            )
            for code, args in found.told
        ],
    )


def variant(found: Variant, call: AdminCall) -> shown.ProductVariant:
    """A variant; its stock in the warehouse, less what was sold, and in each store."""
    product = call.shop.catalogue.product_by_id[found.product_id]
    number = int(found.product_id) - 1
    collections = [one.id for one in call.shop.catalogue.collections if number in one.products]
    here = [shown.Tag(id=strawberry.ID(value)) for value in call.shelf.variant_facet_value_ids(found.id)]
    held = [(WAREHOUSE, call.shop.left(found.id))]
    held += [(place, found.stock.get(place.name, 0)) for place in locations(call)[1:]]
    return shown.ProductVariant(
        id=strawberry.ID(found.id),
        product_id=strawberry.ID(found.product_id),
        sku=found.sku,
        name=found.name.en,
        enabled=True,
        price=Money(found.price),
        price_with_tax=Money(found.price_with_tax),
        currency_code=CurrencyCode.EUR,
        tax_rate_applied=shown.TaxRate(value=float(TAX_PERCENT)),
        custom_fields=shown.CustomFields(cost=Money(found.cost)),
        facet_values=here,
        product=shown.Product(
            id=strawberry.ID(product.id),
            enabled=True,
            facet_values=[shown.Tag(id=strawberry.ID(value)) for value in product.facet_value_ids],
            collections=[shown.Tag(id=strawberry.ID(identity)) for identity in collections],
        ),
        stock_levels=[
            shown.StockLevel(
                stock_location_id=place.id, stock_on_hand=max(0, pieces), stock_allocated=0, stock_location=place
            )
            for place, pieces in held
        ],
    )


def locations(call: AdminCall) -> list[shown.StockLocation]:
    """The warehouse, then the stores by their codes."""
    stores = [
        shown.StockLocation(id=strawberry.ID(str(number)), name=store.code, description=store.city)
        for number, store in enumerate(call.shop.catalogue.stores, start=2)
    ]
    return [WAREHOUSE, *stores]


def order(found: kept.Order) -> shown.Order:
    """An order."""
    return shown.Order(id=strawberry.ID(found.id), code=found.code, state=found.state, coupon_codes=list(found.codes))
