"""What the Admin API shows (Vendure's names, cut short)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from personalize.demo.shop.admin.call import ADMINISTRATORS
from personalize.demo.shop.scalars import CurrencyCode, DateTime, LanguageCode, Money


@strawberry.enum
class Permission(Enum):
    """What one may do."""

    SuperAdmin = "SuperAdmin"
    Authenticated = "Authenticated"
    ReadCatalog = "ReadCatalog"
    ReadPromotion = "ReadPromotion"
    ReadOrder = "ReadOrder"
    ReadStockLocation = "ReadStockLocation"
    CreatePromotion = "CreatePromotion"
    UpdatePromotion = "UpdatePromotion"
    DeletePromotion = "DeletePromotion"


@strawberry.enum
class ErrorCode(Enum):
    """The `errorCode` of every error type of the schema."""

    INVALID_CREDENTIALS_ERROR = "INVALID_CREDENTIALS_ERROR"
    MISSING_CONDITIONS_ERROR = "MISSING_CONDITIONS_ERROR"


@strawberry.enum
class DeletionResult(Enum):
    """Whether it was deleted."""

    DELETED = "DELETED"
    NOT_DELETED = "NOT_DELETED"


@strawberry.interface
class ErrorResult:
    """Every error has a code and a message."""

    error_code: ErrorCode
    message: str


@strawberry.type
class InvalidCredentialsError(ErrorResult):
    """Unknown administrator or wrong password."""

    error_code: ErrorCode = ErrorCode.INVALID_CREDENTIALS_ERROR
    message: str = "The provided credentials are invalid"


@strawberry.type
class MissingConditionsError(ErrorResult):
    """A promotion for everybody, always."""

    error_code: ErrorCode = ErrorCode.MISSING_CONDITIONS_ERROR
    message: str = "If a PromotionAction has no conditions, a coupon code must be set"


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

    @classmethod
    def of(cls, name: str, token: str, code: str) -> CurrentUser:
        """An administrator."""
        rights = [Permission(right) for right in ADMINISTRATORS[name]]
        place = CurrentUserChannel(id=strawberry.ID("1"), token=token, code=code, permissions=rights)
        return cls(id=strawberry.ID(name), identifier=name, channels=[place])


@strawberry.type
class Channel:
    """The one channel of the shop."""

    id: strawberry.ID
    code: str
    token: str
    default_language_code: LanguageCode
    default_currency_code: CurrencyCode
    available_currency_codes: list[CurrencyCode]
    prices_include_tax: bool


@strawberry.type
class ServerConfig:
    """How the server was set up."""

    money_strategy_precision: int = 2


@strawberry.type
class GlobalSettings:
    """What holds for all channels."""

    server_config: ServerConfig


@strawberry.type
class ConfigurableOperationDefinition:
    """An action that promotions may have."""

    code: str


@strawberry.type
class ConfigArg:
    """An argument of an action, as text."""

    name: str
    value: str


@strawberry.type
class ConfigurableOperation:
    """An action of a promotion."""

    code: str
    args: list[ConfigArg]


@strawberry.type
class Promotion:
    """A promotion as administrators see it."""

    id: strawberry.ID
    created_at: DateTime
    updated_at: DateTime
    starts_at: DateTime | None
    ends_at: DateTime | None
    coupon_code: str | None
    per_customer_usage_limit: int | None
    usage_limit: int | None
    name: str
    description: str
    enabled: bool
    actions: list[ConfigurableOperation]


@strawberry.type
class PromotionList:
    """A page of promotions."""

    items: list[Promotion]
    total_items: int


@strawberry.type
class DeletionResponse:
    """Whether it was deleted."""

    result: DeletionResult
    message: str | None = None


@strawberry.type
class Tag:
    """A facet value or a collection, by id."""

    id: strawberry.ID


@strawberry.type
class TaxRate:
    """A tax in per cent."""

    value: float


@strawberry.type
class CustomFields:
    """What the shop added to variants: what one piece costs it, net."""

    cost: Money


@strawberry.type
class StockLocation:
    """A place that has stock."""

    id: strawberry.ID
    name: str
    description: str


@strawberry.type
class StockLocationList:
    """A page of places."""

    items: list[StockLocation]
    total_items: int


@strawberry.type
class StockLevel:
    """Pieces of a variant in a place."""

    stock_location_id: strawberry.ID
    stock_on_hand: int
    stock_allocated: int
    stock_location: StockLocation


@strawberry.type
class Product:
    """A product, as far as an offer asks."""

    id: strawberry.ID
    enabled: bool
    facet_values: list[Tag]
    collections: list[Tag]


@strawberry.type
class ProductVariant:
    """A variant with its price, what it costs, and where it is."""

    id: strawberry.ID
    product_id: strawberry.ID
    sku: str
    name: str
    enabled: bool
    price: Money
    price_with_tax: Money
    currency_code: CurrencyCode
    tax_rate_applied: TaxRate
    custom_fields: CustomFields
    facet_values: list[Tag]
    product: Product
    stock_levels: list[StockLevel]


@strawberry.type
class ProductVariantList:
    """A page of variants."""

    items: list[ProductVariant]
    total_items: int


@strawberry.type
class Order:
    """An order, as far as codes go."""

    id: strawberry.ID
    code: str
    state: str
    coupon_codes: list[str]


@strawberry.type
class OrderList:
    """A page of orders."""

    items: list[Order]
    total_items: int


NativeAuthenticationResult = Annotated[
    CurrentUser | InvalidCredentialsError, strawberry.union("NativeAuthenticationResult")
]
CreatePromotionResult = Annotated[Promotion | MissingConditionsError, strawberry.union("CreatePromotionResult")]
UpdatePromotionResult = Annotated[Promotion | MissingConditionsError, strawberry.union("UpdatePromotionResult")]
