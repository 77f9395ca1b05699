"""Offers' codes in Vendure: each is a promotion with a coupon code, made, found and ended by the Admin API."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, Benefit, FreeShipping, Percent, Selection
from personalize.domain.offers.promise import Coupon, Grant, Priced, Standing
from personalize.errors import AdminError, CouponError
from personalize.settings import Settings
from personalize.shops.vendure.actions import actions_of
from personalize.shops.vendure.admin import Admin
from personalize.shops.vendure.answers import refusal, typed
from personalize.shops.vendure.catalogue import Catalogue
from personalize.shops.vendure.channel import Channel, learn
from personalize.shops.vendure.told import as_coupon_error
from personalize.shops.vendure.wire import ORDERS, PROMOTION, PROMOTIONS, Orders, Promotion, PromotionPage, create, end

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16
"""A code has 80 bits: Vendure does not care for letter case, so there is only one."""
PAGE = 100
AT_ONCE = 4
"""Promotions made at the same time."""
ORDERS_MOST = 1_000
"""Placed orders that are looked through for a code."""


class VendureCoupons:
    """`CouponDesk` for Vendure 3: see docs/offers-shop.md for what it needs of the shop, and what it cannot see.

    `mark` is written into each promotion's description, and tells the promotions of one gateway (and its store) from
    those of another. A promotion says nothing of the offer or the visitor it was made for.
    """

    name = "vendure"
    single_use = True

    def __init__(
        self, admin: Admin, *, mark: str = "personalize", cost: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.admin, self.mark, self._clock = admin, mark, clock
        self._catalogue = Catalogue(admin, cost)
        self.channel: Channel | None = None

    @classmethod
    def of(cls, settings: Settings) -> VendureCoupons:
        """The desk of the shop in the settings (`admin_url` and what stands beside it)."""
        admin = Admin(
            settings.admin_url,
            user=settings.admin_user,
            password=settings.admin_password,
            token=settings.admin_token,
            channel=settings.admin_channel,
        )
        return cls(admin, mark=settings.admin_mark, cost=settings.admin_cost)

    async def close(self) -> None:
        """Let go of connections."""
        await self.admin.close()

    def honours(self, benefit: Benefit) -> bool:
        """All three, where the shop has Vendure's own promotion actions (most do; `check` looks)."""
        wanted = "free_shipping" if isinstance(benefit, FreeShipping) else "products_percentage_discount"
        return self.channel is None or wanted in self.channel.actions

    def charged(self, benefit: Benefit, listed: Money, tax_rate: float | None = None, pieces: int = 1) -> Money | None:
        """See `CouponDesk.charged`. Percentages and amounts are both written as a percentage of the list price."""
        exact = None if self.channel is None else self.channel.price(benefit, listed, tax_rate, pieces)
        return None if exact is None else exact.price

    @as_coupon_error
    async def check(self) -> tuple[str, ...]:
        """Whether the shop is reached, lets us in, and lets us do what we have to. Raises CouponError.

        Says how prices are kept, and which benefits can be granted exactly.
        """
        self.channel = await learn(self.admin)
        if missing := self.channel.missing:
            raise CouponError(
                f"{self.admin.host} does not let us {', '.join(missing)}", code="COUPON_RIGHTS",
                hint="add these permissions to the role of the administrator in the settings",
            )  # fmt: skip
        exact = "every price" if self.channel.gross else "most prices, else the next dearer one (tax is added on top)"
        benefits: dict[str, Benefit] = {
            "percent": Percent(Decimal(1)),
            "amount": AmountOff(Money(1, self.channel.currency)),
        }
        said = [f"{name}: {exact if self.honours(one) else 'not honoured'}" for name, one in benefits.items()]
        said.append(f"free shipping: {'yes' if self.honours(FreeShipping()) else 'not honoured'}")
        return f"may write promotions; prices in {self.channel.currency}", *said

    @as_coupon_error
    async def priced(self, selection: Selection, currency: str) -> list[Priced]:
        """The variants of a selection, 2,000 at most, without those whose price is no amount of the currency."""
        self.channel = await learn(self.admin)
        return await self._catalogue.priced(selection, currency, self.channel)

    @as_coupon_error
    async def mint(self, grants: Sequence[Grant]) -> list[Coupon]:
        """One promotion a grant, without variants whose price cannot be exact; a grant that has no other is refused."""
        channel = self.channel = self.channel or await learn(self.admin)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(grant: Grant) -> Coupon:
            async with gate:
                return await self._mint(grant, channel)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(grant)) for grant in grants]
        return [task.result() for task in tasks]

    async def _mint(self, grant: Grant, channel: Channel) -> Coupon:
        actions, prices = actions_of(grant, channel)
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        ends = datetime.fromtimestamp(grant.ends, UTC)
        answer = (await self.admin.ask(*create(code, ends, grant.uses, actions, self.mark, channel.language))).get(
            "made"
        )
        if (why := refusal(answer)) is not None:
            raise CouponError(f"{self.admin.host} made no promotion ({why})", code="COUPON_REFUSED")
        made = typed(self.admin.host, answer, Promotion)
        return Coupon(code, grant.offer, made.id, grant.ends, prices)

    @as_coupon_error
    async def standing(self, coupon: Coupon) -> Standing:
        """Needs the right to read orders: Vendure does not tell otherwise how often a code was used.

        A checkout that was begun with it and not ended counts as a use in Vendure; here it does not.
        """
        answer = (await self.admin.ask(PROMOTION, {"id": coupon.reference})).get("promotion")
        if answer is None:
            return Standing.GONE
        found = typed(self.admin.host, answer, Promotion)
        if found.code is None or found.code.upper() != coupon.code.upper():
            return Standing.GONE
        if not found.enabled or (found.ends is not None and found.ends.timestamp() <= self._clock()):
            return Standing.EXPIRED
        if found.limit is None:
            return Standing.GOOD
        return Standing.USED if await self._uses(found) >= found.limit else Standing.GOOD

    async def _uses(self, promotion: Promotion) -> int:
        uses, seen = 0, 0
        while True:
            options = {
                "filter": {"orderPlacedAt": {"after": promotion.made.isoformat()}}, "sort": {"id": "ASC"},
                "skip": seen, "take": PAGE,
            }  # fmt: skip
            page = typed(self.admin.host, (await self.admin.ask(ORDERS, {"options": options})).get("orders"), Orders)
            wanted = (promotion.code or "").upper()
            uses += sum(wanted in map(str.upper, row.codes) and row.state != "Cancelled" for row in page.items)
            seen += len(page.items)
            if len(page.items) < PAGE or uses >= (promotion.limit or 0):
                return uses
            if seen >= ORDERS_MOST:
                raise CouponError(
                    f"more than {ORDERS_MOST} orders since the code was made: whether it was used is not known",
                    code="COUPON_STANDING_UNKNOWN",
                )

    @as_coupon_error
    async def withdraw(self, coupon: Coupon) -> None:
        """Archive the promotion: orders keep what it took off, carts lose it with their next change."""
        try:
            await self.admin.ask(*end(coupon.reference))
        except AdminError as error:
            if error.code != "ADMIN_GONE":
                raise

    @as_coupon_error
    async def ours(self, after: str | None = None) -> tuple[list[Coupon], str | None]:
        """Promotions with our mark, by id. Codes that are ended between two pages move others past the second."""
        skip = int(after) if after and after.isdigit() else 0
        options = {
            "filter": {"description": {"eq": self.mark}}, "sort": {"id": "ASC"}, "skip": skip, "take": PAGE
        }  # fmt: skip
        answer = (await self.admin.ask(PROMOTIONS, {"options": options})).get("promotions")
        page = typed(self.admin.host, answer, PromotionPage)
        found = [
            Coupon(one.code, "", one.id, one.ends.timestamp() if one.ends else float("inf"))
            for one in page.items
            if one.code
        ]
        return found, str(skip + len(page.items)) if len(page.items) == PAGE else None
