"""What the Admin API is asked with: filters, pages, and promotions to be made (Vendure's names, cut short)."""

from __future__ import annotations

import strawberry

from personalize.demo.shop.inputs import BooleanOperators, IdOperators, StringOperators
from personalize.demo.shop.scalars import DateTime, LanguageCode, SortOrder


@strawberry.input
class DateOperators:
    """Conditions on a moment."""

    before: DateTime | None = None
    after: DateTime | None = None


@strawberry.input
class IdSortParameter:
    """By id."""

    id: SortOrder | None = None


@strawberry.input
class PromotionFilterParameter:
    """Which promotions."""

    id: IdOperators | None = None
    coupon_code: StringOperators | None = None
    description: StringOperators | None = None
    enabled: BooleanOperators | None = None


@strawberry.input
class PromotionListOptions:
    """Which promotions, which page."""

    skip: int | None = None
    take: int | None = None
    sort: IdSortParameter | None = None
    filter: PromotionFilterParameter | None = None


@strawberry.input(name="ProductVariantFilterParameter")
class VariantFilterParameter:
    """Which variants; one of `_or` is enough."""

    id: IdOperators | None = None
    product_id: IdOperators | None = None
    enabled: BooleanOperators | None = None
    or_: list[VariantFilterParameter] | None = strawberry.field(name="_or", default=None)


@strawberry.input(name="ProductVariantListOptions")
class VariantListOptions:
    """Which variants, which page."""

    skip: int | None = None
    take: int | None = None
    sort: IdSortParameter | None = None
    filter: VariantFilterParameter | None = None


@strawberry.input
class OrderFilterParameter:
    """Which orders."""

    order_placed_at: DateOperators | None = None
    state: StringOperators | None = None


@strawberry.input
class OrderListOptions:
    """Which orders, which page."""

    skip: int | None = None
    take: int | None = None
    sort: IdSortParameter | None = None
    filter: OrderFilterParameter | None = None


@strawberry.input
class StockLocationListOptions:
    """Which page of places."""

    skip: int | None = None
    take: int | None = None
    sort: IdSortParameter | None = None


@strawberry.input
class ConfigArgInput:
    """An argument of an action, as text."""

    name: str
    value: str


@strawberry.input
class ConfigurableOperationInput:
    """An action or a condition."""

    code: str
    arguments: list[ConfigArgInput]


@strawberry.input
class PromotionTranslationInput:
    """What a promotion is called in a language."""

    language_code: LanguageCode
    name: str | None = None
    description: str | None = None


@strawberry.input
class CreatePromotionInput:
    """A new promotion."""

    enabled: bool
    conditions: list[ConfigurableOperationInput]
    actions: list[ConfigurableOperationInput]
    translations: list[PromotionTranslationInput]
    starts_at: DateTime | None = None
    ends_at: DateTime | None = None
    coupon_code: str | None = None
    per_customer_usage_limit: int | None = None
    usage_limit: int | None = None


@strawberry.input
class UpdatePromotionInput:
    """What is to be another about a promotion."""

    id: strawberry.ID
    enabled: bool | None = None
    ends_at: DateTime | None = None
    per_customer_usage_limit: int | None = None
    usage_limit: int | None = None
