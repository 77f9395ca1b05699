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
from personalize.demo.shop.promotions import Promotion
from personalize.demo.shop.scalars import CurrencyCode, Money

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
    call.shop.reprice(order)
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
    call.shop.reprice(order)
    return present.order(order, call)


CouponFault = faults.CouponCodeExpiredError | faults.CouponCodeInvalidError | faults.CouponCodeLimitError


def apply_coupon(call: Call, code: str) -> OrderType | CouponFault:
    """Adds a coupon to the cart; one that does not hold (yet) for its goods is kept and takes nothing off."""
    order = call.active_or_new_order()
    if code.casefold() in map(str.casefold, order.codes):
        return present.order(order, call)
    promotion = _usable(call, order, code)
    if not isinstance(promotion, Promotion):
        return promotion
    order.codes.append(promotion.coupon_code)
    call.shop.promotions.hold(promotion, order.id)
    call.shop.reprice(order)
    return present.order(order, call)


def _usable(call: Call, order: Order, code: str) -> Promotion | CouponFault:
    """The promotion of a code, or why this order may not have it."""
    promotion = call.shop.promotions.with_code(code)
    if promotion is None:
        return faults.CouponCodeInvalidError(coupon_code=code)
    if promotion.over(call.shop.clock()):
        return faults.CouponCodeExpiredError(coupon_code=code)
    bounds: list[tuple[int | None, str | None]] = [(promotion.limit, None)]
    if order.customer_id is not None:
        bounds.insert(0, (promotion.per_customer, order.customer_id))
    for limit, whose in bounds:
        if limit is not None and call.shop.uses(promotion, order, whose) >= limit:
            return faults.CouponCodeLimitError(coupon_code=code, limit=limit)
    return promotion


def strip(call: Call, order: Order) -> list[str]:
    """Takes out the codes that this order may not have any more, and says which."""
    gone = [code for code in order.codes if not isinstance(_usable(call, order, code), Promotion)]
    if gone:
        order.codes = [code for code in order.codes if code not in gone]
        call.shop.reprice(order)
    return gone


def remove_coupon(call: Call, code: str) -> OrderType:
    """Takes a coupon off the cart; one that is not on it is no error."""
    order = call.active_or_new_order()
    order.codes = [kept for kept in order.codes if kept.casefold() != code.casefold()]
    call.shop.reprice(order)
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
    call.shop.reprice(order)
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
    before = order.total
    gone = strip(call, order)
    if gone and before < order.total:
        return faults.CouponRemovedDuringCheckoutError(
            removed_coupon_codes=gone, previous_total_with_tax=Money(before), new_total_with_tax=Money(order.total),
            currency_code=CurrencyCode.EUR,
        )  # fmt: skip
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
