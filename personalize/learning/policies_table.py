"""Policies judged on a table: a row is a unit, one column the arm it got, one its reward, one the arm's propensity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.errors import EvidenceError
from personalize.learning.off_policy import METHODS, Estimate, Logged, Target, difference, estimate
from personalize.learning.policies_model import as_columns, foresee
from personalize.learning.sheet import read_sheet

Floats = NDArray[np.float64]

MAX_ARMS = 50
MAX_COLUMNS = 200
LOGGED, UNIFORM = "logged", "uniform"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A table taken apart: `arms` by name, `arm` (n,) their numbers, `columns` the text of the rest."""

    logged: Logged
    arms: tuple[str, ...]
    arm: NDArray[np.int64]
    columns: dict[str, list[str]]

    def policy(self, name: str) -> Floats | None:
        """Probabilities (n, arms) of a policy by name; None for `logged`, whose propensities need not be known.

        An arm's name: always that arm. `uniform`: all alike. A column's name: the arm that it names in each row.
        EvidenceError for anything else.
        """
        n, k = len(self.arm), len(self.arms)
        if name == LOGGED:
            return None
        if name == UNIFORM:
            return np.full((n, k), 1 / k)
        chances = np.zeros((n, k))
        if name in self.arms:
            chances[:, self.arms.index(name)] = 1.0
            return chances
        number = {arm: place for place, arm in enumerate(self.arms)}
        chosen = self.columns.get(name)
        if chosen is None or not set(chosen) <= set(number):
            raise EvidenceError(
                f"policy {name!r} is none of the arms ({', '.join(self.arms)}), nor a column of them",
                code="POLICY_UNKNOWN",
                hint=f"Name an arm, a column that holds an arm in every row, {UNIFORM!r} or {LOGGED!r}.",
            )
        chances[np.arange(n), [number[arm] for arm in chosen]] = 1.0
        return chances


def read_trial(path: Path, arm: str, reward: str, propensity: str, unit: str | None = None) -> Trial:
    """A CSV with a header, plain or .gz. `propensity` is a column, or a number that holds for all rows.

    `unit` is a column of ids where one visitor has several rows. EvidenceError names what is wrong.
    """
    sheet = read_sheet(path)
    columns = sheet.columns
    constant = _constant(propensity)
    sheet.need(arm, reward, *((propensity,) if constant is None else ()), *((unit,) if unit else ()))
    arms, number = np.unique(np.array(columns[arm]), return_inverse=True)
    if len(arms) > MAX_ARMS:
        raise EvidenceError(f"{arm!r} has {len(arms)} values, at most {MAX_ARMS} arms are judged", code="TABLE_ARMS")
    logged = Logged.of(
        sheet.numbers(reward),
        np.full(len(number), constant) if constant is not None else sheet.numbers(propensity),
        np.array(columns[unit]) if unit else None,
    )
    rest = {name: values for name, values in columns.items() if name not in (arm, reward, propensity, unit)}
    return Trial(logged, tuple(arms.tolist()), number.astype(np.int64), rest)


def judge(trial: Trial, policy: str, against: str, features: Sequence[str] = (), seed: int = 0) -> dict[str, Any]:
    """Both policies and their difference by every method, as JSON. EvidenceError where the table is too small.

    `features` are the columns that the doubly robust model may use: what was known before the arm was drawn. None are
    guessed, since a column that came after (another outcome) would spoil the estimate.
    """
    missing = [name for name in features if name not in trial.columns]
    if missing:
        raise EvidenceError(f"the table has no column {missing[0]!r} to learn from", code="TABLE_COLUMN")
    context = as_columns({name: trial.columns[name] for name in features})
    context = context if features else np.zeros((len(trial.arm), 0))
    if context.shape[1] > MAX_COLUMNS:
        raise EvidenceError(f"{context.shape[1]} feature columns, at most {MAX_COLUMNS}", code="TABLE_COLUMN")
    foreseen = foresee(context, trial.arm, len(trial.arms), trial.logged.reward, seed)
    ours, theirs = (_target(trial, trial.policy(name), foreseen) for name in (policy, against))
    estimates = {
        method: {
            "policy": told(estimate(trial.logged, ours, method)),
            "against": told(estimate(trial.logged, theirs, method)),
            "difference": told(difference(trial.logged, ours, theirs, method)),
        }
        for method in METHODS
    }
    return {"units": len(trial.arm), "policy": policy, "against": against, "estimates": estimates}


def told(one: Estimate, scale: float = 1.0) -> dict[str, Any]:
    """An estimate as JSON, value and interval times `scale`: effective sample and mean weight beside them."""
    table = asdict(one)
    return {
        "value": table["value"] * scale,
        "interval": [table["low"] * scale, table["high"] * scale],
        "effective": round(table["effective"], 1),
        "weight": round(table["weight"], 4),
    }


def _target(trial: Trial, chances: Floats | None, foreseen: Floats) -> Target:
    rows = np.arange(len(trial.arm))
    predicted = foreseen[rows, trial.arm]
    if chances is None:  # what was done, as it was done: every weight is one
        return Target(trial.logged.propensity, predicted, predicted)
    return Target(chances[rows, trial.arm], predicted, np.asarray((chances * foreseen).sum(axis=1)))


def _constant(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
