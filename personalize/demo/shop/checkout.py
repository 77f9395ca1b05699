"""The rules of cart and checkout: what may change when, and what each refusal is called."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from personalize.demo.shop import faults, present
from personalize.demo.shop.call import Call, not_found, user_input_error
from personalize.demo.shop.cart import Order as OrderType
from personalize.demo.shop.inputs import CreateAddressInput, PaymentInput
from personalize.demo.shop.order import (
    NEXT_STATES,
    PAYMENT_METHODS,
    SHIPPING_METHODS,
    Address,
    Line,
    Order,
    Payment,
)
from personalize.demo.shop.promotions import PROMOTIONS, Promotion

MAX_ITEMS = 999
"""The most pieces in one order."""

ItemsFault = (
    faults.OrderModificationError
    | faults.OrderLimitError
    | faults.NegativeQuantityError
    | faults.InsufficientStockError
    | faults.OrderInterceptorError
)


def _closed(order: Order) -> bool:
    return order.state != "AddingItems"


def add_item(call: Call, variant_id: str, quantity: int) -> OrderType | ItemsFault:
    """Puts pieces of a variant into the cart, as many as there are."""
    order = call.active_or_new_order()
    variant = call.shop.catalogue.variant_by_id.get(variant_id)
    if variant is None:
        raise not_found("ProductVariant", variant_id)
    line = next((line for line in order.lines if line.variant.id == variant_id), None)
    had = line.quantity if line else 0
    return _set_quantity(call, order, line, variant_id, had, had + quantity, negative=quantity < 0)


def add_items(call: Call, wanted: list[tuple[str, int]]) -> tuple[OrderType, list[ItemsFault]]:
    """Puts (variant id, quantity) pairs into the cart; the cart afterwards, and what could not be added."""
    results = [add_item(call, variant_id, quantity) for variant_id, quantity in wanted[:MAX_ITEMS]]
    errors = [result for result in results if not isinstance(result, OrderType)]
    return present.order(call.active_or_new_order(), call), errors


def adjust_line(call: Call, line_id: str, quantity: int) -> OrderType | ItemsFault:
    """Sets the pieces of a line; 0 removes it."""
    order = call.active_or_new_order()
    line = order.line(line_id)
    if line is None:
        raise user_input_error(f"This order does not contain an OrderLine with the id {line_id}")
    return _set_quantity(call, order, line, line.variant.id, line.quantity, quantity, negative=quantity < 0)


def _set_quantity(
    call: Call, order: Order, line: Line | None, variant_id: str, had: int, wanted: int, *, negative: bool
) -> OrderType | ItemsFault:
    if negative:
        return faults.NegativeQuantityError()
    if _closed(order):
        return faults.OrderModificationError()
    if order.quantity - had + wanted > MAX_ITEMS:
        return faults.OrderLimitError(max_items=MAX_ITEMS)
    possible = min(wanted, max(0, call.shop.left(variant_id)))
    if line is None and possible > 0:
        variant = call.shop.catalogue.variant_by_id[variant_id]
        product = call.shop.catalogue.product_by_id[variant.product_id]
        order.lines.append(Line(call.shop.number("line"), variant, product, possible))
    elif line is not None:
        line.quantity = possible
        if possible == 0:
            order.lines.remove(line)
    order.reprice()
    if possible < wanted:
        return faults.InsufficientStockError(
            quantity_available=max(0, possible - had), order=present.order(order, call)
        )
    return present.order(order, call)


def remove_line(call: Call, line_id: str | None) -> OrderType | faults.OrderModificationError:
    """Takes a line, or every line (None), out of the cart."""
    order = call.active_or_new_order()
    line = order.line(line_id) if line_id is not None else None
    if line_id is not None and line is None:
        raise user_input_error(f"This order does not contain an OrderLine with the id {line_id}")
    if _closed(order):
        return faults.OrderModificationError()
    order.lines = [kept for kept in order.lines if line is not None and kept is not line]
    order.reprice()
    return present.order(order, call)


def apply_coupon(
    call: Call, code: str
) -> OrderType | faults.CouponCodeExpiredError | faults.CouponCodeInvalidError | faults.CouponCodeLimitError:
    """Adds a coupon to the cart; one that does not hold (yet) for its goods is kept and takes nothing off."""
    order = call.active_or_new_order()
    promotion = next((p for p in PROMOTIONS if p.coupon_code == code), None)
    if promotion is None:
        return faults.CouponCodeInvalidError(coupon_code=code)
    if promotion.expired:
        return faults.CouponCodeExpiredError(coupon_code=code)
    if promotion.per_customer is not None and _used(call, order, promotion) >= promotion.per_customer:
        return faults.CouponCodeLimitError(coupon_code=code, limit=promotion.per_customer)
    if promotion not in order.coupons:
        order.coupons.append(promotion)
        order.reprice()
    return present.order(order, call)


def _used(call: Call, order: Order, promotion: Promotion) -> int:
    """How many placed orders of this order's customer had the coupon."""
    customer = call.shop.customer(order.customer_id)
    placed = [call.shop.order(identity) for identity in customer.order_ids] if customer else []
    return sum(1 for o in placed if o is not None and o.placed and promotion in o.coupons)


def remove_coupon(call: Call, code: str) -> OrderType:
    """Takes a coupon off the cart; one that is not on it is no error."""
    order = call.active_or_new_order()
    order.coupons = [promotion for promotion in order.coupons if promotion.coupon_code != code]
    order.reprice()
    return present.order(order, call)


def set_address(call: Call, entered: CreateAddressInput, *, billing: bool) -> OrderType:
    """Sets where to send the goods or the bill."""
    order = call.active_or_new_order()
    if entered.country_code not in present.COUNTRIES:
        raise user_input_error(f'The countryCode "{entered.country_code}" was not recognized')
    address = Address(
        full_name=entered.full_name,
        company=entered.company,
        street_line1=entered.street_line1,
        street_line2=entered.street_line2,
        city=entered.city,
        province=entered.province,
        postal_code=entered.postal_code,
        country=present.COUNTRIES[entered.country_code][call.language == "de"],
        country_code=entered.country_code,
        phone_number=entered.phone_number,
    )
    if billing:
        order.billing_address = address
    else:
        order.shipping_address = address
    return present.order(order, call)


def set_shipping(
    call: Call, method_ids: list[str]
) -> OrderType | faults.OrderModificationError | faults.IneligibleShippingMethodError | faults.NoActiveOrderError:
    """Chooses the way of sending (the first of `method_ids`)."""
    order = call.active_order()
    if order is None:
        return faults.NoActiveOrderError()
    if _closed(order):
        return faults.OrderModificationError()
    method = next((m for m in SHIPPING_METHODS if method_ids and m.id == method_ids[0]), None)
    if method is None:
        return faults.IneligibleShippingMethodError()
    order.shipping = method
    return present.order(order, call)


def transition(call: Call, state: str) -> OrderType | faults.OrderStateTransitionError:
    """Moves the cart to another state, or says why not."""
    order = call.active_or_new_order()
    why = None
    if state not in NEXT_STATES.get(order.state, ()) or state.startswith("Payment"):
        why = f'Cannot transition Order from "{order.state}" to "{state}"'
    elif state == "ArrangingPayment":
        start = 'Cannot transition Order to the "ArrangingPayment" state'
        if not order.lines:
            why = f"{start} when it is empty"
        elif order.customer_id is None:
            why = f"{start} without Customer details"
        elif order.shipping is None:
            why = f"{start} without a ShippingMethod"
    if why is not None:
        return faults.OrderStateTransitionError(transition_error=why, from_state=order.state, to_state=state)
    order.state = state
    return present.order(order, call)


PaymentFault = (
    faults.OrderPaymentStateError
    | faults.IneligiblePaymentMethodError
    | faults.PaymentFailedError
    | faults.PaymentDeclinedError
    | faults.OrderStateTransitionError
    | faults.NoActiveOrderError
    | faults.CouponRemovedDuringCheckoutError
)


def pay(call: Call, wanted: PaymentInput) -> OrderType | PaymentFault:
    """Pays the whole order and places it. `metadata.shouldDecline` and `metadata.shouldError` play out a refusal."""
    order = call.active_or_new_order()
    if order.state != "ArrangingPayment":
        return faults.OrderPaymentStateError()
    if wanted.method not in {method.code for method in PAYMENT_METHODS}:
        raise user_input_error("error.payment-method-not-found")
    metadata = wanted.metadata if isinstance(wanted.metadata, Mapping) else {}
    if metadata.get("shouldDecline"):
        order.payments.append(_payment(call, order, wanted.method, "Declined", None))
        return faults.PaymentDeclinedError()
    if metadata.get("shouldError"):
        order.payments.append(_payment(call, order, wanted.method, "Error", "Simulated error"))
        return faults.PaymentFailedError(payment_error_message="Simulated error")
    order.payments.append(_payment(call, order, wanted.method, "Settled", None))
    _place(call, order)
    return present.order(order, call)


def _payment(call: Call, order: Order, method: str, state: str, error: str | None) -> Payment:
    done = secrets.token_hex(5) if state == "Settled" else None
    return Payment(call.shop.number("payment"), method, state, order.total, done, error)


def _place(call: Call, order: Order) -> None:
    """The cart becomes an order: it leaves the session, its goods leave the warehouse."""
    order.state = "PaymentSettled"
    order.placed = True
    for line in order.lines:
        call.shop.sold[line.variant.id] = call.shop.sold.get(line.variant.id, 0) + line.quantity
    customer = call.shop.customer(order.customer_id)
    if customer is not None:
        if order.id not in customer.order_ids:
            customer.order_ids.append(order.id)
        if customer.active_order_id == order.id:
            customer.active_order_id = None
    session = call.peek()
    if session is not None and session.order_id == order.id:
        session.order_id = None
