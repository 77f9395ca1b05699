"""Uplift from table to verdict: split, choose on the training rows alone, judge on the test rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from personalize.errors import EvidenceError
from personalize.learning.uplift import judge
from personalize.learning.uplift.campaign import MIN_TEST, MIN_TRAINING, Campaign, read_campaign
from personalize.learning.uplift.columns import Features, read_features
from personalize.learning.uplift.contrast import Contrast, learn
from personalize.learning.uplift.outcomes import Ints, Outcomes
from personalize.learning.uplift.policy import Policy, learn_policy
from personalize.learning.uplift.suspects import after_the_arm, stand_ins, warnings
from personalize.learning.uplift.trees import Floats, Matrix, Table

Progress = Callable[[str, int], None]

TEST_SHARE = 0.3
MANY, MORE = 20_000, 200_000  # rows from which one round of folds, and fewer of them, are enough
MAX_LEARNED = 400_000  # rows that are learned from, so that a million take minutes; the test rows are judged all
CONTROL = 0


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """All that the training rows say: a contrast of each arm with the control, and the policy."""

    features: Features
    contrasts: list[Contrast]
    policy: Policy
    warnings: list[str]


def uplift(
    table: Path, treatment: str, control: str, outcome: str, *, exclude: Sequence[str] = (), test: Path | None = None,
    seed: int = 0, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Learn whom each arm moves from a randomised campaign and judge it on test rows, as JSON (the docs say the keys).

    Test rows are those of `test`, else a random 30 % drawn by `seed`. The same files, seed and version give the same
    answer. EvidenceError names what is wrong with a table, or that it is too small to answer.
    """
    tell = progress or _silent
    told = read_campaign(table, treatment, control, outcome, exclude)
    tell("rows", len(told))
    if test is None:
        order = np.random.default_rng([seed, 3]).permutation(len(told))
        cut = round(TEST_SHARE * len(told))
        later, rows = np.sort(order[:cut]), np.sort(order[cut:])
        judged, dropped = told, told.dropped
    else:
        judged = read_campaign(test, treatment, control, outcome, arms=told.arms)
        rows, later = np.arange(len(told)), np.arange(len(judged))
        dropped = told.dropped + judged.dropped
        tell("rows", len(told) + len(judged))
    told.need(rows, MIN_TRAINING, "training")
    judged.need(later, MIN_TEST, "test")
    names = list(judged.columns) if test is None else list(told.columns)
    held = {name: _taken(judged.columns[name], later) for name in names if name in judged.columns}
    sample = rows
    if len(rows) > MAX_LEARNED:
        sample = np.sort(np.random.default_rng([seed, 4]).choice(rows, MAX_LEARNED, replace=False))
    learned_from = {name: _taken(told.columns[name], sample) for name in names}
    told.columns.clear()
    judged.columns.clear()
    fitted = fit(learned_from, told.arm[sample], told.arms, told.outcome[sample], seed, tell)
    matrix = fitted.features.encode(held)
    held.clear()
    tell("judged", len(later))
    said = list(fitted.warnings)
    result = _judged(fitted, matrix, judged, later, said)
    if dropped:
        said.append(f"{dropped} rows without an arm or an outcome were left out: write 0 where empty means nothing")
    result["rows"] = {"training": len(rows), "learned_from": len(sample), "test": len(later)}
    result["left_out"] = fitted.features.left_out
    result["warnings"] = said
    return result


def fit(
    columns: dict[str, list[str]], arm: Ints, arms: tuple[str, ...], outcome: Floats, seed: int,
    tell: Progress | None = None,
) -> Fitted:  # fmt: skip
    """Learn from training rows: `columns` of text (emptied on the way), `arm` (n,), 0 the control, `outcome` (n,)."""
    said = tell or _silent
    features = read_features(columns)
    features = features.without(after_the_arm(features, arm, arms))
    features = features.without(stand_ins(features))
    n = len(arm)
    made = 0

    def count() -> None:
        nonlocal made
        made += 1
        said("models", made)

    trees = Table(features.matrix, seed, _threads(n))
    folds, rounds = (5 if n < MORE else 3), (2 if n < MANY else 1)
    outcomes = [Outcomes(trees, outcome, arm, len(arms), folds, number, count) for number in range(rounds)]
    contrasts = [learn(outcomes, one, CONTROL, 1_000_000 * one, count) for one in range(1, len(arms))]
    policy = learn_policy(outcomes, len(arms), {(one.ours, one.other): one for one in contrasts}, count)
    return Fitted(features, contrasts, policy, warnings(features, arm, outcome))


def _judged(fitted: Fitted, matrix: Matrix, campaign: Campaign, rows: Ints, said: list[str]) -> dict[str, Any]:
    arm, outcome, names = campaign.arm[rows], campaign.outcome[rows], campaign.arms
    figures: dict[str, dict[str, float]] = {"qini": {}, "top30": {}, "ate": {}}
    learners, ranks = {}, {}
    for one in fitted.contrasts:
        rank = ranks[one.ours, one.other] = one.rank(matrix)
        both = (arm == one.ours) | (arm == CONTROL)
        treated, name = (arm[both] == one.ours).astype(np.float64), names[one.ours]
        figures["qini"][name] = judge.qini(rank[both], outcome[both], treated)
        figures["top30"][name] = judge.top(rank[both], outcome[both], treated)
        figures["ate"][name] = judge.effect(outcome[both], treated)
        learners[name] = {
            "name": one.learner, "belief": one.belief, "training_qini": [one.area, one.error], "training_ate": one.mean
        }  # fmt: skip
    policy = fitted.policy
    chosen = policy.arms(matrix, ranks)
    try:
        worth = judge.worth(outcome, arm, len(names), chosen, policy.best)
    except EvidenceError as error:
        # Not even a constant can be judged, or a policy that the test rows hardly ever followed: that one is no gain.
        constant = np.full(len(rows), policy.best, np.int64)
        worth, chosen = judge.worth(outcome, arm, len(names), constant, policy.best), constant
        said.append(f"the learned policy cannot be judged: {error.message}")
    single = len(names) == 2
    return {
        **{key: next(iter(values.values())) if single else values for key, values in figures.items()},
        "policy": {
            "learned": worth.learned,
            "best_constant": worth.best_constant,
            "arm": names[policy.best],
            "interval": [worth.low, worth.high],
            "shares": {name: float((chosen == number).mean()) for number, name in enumerate(names)},
            "training_gain": [policy.gain, policy.error],
        },
        "verdict": worth.verdict,
        "learner": next(iter(learners.values())) if single else learners,
    }


def _taken(cells: list[str], rows: Ints) -> list[str]:
    return [cells[row] for row in rows.tolist()]


def _threads(rows: int) -> int:
    """Threads pay on large tables only; small ones are not worth the waiting for each other."""
    return min(4, os.cpu_count() or 1) if rows >= MORE else 1


def _silent(step: str, count: int) -> None:
    """Tell nobody."""
