"""Signing in and out, registering, and saying who a guest is."""

from __future__ import annotations

from personalize.demo.shop import cart, checkout, faults, present
from personalize.demo.shop.call import Call
from personalize.demo.shop.inputs import CreateCustomerInput, RegisterCustomerInput
from personalize.demo.shop.state import Customer

MIN_PASSWORD = 4
"""The shortest password taken, in characters."""


def login(
    call: Call, username: str, password: str, remember: bool
) -> cart.CurrentUser | faults.InvalidCredentialsError:
    """A new session for the customer; the guest's cart goes along, merged into a cart the customer left behind."""
    customer = call.shop.customer_by_email(username)
    if customer is None or not customer.knows(password):
        return faults.InvalidCredentialsError()
    before = call.peek()
    if before is not None:
        _take_along(call, customer, before.order_id if before.customer_id is None else None)
        call.shop.close_session(before.token)
    call.use(call.shop.open_session(customer_id=customer.id), remember=remember)
    return present.current_user(customer)


def _take_along(call: Call, customer: Customer, guest_order_id: str | None) -> None:
    guest = call.shop.order(guest_order_id)
    own = call.shop.order(customer.active_order_id)
    if guest is None or not guest.active or not guest.lines:
        return
    if own is not None and own.active:
        taken = {line.variant.id for line in guest.lines}
        guest.lines.extend(line for line in own.lines if line.variant.id not in taken)
        own.state = "Cancelled"
    guest.customer_id = customer.id
    call.shop.reprice(guest)
    customer.active_order_id = guest.id
    customer.order_ids.append(guest.id)


def logout(call: Call) -> cart.Success:
    """Ends the session; false where there was none."""
    session = call.peek()
    if session is None:
        return cart.Success(success=False)
    call.shop.close_session(session.token)
    call.use(None)
    return cart.Success(success=True)


def register(
    call: Call, entered: RegisterCustomerInput
) -> cart.Success | faults.MissingPasswordError | faults.PasswordValidationError:
    """A new account, usable at once; an address that has one already is not given away."""
    if not entered.password:
        return faults.MissingPasswordError()
    if len(entered.password) < MIN_PASSWORD:
        return faults.PasswordValidationError()
    customer = call.shop.customer_by_email(entered.email_address)
    if customer is None:
        customer = call.shop.add_customer(entered.email_address, entered.first_name or "", entered.last_name or "")
    if customer.digest is None:
        customer.first_name = entered.first_name or customer.first_name
        customer.last_name = entered.last_name or customer.last_name
        customer.title, customer.phone_number = entered.title, entered.phone_number
        customer.set_password(entered.password)
    return cart.Success(success=True)


def set_customer(
    call: Call, entered: CreateCustomerInput
) -> cart.Order | faults.AlreadyLoggedInError | faults.EmailAddressConflictError | faults.NoActiveOrderError:
    """A guest says who they are; an address with an account is not free."""
    order = call.active_order()
    if order is None:
        return faults.NoActiveOrderError()
    if call.session().customer_id is not None:
        return faults.AlreadyLoggedInError()
    customer = call.shop.customer_by_email(entered.email_address)
    if customer is not None and customer.digest is not None:
        return faults.EmailAddressConflictError()
    if customer is None:
        customer = call.shop.add_customer(entered.email_address, entered.first_name, entered.last_name)
    customer.first_name, customer.last_name = entered.first_name, entered.last_name
    customer.title, customer.phone_number = entered.title, entered.phone_number
    order.customer_id = customer.id
    checkout.strip(call, order)
    return present.order(order, call)
