"""A Vendure channel: how it keeps its prices, which promotion actions it has, and what it lets us do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

import msgspec

from personalize.domain.offers.money import Money, MoneyError, exponent
from personalize.domain.offers.offer import AmountOff, Benefit, FreeShipping, Percent
from personalize.errors import AdminError
from personalize.shops.vendure.admin import Admin
from personalize.shops.vendure.answers import typed
from personalize.shops.vendure.arithmetic import PIECES, TRIES, net_of, percent_for

LEARN = """{ activeChannel { token pricesIncludeTax defaultCurrencyCode defaultLanguageCode }
  globalSettings { serverConfig { moneyStrategyPrecision } }
  me { channels { token permissions } } }"""
ACTIONS = "{ promotionActions { code } }"
NEEDED = {
    "read prices": ("ReadCatalog", "ReadProduct"),
    "read promotions": ("ReadPromotion",),
    "create promotions": ("CreatePromotion",),
    "delete promotions": ("DeletePromotion",),
    "read orders": ("ReadOrder",),
}
"""What we do, and the permissions that allow it, any of them."""


class Exact(NamedTuple):
    """A price that is charged as shown, and the percentage that makes it so."""

    price: Money
    percent: float


@dataclass(frozen=True, slots=True)
class Channel:
    """`gross`: prices are kept with tax in them. Amounts are whole units of 10^-`precision`, whatever the currency."""

    gross: bool
    currency: str
    language: str
    precision: int
    actions: frozenset[str]
    missing: tuple[str, ...]

    def money(self, units: int, currency: str) -> Money:
        """So many of the shop's units as money. Raises MoneyError where that is no amount of the currency."""
        return Money.of(Decimal(units).scaleb(-self.precision), currency)

    def price(self, benefit: Benefit, listed: Money, tax_rate: float | None, pieces: int) -> Exact | None:
        """The least price that is exact for 1 to `pieces` pieces (five at least), and not under the benefit's.

        Exact are most prices but not all where tax is added on top and rounded: the next ones are tried.
        """
        step = Decimal(1).scaleb(-min(exponent(listed.currency), self.precision))
        tax = None if self.gross else tax_rate
        units = self._units(listed.amount)
        net = units if self.gross or units is None or tax is None else net_of(units, tax)
        aim = _aim(benefit, listed)
        if units is None or net is None or aim is None or (tax is None and not self.gross):
            return None
        amount = (aim / step).to_integral_value(ROUND_CEILING) * step
        for _ in range(1 if self.gross else TRIES):
            if amount >= listed.amount or (wanted := self._units(amount)) is None:
                return None
            percent = percent_for(net, wanted, max(pieces, PIECES), tax)
            if percent is not None:
                return Exact(Money.of(amount, listed.currency), percent)
            amount += step
        return None

    def _units(self, amount: Decimal) -> int | None:
        """An amount in the shop's units, None where it is finer than they are."""
        units = amount.scaleb(self.precision)
        return int(units) if units == units.to_integral_value() else None


def _aim(benefit: Benefit, listed: Money) -> Decimal | None:
    """What one piece should cost, None where the benefit lowers no price (or not this one)."""
    match benefit:
        case Percent(percent) if 0 < percent <= 100:
            return listed.amount * (100 - percent) / 100
        case AmountOff(amount) if amount.currency == listed.currency and 0 < amount.minor < listed.minor:
            return listed.amount - amount.amount
        case Percent() | AmountOff() | FreeShipping():
            return None


async def learn(admin: Admin) -> Channel:
    """The channel that the administrator works in. Raises AdminError."""
    answer = typed(admin.host, await admin.ask(LEARN), _Learnt)
    actions = typed(admin.host, await admin.ask(ACTIONS), _Actions)
    mine = [one for one in answer.me.channels if one.token == answer.active.token]
    rights = frozenset(mine[0].permissions if mine else ())
    missing = tuple(what for what, names in NEEDED.items() if "SuperAdmin" not in rights and rights.isdisjoint(names))
    precision = answer.settings.server.precision
    try:
        exponent(answer.active.currency)
    except MoneyError as error:
        raise AdminError(f"{admin.host}: {error.message}", code="ADMIN_GARBAGE") from error
    return Channel(
        answer.active.gross, answer.active.currency, answer.active.language, precision,
        frozenset(one.code for one in actions.actions), missing,
    )  # fmt: skip


class _Active(msgspec.Struct, frozen=True):
    token: str
    gross: bool = msgspec.field(name="pricesIncludeTax")
    currency: str = msgspec.field(name="defaultCurrencyCode")
    language: str = msgspec.field(name="defaultLanguageCode")


class _Server(msgspec.Struct, frozen=True):
    precision: int = msgspec.field(name="moneyStrategyPrecision")


class _Settings(msgspec.Struct, frozen=True):
    server: _Server = msgspec.field(name="serverConfig")


class _Rights(msgspec.Struct, frozen=True):
    token: str
    permissions: list[str]


class _Me(msgspec.Struct, frozen=True):
    channels: list[_Rights]


class _Learnt(msgspec.Struct, frozen=True):
    me: _Me
    active: _Active = msgspec.field(name="activeChannel")
    settings: _Settings = msgspec.field(name="globalSettings")


class _Action(msgspec.Struct, frozen=True):
    code: str


class _Actions(msgspec.Struct, frozen=True):
    actions: list[_Action] = msgspec.field(name="promotionActions")
