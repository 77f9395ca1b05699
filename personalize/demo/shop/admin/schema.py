"""The roots of the demo shop's Admin API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from personalize.demo.catalogue import Variant
from personalize.demo.shop import present
from personalize.demo.shop.admin import making, rows, shown, wanted
from personalize.demo.shop.admin.call import AdminInfo
from personalize.demo.shop.call import forbidden, not_found, user_input_error
from personalize.demo.shop.conditions import chosen
from personalize.demo.shop.scalars import SCALARS, CurrencyCode, LanguageCode, SortOrder

LIST_LIMIT = 1_000
"""The most rows a list query gives, as in Vendure's Admin API."""


def _rows(skip: int | None, take: int | None) -> slice:
    if take is not None and take > LIST_LIMIT:
        raise user_input_error(f"Cannot take more than {LIST_LIMIT} results from a list query")
    start = max(0, skip or 0)
    return slice(start, start + (take if take and take > 0 else LIST_LIMIT))


@strawberry.type
class Query:
    """What administrators may read."""

    @strawberry.field
    def me(self, info: AdminInfo) -> shown.CurrentUser | None:
        """Who asks."""
        name = info.context.name
        if name is None:
            raise forbidden()
        return shown.CurrentUser.of(name, present.CHANNEL_TOKEN, present.CHANNEL_CODE)

    @strawberry.field
    def active_channel(self) -> shown.Channel:
        """Its prices have tax in them."""
        return shown.Channel(
            id=strawberry.ID("1"),
            code=present.CHANNEL_CODE,
            token=present.CHANNEL_TOKEN,
            default_language_code=LanguageCode.en,
            default_currency_code=CurrencyCode.EUR,
            available_currency_codes=[CurrencyCode.EUR],
            prices_include_tax=True,
        )

    @strawberry.field
    def global_settings(self, info: AdminInfo) -> shown.GlobalSettings:
        """Money is counted in hundredths."""
        info.context.need("Authenticated")
        return shown.GlobalSettings(server_config=shown.ServerConfig())

    @strawberry.field
    def promotion_actions(self, info: AdminInfo) -> list[shown.ConfigurableOperationDefinition]:
        """What promotions can do."""
        info.context.need("ReadPromotion")
        return [shown.ConfigurableOperationDefinition(code=code) for code in (making.PERCENT, making.SHIPPING)]

    @strawberry.field
    def promotion(self, info: AdminInfo, id: strawberry.ID) -> shown.Promotion | None:
        """One that is not archived."""
        info.context.need("ReadPromotion")
        found = info.context.shop.promotions.get(id)
        return None if found is None else rows.promotion(found)

    @strawberry.field
    def promotions(self, info: AdminInfo, options: wanted.PromotionListOptions | None = None) -> shown.PromotionList:
        """Those that are not archived."""
        info.context.need("ReadPromotion")
        asked = options or wanted.PromotionListOptions()
        found = chosen(map(rows.promotion, info.context.shop.promotions.all()), asked.filter, None)
        if asked.sort is not None and asked.sort.id is SortOrder.DESC:
            found.reverse()
        return shown.PromotionList(items=found[_rows(asked.skip, asked.take)], total_items=len(found))

    @strawberry.field
    def product_variants(
        self, info: AdminInfo, options: wanted.VariantListOptions | None = None
    ) -> shown.ProductVariantList:
        """All variants, by id."""
        info.context.need("ReadCatalog")
        asked = options or wanted.VariantListOptions()
        fits = _fits(asked.filter)
        found = [one for one in info.context.shop.catalogue.variant_by_id.values() if fits(one)]
        page = found[_rows(asked.skip, asked.take)]
        return shown.ProductVariantList(items=[rows.variant(one, info.context) for one in page], total_items=len(found))

    @strawberry.field
    def stock_locations(
        self, info: AdminInfo, options: wanted.StockLocationListOptions | None = None
    ) -> shown.StockLocationList:
        """The warehouse and the stores."""
        info.context.need("ReadStockLocation")
        asked = options or wanted.StockLocationListOptions()
        found = rows.locations(info.context)
        return shown.StockLocationList(items=found[_rows(asked.skip, asked.take)], total_items=len(found))

    @strawberry.field
    def orders(self, info: AdminInfo, options: wanted.OrderListOptions | None = None) -> shown.OrderList:
        """Placed orders where the filter asks for when; the shop's clock stands still, so all fit. By id."""
        info.context.need("ReadOrder")
        asked = options or wanted.OrderListOptions()
        placed = asked.filter is not None and asked.filter.order_placed_at is not None
        kept = [one for one in list(info.context.shop.orders.values()) if one.placed or not placed]
        kept.sort(key=lambda one: int(one.id))
        page = kept[_rows(asked.skip, asked.take)]
        return shown.OrderList(items=[rows.order(one) for one in page], total_items=len(kept))


def _fits(condition: wanted.VariantFilterParameter | None) -> Callable[[Variant], bool]:
    """Whether a variant fits: by ids, one of `_or` being enough; all are enabled."""
    if condition is None:
        return lambda _: True
    parts = [_fits(one) for one in condition.or_ or ()]

    def within(operators: object, value: str) -> bool:
        listed = getattr(operators, "in_", None)
        equal = getattr(operators, "eq", None)
        return (listed is None or value in listed) and (equal is None or value == equal)

    def fits(variant: Variant) -> bool:
        here = within(condition.id, variant.id) and within(condition.product_id, variant.product_id)
        return here and (not parts or any(part(variant) for part in parts))

    return fits


@strawberry.type
class Mutation:
    """What administrators may change."""

    @strawberry.mutation
    def login(
        self, info: AdminInfo, username: str, password: str, remember_me: bool | None = None
    ) -> shown.NativeAuthenticationResult:
        """A new session."""
        token = info.context.administrators.open(username, password)
        if token is None:
            return shown.InvalidCredentialsError()
        info.context.token = info.context.token_out = token
        return shown.CurrentUser.of(username, present.CHANNEL_TOKEN, present.CHANNEL_CODE)

    @strawberry.mutation
    def create_promotion(self, info: AdminInfo, input: wanted.CreatePromotionInput) -> shown.CreatePromotionResult:
        """Always with a code: the shop knows no conditions."""
        info.context.need("CreatePromotion")
        if not input.coupon_code:
            return shown.MissingConditionsError()
        try:
            return rows.promotion(info.context.shop.promotions.add(making.promotion_of(input)))
        except OverflowError as error:
            raise user_input_error(str(error)) from None

    @strawberry.mutation
    def update_promotion(self, info: AdminInfo, input: wanted.UpdatePromotionInput) -> shown.UpdatePromotionResult:
        """Its time, its limits, whether it is enabled."""
        info.context.need("UpdatePromotion")
        found = info.context.shop.promotions.get(input.id)
        if found is None:
            raise not_found("Promotion", input.id)
        fresh = making.changed(found, input)
        info.context.shop.promotions.put(fresh)
        return rows.promotion(fresh)

    @strawberry.mutation
    def delete_promotion(self, info: AdminInfo, id: strawberry.ID) -> shown.DeletionResponse:
        """Archives it."""
        info.context.need("DeletePromotion")
        if not info.context.shop.promotions.archive(id):
            raise not_found("Promotion", id)
        return shown.DeletionResponse(result=shown.DeletionResult.DELETED)


@cache
def make_admin_schema() -> strawberry.Schema:
    """The Admin API's schema; its resolvers want an `AdminCall` as context."""
    return strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))
