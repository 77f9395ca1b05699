"""The scalars and enumerations of the demo shop's schema, named as Vendure names them (its enumerations cut short)."""

from __future__ import annotations

from enum import Enum
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

Money = NewType("Money", int)
"""Minor units of the order's currency."""
DateTime = NewType("DateTime", str)
"""RFC 3339, UTC, already written out."""
JSON = NewType("JSON", object)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"Money cannot represent {value!r}")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Money: strawberry.scalar(name="Money", serialize=_whole, parse_value=_whole),
    DateTime: strawberry.scalar(name="DateTime", serialize=str, parse_value=str),
    JSON: strawberry.scalar(name="JSON", serialize=lambda v: v, parse_value=lambda v: v),
}


@strawberry.enum
class SortOrder(Enum):
    """Which way to sort."""

    ASC = "ASC"
    DESC = "DESC"


@strawberry.enum
class LogicalOperator(Enum):
    """How conditions are joined."""

    AND = "AND"
    OR = "OR"


@strawberry.enum
class LanguageCode(Enum):
    """The languages the shop speaks."""

    en = "en"
    de = "de"


@strawberry.enum
class CurrencyCode(Enum):
    """The currencies the shop sells in."""

    EUR = "EUR"


@strawberry.enum
class Permission(Enum):
    """What a user of the shop may do."""

    Authenticated = "Authenticated"


@strawberry.enum
class AssetType(Enum):
    """What kind of file an asset is."""

    IMAGE = "IMAGE"


@strawberry.enum
class OrderType(Enum):
    """What kind of order it is."""

    Regular = "Regular"


@strawberry.enum
class AdjustmentType(Enum):
    """Where a discount comes from."""

    PROMOTION = "PROMOTION"
    DISTRIBUTED_ORDER_PROMOTION = "DISTRIBUTED_ORDER_PROMOTION"


@strawberry.enum
class ErrorCode(Enum):
    """The `errorCode` of every error type of the schema."""

    INVALID_CREDENTIALS_ERROR = "INVALID_CREDENTIALS_ERROR"
    NATIVE_AUTH_STRATEGY_ERROR = "NATIVE_AUTH_STRATEGY_ERROR"
    NOT_VERIFIED_ERROR = "NOT_VERIFIED_ERROR"
    ORDER_STATE_TRANSITION_ERROR = "ORDER_STATE_TRANSITION_ERROR"
    EMAIL_ADDRESS_CONFLICT_ERROR = "EMAIL_ADDRESS_CONFLICT_ERROR"
    GUEST_CHECKOUT_ERROR = "GUEST_CHECKOUT_ERROR"
    ORDER_LIMIT_ERROR = "ORDER_LIMIT_ERROR"
    NEGATIVE_QUANTITY_ERROR = "NEGATIVE_QUANTITY_ERROR"
    INSUFFICIENT_STOCK_ERROR = "INSUFFICIENT_STOCK_ERROR"
    COUPON_CODE_INVALID_ERROR = "COUPON_CODE_INVALID_ERROR"
    COUPON_CODE_EXPIRED_ERROR = "COUPON_CODE_EXPIRED_ERROR"
    COUPON_CODE_LIMIT_ERROR = "COUPON_CODE_LIMIT_ERROR"
    ORDER_MODIFICATION_ERROR = "ORDER_MODIFICATION_ERROR"
    INELIGIBLE_SHIPPING_METHOD_ERROR = "INELIGIBLE_SHIPPING_METHOD_ERROR"
    NO_ACTIVE_ORDER_ERROR = "NO_ACTIVE_ORDER_ERROR"
    ORDER_INTERCEPTOR_ERROR = "ORDER_INTERCEPTOR_ERROR"
    ORDER_PAYMENT_STATE_ERROR = "ORDER_PAYMENT_STATE_ERROR"
    INELIGIBLE_PAYMENT_METHOD_ERROR = "INELIGIBLE_PAYMENT_METHOD_ERROR"
    PAYMENT_FAILED_ERROR = "PAYMENT_FAILED_ERROR"
    PAYMENT_DECLINED_ERROR = "PAYMENT_DECLINED_ERROR"
    COUPON_REMOVED_DURING_CHECKOUT_ERROR = "COUPON_REMOVED_DURING_CHECKOUT_ERROR"
    VERIFICATION_TOKEN_INVALID_ERROR = "VERIFICATION_TOKEN_INVALID_ERROR"  # noqa: S105 - a code, no secret
    VERIFICATION_TOKEN_EXPIRED_ERROR = "VERIFICATION_TOKEN_EXPIRED_ERROR"  # noqa: S105 - a code, no secret
    PASSWORD_ALREADY_SET_ERROR = "PASSWORD_ALREADY_SET_ERROR"  # noqa: S105 - a code, no secret
    PASSWORD_RESET_TOKEN_INVALID_ERROR = "PASSWORD_RESET_TOKEN_INVALID_ERROR"  # noqa: S105 - a code, no secret
    PASSWORD_RESET_TOKEN_EXPIRED_ERROR = "PASSWORD_RESET_TOKEN_EXPIRED_ERROR"  # noqa: S105 - a code, no secret
    ALREADY_LOGGED_IN_ERROR = "ALREADY_LOGGED_IN_ERROR"
    MISSING_PASSWORD_ERROR = "MISSING_PASSWORD_ERROR"  # noqa: S105 - a code, no secret
    PASSWORD_VALIDATION_ERROR = "PASSWORD_VALIDATION_ERROR"  # noqa: S105 - a code, no secret
