"""Laws of who gets an offer: lots are sticky, even, independent; the knapsack keeps the budget; memory is no answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency

from personalize.decisions.offer import Offering, included
from personalize.domain.offers.deciding import Arm
from personalize.domain.offers.lots import EVEN, explored
from personalize.domain.offers.offer import Audience, Offer, Percent
from personalize.domain.profile import Profile
from personalize.domain.strategy import Mode, Strategy
from personalize.domain.visit import Trust, Visit, VisitorId
from personalize.experiments.assign import bucket, held_out, takes_part
from personalize.learning.uplift.knapsack import lasting, threshold
from tests.unit.spendings import spending

OFFER = Offer("ten", "EUR", Percent(Decimal(10)), explore=0.2)
UNITS = [f"visitor-{number}" for number in range(8_000)]
ALPHA = 1e-4  # offers and units are fixed, so this never fails by chance


def of(share, name="ten"):
    return replace(OFFER, name=name, explore=share)


def visit(unit, profile=None, at=1_760_000_000.0):
    return Visit(at, VisitorId(unit, Trust.SIGNED), profile=profile or Profile())


@given(st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_a_lot_stays_and_a_larger_share_keeps_it(unit, one, other):
    small, large = explored(of(min(one, other)), unit), explored(of(max(one, other)), unit)
    assert large == explored(of(max(one, other)), unit)
    assert small is None or small == large
    assert large is None or (large.explored and large.propensity == EVEN)


@given(st.text(max_size=40))
def test_all_or_nobody_is_explored(unit):
    assert explored(of(0.0), unit) is None
    assert explored(of(1.0), unit) is not None


@pytest.mark.parametrize("share", [0.05, 0.2, 1.0])
def test_arms_are_as_likely_as_they_say(share):
    lots = [lot for unit in UNITS if (lot := explored(of(share), unit)) is not None]
    assert binomtest(len(lots), len(UNITS), share).pvalue > ALPHA
    assert binomtest(sum(lot.arm is Arm.OFFER for lot in lots), len(lots), EVEN).pvalue > ALPHA


@pytest.mark.parametrize(
    "other",
    [
        lambda unit: included("ten", Audience(share=0.5), visit(unit)),
        lambda unit: bucket("ten", unit) < 0.5,
        lambda unit: held_out(unit, 0.5),
        lambda unit: takes_part(Strategy("ten", Mode.SHARE, 0.5), unit),
        lambda unit: (explored(of(0.5, "twenty"), unit) or (None,))[0] is Arm.OFFER,
    ],
    ids=["the audience's share", "an experiment", "the holdout", "a strategy's share", "another offer"],
)
def test_lots_are_independent_of(other):
    lots = {unit: explored(of(0.5), unit) for unit in UNITS}
    for told in (lambda unit: lots[unit] is not None, lambda unit: (explored(of(1.0), unit) or "")[0] is Arm.OFFER):
        table = np.zeros((2, 2))
        for unit in UNITS:
            table[int(told(unit)), int(other(unit))] += 1
        assert chi2_contingency(table).pvalue > ALPHA


EXACT = st.integers(-1_000, 1_000).map(lambda cents: cents / 100)
COSTS = st.lists(st.tuples(EXACT, st.integers(1, 1_000).map(lambda cents: cents / 100)), min_size=1, max_size=40)


@given(COSTS, st.floats(0, 12))
def test_who_is_above_the_threshold_keeps_the_budget(rows, budget):
    gain, cost = (np.array(values) for values in zip(*rows, strict=True))
    edge = threshold(gain, cost, budget)
    given = (gain > 0) & (gain / cost > edge)
    assert edge >= 0
    assert cost[given].sum() <= budget * len(rows) * (1 + 1e-9)
    left = (gain > 0) & ~given
    if left.any() and given.any():  # nobody left out earns more for the money than somebody who is given it
        assert (gain / cost)[left].max() <= (gain / cost)[given].min()
    if left.any():  # and the budget would not have reached the best of them and those as good
        alike = (gain > 0) & (gain / cost >= edge)
        assert cost[alike].sum() > budget * len(rows) * (1 - 1e-9)
    assert threshold(gain, cost, None) == 0.0
    assert 0 <= lasting(cost, budget) <= 1


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(UNITS[:3]), st.integers(0, 4), st.integers(0, 3)), max_size=12))
def test_asking_again_gives_the_same_and_memory_changes_nothing(asked):
    offers, models = [of(0.0), of(0.3, "five")], {"ten": spending("ten"), "five": spending("five", worth=1.0)}
    remembering = Offering(models)
    for unit, orders, hours in asked:
        one = visit(unit, Profile(version=orders + 1, orders=orders), 1_760_000_000.0 + hours * 1800)
        lots = remembering.lots(one, offers)
        assert lots == Offering(models).lots(one, offers) == remembering.lots(one, offers)
        assert list(remembering.wanted(one, offers)) == [name for name, lot in lots.items() if lot.arm is Arm.OFFER]
