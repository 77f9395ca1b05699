"""Declared offers: read from file and environment, refused by key, and not started before they are disclosed."""

from __future__ import annotations

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from personalize.domain.experiment import Experiment, Variant
from personalize.domain.offers.declared import AudienceError, parse_offers, parse_prices
from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import (
    AmountOff,
    Audience,
    AudienceKind,
    Bounds,
    Budget,
    FreeShipping,
    Frequency,
    Offer,
    Percent,
    Selection,
)
from personalize.domain.offers.prices import Prices
from personalize.domain.strategy import Mode, Strategy
from personalize.errors import SettingsError
from personalize.settings import Settings, SettingsWatch, _check_prices, load_settings
from personalize.telemetry import Telemetry

TEXT = """
[offers.welcome]
currency = "EUR"
percent = 10
products = ["12", 13]
variants = ["40"]
never = ["99"]
attributes = { facet = ["5", "6"] }
audience = { kind = "group", orders = [0, 0], store = "berlin", share = 0.5 }
budget = { total = "1000", per_day = 100.5, per_visitor = "20" }
frequency = { times = 1, days = 30 }
floor = "4.99"
margin = 0.2
most = "10.00"
from = 2026-11-01T00:00:00+01:00
until = "2026-12-01T00:00:00+01:00"
hold = 7200
pieces = 2
stackable = true
explore = 0.2

[offers.five]
currency = "JPY"
amount = 500
budget = { per_day = "20000" }

[offers.shipping]
currency = "EUR"
free_shipping = true
worth = "4.90"
budget = { total = "200" }
audience = { kind = "general" }

[prices]
disclosed = true
jurisdictions = ["DE", "US-NY"]
brand_floor = ["5.00 EUR", "700 JPY"]
max_saving = 30
never = ["1"]
spread = 25
reach_threshold = 0.6
mismatch_threshold = 0.1
listed_since = 2026-10-01
pool = 12
"""


def eur(text):
    return Money.of(text, "EUR")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_everything_of_the_file():
    Path("personalize.toml").write_text(TEXT)
    settings = load_settings({})
    welcome, five, shipping = settings.offers
    assert welcome == Offer(
        "welcome", "EUR", Percent(Decimal(10)),
        Selection(frozenset({"12", "13"}), frozenset({"40"}), {"facet": frozenset({"5", "6"})}, frozenset({"99"})),
        Audience(AudienceKind.GROUP, (0, 0), "berlin", 0.5), Budget(eur("1000"), eur("100.50"), eur("20")),
        Bounds(eur("4.99"), Decimal("0.2"), eur("10")), Frequency(1, 30), 1793487600.0, 1796079600.0, 7200.0, 2, True,
        0.2,
    )  # fmt: skip
    assert five == Offer("five", "JPY", AmountOff(Money(500, "JPY")), budget=Budget(per_day=Money(20_000, "JPY")))
    assert shipping.benefit == FreeShipping(eur("4.90"))
    assert shipping.audience.kind is AudienceKind.GENERAL
    assert settings.prices == Prices(
        True, frozenset({"DE", "US-NY"}), {"EUR": eur("5"), "JPY": Money(700, "JPY")}, Decimal(30), frozenset({"1"}),
        Decimal(25), 0.6, 0.1, date(2026, 10, 1), 12,
    )  # fmt: skip
    assert str(settings)


def test_nothing_said_is_no_offer_and_the_usual_bounds():
    assert (load_settings({}).offers, load_settings({}).prices) == ((), Prices())
    assert parse_prices({}) == Prices()


def test_the_environment_says_it_in_json():
    offers = {"a": {"currency": "EUR", "percent": 5, "until": "2026-12-01T00:00:00Z", "budget": {"total": "9"}}}
    settings = load_settings({
        "PERSONALIZE_OFFERS": json.dumps(offers), "PERSONALIZE_PRICES": '{"listed_since": "2026-10-01"}',
    })  # fmt: skip
    assert settings.offers[0].ends == 1796083200.0
    assert settings.prices.listed_since == date(2026, 10, 1)
    with pytest.raises(SettingsError, match="is not JSON"):
        load_settings({"PERSONALIZE_OFFERS": "a"})


GOOD = {"currency": "EUR", "percent": 10, "budget": {"total": "100"}}


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"percnt": 5}, "unknown key 'percnt'", "'percent'"),
        ({"percent": 0}, "above 0 and at most 100", ""),
        ({"percent": 100.5}, "above 0 and at most 100", ""),
        ({"percent": True}, "above 0 and at most 100", ""),
        ({"percent": "NaN"}, "above 0 and at most 100", ""),
        ({"percent": "ten"}, "above 0 and at most 100", ""),
        ({"amount": "5"}, "percent, amount, expected one of", "worth"),
        ({"percent": None}, "no benefit", ""),
        ({"worth": "5"}, "expected one of", "worth"),
        ({"percent": None, "free_shipping": True}, "expected one of", "worth"),
        ({"percent": None, "free_shipping": False, "worth": "5"}, "is false", ""),
        ({"percent": None, "free_shipping": True, "worth": "5", "products": ["1"]}, "the order as a whole", ""),
        ({"percent": None, "amount": "5.005"}, "no amount of EUR", "2 decimals"),
        ({"percent": None, "amount": "-5"}, "more than 0", ""),
        ({"percent": None, "amount": "0"}, "more than 0", ""),
        ({"percent": None, "amount": [5]}, "no amount", "12.90"),
        ({"percent": None, "amount": float("inf")}, "no amount", ""),
        ({"currency": "eur"}, "a currency of ISO 4217", "like EUR"),
        ({"currency": None}, "a currency of ISO 4217", ""),
        ({"from": "2026-12-01"}, "a time with an offset", ""),
        ({"until": "yesterday"}, "a time with an offset", ""),
        ({"from": "2026-12-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}, "until is not after", ""),
        ({"budget": {}}, "no total and no per_day", ""),
        ({"budget": {"per_visitor": "5"}}, "no total and no per_day", ""),
        ({"budget": {"total": "5 EUR"}}, "budget.total", ""),
        ({"budget": {"totl": "5"}}, "unknown key 'totl'", "'total'"),
        ({"floor": "-1"}, "offers.x.floor", ""),
        ({"margin": 1}, "from 0 to below 1", ""),
        ({"hold": 5}, "a whole number from 60", ""),
        ({"pieces": 0}, "a whole number from 1 to 100", ""),
        ({"stackable": "yes"}, "true or false", ""),
        ({"explore": 0}, "a share above 0", ""),
        ({"explore": 1.5}, "at most 1", ""),
        ({"audience": {"kind": "general"}, "explore": 0.2}, "for everybody", "leave out explore"),
        ({"products": "12"}, "a list of at most", ""),
        ({"products": [""]}, "a list of at most", ""),
        ({"attributes": ["a"]}, "names and values", ""),
        ({"frequency": {"times": 1}}, "times = 1, days = 30", ""),
        ({"frequency": {"times": 0, "days": 3}}, "a whole number from 1", ""),
        ({"audience": {"kind": "vip"}}, "individual, group, general", ""),
        ({"audience": {"orders": 3}}, r"\[least\] or", ""),
        ({"audience": {"orders": [3, 2]}}, "from 3", ""),
        ({"audience": {"share": 0}}, "above 0 and at most 1", ""),
        ({"audience": {"store": ""}}, r"a name of \[stores\]", ""),
        ({"audience": {"kind": "general", "orders": [1]}}, "for everybody", ""),
        ({"audience": 7}, "expected a table", ""),
    ],
)
def test_refusals_name_the_key_and_what_was_expected(change, message, hint):
    body = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(SettingsError, match=message) as caught:
        parse_offers({"x": body})
    assert hint in caught.value.hint
    assert "offers.x" in caught.value.message


@pytest.mark.parametrize("rule", ["country", "device", "age", "health", "zip", "language", "mood", "Einkommen", "city"])
def test_no_audience_goes_by_what_nobody_may_be_priced_by(rule):
    with pytest.raises(AudienceError, match=rule) as caught:
        parse_offers({"x": {**GOOD, "audience": {rule: "DE"}}})
    assert caught.value.code == "AUDIENCE_DENIED"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "a table of at most"), ({str(n): GOOD for n in range(33)}, "a table of at most"),
        ({"A b": GOOD}, "a name is"), ({"x": 5}, "expected a table"),
    ],
)  # fmt: skip
def test_offers_are_a_table_of_tables(raw, message):
    with pytest.raises(SettingsError, match=message):
        parse_offers(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"disclose": True}, "unknown key 'disclose'"),
        ({"disclosed": "yes"}, "true or false"),
        ({"jurisdictions": ["FR"]}, "DE, EU, US-NY"),
        ({"brand_floor": "5.00"}, "a currency"),
        ({"brand_floor": 5}, "a currency"),
        ({"brand_floor": ["5 EUR", "6 EUR"]}, "EUR twice"),
        ({"max_saving": 0}, "percentage"),
        ({"spread": 101}, "percentage"),
        ({"reach_threshold": 1.5}, "at most 1"),
        ({"mismatch_threshold": 0}, "above 0"),
        ({"listed_since": "soon"}, "a date like"),
        ({"pool": 0}, "from 1 to 1000"),
        (7, "expected a table"),
    ],
)
def test_bounds_are_refused_by_key(raw, message):
    with pytest.raises(SettingsError, match=message):
        parse_prices(raw)


@pytest.mark.parametrize(("mode", "starts"), [("on", False), ("share 5%", False), ("off", True), ("shadow", True)])
def test_no_price_changes_before_it_is_disclosed(mode, starts):
    (switch,) = [Strategy("offer", Mode(mode.partition(" ")[0]))]
    if starts:
        _check_prices(Settings(strategies=(switch,)))
    else:
        with pytest.raises(SettingsError, match="discloses") as caught:
            _check_prices(Settings(strategies=(switch,)))
        assert caught.value.code == "PRICES_UNDISCLOSED"
    _check_prices(Settings(strategies=(switch,), prices=Prices(disclosed=True)))


def test_an_experiment_is_no_way_around():
    arms = Variant("a", 0.5, all_off=True), Variant("b", 0.5, (Strategy("offer", Mode.ON),))
    with pytest.raises(SettingsError, match="discloses"):
        _check_prices(Settings(experiments=(Experiment("x", arms),)))


def test_offers_change_without_a_restart(tmp_path):
    path = tmp_path / "personalize.toml"
    path.write_text(TEXT)
    watch = SettingsWatch(load_settings({}, path), Telemetry(), environ={}, path=path)
    path.write_text(TEXT.replace("percent = 10", "percent = 20"))
    os.utime(path, (1, 1))
    fresh = watch.poll()
    assert fresh is not None
    assert fresh.offers[0].benefit == Percent(Decimal(20))


def test_offers_that_could_make_no_codes_are_refused():
    settings = Settings(
        strategies=(Strategy("offer", Mode.ON),), prices=Prices(disclosed=True),
        offers=parse_offers({"ten": {"currency": "EUR", "percent": 10, "budget": {"total": "5"}}}),
    )  # fmt: skip
    with pytest.raises(SettingsError, match="admin_url is empty"):
        _check_prices(settings)


def test_a_frequency_looks_no_further_back_than_promises_are_kept():
    ten = {"currency": "EUR", "percent": 10, "budget": {"total": "5"}, "frequency": {"times": 1, "days": 60}}
    offers = parse_offers({"ten": ten})
    _check_prices(Settings(offers=offers))
    _check_prices(Settings(offers=offers, events_days=0))
    with pytest.raises(SettingsError, match="counts 60 days"):
        _check_prices(Settings(offers=offers, events_days=30))
