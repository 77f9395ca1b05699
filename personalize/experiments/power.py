"""Power: how many units an experiment needs for an effect, and which effect so many units can show."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from personalize.experiments.effects import Arm
from personalize.experiments.sequences import ALPHA, boundary, fixed_boundary, tuning

POWER = 0.8


def errors_needed(power: float = POWER, alpha: float = ALPHA, *, watched: bool) -> float:
    """How many standard errors an effect has to measure, to be found with `power` at the planned end.

    `watched` is for an experiment that is looked at all along and planned for this number of units.
    """
    edge = boundary(1.0, tuning(1.0, alpha), alpha) if watched else fixed_boundary(alpha)
    return edge + float(ndtri(power))


def spread_of(arm: Arm) -> float:
    """The standard deviation of what one unit adds to a level, without what was known before."""
    score = arm.influence()
    if arm.before is not None and len(arm) > 2:
        past = arm.before - arm.before.mean(axis=0)
        past = past[:, past.std(axis=0) > 1e-12]
        if past.shape[1]:
            left = score - past @ np.linalg.lstsq(past, score, rcond=None)[0]
            score = left if float(left @ left) < float(score @ score) else score
    return float(score.std(ddof=1))


def units_for(effect: float, spread: float, arms: int = 2, power: float = POWER, *, watched: bool) -> int:
    """Units over all `arms` (equally many each) that an absolute effect needs, given the spread of one unit."""
    alpha = ALPHA / max(arms - 1, 1)  # every variant against the control, as Holm would for the smallest p
    each = 2.0 * (spread * errors_needed(power, alpha, watched=watched) / effect) ** 2
    return arms * math.ceil(each)


def effect_for(units: float, spread: float, arms: int = 2, power: float = POWER, *, watched: bool) -> float:
    """The absolute effect that so many units over all `arms` can show (the minimal detectable effect)."""
    alpha = ALPHA / max(arms - 1, 1)
    return spread * errors_needed(power, alpha, watched=watched) * math.sqrt(2.0 * arms / units)
