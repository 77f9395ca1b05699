"""The error types that mutations answer with instead of failing (Vendure's names and messages)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from personalize.demo.shop.scalars import CurrencyCode, ErrorCode, Money

if TYPE_CHECKING:
    from personalize.demo.shop.cart import Order


@strawberry.interface
class ErrorResult:
    """Every error has a code and a message."""

    error_code: ErrorCode
    message: str


@strawberry.type
class NativeAuthStrategyError(ErrorResult):
    """Signing in with a password is switched off."""

    error_code: ErrorCode = ErrorCode.NATIVE_AUTH_STRATEGY_ERROR
    message: str = "The requested authentication strategy has not been configured"


@strawberry.type
class InvalidCredentialsError(ErrorResult):
    """Unknown user or wrong password."""

    error_code: ErrorCode = ErrorCode.INVALID_CREDENTIALS_ERROR
    message: str = "The provided credentials are invalid"
    authentication_error: str = ""


@strawberry.type
class NotVerifiedError(ErrorResult):
    """The address of the account has not been confirmed."""

    error_code: ErrorCode = ErrorCode.NOT_VERIFIED_ERROR
    message: str = "Please verify this email address before logging in"


@strawberry.type
class OrderStateTransitionError(ErrorResult):
    """The order cannot go to that state now."""

    transition_error: str
    from_state: str
    to_state: str
    error_code: ErrorCode = ErrorCode.ORDER_STATE_TRANSITION_ERROR
    message: str = ""

    def __post_init__(self) -> None:
        self.message = f'Cannot transition Order from "{self.from_state}" to "{self.to_state}"'


@strawberry.type
class EmailAddressConflictError(ErrorResult):
    """An account with that address exists."""

    error_code: ErrorCode = ErrorCode.EMAIL_ADDRESS_CONFLICT_ERROR
    message: str = "The email address is not available."


@strawberry.type
class GuestCheckoutError(ErrorResult):
    """Guests may not order."""

    error_detail: str = ""
    error_code: ErrorCode = ErrorCode.GUEST_CHECKOUT_ERROR
    message: str = "Guest checkout is not allowed"


@strawberry.type
class OrderLimitError(ErrorResult):
    """Too many pieces."""

    max_items: int
    error_code: ErrorCode = ErrorCode.ORDER_LIMIT_ERROR
    message: str = ""

    def __post_init__(self) -> None:
        self.message = f"Cannot add items. An order may consist of a maximum of {self.max_items} items"


@strawberry.type
class NegativeQuantityError(ErrorResult):
    """Fewer than no pieces."""

    error_code: ErrorCode = ErrorCode.NEGATIVE_QUANTITY_ERROR
    message: str = "The quantity for an OrderItem cannot be negative"


@strawberry.type
class InsufficientStockError(ErrorResult):
    """Only some or none of the pieces could be added."""

    quantity_available: int
    order: Annotated[Order, strawberry.lazy("personalize.demo.shop.cart")]
    error_code: ErrorCode = ErrorCode.INSUFFICIENT_STOCK_ERROR
    message: str = ""

    def __post_init__(self) -> None:
        n = self.quantity_available
        added = "No items were" if n == 0 else "Only 1 item was" if n == 1 else f"Only {n} items were"
        self.message = f"{added} added to the order due to insufficient stock"


@strawberry.type
class CouponCodeInvalidError(ErrorResult):
    """No such coupon."""

    coupon_code: str
    error_code: ErrorCode = ErrorCode.COUPON_CODE_INVALID_ERROR
    message: str = ""

    def __post_init__(self) -> None:
        self.message = f'Coupon code "{self.coupon_code}" is not valid'


@strawberry.type
class CouponCodeExpiredError(ErrorResult):
    """The coupon's time is over."""

    coupon_code: str
    error_code: ErrorCode = ErrorCode.COUPON_CODE_EXPIRED_ERROR
    message: str = ""

    def __post_init__(self) -> None:
        self.message = f'Coupon code "{self.coupon_code}" has expired'


@strawberry.type
class CouponCodeLimitError(ErrorResult):
    """The customer has used the coupon as often as allowed."""

    coupon_code: str
    limit: int
    error_code: ErrorCode = ErrorCode.COUPON_CODE_LIMIT_ERROR
    message: str = ""

    def __post_init__(self) -> None:
        times = "once" if self.limit == 1 else f"{self.limit} times"
        self.message = f"Coupon code cannot be used more than {times} per customer"


@strawberry.type
class OrderModificationError(ErrorResult):
    """The cart is closed."""

    error_code: ErrorCode = ErrorCode.ORDER_MODIFICATION_ERROR
    message: str = 'Order contents may only be modified when in the "AddingItems" state'


@strawberry.type
class OrderInterceptorError(ErrorResult):
    """A rule of the shop forbids it (the demo shop has none; the type keeps the union whole)."""

    interceptor_error: str
    error_code: ErrorCode = ErrorCode.ORDER_INTERCEPTOR_ERROR
    message: str = "An error occurred in an OrderInterceptor"


@strawberry.type
class IneligibleShippingMethodError(ErrorResult):
    """That way of sending does not fit the order."""

    error_code: ErrorCode = ErrorCode.INELIGIBLE_SHIPPING_METHOD_ERROR
    message: str = "This Order is not eligible for the selected ShippingMethod"


@strawberry.type
class IneligiblePaymentMethodError(ErrorResult):
    """That way of paying does not fit the order."""

    eligibility_checker_message: str | None = None
    error_code: ErrorCode = ErrorCode.INELIGIBLE_PAYMENT_METHOD_ERROR
    message: str = "This Order is not eligible for the selected PaymentMethod"


@strawberry.type
class NoActiveOrderError(ErrorResult):
    """There is no cart."""

    error_code: ErrorCode = ErrorCode.NO_ACTIVE_ORDER_ERROR
    message: str = "There is no active Order associated with the current session"


@strawberry.type
class OrderPaymentStateError(ErrorResult):
    """It is not time to pay."""

    error_code: ErrorCode = ErrorCode.ORDER_PAYMENT_STATE_ERROR
    message: str = 'A Payment may only be added when Order is in "ArrangingPayment" state'


@strawberry.type
class PaymentFailedError(ErrorResult):
    """The payment broke."""

    payment_error_message: str
    error_code: ErrorCode = ErrorCode.PAYMENT_FAILED_ERROR
    message: str = "The payment failed"


@strawberry.type
class PaymentDeclinedError(ErrorResult):
    """The payment was refused."""

    payment_error_message: str = ""
    error_code: ErrorCode = ErrorCode.PAYMENT_DECLINED_ERROR
    message: str = "The payment was declined"


@strawberry.type
class CouponRemovedDuringCheckoutError(ErrorResult):
    """A coupon ceased to hold on the way: the cart has its new price, and nothing was paid."""

    removed_coupon_codes: list[str]
    previous_total_with_tax: Money
    new_total_with_tax: Money
    currency_code: CurrencyCode
    error_code: ErrorCode = ErrorCode.COUPON_REMOVED_DURING_CHECKOUT_ERROR
    message: str = "A coupon code was removed during checkout"


@strawberry.type
class AlreadyLoggedInError(ErrorResult):
    """A signed-in customer cannot be another."""

    error_code: ErrorCode = ErrorCode.ALREADY_LOGGED_IN_ERROR
    message: str = "Cannot set a Customer for the Order when already logged in"


@strawberry.type
class MissingPasswordError(ErrorResult):
    """No password was given."""

    error_code: ErrorCode = ErrorCode.MISSING_PASSWORD_ERROR
    message: str = "A password must be provided."


@strawberry.type
class PasswordValidationError(ErrorResult):
    """The password is too weak."""

    validation_error_message: str = "Password is invalid"
    error_code: ErrorCode = ErrorCode.PASSWORD_VALIDATION_ERROR
    message: str = "Password is invalid"


@strawberry.type
class VerificationTokenInvalidError(ErrorResult):
    """No such token (the demo shop mails none)."""

    error_code: ErrorCode = ErrorCode.VERIFICATION_TOKEN_INVALID_ERROR
    message: str = "Verification token not recognized"


@strawberry.type
class VerificationTokenExpiredError(ErrorResult):
    """The token is too old."""

    error_code: ErrorCode = ErrorCode.VERIFICATION_TOKEN_EXPIRED_ERROR
    message: str = "Verification token has expired"


@strawberry.type
class PasswordAlreadySetError(ErrorResult):
    """The account has a password already."""

    error_code: ErrorCode = ErrorCode.PASSWORD_ALREADY_SET_ERROR
    message: str = "A password has already been set during registration"


@strawberry.type
class PasswordResetTokenInvalidError(ErrorResult):
    """No such token (the demo shop mails none)."""

    error_code: ErrorCode = ErrorCode.PASSWORD_RESET_TOKEN_INVALID_ERROR
    message: str = "Password reset token not recognized"


@strawberry.type
class PasswordResetTokenExpiredError(ErrorResult):
    """The token is too old."""

    error_code: ErrorCode = ErrorCode.PASSWORD_RESET_TOKEN_EXPIRED_ERROR
    message: str = "Password reset token has expired"
