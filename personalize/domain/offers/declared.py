"""Reads declared offers (`[offers.NAME]` of the settings) and what holds for all of them (`[prices]`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from personalize.domain.offers.money import Money, MoneyError, exponent
from personalize.domain.offers.offer import (
    AmountOff,
    Audience,
    AudienceKind,
    Benefit,
    Bounds,
    Budget,
    FreeShipping,
    Frequency,
    Offer,
    Percent,
    Selection,
)
from personalize.domain.offers.prices import JURISDICTIONS, Prices
from personalize.domain.offers.reading import (
    boolean,
    day,
    margin,
    moment,
    money,
    optional_money,
    percent,
    share,
    table,
    texts,
    whole,
)
from personalize.errors import SettingsError

OFFERS_MAX = 32
HOLD = (60, 30 * 86_400)
"""Seconds that a shown price may be promised."""
KEYS = (
    "currency", "percent", "amount", "free_shipping", "worth", "products", "variants", "attributes", "never",
    "audience", "budget", "frequency", "floor", "margin", "most", "from", "until", "hold", "pieces", "stackable",
    "explore",
)  # fmt: skip
AUDIENCE = ("kind", "orders", "store", "share")
PRICES = (
    "disclosed", "jurisdictions", "brand_floor", "max_saving", "never", "spread", "reach_threshold",
    "mismatch_threshold", "listed_since", "pool",
)  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)


class AudienceError(SettingsError):
    """An audience by something that no offer may go by."""

    code = "AUDIENCE_DENIED"


def parse_offers(raw: object) -> tuple[Offer, ...]:
    """Offers from a table of tables, in its order; raises `SettingsError` that names the key and what was expected."""
    if not isinstance(raw, Mapping) or len(raw) > OFFERS_MAX:
        raise SettingsError(f"offers has to be a table of at most {OFFERS_MAX} [offers.NAME] tables")
    return tuple(_offer(str(name), body) for name, body in raw.items())


def parse_prices(raw: object) -> Prices:
    """What holds for the prices of all offers; raises `SettingsError`."""
    body, usual = table("prices", raw, PRICES), Prices()
    places = texts("prices.jurisdictions", body.get("jurisdictions", sorted(usual.jurisdictions)))
    for place in places:
        if place not in JURISDICTIONS:
            raise SettingsError(f"prices.jurisdictions holds {place!r}, expected some of {', '.join(JURISDICTIONS)}")
    return Prices(
        disclosed=boolean("prices.disclosed", body.get("disclosed", usual.disclosed)),
        jurisdictions=places,
        floors=_floors(body.get("brand_floor", [])),
        max_saving=percent("prices.max_saving", body.get("max_saving", str(usual.max_saving))),
        never=texts("prices.never", body.get("never", [])),
        spread=percent("prices.spread", body.get("spread", str(usual.spread))),
        reach=share("prices.reach_threshold", body.get("reach_threshold", usual.reach)),
        mismatch=share("prices.mismatch_threshold", body.get("mismatch_threshold", usual.mismatch)),
        listed_since=day("prices.listed_since", body["listed_since"]) if "listed_since" in body else None,
        pool=whole("prices.pool", body.get("pool", usual.pool), 1, 1_000),
    )


def _floors(raw: object) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for text in raw if isinstance(raw, list) else [raw]:
        where = "prices.brand_floor"
        amount, space, currency = text.strip().partition(" ") if isinstance(text, str) else ("", "", "")
        if not space:
            raise SettingsError(f"{where} is {text!r}, expected an amount and a currency", hint='like "5.00 EUR"')
        floor = money(where, amount, _currency(where, currency.strip(), 'like "5.00 EUR"'))
        if floor.currency in found:
            raise SettingsError(f"{where} names {floor.currency} twice")
        found[floor.currency] = floor
    return found


def _offer(name: str, raw: object) -> Offer:
    where = f"offers.{name}"
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{where}: a name is lower-case letters, digits, '_', '-' and begins with a letter")
    body = table(where, raw, KEYS)
    currency = _currency(f"{where}.currency", body.get("currency"), "like EUR")
    starts = moment(f"{where}.from", body["from"]) if "from" in body else 0.0
    ends = moment(f"{where}.until", body["until"]) if "until" in body else None
    if ends is not None and ends <= starts:
        raise SettingsError(f"{where}.until is not after {where}.from", hint="an offer ends after it has begun")
    benefit = _benefit(where, body, currency)
    audience = _audience(f"{where}.audience", body.get("audience", {}))
    if audience.kind is AudienceKind.GENERAL and "explore" in body:
        raise SettingsError(f"{where}: a general offer is for everybody", hint="leave out explore")
    return Offer(
        name=name,
        currency=currency,
        benefit=benefit,
        selection=_selection(where, body, benefit),
        audience=audience,
        budget=_budget(f"{where}.budget", body.get("budget", {}), currency),
        bounds=Bounds(
            optional_money(f"{where}.floor", body.get("floor"), currency),
            margin(f"{where}.margin", body["margin"]) if "margin" in body else None,
            optional_money(f"{where}.most", body.get("most"), currency),
        ),
        frequency=_frequency(f"{where}.frequency", body.get("frequency")),
        starts=starts,
        ends=ends,
        hold=float(whole(f"{where}.hold", body.get("hold", 3_600), *HOLD)),
        pieces=whole(f"{where}.pieces", body.get("pieces", 1), 1, 100),
        stackable=boolean(f"{where}.stackable", body.get("stackable", False)),
        explore=share(f"{where}.explore", body["explore"]) if "explore" in body else 0.0,
    )


def _currency(where: str, raw: object, hint: str) -> str:
    try:
        exponent(raw if isinstance(raw, str) else "")
    except MoneyError:
        raise SettingsError(f"{where} is {raw!r}, expected a currency of ISO 4217", hint=hint) from None
    return str(raw)


def _benefit(where: str, body: Mapping[str, Any], currency: str) -> Benefit:
    named = [key for key in ("percent", "amount", "free_shipping") if key in body]
    if len(named) != 1 or ("worth" in body) != (named == ["free_shipping"]):
        raise SettingsError(
            f"{where} names {', '.join(named) or 'no benefit'}, expected one of percent, amount, free_shipping",
            hint="free_shipping wants `worth` beside it: what that costs at most, for the budget",
        )
    if named == ["percent"]:
        return Percent(percent(f"{where}.percent", body["percent"]))
    if named == ["amount"]:
        return AmountOff(money(f"{where}.amount", body["amount"], currency))
    if not boolean(f"{where}.free_shipping", body["free_shipping"]):
        raise SettingsError(f"{where}.free_shipping is false, expected true", hint="leave it out, and name another")
    return FreeShipping(money(f"{where}.worth", body["worth"], currency))


def _selection(where: str, body: Mapping[str, Any], benefit: Benefit) -> Selection:
    raw = body.get("attributes", {})
    if not isinstance(raw, Mapping) or len(raw) > 16:
        raise SettingsError(
            f'{where}.attributes is {raw!r}, expected up to 16 names and values like {{ color = ["7"] }}'
        )
    selection = Selection(
        texts(f"{where}.products", body.get("products", [])),
        texts(f"{where}.variants", body.get("variants", [])),
        {str(name): texts(f"{where}.attributes.{name}", values) for name, values in raw.items()},
        texts(f"{where}.never", body.get("never", [])),
    )
    if isinstance(benefit, FreeShipping) and selection != Selection():
        raise SettingsError(f"{where}: free shipping is of the order as a whole, not of some items")
    return selection


def _audience(where: str, raw: object) -> Audience:
    if isinstance(raw, Mapping):
        for key in raw:
            if key not in AUDIENCE:
                raise AudienceError(
                    f"{where} has {key!r}, expected {', '.join(AUDIENCE)}",
                    hint="no offer goes by country, device, age, health, mood, or what stands for them",
                )
    body = table(where, raw, AUDIENCE)
    kind = body.get("kind", AudienceKind.INDIVIDUAL)
    if kind not in tuple(AudienceKind):
        raise SettingsError(f"{where}.kind is {kind!r}, expected one of {', '.join(AudienceKind)}")
    audience = Audience(
        AudienceKind(kind), _orders(f"{where}.orders", body.get("orders", [0])), _store(where, body.get("store")),
        share(f"{where}.share", body.get("share", 1.0)),
    )  # fmt: skip
    if audience.kind is AudienceKind.GENERAL and audience != Audience(AudienceKind.GENERAL):
        raise SettingsError(f"{where}: a general offer is for everybody", hint="leave out orders, store and share")
    return audience


def _orders(where: str, raw: object) -> tuple[int, int | None]:
    if not isinstance(raw, list) or len(raw) not in (1, 2):
        raise SettingsError(f"{where} is {raw!r}, expected [least] or [least, most] orders known of a visitor")
    least = whole(where, raw[0], 0, 1_000_000)
    return least, whole(where, raw[1], least, 1_000_000) if len(raw) == 2 else None


def _store(where: str, raw: object) -> str | None:
    if raw is not None and (not isinstance(raw, str) or not 0 < len(raw) <= 64):
        raise SettingsError(f"{where}.store is {raw!r}, expected a name of [stores]")
    return raw


def _budget(where: str, raw: object, currency: str) -> Budget:
    body = table(where, raw, ("total", "per_day", "per_visitor"))
    if "total" not in body and "per_day" not in body:
        raise SettingsError(f"{where} has no total and no per_day", hint='savings in all: budget = { total = "500" }')
    total, per_day, per_visitor = (
        optional_money(f"{where}.{key}", body.get(key), currency) for key in ("total", "per_day", "per_visitor")
    )
    return Budget(total, per_day, per_visitor)


def _frequency(where: str, raw: object) -> Frequency | None:
    if raw is None:
        return None
    body = table(where, raw, ("times", "days"))
    if set(body) != {"times", "days"}:
        raise SettingsError(f"{where} is {raw!r}, expected {{ times = 1, days = 30 }}")
    return Frequency(whole(f"{where}.times", body["times"], 1, 1_000), whole(f"{where}.days", body["days"], 1, 365))
