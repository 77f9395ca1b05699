"""What the operator API tells of offers and stores."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import strawberry

from personalize.console.api.views import moment
from personalize.console.offers import Bar, OfferStanding
from personalize.console.stock import StoreStanding
from personalize.domain.offers.ledger import PromiseState
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Percent
from personalize.domain.places.hours import written


@strawberry.type(name="Money", description="An amount in major units.")
class MoneyView:
    amount: Decimal
    currency: str

    @classmethod
    def of(cls, one: Money) -> MoneyView:
        """From ours."""
        return cls(amount=one.amount, currency=one.currency)

    @classmethod
    def any(cls, one: Money | None) -> MoneyView | None:
        """From ours, where there is any."""
        return None if one is None else cls.of(one)


@strawberry.type(name="BudgetBar", description="What may be given away, and what became of it.")
class BarView:
    limit: MoneyView | None = strawberry.field(description="Null: no bound.")
    reserved: MoneyView = strawberry.field(description="Set aside for open promises.")
    spent: MoneyView = strawberry.field(description="What orders really cost.")
    left: MoneyView | None = strawberry.field(description="Null without a bound.")

    @classmethod
    def of(cls, one: Bar) -> BarView:
        """From the desk's."""
        return cls(
            limit=MoneyView.any(one.limit), reserved=MoneyView.of(one.reserved), spent=MoneyView.of(one.spent),
            left=MoneyView.any(one.left),
        )  # fmt: skip


@strawberry.type(name="OfferBudget", description="The bounds of an offer's savings.")
class BudgetView:
    total: BarView
    today: BarView = strawberry.field(description="Of the promises made on this day of the shop's.")
    per_visitor: MoneyView | None


@strawberry.type(name="OfferPromises", description="Promises as far as they are kept.")
class PromisesView:
    open: int
    kept: int = strawberry.field(description="Bought at.")
    lapsed: int
    withdrawn: int


@strawberry.type(name="OfferBenefit", description="What an offer takes off: one of the three.")
class BenefitView:
    percent: Decimal | None
    amount: MoneyView | None
    free_shipping: bool


@strawberry.type(name="Offer", description="An offer of the settings as it stands in this process; never a code.")
class OfferView:
    name: str
    running: bool = strawberry.field(description="Whether it may be promised now.")
    why: str | None = strawberry.field(description="Why not: a stable name, one of a few.")
    refusal: str | None = strawberry.field(description="The last refusal of an offer that stopped itself.")
    stopped: bool = strawberry.field(description="Whether the operator stopped it.")
    benefit: BenefitView
    audience: str = strawberry.field(description="individual, group or general.")
    starts: datetime | None
    ends: datetime | None
    priced: int = strawberry.field(description="Variants that it is on.")
    variants: int = strawberry.field(description="Variants whose price stays within all bounds.")
    products: int
    pool: int = strawberry.field(description="Codes that are ready.")
    reserve: MoneyView | None = strawberry.field(description="What one promise sets aside.")
    reach: float | None = strawberry.field(
        description="Share of the visitors of 30 days that were promised it, 0..1; null: not known."
    )
    budget: BudgetView
    promises: PromisesView

    @classmethod
    def of(cls, one: OfferStanding) -> OfferView:
        """From the desk's."""
        offer, benefit = one.offer, one.offer.benefit
        return cls(
            name=offer.name, running=one.why is None, why=None if one.why is None else one.why.value,
            refusal=one.refusal or None, stopped=one.stopped, audience=offer.audience.kind.value,
            priced=one.priced, variants=one.variants,
            starts=moment(offer.starts) if offer.starts else None, products=one.products, pool=one.pool,
            ends=None if offer.ends is None else moment(offer.ends), reserve=MoneyView.any(one.reserve),
            reach=one.reach,
            benefit=BenefitView(
                percent=benefit.percent if isinstance(benefit, Percent) else None,
                amount=MoneyView.of(benefit.amount) if isinstance(benefit, AmountOff) else None,
                free_shipping=not isinstance(benefit, Percent | AmountOff),
            ),
            budget=BudgetView(
                total=BarView.of(one.total), today=BarView.of(one.today),
                per_visitor=MoneyView.any(offer.budget.per_visitor),
            ),
            promises=PromisesView(**{state.value: one.promises.get(state, 0) for state in PromiseState}),
        )  # fmt: skip


@strawberry.type(name="StoreStock", description="What the stock of a store amounts to.")
class StockView:
    rows: int
    out: int = strawberry.field(description="Rows with none left.")
    low: int = strawberry.field(description="Rows with few left, by the setting low_stock.")
    stale_rows: int = strawberry.field(description="Rows seen longer ago than the setting stock_max_age.")
    stale: bool = strawberry.field(description="Whether all of it is: nothing may be promised by it.")
    oldest: datetime | None = strawberry.field(description="When the oldest observation was made.")
    newest: datetime | None


@strawberry.type(name="Store", description="A store of the shop's.")
class StoreView:
    id: strawberry.ID
    name: str
    city: str | None
    address: str | None
    hours: str | None = strawberry.field(description="In the words of OpenStreetMap's opening_hours.")
    open: bool | None = strawberry.field(description="Null where nobody knows.")
    services: list[str]
    stock: StockView

    @classmethod
    def of(cls, one: StoreStanding) -> StoreView:
        """From the board's."""
        store, stock = one.store, one.stock
        return cls(
            id=strawberry.ID(store.id), name=store.name, city=store.city, address=store.address, open=one.open,
            hours=None if store.hours is None else written(store.hours), services=sorted(store.services),
            stock=StockView(
                rows=stock.rows, out=stock.out, low=stock.low, stale_rows=stock.stale, stale=one.stale,
                oldest=None if stock.oldest is None else moment(stock.oldest),
                newest=None if stock.newest is None else moment(stock.newest),
            ),
        )  # fmt: skip


@strawberry.type(name="StorePage", description="Stores by id.")
class StorePage:
    items: list[StoreView]
    after: str | None = strawberry.field(description="What to go on after; null at the end.")
