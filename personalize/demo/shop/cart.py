"""The output types around orders: order, lines, sums, shipping, payments, and the customer they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import strawberry

from personalize.demo.shop.call import Call, Info
from personalize.demo.shop.goods import Asset, Node, PaginatedList, ProductVariant
from personalize.demo.shop.inputs import OrderListOptions
from personalize.demo.shop.scalars import (
    JSON,
    AdjustmentType,
    CurrencyCode,
    DateTime,
    LanguageCode,
    Money,
    OrderType,
    Permission,
)


@strawberry.type
class Discount:
    """What a promotion takes off (amounts are below 0)."""

    adjustment_source: str
    type: AdjustmentType
    description: str
    amount: Money
    amount_with_tax: Money


@strawberry.type
class TaxLine:
    """A tax and its rate in per cent."""

    description: str
    tax_rate: float


@strawberry.type
class OrderTaxSummary:
    """Tax by rate."""

    description: str
    tax_rate: float
    tax_base: Money
    tax_total: Money


@strawberry.type
class Surcharge(Node):
    """An extra on an order (the demo shop has none)."""

    created_at: DateTime
    updated_at: DateTime
    description: str
    sku: str | None
    tax_lines: list[TaxLine]
    price: Money
    price_with_tax: Money
    tax_rate: float


@strawberry.type
class OrderAddress:
    """An address of an order, as it was entered."""

    full_name: str | None
    company: str | None
    street_line1: str | None
    street_line2: str | None
    city: str | None
    province: str | None
    postal_code: str | None
    country: str | None
    country_code: str | None
    phone_number: str | None


@strawberry.type
class ShippingMethod(Node):
    """A way of sending goods."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    code: str
    name: str
    description: str


@strawberry.type
class ShippingLine:
    """The way of sending that an order has, and its price."""

    id: strawberry.ID
    shipping_method: ShippingMethod
    price: Money
    price_with_tax: Money
    discounted_price: Money
    discounted_price_with_tax: Money
    discounts: list[Discount]


@strawberry.type
class ShippingMethodQuote:
    """A way of sending that the cart could have."""

    id: strawberry.ID
    price: Money
    price_with_tax: Money
    code: str
    name: str
    description: str
    metadata: JSON | None = None


@strawberry.type
class PaymentMethodQuote:
    """A way of paying that the cart could have."""

    id: strawberry.ID
    code: str
    name: str
    description: str
    is_eligible: bool
    eligibility_message: str | None = None


@strawberry.type
class Payment(Node):
    """One attempt to pay."""

    created_at: DateTime
    updated_at: DateTime
    method: str
    amount: Money
    state: str
    transaction_id: str | None
    error_message: str | None
    metadata: JSON | None


@strawberry.type
class Promotion(Node):
    """A coupon that holds for the order."""

    created_at: DateTime
    updated_at: DateTime
    coupon_code: str | None
    per_customer_usage_limit: int | None
    name: str
    description: str
    enabled: bool


@strawberry.type
class OrderLine(Node):
    """One variant in an order; line amounts are for all its pieces."""

    created_at: DateTime
    updated_at: DateTime
    product_variant: ProductVariant
    featured_asset: Asset | None
    unit_price: Money
    unit_price_with_tax: Money
    unit_price_change_since_added: Money
    unit_price_with_tax_change_since_added: Money
    discounted_unit_price: Money
    discounted_unit_price_with_tax: Money
    prorated_unit_price: Money
    prorated_unit_price_with_tax: Money
    quantity: int
    order_placed_quantity: int
    tax_rate: float
    line_price: Money
    line_price_with_tax: Money
    discounted_line_price: Money
    discounted_line_price_with_tax: Money
    prorated_line_price: Money
    prorated_line_price_with_tax: Money
    line_tax: Money
    discounts: list[Discount]
    tax_lines: list[TaxLine]


@strawberry.type
class Order(Node):
    """A cart or an order, as it was when it was asked for."""

    created_at: DateTime
    updated_at: DateTime
    type: OrderType
    order_placed_at: DateTime | None
    code: str
    state: str
    active: bool
    customer: Customer | None
    shipping_address: OrderAddress | None
    billing_address: OrderAddress | None
    lines: list[OrderLine]
    surcharges: list[Surcharge]
    discounts: list[Discount]
    coupon_codes: list[str]
    promotions: list[Promotion]
    payments: list[Payment] | None
    total_quantity: int
    sub_total: Money
    sub_total_with_tax: Money
    currency_code: CurrencyCode
    shipping_lines: list[ShippingLine]
    shipping: Money
    shipping_with_tax: Money
    total: Money
    total_with_tax: Money
    tax_summary: list[OrderTaxSummary]


@strawberry.type
class OrderList(PaginatedList):
    """A page of orders."""

    items: Sequence[Order]


@strawberry.type
class User(Node):
    """An account one can sign in to."""

    created_at: DateTime
    updated_at: DateTime
    identifier: str
    verified: bool


@strawberry.type
class Address(Node):
    """An address of a customer's book (the demo shop keeps none)."""

    created_at: DateTime
    updated_at: DateTime
    full_name: str | None
    company: str | None
    street_line1: str
    street_line2: str | None
    city: str | None
    province: str | None
    postal_code: str | None
    country: Country
    phone_number: str | None
    default_shipping_address: bool | None
    default_billing_address: bool | None


@strawberry.type
class Customer(Node):
    """Who orders: a guest or the owner of an account."""

    created_at: DateTime
    updated_at: DateTime
    title: str | None
    first_name: str
    last_name: str
    phone_number: str | None
    email_address: str
    addresses: list[Address] | None
    user: User | None
    order_page: strawberry.Private[Callable[[Call, str, OrderListOptions | None], OrderList]]

    @strawberry.field
    def orders(self, info: Info, options: OrderListOptions | None = None) -> OrderList:
        """Only for the customer's own session; the newest first."""
        return self.order_page(info.context, self.id, options)


@strawberry.type
class CurrentUserChannel:
    """What a user may do where."""

    id: strawberry.ID
    token: str
    code: str
    permissions: list[Permission]


@strawberry.type
class CurrentUser:
    """Who is signed in."""

    id: strawberry.ID
    identifier: str
    channels: list[CurrentUserChannel]


@strawberry.type
class Channel(Node):
    """The one channel of the shop."""

    created_at: DateTime
    updated_at: DateTime
    code: str
    token: str
    default_language_code: LanguageCode
    available_language_codes: list[LanguageCode] | None
    currency_code: CurrencyCode = strawberry.field(deprecation_reason="Use defaultCurrencyCode instead")
    default_currency_code: CurrencyCode
    available_currency_codes: list[CurrencyCode]
    prices_include_tax: bool


@strawberry.type
class Country(Node):
    """A country the shop sends to."""

    created_at: DateTime
    updated_at: DateTime
    language_code: LanguageCode
    code: str
    type: str
    name: str
    enabled: bool


@strawberry.type
class Success:
    """Whether it was done."""

    success: bool
