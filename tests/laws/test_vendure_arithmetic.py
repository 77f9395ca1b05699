"""Laws of Vendure's arithmetic: a price that is told holds for every number of pieces, and the nearest one is told."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import AmountOff, FreeShipping, Percent
from personalize.shops.vendure.arithmetic import PIECES, TRIES, js_round, line, net_of, percent_for, shown_of
from personalize.shops.vendure.channel import Channel

units = st.integers(1, 10**7)
rates = st.one_of(st.sampled_from([0.0, 2.6, 5.5, 7.0, 8.1, 19.0, 20.0, 21.0, 25.0, 27.0]), st.floats(0, 60))
currencies = st.sampled_from(["EUR", "JPY", "KWD"])


def channel(*, gross: bool, precision: int = 2) -> Channel:
    return Channel(gross, "EUR", "en", precision, frozenset(), ())


@given(st.floats(-1e9, 1e9))
def test_rounding_is_that_of_javascript(value: float) -> None:
    assert abs(js_round(value) - value) <= 0.5
    assert js_round(int(value) + 0.5) == int(value) + 1


@given(units, rates)
def test_the_net_price_behind_a_shown_one_is_found(net: int, rate: float) -> None:
    assert net_of(shown_of(net, rate), rate) in (net, None)
    if rate < 50:
        assert net_of(shown_of(net, rate), rate) == net


@given(units, units, st.integers(1, 50), st.one_of(st.none(), rates))
def test_a_percentage_is_exact_for_all_pieces_or_none(unit: int, price: int, pieces: int, tax: float | None) -> None:
    percent = percent_for(unit, price, pieces, tax)
    if percent is not None:
        assert 0 < percent <= 100
        assert all(line(unit, percent, n, tax) == n * price for n in range(1, pieces + 1))
    elif tax is None:
        assert price >= unit


@given(units, st.data())
def test_prices_with_tax_in_them_are_always_exact(unit: int, data: st.DataObject) -> None:
    price = data.draw(st.integers(0, unit - 1))
    assert percent_for(unit, price, 20, None) is not None


@given(units, st.decimals("0.01", "100", places=2), rates, st.booleans(), currencies, st.integers(0, 3))
def test_what_is_charged_is_never_under_the_benefit_nor_far_above(
    net: int, percent: Decimal, rate: float, gross: bool, currency: str, precision: int
) -> None:
    shop = channel(gross=gross, precision=precision)
    try:
        listed = shop.money(net if gross else shown_of(net, rate), currency)
    except Exception:
        assume(False)
    exact = shop.price(Percent(percent), listed, rate, 1)
    aim = listed.amount * (100 - percent) / 100
    step = max(Decimal(1).scaleb(-precision), Money(1, currency).amount)
    if exact is None:
        assert not gross or listed.amount - aim <= step
    else:
        assert aim <= exact.price.amount < aim + step * (1 if gross else TRIES)
        assert exact.price < listed
        unit, tax = (net, None) if gross else (net, rate)
        shown = int(exact.price.amount.scaleb(precision))
        assert all(line(unit, exact.percent, n, tax) == n * shown for n in range(1, PIECES + 1))


@given(st.integers(2_000, 10**6), st.sampled_from([5.5, 7.0, 19.0, 20.0, 25.0]), st.integers(1, 50))
def test_usual_prices_have_an_exact_one_near(net: int, rate: float, percent: int) -> None:
    listed = Money(shown_of(net, rate), "EUR")
    exact = channel(gross=False).price(Percent(Decimal(percent)), listed, rate, 5)
    assert exact is not None


def test_what_lowers_no_price() -> None:
    shop, listed = channel(gross=True), Money(1_000, "EUR")
    for benefit in (
        FreeShipping(), Percent(Decimal(0)), Percent(Decimal(101)), AmountOff(Money(1_000, "EUR")),
        AmountOff(Money(100, "USD")), AmountOff(Money(0, "EUR")), Percent(Decimal("0.01")),
    ):  # fmt: skip
        assert shop.price(benefit, listed, 19.0, 1) is None
    assert channel(gross=False).price(Percent(Decimal(10)), listed, None, 1) is None, "a tax that is not known"
    exact = shop.price(Percent(Decimal(100)), listed, None, 1)
    assert exact is not None
    assert exact.price == Money(0, "EUR")
