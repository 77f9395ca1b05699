"""A shop's side of offers for tests: codes that it really honours or refuses, prices that change, an API that fails."""

from __future__ import annotations

from fractions import Fraction

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, FreeShipping
from personalize.domain.offers.promise import Coupon, Priced, Standing
from personalize.errors import PersonalizeError


class Down(PersonalizeError):
    """The Admin API is down."""

    code = "COUPON_FAILED"


class OfferShop:
    """Fulfils `CouponDesk`. `listed` are minor units by variant; `codes` what the shop honours now."""

    name, single_use = "test", True

    def __init__(self, listed, *, currency="EUR", tax=19.0, costs=()):
        self.listed, self.currency, self.tax, self.costs = dict(listed), currency, tax, dict(costs)
        self.codes, self.used, self.made, self.ended = {}, {}, 0, []
        self.down = False
        self.differently = False
        """Makes codes that charge a cent less than they were asked to."""

    def _reached(self):
        if self.down:
            raise Down("the shop's Admin API is down")

    def honours(self, benefit):
        return True

    def charged(self, benefit, listed, tax_rate=None, pieces=1):
        if isinstance(benefit, AmountOff):
            return Money(max(listed.minor - benefit.amount.minor, 0), listed.currency)
        off = int(Fraction(listed.minor) * Fraction(benefit.percent) / 100 + Fraction(1, 2))
        return Money(listed.minor - off, listed.currency)

    async def check(self):
        self._reached()

    async def priced(self, selection, currency):
        self._reached()
        found = []
        for variant, minor in self.listed.items():
            product = variant.partition("-")[0]
            if selection.products and product not in selection.products:
                continue
            cost = self.costs.get(variant)
            cost = None if cost is None else Money(cost, currency)
            found.append(Priced(variant, product, Money(minor, currency), self.tax, cost))
        return found

    async def mint(self, grants):
        self._reached()
        found = []
        for grant in grants:
            self.made += 1
            code = f"CODE{self.made:04d}"
            prices = {}
            if not isinstance(grant.benefit, FreeShipping):
                for item in grant.variants:
                    price = self.charged(grant.benefit, item.listed)
                    prices[item.variant] = item.listed, price - Money(int(self.differently), self.currency)
            self.codes[code] = Coupon(code, grant.offer, f"promotion-{self.made}", grant.ends, prices)
            found.append(self.codes[code])
        return found

    async def standing(self, coupon):
        self._reached()
        if coupon.code in self.used:
            return Standing.USED
        return Standing.GOOD if coupon.code in self.codes else Standing.GONE

    async def withdraw(self, coupon):
        self._reached()
        self.codes.pop(coupon.code, None)
        self.ended.append(coupon.code)

    async def ours(self, after=None):
        self._reached()
        codes = sorted(code for code in self.codes if after is None or code > after)
        page = [Coupon(code, "", self.codes[code].reference, self.codes[code].ends) for code in codes[:5]]
        return page, codes[4] if len(codes) > 5 else None

    async def close(self):
        pass
