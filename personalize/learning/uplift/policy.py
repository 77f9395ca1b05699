"""A policy: which arm each row gets, by shrunk effects, or the best constant where training rows show no gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personalize.learning.uplift.choose import error
from personalize.learning.uplift.contrast import Contrast, learn
from personalize.learning.uplift.outcomes import Ints, Outcomes
from personalize.learning.uplift.trees import Floats, Matrix

GAINED = 1.5  # standard errors that the gain on training rows must be, before a policy is tried on the test rows


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """`best` is the constant; `contrasts` say what every other arm earns more than it.

    `gain` is what the learned choice gained over the constant on held-out training rows, `error` its standard error.
    Where that is not enough (`tried` is false), everybody gets the constant.
    """

    best: int
    contrasts: Sequence[Contrast]
    gain: float
    error: float
    tried: bool

    def arms(self, matrix: Matrix, ranks: Mapping[tuple[int, int], Floats]) -> Ints:
        """The arm of each row (m,). `ranks` holds what contrasts, named by their two arms, already gave."""
        if not self.tried:
            return np.full(len(matrix), self.best, np.int64)
        effects = []
        for one in self.contrasts:
            rank = ranks.get((one.ours, one.other))
            if rank is None and (one.other, one.ours) in ranks:
                rank = -ranks[one.other, one.ours]
            effects.append(one.effect(one.rank(matrix) if rank is None else rank))
        return _arms(self.best, self.contrasts, effects)


def learn_policy(
    rounds: Sequence[Outcomes], arms: int, known: Mapping[tuple[int, int], Contrast], tell: Callable[[], None]
) -> Policy:
    """The policy of training rows alone. `known` are contrasts learned already, by their two arms."""
    score = _every_arm(rounds, arms)
    best = int(np.argmax(score.mean(axis=0)))
    contrasts = []
    for one in range(arms):
        if one == best:
            continue
        if (one, best) in known:
            contrasts.append(known[one, best])
        elif (best, one) in known:
            contrasts.append(known[best, one].turned())
        else:
            contrasts.append(learn(rounds, one, best, 50_000 + 100 * one, tell))
    taken = _arms(best, contrasts, [one.held_out for one in contrasts])
    gained = score[np.arange(len(taken)), taken] - score[:, best]
    gain, spread = float(gained.mean()), error(gained)
    return Policy(best, contrasts, gain, spread, gain > GAINED * spread)


def _arms(best: int, contrasts: Sequence[Contrast], effects: Sequence[Floats]) -> Ints:
    gains = np.stack([np.zeros(len(effects[0])), *effects], axis=1)
    numbers = np.array([best, *(one.ours for one in contrasts)], np.int64)
    return np.asarray(numbers[np.argmax(gains, axis=1)])


def _every_arm(rounds: Sequence[Outcomes], arms: int) -> Floats:
    """Doubly robust scores (n, arms) of what each arm would have earned."""
    arm, y = rounds[0].arm, rounds[0].y
    found = np.zeros((len(y), arms))
    for one in range(arms):
        taken = arm == one
        for outcomes in rounds:
            told = outcomes.held_out(one)
            found[:, one] += (told + taken / taken.mean() * (y - told)) / len(rounds)
    return found
