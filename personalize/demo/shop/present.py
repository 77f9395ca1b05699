"""Turns what the shop keeps (orders, customers) into what the schema shows, in the language of the call."""

from __future__ import annotations

from dataclasses import asdict

import strawberry

from personalize.demo.catalogue import TAX_PERCENT
from personalize.demo.shop import cart
from personalize.demo.shop import order as kept
from personalize.demo.shop.call import Call, page
from personalize.demo.shop.inputs import OrderListOptions
from personalize.demo.shop.promotions import Promotion
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
from personalize.demo.shop.state import Customer
from personalize.demo.wording import NEWEST_DAY

NOW = DateTime(NEWEST_DAY.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
"""The shop's clock stands still, so that the same request has the same answer."""
CHANNEL_CODE = "__default_channel__"
CHANNEL_TOKEN = "demo-channel"  # noqa: S105 - a public name, as in Vendure
COUNTRIES = {"DE": ("Germany", "Deutschland"), "AT": ("Austria", "Österreich"), "CH": ("Switzerland", "Schweiz")}
TAX_NAME = "Standard tax Germany"


def _net(gross: int) -> Money:
    return Money(kept.net(gross))


def _rounded(amount: int, parts: int) -> int:
    return round(amount / parts) if parts else 0


def _discount(promotion: Promotion, amount: int, language: str) -> cart.Discount:
    return cart.Discount(
        adjustment_source=f"PROMOTION:{promotion.id}",
        type=AdjustmentType.PROMOTION,
        description=promotion.name.of(language),
        amount=Money(-kept.net(amount)),
        amount_with_tax=Money(-amount),
    )


def _line(line: kept.Line, placed: bool, call: Call) -> cart.OrderLine:
    variant = call.shelf.variant(line.variant.id)
    unit, left = line.variant.price_with_tax, line.gross - line.discount
    each = _rounded(left, line.quantity)
    return cart.OrderLine(
        id=strawberry.ID(line.id),
        created_at=NOW,
        updated_at=NOW,
        product_variant=variant,
        featured_asset=variant.featured_asset,
        unit_price=_net(unit),
        unit_price_with_tax=Money(unit),
        unit_price_change_since_added=Money(0),
        unit_price_with_tax_change_since_added=Money(0),
        discounted_unit_price=_net(each),
        discounted_unit_price_with_tax=Money(each),
        prorated_unit_price=_net(each),
        prorated_unit_price_with_tax=Money(each),
        quantity=line.quantity,
        order_placed_quantity=line.quantity if placed else 0,
        tax_rate=float(TAX_PERCENT),
        line_price=_net(line.gross),
        line_price_with_tax=Money(line.gross),
        discounted_line_price=_net(left),
        discounted_line_price_with_tax=Money(left),
        prorated_line_price=_net(left),
        prorated_line_price_with_tax=Money(left),
        line_tax=Money(left - kept.net(left)),
        discounts=[_discount(promotion, amount, call.language) for promotion, amount in line.discounts],
        tax_lines=[cart.TaxLine(description=TAX_NAME, tax_rate=float(TAX_PERCENT))],
    )


def shipping_method(method: kept.ShippingMethod, language: str) -> cart.ShippingMethod:
    """A way of sending, in words."""
    return cart.ShippingMethod(
        id=strawberry.ID(method.id),
        created_at=NOW,
        updated_at=NOW,
        language_code=LanguageCode(language),
        code=method.code,
        name=method.name_de if language == "de" else method.name_en,
        description="",
    )


def order(kept_order: kept.Order, call: Call) -> cart.Order:
    """The order as it is now; `total` is `totalWithTax` less the tax of its lines and of shipping."""
    o, language = kept_order, call.language
    lines = [_line(line, o.placed, call) for line in o.lines]
    goods_net = sum(line.prorated_line_price for line in lines)
    shipping, shipping_net = o.shipping_gross, kept.net(o.shipping_gross)
    taken: dict[Promotion, int] = {}
    for line in o.lines:
        for promotion, amount in line.discounts:
            taken[promotion] = taken.get(promotion, 0) + amount
    if o.shipped_free:
        taken[o.shipped_free] = taken.get(o.shipped_free, 0) + o.shipping_listed
    shipping_lines = []
    if o.shipping:
        shipping_lines.append(
            cart.ShippingLine(
                id=strawberry.ID(o.id),
                shipping_method=shipping_method(o.shipping, language),
                price=_net(o.shipping_listed),
                price_with_tax=Money(o.shipping_listed),
                discounted_price=Money(shipping_net),
                discounted_price_with_tax=Money(shipping),
                discounts=[_discount(o.shipped_free, o.shipping_listed, language)] if o.shipped_free else [],
            )
        )
    customer = call.shop.customer(o.customer_id)
    total, total_net = o.total, goods_net + shipping_net
    return cart.Order(
        id=strawberry.ID(o.id),
        created_at=NOW,
        updated_at=NOW,
        type=OrderType.Regular,
        order_placed_at=NOW if o.placed else None,
        code=o.code,
        state=o.state,
        active=o.active,
        customer=present_customer(customer) if customer else None,
        shipping_address=cart.OrderAddress(**asdict(o.shipping_address)),
        billing_address=cart.OrderAddress(**asdict(o.billing_address)),
        lines=lines,
        surcharges=[],
        discounts=[_discount(promotion, amount, language) for promotion, amount in taken.items()],
        coupon_codes=list(o.codes),
        promotions=[_promotion(promotion, language) for promotion in taken],
        payments=[_payment(payment) for payment in o.payments],
        total_quantity=o.quantity,
        sub_total=Money(goods_net),
        sub_total_with_tax=Money(o.goods),
        currency_code=CurrencyCode.EUR,
        shipping_lines=shipping_lines,
        shipping=Money(shipping_net),
        shipping_with_tax=Money(shipping),
        total=Money(total_net),
        total_with_tax=Money(total),
        tax_summary=[
            cart.OrderTaxSummary(
                description=TAX_NAME,
                tax_rate=float(TAX_PERCENT),
                tax_base=Money(total_net),
                tax_total=Money(total - total_net),
            )
        ]
        if o.lines
        else [],
    )


def _promotion(promotion: Promotion, language: str) -> cart.Promotion:
    return cart.Promotion(
        id=strawberry.ID(promotion.id),
        created_at=NOW,
        updated_at=NOW,
        coupon_code=promotion.coupon_code,
        per_customer_usage_limit=promotion.per_customer,
        name=promotion.name.of(language),
        description=promotion.description,
        enabled=promotion.enabled,
    )


def _payment(payment: kept.Payment) -> cart.Payment:
    return cart.Payment(
        id=strawberry.ID(payment.id),
        created_at=NOW,
        updated_at=NOW,
        method=payment.method,
        amount=Money(payment.amount),
        state=payment.state,
        transaction_id=payment.transaction_id,
        error_message=payment.error_message,
        metadata=JSON({}),
    )


def present_customer(customer: Customer) -> cart.Customer:
    """The customer, with a user where there is a password."""
    user = None
    if customer.digest is not None:
        user = cart.User(
            id=strawberry.ID(customer.id), created_at=NOW, updated_at=NOW, identifier=customer.email, verified=True
        )
    return cart.Customer(
        id=strawberry.ID(customer.id),
        created_at=NOW,
        updated_at=NOW,
        title=customer.title,
        first_name=customer.first_name,
        last_name=customer.last_name,
        phone_number=customer.phone_number,
        email_address=customer.email,
        addresses=[],
        user=user,
        order_page=order_page,
    )


def order_page(call: Call, customer_id: str, options: OrderListOptions | None) -> cart.OrderList:
    """A page of a customer's orders, the newest first; empty for anybody but the customer."""
    rows = page(options.skip if options else None, options.take if options else None)
    session = call.peek()
    customer = call.shop.customer(customer_id)
    if customer is None or session is None or session.customer_id != customer_id:
        return cart.OrderList(items=[], total_items=0)
    kept_orders = [found for found in map(call.shop.order, reversed(customer.order_ids)) if found is not None]
    return cart.OrderList(items=[order(o, call) for o in kept_orders[rows]], total_items=len(kept_orders))


def current_user(customer: Customer) -> cart.CurrentUser:
    """Who is signed in."""
    channel = cart.CurrentUserChannel(
        id=strawberry.ID("1"), token=CHANNEL_TOKEN, code=CHANNEL_CODE, permissions=[Permission.Authenticated]
    )
    return cart.CurrentUser(id=strawberry.ID(customer.id), identifier=customer.email, channels=[channel])


def channel() -> cart.Channel:
    """The one channel of the shop."""
    return cart.Channel(
        id=strawberry.ID("1"),
        created_at=NOW,
        updated_at=NOW,
        code=CHANNEL_CODE,
        token=CHANNEL_TOKEN,
        default_language_code=LanguageCode.en,
        available_language_codes=[LanguageCode.en, LanguageCode.de],
        currency_code=CurrencyCode.EUR,
        default_currency_code=CurrencyCode.EUR,
        available_currency_codes=[CurrencyCode.EUR],
        prices_include_tax=True,
    )


def countries(language: str) -> list[cart.Country]:
    """Where the shop sends to."""
    return [
        cart.Country(
            id=strawberry.ID(str(number)),
            created_at=NOW,
            updated_at=NOW,
            language_code=LanguageCode(language),
            code=code,
            type="country",
            name=names[language == "de"],
            enabled=True,
        )
        for number, (code, names) in enumerate(COUNTRIES.items(), start=1)
    ]
