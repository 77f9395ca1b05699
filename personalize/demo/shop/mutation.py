"""The root of what can be done in the demo shop: cart, checkout, account."""

from __future__ import annotations

from typing import Annotated

import strawberry

from personalize.demo.shop import account, cart, checkout, faults, inputs
from personalize.demo.shop.call import Info

UpdateOrderItemsResult = Annotated[
    cart.Order
    | faults.OrderModificationError
    | faults.OrderLimitError
    | faults.NegativeQuantityError
    | faults.InsufficientStockError
    | faults.OrderInterceptorError,
    strawberry.union("UpdateOrderItemsResult"),
]
RemoveOrderItemsResult = Annotated[
    cart.Order | faults.OrderModificationError | faults.OrderInterceptorError,
    strawberry.union("RemoveOrderItemsResult"),
]
ApplyCouponCodeResult = Annotated[
    cart.Order | faults.CouponCodeExpiredError | faults.CouponCodeInvalidError | faults.CouponCodeLimitError,
    strawberry.union("ApplyCouponCodeResult"),
]
ActiveOrderResult = Annotated[cart.Order | faults.NoActiveOrderError, strawberry.union("ActiveOrderResult")]
SetOrderShippingMethodResult = Annotated[
    cart.Order | faults.OrderModificationError | faults.IneligibleShippingMethodError | faults.NoActiveOrderError,
    strawberry.union("SetOrderShippingMethodResult"),
]
TransitionOrderToStateResult = Annotated[
    cart.Order | faults.OrderStateTransitionError, strawberry.union("TransitionOrderToStateResult")
]
SetCustomerForOrderResult = Annotated[
    cart.Order
    | faults.AlreadyLoggedInError
    | faults.EmailAddressConflictError
    | faults.NoActiveOrderError
    | faults.GuestCheckoutError,
    strawberry.union("SetCustomerForOrderResult"),
]
AddPaymentToOrderResult = Annotated[
    cart.Order
    | faults.OrderPaymentStateError
    | faults.IneligiblePaymentMethodError
    | faults.PaymentFailedError
    | faults.PaymentDeclinedError
    | faults.OrderStateTransitionError
    | faults.NoActiveOrderError
    | faults.CouponRemovedDuringCheckoutError,
    strawberry.union("AddPaymentToOrderResult"),
]
NativeAuthenticationResult = Annotated[
    cart.CurrentUser | faults.InvalidCredentialsError | faults.NotVerifiedError | faults.NativeAuthStrategyError,
    strawberry.union("NativeAuthenticationResult"),
]
UpdateOrderItemErrorResult = Annotated[
    faults.OrderModificationError
    | faults.OrderLimitError
    | faults.NegativeQuantityError
    | faults.InsufficientStockError
    | faults.OrderInterceptorError,
    strawberry.union("UpdateOrderItemErrorResult"),
]
AuthenticationResult = Annotated[
    cart.CurrentUser | faults.InvalidCredentialsError | faults.NotVerifiedError,
    strawberry.union("AuthenticationResult"),
]
VerifyCustomerAccountResult = Annotated[
    cart.CurrentUser
    | faults.VerificationTokenInvalidError
    | faults.VerificationTokenExpiredError
    | faults.MissingPasswordError
    | faults.PasswordValidationError
    | faults.PasswordAlreadySetError
    | faults.NativeAuthStrategyError,
    strawberry.union("VerifyCustomerAccountResult"),
]
ResetPasswordResult = Annotated[
    cart.CurrentUser
    | faults.PasswordResetTokenInvalidError
    | faults.PasswordResetTokenExpiredError
    | faults.PasswordValidationError
    | faults.NativeAuthStrategyError
    | faults.NotVerifiedError,
    strawberry.union("ResetPasswordResult"),
]
RegisterCustomerAccountResult = Annotated[
    cart.Success | faults.MissingPasswordError | faults.PasswordValidationError | faults.NativeAuthStrategyError,
    strawberry.union("RegisterCustomerAccountResult"),
]


@strawberry.type
class UpdateMultipleOrderItemsResult:
    """The cart, and what could not be added to it."""

    order: cart.Order
    error_results: list[UpdateOrderItemErrorResult]


@strawberry.type
class Mutation:
    """Vendure's shop mutations, as far as the demo shop knows them."""

    @strawberry.mutation
    def add_item_to_order(self, info: Info, product_variant_id: strawberry.ID, quantity: int) -> UpdateOrderItemsResult:
        """Opens a cart where there is none."""
        return checkout.add_item(info.context, product_variant_id, quantity)

    @strawberry.mutation
    def add_items_to_order(self, info: Info, inputs: list[inputs.AddItemInput]) -> UpdateMultipleOrderItemsResult:
        """Adds what it can, one after the other."""
        pairs = [(str(wanted.product_variant_id), wanted.quantity) for wanted in inputs]
        order, errors = checkout.add_items(info.context, pairs)
        return UpdateMultipleOrderItemsResult(order=order, error_results=errors)

    @strawberry.mutation
    def adjust_order_line(self, info: Info, order_line_id: strawberry.ID, quantity: int) -> UpdateOrderItemsResult:
        """0 removes the line."""
        return checkout.adjust_line(info.context, order_line_id, quantity)

    @strawberry.mutation
    def remove_order_line(self, info: Info, order_line_id: strawberry.ID) -> RemoveOrderItemsResult:
        """An unknown line is an error."""
        return checkout.remove_line(info.context, order_line_id)

    @strawberry.mutation
    def remove_all_order_lines(self, info: Info) -> RemoveOrderItemsResult:
        """Coupons stay."""
        return checkout.remove_line(info.context, None)

    @strawberry.mutation
    def apply_coupon_code(self, info: Info, coupon_code: str) -> ApplyCouponCodeResult:
        """One that is on the cart already is no error."""
        return checkout.apply_coupon(info.context, coupon_code)

    @strawberry.mutation
    def remove_coupon_code(self, info: Info, coupon_code: str) -> cart.Order | None:
        """One that is not on the cart is no error."""
        return checkout.remove_coupon(info.context, coupon_code)

    @strawberry.mutation
    def transition_order_to_state(self, info: Info, state: str) -> TransitionOrderToStateResult | None:
        """See `nextOrderStates`."""
        return checkout.transition(info.context, state)

    @strawberry.mutation
    def set_order_shipping_address(self, info: Info, input: inputs.CreateAddressInput) -> ActiveOrderResult:
        """An unknown country is an error."""
        return checkout.set_address(info.context, input, billing=False)

    @strawberry.mutation
    def set_order_billing_address(self, info: Info, input: inputs.CreateAddressInput) -> ActiveOrderResult:
        """An unknown country is an error."""
        return checkout.set_address(info.context, input, billing=True)

    @strawberry.mutation
    def set_order_shipping_method(
        self, info: Info, shipping_method_id: list[strawberry.ID]
    ) -> SetOrderShippingMethodResult:
        """The first id counts."""
        return checkout.set_shipping(info.context, list(shipping_method_id))

    @strawberry.mutation
    def add_payment_to_order(self, info: Info, input: inputs.PaymentInput) -> AddPaymentToOrderResult:
        """The whole amount at once."""
        return checkout.pay(info.context, input)

    @strawberry.mutation
    def set_customer_for_order(self, info: Info, input: inputs.CreateCustomerInput) -> SetCustomerForOrderResult:
        """Needed before a guest can pay."""
        return account.set_customer(info.context, input)

    @strawberry.mutation
    def login(
        self, info: Info, username: str, password: str, remember_me: bool | None = None
    ) -> NativeAuthenticationResult:
        """The session gets a new token."""
        return account.login(info.context, username, password, bool(remember_me))

    @strawberry.mutation
    def authenticate(
        self, info: Info, input: inputs.AuthenticationInput, remember_me: bool | None = None
    ) -> AuthenticationResult:
        """Signs in like `login`."""
        if input.native is None:
            return faults.InvalidCredentialsError()
        return account.login(info.context, input.native.username, input.native.password, bool(remember_me))

    @strawberry.mutation
    def verify_customer_account(self, token: str, password: str | None = None) -> VerifyCustomerAccountResult:
        """Never needed here: accounts can be used at once, so no token is ever right."""
        return faults.VerificationTokenInvalidError()

    @strawberry.mutation
    def reset_password(self, token: str, password: str) -> ResetPasswordResult:
        """The shop mails no tokens, so none is ever right."""
        return faults.PasswordResetTokenInvalidError()

    @strawberry.mutation
    def logout(self, info: Info) -> cart.Success:
        """The token is worth nothing afterwards."""
        return account.logout(info.context)

    @strawberry.mutation
    def register_customer_account(
        self, info: Info, input: inputs.RegisterCustomerInput
    ) -> RegisterCustomerAccountResult:
        """It can be used at once."""
        return account.register(info.context, input)
