"""The figures behind a report: effects, sequences, ratios, corrections, power; by a kept library and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from bench.quality import experiments
from bench.quality.trials import Street
from personalize.experiments import sample_ratio
from personalize.experiments.corrections import benjamini_hochberg, holm
from personalize.experiments.effects import Arm, compare
from personalize.experiments.power import effect_for, errors_needed, spread_of, units_for
from personalize.experiments.sequences import boundaries, boundary, fixed_boundary, fixed_p, tuning, watched_p

RHO2 = tuning(1_000)


def _measured():
    rng = np.random.default_rng(7)
    new = np.arange(1_000) % 3 == 0
    past = rng.poisson(4, 1_000).astype(float)
    lists = 1 + rng.poisson(3, 1_000).astype(float)
    clicks = rng.binomial(lists.astype(int), 0.3 + 0.1 * new).astype(float)
    revenue = np.round(np.exp(rng.normal(2, 1, 1_000)) * (1 + 0.2 * new) + past, 2)
    return new, past, lists, clicks, revenue


MEAN = (1.3960446674, -1.7383520770, 4.5304414118, 0.0787787529, -0.0880765485, 0.2761636909, 0.3826858741)
RATIO = (0.0899185608, 0.0581439092, 0.1216932125, 0.2962485418, 0.1862242169, 0.4164778110, 2.914952e-08)
CUPED = (1.4433850955, -1.6896771454, 4.5764473434, 0.0815229108, -0.0855469262, 0.2791162718, 0.3665550999)
"""Difference and its interval, lift and its interval, p: as tea-tasting 1.14 tells them of `_measured`, by
Mean("revenue"), RatioOfMeans("clicks", "lists"), Mean("revenue", "past"); use_t=False, equal_var=False."""


@pytest.mark.parametrize(
    ("kind", "told", "within"), [("mean", MEAN, 1e-8), ("ratio", RATIO, 1e-6), ("cuped", CUPED, 2e-3)]
)
def test_as_a_kept_library_tells_it(kind, told, within):
    """Its CUPED takes the slope over both arms at once, ours within the arms, hence the wider tolerance."""
    new, past, lists, clicks, revenue = _measured()
    value, per = (clicks, lists) if kind == "ratio" else (revenue, None)
    before = past[:, None] if kind == "cuped" else None

    def arm(rows):
        return Arm(value[rows], None if per is None else per[rows], None if before is None else before[rows])

    found = compare(arm(~new), arm(new), RHO2)
    assert (found.difference, *found.fixed, found.lift, *found.lift_fixed, found.p_fixed) == pytest.approx(
        told, rel=within, abs=1e-10
    )


def test_power_as_a_kept_library_tells_it():
    """tea-tasting 1.14: solve_power of the mean above for +2 % with 80 % gives 129,523 units."""
    arm = Arm(_measured()[4])
    assert units_for(0.02 * arm.level, spread_of(arm), watched=False) == pytest.approx(129_523, abs=2)


@given(st.integers(100, 10_000_000), st.sampled_from([0.01, 0.05]))
def test_a_sequence_is_narrowest_where_it_was_planned(planned, alpha):
    best = minimize_scalar(
        lambda rho: float(boundary(planned, math.exp(rho), alpha)), bounds=(-25, 5), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    assert boundary(planned, tuning(planned, alpha), alpha) == pytest.approx(best.fun, rel=1e-6)


@given(st.floats(100, 1e7), st.floats(0.001, 0.5))
def test_a_watched_p_is_the_alpha_whose_interval_ends_at_nothing(units, alpha):
    assert watched_p(boundary(units, RHO2, alpha), units, RHO2) == pytest.approx(alpha)
    assert boundary(units, RHO2, alpha) > fixed_boundary(alpha)
    assert fixed_p(fixed_boundary(alpha)) == pytest.approx(alpha)


def test_the_boundary_of_a_walk_is_crossed_by_fewer_than_allowed():
    rng = np.random.default_rng(3)
    steps = np.arange(1, 4_001)
    edge = boundaries(steps, tuning(1_000))
    crossed = [bool((np.abs(rng.normal(size=4_000).cumsum() / np.sqrt(steps)) > edge).any()) for _ in range(1_000)]
    assert 0.01 < np.mean(crossed) <= 0.05


@given(st.lists(st.floats(0, 1), max_size=12))
def test_corrections_raise_and_keep_the_order(p_values):
    for adjust in (holm, benjamini_hochberg):
        found = adjust(p_values)
        assert all(one >= p - 1e-12 and one <= 1 for one, p in zip(found, p_values, strict=True))
        order = np.argsort(p_values, kind="stable")
        assert np.all(np.diff(np.array(found)[order]) >= -1e-12)


def test_corrections_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_a_wrong_ratio_gives_alarm_and_a_right_one_none():
    fair = sample_ratio.judge([5_020, 4_980], [0.5, 0.5])
    wrong = sample_ratio.judge([5_250, 4_750], [1, 1])
    assert (fair.halt, wrong.halt) == (False, True)
    assert wrong.p == pytest.approx(5.7e-7, rel=0.02)  # chi-square 25 of one degree
    assert wrong.p < wrong.p_watched < sample_ratio.HALT
    assert sample_ratio.judge([0, 0], [0.5, 0.5]).p == 1.0


def test_where_nothing_can_be_told_nothing_is():
    same = Arm(np.ones(50))
    assert compare(same, same, RHO2) is None
    assert compare(Arm(np.arange(5.0), np.zeros(5)), Arm(np.arange(5.0), np.ones(5)), RHO2) is None
    negative = compare(Arm(np.arange(9.0) - 10), Arm(np.arange(9.0)), RHO2)
    assert math.isnan(negative.lift)
    assert negative.difference == 10


def test_effects_and_units_answer_each_other():
    for watched in (False, True):
        units = units_for(0.1, 2.0, 3, watched=watched)
        assert effect_for(units, 2.0, 3, watched=watched) == pytest.approx(0.1, rel=1e-3)
    assert errors_needed(watched=True) > errors_needed(watched=False)


def test_nothing_is_found_too_often_where_nothing_differs():
    """A hundred smaller trials than the benchmark's 2,000; the bounds are what chance leaves of 5 %."""
    told = experiments.nothing_differs(100, 1, Street(a_day=100, days=14))
    for end, naive, watched, _ in told.values():
        assert 0.0 <= end <= 0.12
        assert watched <= 0.05 < naive


def test_what_is_there_is_found_as_planned_and_watched_intervals_hold_it():
    (units, found), (more, watched) = experiments.found_as_planned(60, 1, effect=0.1).values()
    assert 0.65 <= found <= 0.95
    assert watched >= 0.65
    assert more > units
    assert experiments.watched_cover(40, 1) >= 0.95


def test_guardrails_end_what_harms_and_let_the_rest_go_on():
    """Two guardrails, looked at daily over 14 days: a fortieth of the experiments each may be ended for nothing."""
    assert experiments.rolled_back(100, 1, Street(a_day=100, days=14))[0] <= 0.05
    assert experiments.rolled_back(30, 1, Street(a_day=200, days=14, lift=-0.6))[0] >= 0.8


def test_lost_visitors_give_alarm():
    assert experiments.alarms(200, 1, 0.0)[0] <= 0.01
    assert experiments.alarms(50, 1, 0.1)[0] >= 0.99
