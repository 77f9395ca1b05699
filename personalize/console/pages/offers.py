"""Offers and budgets: what runs, what it may still give away, what the guardrails cut, and the switch of each."""

from __future__ import annotations

from starlette.responses import Response

from personalize.console.offers import Bar, OfferStanding
from personalize.console.pages.asked import Asked
from personalize.console.pages.paper import amount, money, number
from personalize.domain.offers.ledger import PromiseState
from personalize.domain.offers.offer import AmountOff, Audience, Percent

MOST = 8
"""Kinds of trouble that are shown."""


async def offers(asked: Asked) -> Response:
    """Every offer of the settings, and what this process counted."""
    desk = asked.house.offers
    counted = desk.counted()
    return asked.show(
        "offers.html", found=await desk.standings(), states=list(PromiseState), cuts=counted.cuts,
        mismatches=counted.mismatches, troubles=dict(list(counted.troubles.items())[:MOST]),
        money=lambda one: money(one, asked.language),
        amount=lambda one: amount(one, asked.language), drawn=drawn, benefit=lambda one: _benefit(asked, one),
        audience=lambda one: _audience(asked, one), minutes=lambda one: number(one / 60, asked.language),
    )  # fmt: skip


async def stop(asked: Asked) -> Response:
    """List prices at once."""
    await asked.house.offers.stop(asked.actor, asked.form.one("name", 64), asked.form.one("why"))
    return asked.go("/console/offers", "offer_stopped")


async def release(asked: Asked) -> Response:
    """Let it run again."""
    await asked.house.offers.release(asked.actor, asked.form.one("name", 64), asked.form.one("why"))
    return asked.go("/console/offers", "offer_released")


def drawn(bar: Bar) -> tuple[float, float]:
    """How much of a bar (0..100) is spent, and how much is spent or reserved."""
    if bar.limit is None or bar.limit.minor <= 0:
        return 0.0, 0.0
    spent, both = (100 * minor / bar.limit.minor for minor in (bar.spent.minor, bar.spent.minor + bar.reserved.minor))
    return round(min(spent, 100.0), 2), round(min(both, 100.0), 2)


def _benefit(asked: Asked, one: OfferStanding) -> str:
    benefit = one.offer.benefit
    if isinstance(benefit, Percent):
        digits = max(-int(benefit.percent.normalize().as_tuple().exponent), 0)
        return asked.say("offers.percent_off", percent=number(float(benefit.percent), asked.language, digits))
    if isinstance(benefit, AmountOff):
        return asked.say("offers.amount_off", amount=money(benefit.amount, asked.language))
    return asked.say("offers.free_shipping", worth=money(benefit.worth, asked.language))


def _audience(asked: Asked, audience: Audience) -> str:
    """For whom, in a line."""
    told = [asked.say(f"offer_audience.{audience.kind}")]
    least, most = audience.orders
    if (least, most) == (0, 0):
        told.append(asked.say("offers.no_orders"))
    elif most is not None:
        told.append(asked.say("offers.orders_to", least=least, most=most))
    elif least:
        told.append(asked.say("offers.orders_from", least=least))
    if audience.store is not None:
        told.append(asked.say("offers.of_store", store=audience.store))
    if audience.share < 1:
        told.append(asked.say("offers.by_lot", share=number(audience.share * 100, asked.language)))
    return ", ".join(told)
