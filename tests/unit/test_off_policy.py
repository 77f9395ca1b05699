"""Off-policy estimates: exact on small logs, right on average, covering, refused where the log cannot answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.off_policy import World, coverage
from personalize.errors import EvidenceError
from personalize.learning.off_policy import Logged, Target, bernstein, difference, effective_size, estimate, interval
from personalize.learning.policies_model import as_columns, foresee

LOGS = 400
SPREAD = 3.9 * np.sqrt(0.05 * 0.95 / LOGS)  # a coverage of 95 % leaves this band once in ten thousand tests


def a_log(n: int, seed: int = 0) -> tuple[Logged, np.ndarray]:
    """Two arms, the second with propensity 0.2 and a reward three times as likely; and which arm was drawn."""
    rng = np.random.default_rng(seed)
    second = rng.random(n) < 0.2
    reward = rng.random(n) < np.where(second, 0.6, 0.2)
    return Logged.of(reward, np.where(second, 0.2, 0.8)), second


@pytest.mark.parametrize("world", [World("clicks", units=1_500), World("amounts", units=1_500, spend=True)])
def test_the_intervals_cover_and_the_estimates_are_unbiased(world: World) -> None:
    for (figure, method), (cover, _, _, off) in coverage(world, LOGS, seed=3).items():
        assert abs(cover - 0.95) < SPREAD, (figure, method, cover)
        assert abs(off) < 4.5 or method == "snips", (figure, method, off)


def test_estimates_by_hand() -> None:
    logged = Logged.of([1, 0] * 200, [0.5, 0.25] * 200)
    target = Target(np.array([0.5, 0.25] * 200), np.full(400, 0.25), np.full(400, 0.5))
    assert estimate(logged, target).value == 0.5
    assert estimate(logged, target, "snips").value == 0.5
    assert estimate(logged, target, "dr").value == pytest.approx(0.5 + 0.5 - 0.25)
    uneven = Target(np.tile([0.25, 0.375], 200))
    assert estimate(logged, uneven).value == pytest.approx(0.25)
    assert estimate(logged, uneven, "snips").value == pytest.approx(0.25)
    assert estimate(logged, uneven).effective == pytest.approx(400**2 / (200 * (0.25 + 2.25)))


def test_a_policy_that_did_what_was_done_is_the_mean() -> None:
    logged, _ = a_log(3_000)
    same = Target(logged.propensity, np.zeros(3_000), np.zeros(3_000))
    for method in ("ips", "snips", "dr"):
        assert estimate(logged, same, method).value == pytest.approx(logged.reward.mean())  # type: ignore[arg-type]
        assert difference(logged, same, same, method).low == 0.0  # type: ignore[arg-type]
    assert estimate(logged, same).effective == pytest.approx(3_000)


def test_a_difference_is_paired() -> None:
    logged, second = a_log(4_000)
    new, old = Target(second.astype(float)), Target(np.where(second, 0.9, 0.1))
    found = difference(logged, new, old)
    assert found.value == pytest.approx(estimate(logged, new).value - estimate(logged, old).value)
    one, other = estimate(logged, new), estimate(logged, old)
    assert found.high - found.low < 0.3 * ((one.high - one.low) + (other.high - other.low))


def test_units_of_one_visitor_count_as_one() -> None:
    reward = np.repeat(np.random.default_rng(1).random(300) < 0.3, 10).astype(float)
    visitor = np.repeat(np.arange(300), 10)
    same = Target(np.full(3_000, 0.5))
    alone = estimate(Logged.of(reward, np.full(3_000, 0.5)), same)
    together = estimate(Logged.of(reward, np.full(3_000, 0.5), visitor), same)
    assert together.value == pytest.approx(alone.value)
    assert together.effective == pytest.approx(300)
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(10), rel=0.05)


def test_what_a_log_cannot_answer_is_refused() -> None:
    logged, second = a_log(300)
    with pytest.raises(EvidenceError) as caught:
        estimate(logged, Target(second.astype(float)))
    assert caught.value.code == "SAMPLE_TOO_SMALL"
    assert "at least 100" in caught.value.message
    assert caught.value.hint
    logged, second = a_log(5_000)
    wrong = Logged(logged.reward, np.full(5_000, 0.5))
    with pytest.raises(EvidenceError) as caught:
        estimate(wrong, Target(second.astype(float)))
    assert caught.value.code == "PROPENSITIES_WRONG"
    rare = Logged.of(np.arange(5_000) < 5, np.full(5_000, 0.5))
    with pytest.raises(EvidenceError) as caught:
        estimate(rare, Target(np.full(5_000, 0.5)))
    assert caught.value.code == "REWARDS_TOO_FEW"
    with pytest.raises(EvidenceError) as caught:
        difference(logged, Target(logged.propensity), Target(np.zeros(5_000)))
    assert "held against" in caught.value.message


@pytest.mark.parametrize(
    ("reward", "propensity", "probability", "code"),
    [
        ([1.0], [0.0], [1.0], "EVIDENCE_PROPENSITY"),
        ([1.0], [1.5], [1.0], "EVIDENCE_PROPENSITY"),
        ([1.0], [float("nan")], [1.0], "EVIDENCE_PROPENSITY"),
        ([float("inf")], [0.5], [1.0], "EVIDENCE_REWARD"),
        ([1.0, 2.0], [0.5], [1.0], "EVIDENCE_SHAPE"),
        ([1.0], [0.5], [1.0, 0.5], "EVIDENCE_SHAPE"),
        ([1.0], [0.5], [1.5], "EVIDENCE_PROBABILITY"),
        ([1.0], [0.5], [float("nan")], "EVIDENCE_PROBABILITY"),
        ([], [], [], "SAMPLE_TOO_SMALL"),
    ],
)
def test_what_is_no_log_is_named(
    reward: list[float], propensity: list[float], probability: list[float], code: str
) -> None:
    with pytest.raises(EvidenceError) as caught:
        estimate(Logged.of(reward, propensity), Target(np.array(probability)))
    assert caught.value.code == code


def test_a_model_is_asked_for_where_it_is_needed() -> None:
    logged, _ = a_log(2_000)
    with pytest.raises(EvidenceError) as caught:
        estimate(logged, Target(logged.propensity), "dr")
    assert caught.value.code == "EVIDENCE_MODEL"


def test_a_good_model_narrows_the_doubly_robust_interval() -> None:
    rng = np.random.default_rng(2)
    context = rng.normal(0, 1, (4_000, 2))
    arm = rng.integers(0, 2, 4_000)
    reward = 5 + context[:, 0] * 3 + arm + rng.normal(0, 0.5, 4_000)
    foreseen = foresee(context, arm, 2, reward)
    logged = Logged.of(reward, np.full(4_000, 0.5))
    target = Target(arm.astype(float), foreseen[np.arange(4_000), arm], foreseen[:, 1])
    ips, dr = estimate(logged, target), estimate(logged, target, "dr")
    assert dr.low < 6 < dr.high
    assert dr.high - dr.low < 0.5 * (ips.high - ips.low)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50).filter(lambda values: sum(values) > 1e-3))
def test_the_effective_size_lies_between_one_and_all(weights: list[float]) -> None:
    size = effective_size(np.array(weights))
    assert 1 - 1e-9 <= size <= len(weights) + 1e-9
    assert effective_size(3 * np.array(weights)) == pytest.approx(size)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_an_interval_holds_its_mean_and_moves_with_the_scores(scores: list[float], scale: float, shift: float) -> None:
    values = np.array(scores)
    low, high = interval(values)
    size = 1e-6 * (1 + np.abs(values).max())
    assert low <= values.mean() + size
    assert high >= values.mean() - size
    moved = interval(values * scale + shift)
    slack = 1e-5 * (1 + abs(shift) + scale * (np.abs(values).max() + high - low))
    if high - low > 1e-3:
        assert moved == (pytest.approx(low * scale + shift, abs=slack), pytest.approx(high * scale + shift, abs=slack))
    wide = bernstein(values, float(np.ptp(values)))
    assert wide[0] <= values.mean() + size
    assert wide[1] >= values.mean() - size


def test_skewed_scores_move_the_interval_to_the_right() -> None:
    low, high = interval(np.random.default_rng(0).exponential(1.0, 60) ** 3)
    mean = float((np.random.default_rng(0).exponential(1.0, 60) ** 3).mean())
    assert high - mean > 1.3 * (mean - low)
    assert interval(np.ones(5)) == (1.0, 1.0)
    assert interval(np.ones(1)) == (-np.inf, np.inf)


def test_heavy_tails_widen_the_interval() -> None:
    calm, heavy = np.tile([1.0, -1.0], 200), np.r_[np.zeros(392), np.tile([1.0, -1.0], 4)]  # a kurtosis of 1 and of 50
    for values, quantile in ((calm, 1.966), (heavy, 2.116)):  # t with 399 and with 800 / 48.8 degrees of freedom
        low, high = interval(values)
        assert (high - low) / 2 == pytest.approx(quantile * values.std(ddof=1) / 20, rel=0.001)


def test_columns_of_text_become_numbers() -> None:
    found = as_columns({"n": ["1", "", "3"], "word": ["a", "b", "a"], "mixed": ["1", "x", "1"]})
    assert found.tolist() == [[1, 1, 0, 1, 0], [2, 0, 1, 0, 1], [3, 1, 0, 1, 0]]
    assert as_columns({}).shape[1] == 0
