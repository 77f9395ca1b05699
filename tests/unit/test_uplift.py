"""Uplift's parts: what is judged, chosen and believed, which columns are learned from, which are refused or suspect."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.errors import EvidenceError
from personalize.learning.uplift.campaign import read_campaign
from personalize.learning.uplift.choose import believed, choose
from personalize.learning.uplift.columns import read_features
from personalize.learning.uplift.denied import denied
from personalize.learning.uplift.judge import qini, top, worth
from personalize.learning.uplift.learners import Learned
from personalize.learning.uplift.suspects import after_the_arm, stand_ins, warnings
from personalize.learning.uplift.trees import Sum


def by_hand(rank: list[float], outcome: list[float], treated: list[int]) -> float:
    """The Qini area as its definition says, row by row."""
    rows = sorted(zip(rank, outcome, treated, strict=True), key=lambda row: -row[0])
    n, q = len(rows), [0.0]
    for size in range(1, n + 1):
        first = rows[:size]
        many = sum(t for _, _, t in first)
        few = size - many
        ours = sum(y for _, y, t in first if t)
        theirs = sum(y for _, y, t in first if not t)
        q.append((ours - (theirs * many / few if few else 0.0)) / n)
    return sum((a + b) / 2 for a, b in pairwise(q)) / n - q[-1] / 2


@given(
    st.lists(st.tuples(st.floats(-5, 5, width=32), st.integers(0, 3), st.integers(0, 1)), min_size=2, max_size=40,
             unique_by=lambda row: row[0])
)  # fmt: skip
def test_qini_is_its_definition(rows: list[tuple[float, int, int]]) -> None:
    rank, outcome, treated = (np.array(column, float) for column in zip(*rows, strict=True))
    expected = by_hand(rank.tolist(), outcome.tolist(), treated.astype(int).tolist())
    assert qini(rank, outcome, treated) == pytest.approx(expected, abs=1e-9)


def test_rows_of_one_rank_stand_in_no_order() -> None:
    outcome, treated = np.array([1.0, 0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0])
    assert qini(np.zeros(4), outcome, treated) == 0.0
    assert top(np.zeros(4), outcome, treated) == pytest.approx(0.0)
    rng = np.random.default_rng(1)
    y, t, rank = rng.random(300), (rng.random(300) < 0.5).astype(float), rng.integers(0, 3, 300).astype(float)
    turned = rng.permutation(300)
    assert qini(rank, y, t) == pytest.approx(qini(rank[turned], y[turned], t[turned]))
    assert top(rank, y, t) == pytest.approx(top(rank[turned], y[turned], t[turned]))


def test_the_first_third_of_ten() -> None:
    rank = np.arange(10.0)[::-1]
    treated = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0], float)
    outcome = np.array([4, 1, 2, 0, 0, 0, 0, 0, 0, 0], float)
    assert top(rank, outcome, treated) == pytest.approx(3 - 1)
    assert np.isnan(top(rank, outcome, np.ones(10)))


def test_the_plainest_within_reach_of_the_best_is_chosen() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=4_000)
    score = 0.2 * truth + rng.normal(size=4_000)
    plain = Learned("plain", truth + 0.02 * rng.normal(size=4_000), Sum([]))
    best = Learned("best", truth, Sum([]))
    noise = Learned("noise", rng.normal(size=4_000), Sum([]))
    assert choose([plain, best], score)[0] is plain
    assert choose([noise, best], score)[0] is best
    assert choose([noise, plain, best], score)[0] is not noise


def test_noise_is_not_believed_and_truth_is() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=5_000)
    assert believed(truth, 0.5 * truth + rng.normal(size=5_000)) == pytest.approx(0.5, abs=0.06)
    assert np.mean([believed(rng.normal(size=500), rng.normal(size=500)) for _ in range(200)]) < 0.02
    assert believed(truth, -truth) == 0.0
    assert believed(np.ones(50), rng.normal(size=50)) == 0.0


def test_a_policy_against_the_constant() -> None:
    rng = np.random.default_rng(4)
    suits = rng.integers(0, 2, 4_000)
    arm = rng.choice(2, 4_000, p=[0.3, 0.7])
    outcome = (rng.random(4_000) < np.where(arm == suits, 0.3, 0.1)).astype(float)
    learned = worth(outcome, arm, 2, suits, 1)
    assert learned.verdict == "learned"
    assert learned.low < learned.learned - learned.best_constant < learned.high
    assert learned.low < 0.1 < learned.high
    same = worth(outcome, arm, 2, np.ones(4_000, int), 1)
    assert (same.low, same.high, same.verdict) == (0.0, 0.0, "keep the constant")
    assert same.learned == pytest.approx(outcome[arm == 1].mean())
    assert worth(outcome, arm, 2, 1 - suits, 1).verdict == "keep the constant"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("age", "age"), ("customerAge", "age"), ("AGE_group", "age"), ("year of birth", "age"), ("page", None),
        ("average_spend", None), ("usage", None), ("Country", "country"), ("zip_code", "country"),
        ("shipping-country", "country"), ("device_type", "device"), ("userAgent", "device"), ("os", "device"),
        ("channel", None), ("BMI", "health"), ("Gender", "equal treatment"), ("mens", None), ("history", None),
        ("language", "country"), ("f1", None), ("health_score", "health"), ("recency", None), ("message", None),
        ("Konfession", "religion or belief"),
    ],
)  # fmt: skip
def test_denied_columns(name: str, kind: str | None) -> None:
    assert denied(name) == kind


def cells(values: object) -> list[str]:
    return [str(value) for value in np.asarray(values).tolist()]


def test_what_is_learned_from() -> None:
    rng = np.random.default_rng(5)
    n = 400
    amounts = cells(rng.random(n).round(3))
    amounts[3] = "NA"
    told = read_features(
        {
            "customer": cells(np.arange(n)), "amount": amounts, "kind": cells(rng.choice(["a", "b", "c"], n)),
            "two": cells(rng.choice(["x", "y"], n)), "same": ["1"] * n, "empty": [""] * n,
            "mail": [f"{k}@x" for k in range(n)], "day": [f"2026-0{1 + k % 9}-1{k % 10}" for k in range(n)],
            "age": cells(rng.integers(18, 80, n)), "store_id": cells(rng.integers(0, 200, n)),
            "rare": ["often"] * (n - 3) + ["once", "twice", "thrice"],
        }
    )  # fmt: skip
    assert [(one.name, one.kind) for one in told.coders] == [
        ("amount", "numbers"), ("kind", "words"), ("two", "words"), ("day", "times"), ("rare", "words")
    ]  # fmt: skip
    assert told.left_out == {
        "customer": "an id", "same": "the same in every row", "empty": "empty",
        "mail": "an id, or words of its own in most rows", "age": "never by age", "store_id": "an id",
    }  # fmt: skip
    assert told.matrix.shape == (n, 1 + 3 + 1 + 1 + 1)
    assert np.isnan(told.matrix[3, 0])
    assert np.isfinite(np.delete(told.matrix, 3, axis=0)).all()
    other = told.encode({"amount": ["2", "oops"], "kind": ["new", "a"], "two": ["y", ""], "day": ["", "2026-01-02"],
                         "rare": ["often", "never"], "more": ["1", "2"]})  # fmt: skip
    assert other[:, 0].tolist()[0] == 2.0
    assert np.isnan(other[1, 0])
    assert np.isnan(other[0, 5])
    assert other[0, 1:4].sum() == 0.0
    with pytest.raises(EvidenceError, match="no column 'kind'"):
        told.encode({"amount": ["1"]})
    with pytest.raises(EvidenceError, match="no column is left"):
        read_features({"age": cells(np.arange(50))})


def test_suspects() -> None:
    rng = np.random.default_rng(6)
    n = 4_000
    arm = rng.integers(0, 2, n)
    outcome = (rng.random(n) < 0.15).astype(float)
    age = rng.integers(18, 80, n)
    told = read_features(
        {
            "opened": cells(np.where(arm == 1, rng.integers(0, 2, n), 0)), "visits": cells(outcome * 3),
            "sent": cells(arm * 0.5 + rng.random(n).round(2)), "recency": cells(rng.integers(0, 12, n)),
            "age": cells(age), "seniority": cells(age // 4 * 4 + 2),
        }
    )  # fmt: skip
    assert set(after_the_arm(told, arm, ("no", "yes"))) == {"opened", "sent"}
    assert set(stand_ins(told)) == {"seniority"}
    said = warnings(told, arm, outcome)
    assert any("'visits' foretells the outcome" in one for one in said)
    assert any("'opened' differs between the arms" in one for one in said)
    assert not any("recency" in one or "seniority" in one for one in said)
    left = told.without({"opened": "why"})
    assert left.matrix.shape[1] == told.matrix.shape[1] - 1
    assert left.left_out["opened"] == "why"


HEAD = "arm,y,x\n"


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (HEAD + "a,1,2\nb,0,1\n", {"treatment": "t"}, "TABLE_COLUMN"),
        (HEAD + "a,1,2\nb,0,1\n", {"exclude": ["z"]}, "TABLE_COLUMN"),
        (HEAD + "a,1,2\nb,0,1\n", {"exclude": ["y"]}, "TABLE_COLUMN"),
        (HEAD + "a,1,2\nb,0,1\n", {"control": "c"}, "TABLE_CONTROL"),
        (HEAD + "a,1,2\na,0,1\n", {}, "TABLE_ARMS"),
        (HEAD + "".join(f"{k},1,2\n" for k in range(30)) + "a,1,2\n", {}, "TABLE_ARMS"),
        (HEAD + "a,much,2\nb,0,1\n", {}, "TABLE_NUMBER"),
        (HEAD + "a,1\n", {}, "TABLE_UNREADABLE"),
        ("", {}, "TABLE_UNREADABLE"),
        (HEAD + "a,1,2\nc,0,1\n", {"arms": ("a", "b")}, "TABLE_ARMS"),
    ],
)
def test_what_is_no_campaign_is_named(tmp_path: Path, text: str, options: dict[str, object], code: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8")
    asked: dict[str, object] = {"treatment": "arm", "control": "a", "outcome": "y", **options}
    with pytest.raises(EvidenceError) as caught:
        read_campaign(path, **asked)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_arms_and_outcomes_as_tables_write_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("t,y,x\n1.0,True,a\n0.0,False,b\n0.0,,c\n,True,d\n1.0,false,e\n", "utf-8")
    told = read_campaign(path, "t", "0", "y")
    assert told.arms == ("0.0", "1.0")
    assert told.arm.tolist() == [1, 0, 1]
    assert told.outcome.tolist() == [1.0, 0.0, 0.0]
    assert told.columns == {"x": ["a", "b", "e"]}
    assert told.dropped == 2
    path.write_text("t,y\nnone,1\nA,0\n", "utf-8")
    assert read_campaign(path, "t", "none", "y").arms == ("none", "A")
    told = read_campaign(path, "t", "none", "y")
    with pytest.raises(EvidenceError, match="1 of the 2 training rows"):
        told.need(np.arange(2), 200, "training")
    with pytest.raises(EvidenceError, match="nothing to learn"):
        told.need(np.array([0, 0]), 0, "training")
