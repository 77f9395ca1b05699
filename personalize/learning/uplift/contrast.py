"""A contrast: what one arm earns more than another, for each row, learned, chosen and shrunk on the training rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from personalize.learning.uplift.choose import believed, choose
from personalize.learning.uplift.learners import NAMES, Learned, learners, scores
from personalize.learning.uplift.outcomes import Outcomes
from personalize.learning.uplift.trees import Floats, Matrix, Sum


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """What arm `ours` earns more than arm `other`: `mean` over all rows, and how rows differ from each other.

    `area` is the held-out Qini area on training rows (doubly robust), `error` its standard error; `belief` is what the
    learned spread counts by; `held_out` (n,) are effects of the training rows, shrunk, each by models that did not
    learn from it.
    """

    ours: int
    other: int
    learner: str
    mean: float
    area: float
    error: float
    belief: float
    middle: float
    held_out: Floats
    models: Sequence[Sum]

    def rank(self, matrix: Matrix) -> Floats:
        """What rows are sorted by (m,): the learned effect before it is shrunk."""
        return np.asarray(np.mean([one.predict(matrix) for one in self.models], axis=0))

    def effect(self, ranks: Floats) -> Floats:
        """The shrunk effect (m,) of what `rank` gave."""
        return self.mean + self.belief * (ranks - self.middle)

    def turned(self) -> Contrast:
        """The same, seen from the other arm."""
        return replace(
            self, ours=self.other, other=self.ours, mean=-self.mean, middle=-self.middle, held_out=-self.held_out,
            models=[one.turned() for one in self.models],
        )  # fmt: skip


def learn(rounds: Sequence[Outcomes], ours: int, other: int, salt: int, tell: Callable[[], None]) -> Contrast:
    """Learn a contrast over several rounds of folds, whose predictions are averaged (a small bag)."""
    first = rounds[0]
    rows = np.flatnonzero((first.arm == ours) | (first.arm == other))
    taken = (first.arm == ours).astype(np.float64)
    share = float(taken[rows].mean())
    score = np.zeros(len(taken))
    bags: dict[str, list[Learned]] = {name: [] for name in NAMES}
    for number, outcomes in enumerate(rounds):
        for one in learners(outcomes, ours, other, salt + 1_000 * number, tell):
            bags[one.name].append(one)
        mine, theirs = outcomes.held_out(ours), outcomes.held_out(other)
        score += scores(outcomes.y, taken, share, mine, theirs) / len(rounds)
    score = score[rows]
    means = {name: np.mean([one.held_out for one in bag], axis=0) for name, bag in bags.items() if bag}
    held = [Learned(name, mean[rows], bags[name][0].models) for name, mean in means.items()]
    chosen, area, error = choose(held, score)
    belief, mean, middle = believed(chosen.held_out, score), float(score.mean()), float(chosen.held_out.mean())
    return Contrast(
        ours, other, chosen.name, mean, area * share, error * share, belief, middle,
        mean + belief * (means[chosen.name] - middle), [one.models for one in bags[chosen.name]],
    )  # fmt: skip
