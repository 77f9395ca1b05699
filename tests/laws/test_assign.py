"""The law of assignment: deterministic, sticky, uniform, independent; no better arm by a header."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from personalize.domain.experiment import (
    HELD,
    HOLDOUT,
    SERVED,
    AssignedBy,
    Assignment,
    Experiment,
    Namespace,
    Unit,
    Variant,
)
from personalize.domain.strategy import Mode, Strategy
from personalize.experiments.assign import (
    assign,
    bucket,
    bucket_ranges,
    choose,
    fnv32a,
    held_out,
    running,
    takes_part,
    within,
)

UNITS = [f"visitor-{number}" for number in range(20_000)]
ALPHA = 1e-4  # seeds and units are fixed, so this never fails by chance


def _experiment(name, weights=(0.5, 0.5), by=AssignedBy.HASH, coverage=1.0):
    variants = tuple(Variant(f"v{number}", weight) for number, weight in enumerate(weights))
    return Experiment(name, variants, by, coverage, name)


@pytest.mark.parametrize(("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_the_hash_is_fnv_1a(text, value):
    """Test vectors of the hash's authors."""
    assert fnv32a(text) == value


@pytest.mark.parametrize(
    ("seed", "unit", "place"), [("seed", "a", 0.0505), ("seed", "b", 0.2696), ("foo", "def", 0.2019)]
)
def test_the_bucket_is_growthbooks_version_2(seed, unit, place):
    """Facts of the GrowthBook SDK specification."""
    assert bucket(seed, unit) == place


@pytest.mark.parametrize(
    ("arguments", "ranges"),
    [
        ((2, 0.5, None), ((0, 0.25), (0.5, 0.75))),
        ((2, 1.5, None), ((0, 0.5), (0.5, 1))),
        ((2, -1, None), ((0, 0), (0.5, 0.5))),
        ((3, 0.2, [0.2, 0.3, 0.5]), ((0, 0.04), (0.2, 0.26), (0.5, 0.6))),
        ((2, 1, [0.4, 0.1]), ((0, 0.5), (0.5, 1))),
    ],
)
def test_ranges(arguments, ranges):
    assert [pytest.approx(pair) for pair in bucket_ranges(*arguments)] == list(ranges)


def test_choosing_takes_the_low_end_and_leaves_the_high_one():
    ranges = ((0.0, 0.25), (0.5, 0.75))
    assert [choose(place, ranges) for place in (0.0, 0.25, 0.5, 0.75)] == [0, -1, 1, -1]


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_bucket_is_deterministic_and_within_bounds(seed, unit):
    assert bucket(seed, unit) == bucket(seed, unit)
    assert 0.0 <= bucket(seed, unit) < 1.0


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.1, 0.9), (0.2, 0.3, 0.5)])
def test_assignment_follows_the_weights(weights):
    experiment = _experiment("uniform", weights)
    counts = dict.fromkeys((variant.name for variant in experiment.variants), 0)
    for unit in UNITS:
        (assignment,) = assign([experiment], {Unit.VISITOR: unit}, {}, hashed=True)
        counts[assignment.variant] += 1
    assert chisquare(list(counts.values()), [weight * len(UNITS) for weight in weights]).pvalue > ALPHA


@pytest.mark.parametrize("pair", [("one", "two"), ("order", "order-2"), ("a", "b")])
def test_experiments_are_independent(pair):
    one, two = (_experiment(name) for name in pair)
    table = [[0, 0], [0, 0]]
    for unit in UNITS:
        first, second = assign([one, two], {Unit.VISITOR: unit}, {}, hashed=True)
        table[first.variant == "v1"][second.variant == "v1"] += 1
    assert chi2_contingency(table).pvalue > ALPHA


def test_a_share_is_independent_of_an_experiment_of_the_same_name():
    experiment, strategy = _experiment("ranker"), Strategy("ranker", Mode.SHARE, 0.5)
    table = [[0, 0], [0, 0]]
    for unit in UNITS:
        (assignment,) = assign([experiment], {Unit.VISITOR: unit}, {}, hashed=True)
        table[assignment.variant == "v1"][takes_part(strategy, unit)] += 1
    assert chi2_contingency(table).pvalue > ALPHA


@given(st.sampled_from(UNITS), st.floats(0, 1), st.floats(0, 1))
def test_a_growing_share_keeps_who_was_in(unit, one, two):
    low, high = sorted((one, two))
    if takes_part(Strategy("ranker", Mode.SHARE, low), unit):
        assert takes_part(Strategy("ranker", Mode.SHARE, high), unit)


def test_a_share_is_its_share():
    strategy = Strategy("ranker", Mode.SHARE, 0.1)
    inside = sum(takes_part(strategy, unit) for unit in UNITS)
    assert chisquare([inside, len(UNITS) - inside], [0.1 * len(UNITS), 0.9 * len(UNITS)]).pvalue > ALPHA
    assert not any(takes_part(Strategy("ranker", Mode.SHARE, 0.0), unit) for unit in UNITS[:500])
    assert all(takes_part(Strategy("ranker", Mode.SHARE, 1.0), unit) for unit in UNITS[:500])


def test_coverage_leaves_the_rest_out():
    experiment = _experiment("covered", coverage=0.4)
    taking = sum(bool(assign([experiment], {Unit.VISITOR: unit}, {}, hashed=True)) for unit in UNITS)
    assert chisquare([taking, len(UNITS) - taking], [0.4 * len(UNITS), 0.6 * len(UNITS)]).pvalue > ALPHA


@given(st.sampled_from(UNITS), st.sampled_from(["v0", "v1"]))
def test_a_header_never_moves_a_hashed_unit(unit, wish):
    experiment = _experiment("price")
    assert assign([experiment], {Unit.VISITOR: unit}, {"price": wish}, hashed=True) == assign(
        [experiment], {Unit.VISITOR: unit}, {}, hashed=True
    )


LARGE = [f"unit-{number:06d}" for number in range(100_000)]


def test_a_hundred_thousand_units_fall_evenly_and_experiments_are_independent():
    one = np.array([bucket("first", unit) for unit in LARGE])
    two = np.array([bucket("second", unit) for unit in LARGE])
    held = np.array([held_out(unit, 0.02) for unit in LARGE])
    for places in (one, two):
        assert chisquare(np.bincount((places * 100).astype(int), minlength=100)).pvalue > ALPHA
    table = np.histogram2d(one, two, bins=10, range=[[0, 1], [0, 1]])[0]
    assert chi2_contingency(table).pvalue > ALPHA
    assert chisquare([held.sum(), (~held).sum()], [2_000, 98_000]).pvalue > ALPHA
    assert chi2_contingency(np.histogram2d(one, held, bins=[10, 2])[0]).pvalue > ALPHA


def test_a_namespace_shares_units_out():
    low, high = Namespace("listing", 0.0, 0.4), Namespace("listing", 0.4, 1.0)
    inside = np.array([within(low, unit) for unit in LARGE])
    assert (inside != np.array([within(high, unit) for unit in LARGE])).all()
    assert chisquare([inside.sum(), (~inside).sum()], [40_000, 60_000]).pvalue > ALPHA
    other = np.array([within(Namespace("search", 0.0, 0.4), unit) for unit in LARGE])
    assert chi2_contingency(np.histogram2d(inside, other, bins=2)[0]).pvalue > ALPHA
    first, second = (replace(_experiment(name), namespace=part) for name, part in (("one", low), ("two", high)))
    for unit in UNITS[:1_000]:
        assert len(assign([first, second], {Unit.VISITOR: unit}, hashed=True)) == 1


def test_a_namespace_is_version_1_of_the_hash():
    """Worked out anew: FNV-1a of unit, two underscores and name, of which the last three digits count."""
    value = reduce(lambda so_far, byte: (so_far ^ byte) * 0x01000193 % 2**32, b"1__listing", 0x811C9DC5)
    assert value % 1000 == 338
    assert within(Namespace("listing", 0.338, 0.339), "1")
    assert not within(Namespace("listing", 0.339, 1.0), "1")


@given(st.sampled_from(UNITS), st.floats(0, 0.5), st.floats(0, 0.5))
def test_who_is_held_out_is_in_nothing_and_stays_so_while_the_share_grows(unit, one, two):
    low, high = sorted((one, two))
    experiments = [_experiment("hash"), _experiment("head", by=AssignedBy.HEADER)]
    told = assign(experiments, {Unit.VISITOR: unit}, {"head": "v1"}, hashed=True, holdout=high)
    if held_out(unit, low):
        assert told == (Assignment(HOLDOUT, HELD, AssignedBy.HASH),)
        assert running((Strategy("popularity", Mode.ON),), experiments, told, unit, hashed=True) == {}
        forced = assign(experiments, {Unit.VISITOR: unit}, hashed=True, forced={"hash": "v1"}, holdout=high)
        assert forced == (Assignment("hash", "v1", AssignedBy.TOKEN),)
    elif not held_out(unit, high) and high > 0:
        assert told[0] == Assignment(HOLDOUT, SERVED, AssignedBy.HASH)
        assert len(told) == 3


def test_only_those_whom_hashing_is_allowed_for_are_held_out():
    assert assign([], {Unit.VISITOR: "visitor"}, hashed=False, holdout=0.5) == ()
    assert assign([], {}, hashed=True, holdout=0.5) == ()


def test_the_unit_is_the_one_declared():
    by_session = replace(_experiment("order"), unit=Unit.SESSION)
    by_account = replace(_experiment("order"), unit=Unit.ACCOUNT)
    units = {Unit.VISITOR: "visitor", Unit.SESSION: "session"}
    plain = assign([_experiment("order")], {Unit.VISITOR: "session"}, hashed=True)
    assert assign([by_session], units, hashed=True) == plain
    assert assign([by_account], units, hashed=True) == ()


def test_no_header_and_no_token_buys_a_better_price():
    cheap = Variant("cheap", 0.5, (Strategy("offer", Mode.ON), Strategy("ranker", Mode.ON)))
    full = Variant("full", 0.5, (Strategy("offer", Mode.OFF),))
    experiment = Experiment("price", (cheap, full), AssignedBy.HEADER)

    def modes(variant, by, base):
        assigned = [Assignment("price", variant, by)]
        return running(base, [experiment], assigned, "unit", hashed=True, pricing=("offer",))

    for by in (AssignedBy.HEADER, AssignedBy.TOKEN):
        assert modes("cheap", by, ()) == {"ranker": Mode.ON}
        assert modes("full", by, (Strategy("offer", Mode.ON),)) == {}
    assert modes("cheap", AssignedBy.HASH, ()) == {"offer": Mode.ON, "ranker": Mode.ON}


def test_who_may_not_be_hashed_is_in_nothing_but_what_the_storefront_says():
    experiments = [_experiment("hash"), _experiment("head", by=AssignedBy.HEADER)]
    asked = {"head": "v1"}
    assert assign(experiments, {Unit.VISITOR: "visitor"}, asked, hashed=False) == (
        Assignment("head", "v1", AssignedBy.HEADER),
    )
    assert assign(experiments, {}, {}, hashed=True) == ()
    share = (Strategy("ranker", Mode.SHARE, 1.0), Strategy("popularity", Mode.ON))
    assert running(share, (), (), None, hashed=True) == {"popularity": Mode.ON}
    assert running(share, (), (), "visitor", hashed=False) == {"popularity": Mode.ON}
    assert running(share, (), (), "visitor", hashed=True) == {"ranker": Mode.ON, "popularity": Mode.ON}


def test_a_variants_switches_replace_the_operators_by_name():
    control = Variant("control", 0.5, all_off=True)
    new = Variant("new", 0.5, (Strategy("ranker", Mode.SHADOW), Strategy("popularity", Mode.OFF)))
    experiment = Experiment("order", (control, new), AssignedBy.HEADER)
    base = (Strategy("popularity", Mode.ON), Strategy("ranker", Mode.ON))

    def modes(variant):
        return running(base, [experiment], [Assignment("order", variant, AssignedBy.HEADER)], None, hashed=False)

    assert modes("control") == {}
    assert modes("new") == {"ranker": Mode.SHADOW}
    assert modes("unknown") == {"popularity": Mode.ON, "ranker": Mode.ON}
    assert list(running(base, [], [], None, hashed=False)) == ["popularity", "ranker"]
