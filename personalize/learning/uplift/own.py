"""From the gateway's own log to who is given an offer: learn, judge at the budget, write what beats the constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from personalize.decisions.spending import Spending, columns, save_spending, surplus
from personalize.errors import EvidenceError
from personalize.features.visitor import NAMES
from personalize.learning.journal import Progress, load
from personalize.learning.off_policy import Logged, Target, difference, estimate
from personalize.learning.uplift import judge
from personalize.learning.uplift.campaign import MIN_TEST, MIN_TRAINING
from personalize.learning.uplift.contrast import Contrast
from personalize.learning.uplift.knapsack import lasting, threshold
from personalize.learning.uplift.learn import Fitted, fit
from personalize.learning.uplift.policy import GAINED
from personalize.learning.uplift.trees import Floats, Matrix
from personalize.learning.uplift.visitors import ARMS, DAY, WINDOW_DAYS, Drawn, collect

TEST_SHARE = 0.3
LEAST = 0.05  # of the mean cost: nobody is taken for cheaper
SERVED = {"num_leaves": 8, "learning_rate": 0.1, "min_data_in_leaf": 20, "lambda_l2": 1.0}
TREES = 60  # with them a visitor costs about 0.04 ms
COSTS = {"num_leaves": 4, "learning_rate": 0.05, "min_data_in_leaf": 50, "lambda_l2": 50.0}
COST_TREES = 40

Given = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the training visitors say: the models that would serve, whether they are tried, and against what.

    `share` of everybody who comes gets the offer under the best constant: what the budget can pay for, or nobody.
    """

    spending: Spending
    contrast: Contrast
    fitted: Fitted
    share: float
    all_share: float
    gain: float
    error: float

    @property
    def tried(self) -> bool:
        """Whether training visitors show enough of a gain for the test visitors to be asked."""
        return self.gain > GAINED * self.error


def learn_offer(
    events: Path, offer: str, *, out: Path | None = None, currency: str | None = None, per_day: float | None = None,
    window_days: float = WINDOW_DAYS, seed: int = 0, command: str = "", created: datetime | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Learn from an event log to whom an offer is given, and judge it; as JSON (docs/uplift.md says the keys).

    The first 70 % of the visitors drawn train, the last 30 % judge. `per_day` is the budget of a day in major units
    (None: no bound). Where the verdict is `learned` and `out` is a folder, the models are written to `out`/`offer`.
    EvidenceError where the log does not know the offer or holds too few visitors.
    """
    tell = progress or _silent
    journal = load(events, progress=progress)
    drawn = collect(journal, offer, currency, window_days * DAY, progress)
    tell("visitors", len(drawn))
    said: list[str] = []
    rows, later = _split(drawn)
    budget = None if per_day is None else per_day / max(drawn.audience / drawn.days, 1e-9)
    if not drawn.saving[rows].any() and budget is not None:
        said.append("no purchase tells a `discount`: what the offer costs is not known, and the budget is left aside")
        budget = None
    plan = learn_plan(drawn, rows, offer, budget, seed, tell)
    result = _judged(plan, drawn, later, said)
    spending = plan.spending
    result |= {
        "offer": offer,
        "currency": drawn.schema.currency,
        "window_days": window_days,
        "budget": {
            "per_day": per_day, "per_visitor": budget, "threshold": spending.threshold,
            "visitors_per_day": drawn.audience / drawn.days,
            "cost": float(drawn.saving[rows][drawn.arm[rows] == 1].mean()),
        },
        "rows": {"training": len(rows), "test": len(later)},
        "left_out": plan.fitted.features.left_out,
        **journal.told(),
        "warnings": said + plan.fitted.warnings,
        "written": None,
    }  # fmt: skip
    if result["verdict"] == judge.LEARNED and out is not None:
        when = created or datetime.now(UTC)
        save_spending(out, spending, {
            "name": offer, "created": when.isoformat(timespec="seconds"),
            "command": command or "personalize.learning.uplift.own.learn_offer", "seed": seed,
            "window_days": window_days, "learner": plan.contrast.learner,
            "data": {
                "from": _told(float(drawn.at[0])), "to": _told(float(drawn.at[-1])), "training": len(rows),
                "test": len(later), "audience": drawn.audience, "noted": result["noted"],
            },
            "budget": {key: value for key, value in result["budget"].items() if key != "threshold"},
            "metrics": {"qini": result["qini"], "ate": result["ate"], "policy": result["policy"]},
        })  # fmt: skip
        result["written"] = str(out / offer)
    return result


def learn_plan(
    drawn: Drawn, rows: NDArray[np.int64], offer: str, budget: float | None, seed: int,
    tell: Callable[[str, int], None],
) -> Plan:  # fmt: skip
    """Learn from the training visitors alone. What serves is small: it foresees what the whole bag of learners says."""
    matrix, arm, outcome = drawn.matrix[rows], drawn.arm[rows], drawn.outcome[rows]
    fitted = fit(_texts(matrix), arm, ARMS, outcome, seed, tell)
    contrast = fitted.contrasts[0]
    names = columns(drawn.schema)
    effect = contrast.effect(contrast.rank(fitted.features.matrix))
    gain = _small(matrix, effect, names, SERVED, TREES, seed)
    given = arm == 1
    savings = drawn.saving[rows][given]
    each = float(savings.mean()) or 1.0
    cost = _small(matrix[given], savings if savings.any() else np.ones(len(savings)), names, COSTS, COST_TREES, seed)
    spending = Spending(offer, drawn.schema, gain, cost, 0.0, LEAST * each, "")  # its version comes with its checksum
    foreseen, costs = spending.foreseen(matrix)
    spending = replace(spending, threshold=threshold(foreseen, costs, budget))
    all_share = lasting(costs, budget)
    share = all_share if contrast.mean > 0 else 0.0
    held_out = surplus(contrast.held_out, costs, threshold(contrast.held_out, costs, budget)) > 0
    found = _gained(drawn, rows, held_out, share)
    gained, error = (found.value, (found.high - found.low) / 3.92) if found is not None else (0.0, np.inf)
    return Plan(spending, contrast, fitted, share, all_share, gained, float(error))


def _judged(plan: Plan, drawn: Drawn, later: NDArray[np.int64], said: list[str]) -> dict[str, Any]:
    matrix, arm, outcome = drawn.matrix[later], drawn.arm[later], drawn.outcome[later]
    gain, cost = plan.spending.foreseen(matrix)
    given: Given = surplus(gain, cost, plan.spending.threshold) > 0
    treated = (arm == 1).astype(np.float64)
    logged = Logged.of(outcome, drawn.propensity[later])
    constant = Target(_chance(arm, plan.share))
    verdict, interval, learned, fixed = judge.KEEP, [0.0, 0.0], None, None
    try:
        fixed = estimate(logged, constant, "snips").value
        if plan.tried:
            learned = estimate(logged, Target((arm == given).astype(np.float64)), "snips").value
            gap = difference(logged, Target((arm == given).astype(np.float64)), constant, "snips")
            interval = [gap.low, gap.high]
            verdict = judge.LEARNED if gap.low > 0 else judge.KEEP
    except EvidenceError as error:
        said.append(f"the learned policy cannot be judged: {error.message}")
    return {
        "qini": judge.qini(gain, outcome, treated),
        "top30": judge.top(gain, outcome, treated),
        "ate": judge.effect(outcome, treated),
        "policy": {
            "learned": fixed if learned is None else learned,
            "best_constant": fixed,
            "arm": ARMS[1] if plan.share > 0 else ARMS[0],
            "interval": interval,
            "shares": {
                "learned": float(given.mean()) if plan.tried else plan.share, "constant": plan.share,
                "all_until_spent": plan.all_share,
            },
            "cost": {"learned": float((cost * given).mean()), "constant": float(cost.mean()) * plan.share},
            "training_gain": [plan.gain, plan.error if np.isfinite(plan.error) else None],
        },
        "verdict": verdict,
        "learner": {
            "name": plan.contrast.learner, "belief": plan.contrast.belief, "training_ate": plan.contrast.mean,
            "training_qini": [plan.contrast.area, plan.contrast.error],
        },
    }  # fmt: skip


def _gained(drawn: Drawn, rows: NDArray[np.int64], given: Given, share: float) -> Any:
    """What choosing gains over the constant on rows that their own models did not learn from; None: cannot be told."""
    arm = drawn.arm[rows]
    logged = Logged.of(drawn.outcome[rows], drawn.propensity[rows])
    try:
        return difference(logged, Target((arm == given).astype(np.float64)), Target(_chance(arm, share)), "snips")
    except EvidenceError:
        return None


def _chance(arm: NDArray[np.int64], share: float) -> Floats:
    """How likely each row's arm is where `share` of those who come get the offer."""
    return np.where(arm == 1, share, 1.0 - share)


def _small(
    matrix: Matrix, target: Floats, names: list[str], parameters: dict[str, Any], trees: int, seed: int
) -> lgb.Booster:
    told = {
        **parameters, "objective": "regression", "verbose": -1, "deterministic": True, "force_row_wise": True,
        "num_threads": 1, "seed": seed, "feature_pre_filter": False,
    }  # fmt: skip
    return lgb.train(told, lgb.Dataset(matrix, target, feature_name=names, params={"verbose": -1}), trees)


def _split(drawn: Drawn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The earlier visitors and the last 30 %: a policy is learned before it is used."""
    cut = round(len(drawn) * (1 - TEST_SHARE))
    rows, later = np.arange(cut), np.arange(cut, len(drawn))
    for part, least, name in ((rows, MIN_TRAINING, "training"), (later, MIN_TEST, "test")):
        counts = np.bincount(drawn.arm[part], minlength=len(ARMS))
        if counts.min() < least:
            raise EvidenceError(
                f"{counts.min()} of the {len(part)} {name} visitors drew {ARMS[int(counts.argmin())]!r}, "
                f"at least {least} are needed",
                code="TOO_FEW_VISITORS",
                hint="Let the lots run on, or explore a larger share; a visitor counts when their window has passed.",
            )
        if np.ptp(drawn.outcome[part]) == 0:
            raise EvidenceError(f"none of the {len(part)} {name} visitors bought anything", code="TABLE_CONSTANT")
    return rows, later


def _texts(matrix: Matrix) -> dict[str, list[str]]:
    """The columns as `fit` reads a table's."""
    return {
        name: ["" if value != value else repr(value) for value in matrix[:, place].tolist()]
        for place, name in enumerate(NAMES)
    }


def _told(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _silent(step: str, count: int) -> None:
    """Tell nobody."""
