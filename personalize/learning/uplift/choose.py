"""Which learner, and how far to believe it: chosen and shrunk on training rows that the models had not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from personalize.learning.uplift.learners import Learned
from personalize.learning.uplift.trees import Floats

ERRORS = 1.0  # standard errors that a less plain learner must be better by
STEEPEST = 1.5  # times that a learned spread of effects is widened at most


def ranked(effect: Floats) -> Floats:
    """Ranks (n,) as shares around 0, ties alike: the mean of scores times these is their Qini area."""
    return np.asarray((rankdata(effect) - 0.5) / len(effect) - 0.5)


def choose(told: Sequence[Learned], score: Floats) -> tuple[Learned, float, float]:
    """The plainest learner whose held-out Qini area lies within a standard error of the best one's.

    `told` is in order, the plainest first; `score` (n,) are doubly robust scores of the same rows. Returned with
    the area and its standard error. Effects are small beside their noise: the best of several is often the luckiest.
    """
    places = [ranked(one.held_out) for one in told]
    areas = [float((score * place).mean()) for place in places]
    best = int(np.argmax(areas))
    for one, place, area in zip(told, places, areas, strict=True):
        behind = score * (places[best] - place)
        if float(behind.mean()) <= ERRORS * error(behind):
            return one, area, error(score * place)
    raise AssertionError("the best learner is within reach of itself")


def believed(effect: Floats, score: Floats) -> float:
    """How much of a learned spread of effects to believe, 0 to `STEEPEST`.

    The slope of the scores on held-out effects (the best linear predictor of Chernozhukov and others, Econometrica
    2025), shrunk towards 0 by what it is uncertain (James and Stein's positive part): noise alone gives 0 or little.
    """
    centred = effect - effect.mean()
    power = float(centred @ centred)
    if power <= 0:
        return 0.0
    slope = float(centred @ score) / power
    rest = score - score.mean() - slope * centred
    spread = math.sqrt(float((centred * rest) @ (centred * rest))) / power
    if slope <= 0 or spread <= 0:
        return 0.0
    return min(slope, STEEPEST) * max(0.0, 1 - (spread / slope) ** 2)


def error(values: Floats) -> float:
    """The standard error of the mean of independent values (n,)."""
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf
