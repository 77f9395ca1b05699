"""Effects: what a variant does to a mean or a ratio, by the delta method, with less noise by what was known before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.experiments.sequences import ALPHA, boundary, fixed_boundary, fixed_p, watched_p

Floats = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """What was measured of the n units of one variant: their `value` (n,), and for a ratio what it is `per` (n,).

    `before` (n, k) was known of each unit before its exposure, so no variant can have changed it.
    """

    value: Floats
    per: Floats | None = None
    before: Floats | None = None

    def __len__(self) -> int:
        return len(self.value)

    @property
    def level(self) -> float:
        """The mean, or the ratio of the sums; NaN where there is nothing to divide by."""
        below = float(len(self)) if self.per is None else float(self.per.sum())
        return float(self.value.sum()) / below if below else math.nan

    def influence(self) -> Floats:
        """What each unit adds to the level, (n,), of mean 0.

        For a ratio the delta method's linearisation (Deng, Knoblich, Lu: Applying the delta method in metric
        analytics, KDD 2018): units are randomised, not what is divided by.
        """
        found: Floats = (
            self.value - self.value.mean()
            if self.per is None
            else (self.value - self.level * self.per) / self.per.mean()
        )
        return found


@dataclass(frozen=True, slots=True)
class Effect:
    """A variant minus the control, absolute and as a share of the control's level (`lift`, from -1 on; NaN at level 0).

    `fixed` intervals are to be read once, at the planned end; `watched` ones at any time, as often as one likes. `p`
    belongs to `watched`. `reduced` is the share of the variance that is gone by what was known before.
    """

    difference: float
    error: float
    units: int
    fixed: Interval
    watched: Interval
    lift: float
    lift_fixed: Interval
    lift_watched: Interval
    p: float
    p_fixed: float
    reduced: float


def compare(control: Arm, variant: Arm, rho2: float, alpha: float = ALPHA) -> Effect | None:
    """The effect of a variant; None where a level is undefined or nothing varies, so that nothing can be told.

    CUPED (Deng, Xu, Kohavi, Walker: Improving the sensitivity of online controlled experiments, WSDM 2013) with every
    column of `before` at once, one slope for both arms, after the delta method. The difference is then the same on
    average, only its noise is smaller.
    """
    levels = control.level, variant.level
    if not all(map(math.isfinite, levels)) or min(len(control), len(variant)) < 2:
        return None
    scores = [control.influence(), variant.influence()]
    plain = sum(_squared_error(one) for one in scores)
    adjusted, shift = _cuped(scores, control, variant)
    squares = [_squared_error(one) for one in adjusted]
    if sum(squares) >= plain:  # noise fitted to noise
        adjusted, shift = scores, (0.0, 0.0)
        squares = [_squared_error(one) for one in scores]
    error = math.sqrt(sum(squares))
    if not error > 0:
        return None
    low, high = levels[0] + shift[0], levels[1] + shift[1]
    difference, units = high - low, len(control) + len(variant)
    once, often = fixed_boundary(alpha), boundary(units, rho2, alpha)
    # Of the logarithm of the ratio, since no level falls below nothing.
    log, log_error = math.nan, math.nan
    if low > 0 and high > 0:
        log, log_error = math.log(high / low), math.sqrt(squares[1] / high**2 + squares[0] / low**2)
    z = difference / error
    return Effect(
        difference, error, units, _around(difference, once * error), _around(difference, often * error),
        math.expm1(log), _grown(_around(log, once * log_error)), _grown(_around(log, often * log_error)),
        watched_p(z, units, rho2), fixed_p(z), max(0.0, 1.0 - error**2 / plain),
    )  # fmt: skip


def _grown(interval: Interval) -> Interval:
    return math.expm1(min(interval[0], 700.0)), math.expm1(min(interval[1], 700.0))


def _cuped(scores: list[Floats], control: Arm, variant: Arm) -> tuple[list[Floats], tuple[float, float]]:
    """Influences without what the past foretells, and by how much each arm's level shifts for it."""
    if control.before is None or variant.before is None:
        return scores, (0.0, 0.0)
    everyone = np.concatenate([control.before, variant.before])
    spread = everyone.std(axis=0)
    telling = spread > 1e-12
    if not telling.any():
        return scores, (0.0, 0.0)
    middle = everyone[:, telling].mean(axis=0)
    past = [(arm.before[:, telling] - middle) / spread[telling] for arm in (control, variant) if arm.before is not None]
    means = [one.mean(axis=0) for one in past]
    centred = [one - mean for one, mean in zip(past, means, strict=True)]
    within = sum(one.T @ one for one in centred)
    along = sum(one.T @ score for one, score in zip(centred, scores, strict=True))
    slope = np.linalg.lstsq(np.atleast_2d(within), np.atleast_1d(along), rcond=1e-9)[0]
    left = [score - one @ slope for score, one in zip(scores, centred, strict=True)]
    return left, (-float(means[0] @ slope), -float(means[1] @ slope))


def _squared_error(influence: Floats) -> float:
    n = len(influence)
    return float(influence @ influence) / (n - 1) / n


def _around(middle: float, margin: float) -> Interval:
    return middle - margin, middle + margin
