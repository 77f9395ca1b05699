"""Off-policy estimates on arrays: what a policy would have earned, told from a log that another policy wrote."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from personalize.errors import EvidenceError

Floats = NDArray[np.float64]
Method = Literal["ips", "snips", "dr"]
METHODS: tuple[Method, ...] = ("ips", "snips", "dr")

MIN_EFFECTIVE = 100.0  # effective sample below which no estimate is given
MIN_REWARDED = 10.0  # effective number of rewarded units below which an interval would not cover
MIN_FREEDOM = 2.0  # degrees of freedom that the tails leave at least
# Of the sample's skewness: it errs together with the mean, so that all of it overshoots (bench/quality/off_policy).
TRUSTED = 0.5
OFF_ERRORS = 5.0  # standard errors that the mean weight may lie off 1 before the log is disbelieved
OFF_SHARE = 0.02  # and at least this far: no log of millions is refused for a rounding


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward per unit with its interval, the effective sample behind it and the mean of the weights.

    `effective` is Kish's (sum w)^2 / (sum w^2) over clusters; `weight` is near 1 where log and policy fit each other.
    """

    value: float
    low: float
    high: float
    effective: float
    weight: float
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """What a log says of n units (lists, mails, rows): the reward of each and how likely its action was.

    `reward` (n,) finite; `propensity` (n,) in (0, 1], of the action that was taken, as drawn and not fitted;
    `cluster` (n,) int: units of one visitor are not independent, so that visitors are what is counted (None: each
    unit by itself).
    """

    reward: Floats
    propensity: Floats
    cluster: NDArray[np.int64] | None = None

    @staticmethod
    def of(reward: ArrayLike, propensity: ArrayLike, cluster: ArrayLike | None = None) -> Logged:
        """Checked arrays. EvidenceError where lengths differ, a reward is not finite or a propensity is none."""
        told = Logged(
            np.asarray(reward, np.float64), np.asarray(propensity, np.float64),
            None if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1].astype(np.int64),
        )  # fmt: skip
        n = len(told.reward)
        if told.propensity.shape != (n,) or (told.cluster is not None and told.cluster.shape != (n,)):
            raise EvidenceError(f"{n} rewards need {n} propensities and clusters", code="EVIDENCE_SHAPE")
        if not np.isfinite(told.reward).all():
            raise EvidenceError("a reward is not a finite number", code="EVIDENCE_REWARD")
        bad = ~((told.propensity > 0) & (told.propensity <= 1))
        if bad.any():
            raise EvidenceError(
                f"{int(bad.sum())} of {n} propensities lie outside (0, 1], the first is {told.propensity[bad][0]!r}",
                code="EVIDENCE_PROPENSITY",
                hint="A propensity is the probability with which the logged action was drawn, as it was drawn.",
            )
        return told

    def __len__(self) -> int:
        return len(self.reward)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A policy to be judged on a log: `probability` (n,) in [0, 1] that it takes the action that was logged.

    For the doubly robust estimate a model of the reward that has not seen the unit (cross-fitted): `predicted` (n,)
    for the logged action, `expected` (n,) averaged over the actions of this policy.
    """

    probability: Floats
    predicted: Floats | None = None
    expected: Floats | None = None


def estimate(logged: Logged, target: Target, method: Method = "ips") -> Estimate:
    """The mean reward per unit had `target` acted, with a 95 % interval.

    `ips` weighs each reward by probability / propensity (unbiased; Horvitz and Thompson 1952), `snips` divides by the
    sum of the weights (small bias, less variance; Swaminathan and Joachims 2015), `dr` weighs only what the model did
    not foresee (unbiased whatever the model; Dudik, Langford and Li 2011). EvidenceError below `MIN_EFFECTIVE`.
    """
    weights = _weights(logged, target)
    check(logged, weights)
    return _told(logged, weights, *_scores(logged, target, weights, method))


def difference(logged: Logged, policy: Target, against: Target, method: Method = "ips") -> Estimate:
    """`policy` minus `against` on the same units: paired, so what both have in common cancels out.

    `effective` is the smaller of the two, `weight` that of the policy.
    """
    ours, theirs = _weights(logged, policy), _weights(logged, against)
    check(logged, ours, "the policy")
    check(logged, theirs, "the policy it is held against")
    value, scores = _scores(logged, policy, ours, method)
    other, scores_other = _scores(logged, against, theirs, method)
    smaller = ours if effective_size(ours, logged.cluster) < effective_size(theirs, logged.cluster) else theirs
    return _told(logged, smaller, value - other, scores - scores_other)


def effective_size(weights: Floats, cluster: NDArray[np.int64] | None = None) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2 (Survey Sampling, 1965), over clusters; 0 without weight."""
    sums = _summed(weights, cluster)
    squares = float(sums @ sums)
    return float(sums.sum()) ** 2 / squares if squares > 0 else 0.0


def check(logged: Logged, weights: Floats, whose: str = "the policy") -> None:
    """EvidenceError where the log cannot answer: too little of it is left, or the weights are not those of a log.

    The mean of probability / propensity is 1 where propensities are true and the log tries all the policy would do.
    """
    size = effective_size(weights, logged.cluster)
    if size < MIN_EFFECTIVE:
        raise EvidenceError(
            f"the {len(logged)} rows logged are worth an effective sample of {size:.1f} to {whose}, "
            f"at least {MIN_EFFECTIVE:.0f} are needed",
            code="SAMPLE_TOO_SMALL",
            hint="Log more, explore more, or judge a policy that is nearer to the one that wrote the log.",
        )
    rewarded = effective_size(weights * (logged.reward != 0), logged.cluster)
    if rewarded < MIN_REWARDED:
        raise EvidenceError(
            f"rewards of {whose} come from an effective {rewarded:.1f} units, at least {MIN_REWARDED:.0f} are needed",
            code="REWARDS_TOO_FEW",
            hint="Log more, or judge by a reward that is less rare.",
        )
    sums = _summed(weights - 1.0, logged.cluster)
    mean, error = float(sums.sum()) / len(logged), float(np.sqrt(sums @ sums)) / len(logged)
    if abs(mean) > max(OFF_ERRORS * error, OFF_SHARE):
        raise EvidenceError(
            f"the weights of {whose} average {1 + mean:.3f} (standard error {error:.3f}) where 1 is expected",
            code="PROPENSITIES_WRONG",
            hint="The log never tries some of what the policy would do, or its propensities are not the true ones.",
        )


def interval(scores: Floats, level: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of independent scores (m,), corrected for skewness and tails; infinite below two scores.

    Weighted rewards are skewed to the right, and the plain t interval then misses on one side: Hall's transformation of
    the t statistic (Journal of the Royal Statistical Society B 54, 1992) takes the skewness out, at no cost; half of
    what the sample shows, which covered best in `bench/quality/off_policy.py` (a choice by measurement). Their tails
    are heavy, so the spread is known less well than m scores of a normal would tell it: the degrees of freedom
    are those of a chi-square that varies as much as the sample's variance does, 2 m / (kurtosis - 1) (Satterthwaite,
    Biometrics Bulletin 2, 1946), at most m - 1. Empirical Bernstein bounds always hold but are several times wider.
    """
    m = len(scores)
    mean = float(scores.mean()) if m else math.nan
    if m < 2:
        return -math.inf, math.inf
    centred = scores - mean
    spread = math.sqrt(float(centred @ centred) / (m - 1))
    if spread == 0.0:
        return mean, mean
    scaled = centred / spread  # first: powers of tiny amounts are zero
    squares = scaled * scaled
    bend = TRUSTED * float(squares @ scaled) / m / math.sqrt(m)
    freedom = min(m - 1.0, max(2 * m / max(float(squares @ squares) / m - 1, 1e-9), MIN_FREEDOM))
    quantile = float(stdtrit(freedom, (1 + level) / 2))
    error = spread / math.sqrt(m)
    return mean - error * _unbent(quantile, bend), mean - error * _unbent(-quantile, bend)


def bernstein(scores: Floats, width: float, level: float = 0.95) -> tuple[float, float]:
    """Empirical Bernstein interval (Maurer and Pontil 2009) of scores that span at most `width`: holds at any size."""
    m = len(scores)
    if m < 2:
        return -math.inf, math.inf
    log = math.log(4.0 / (1 - level))
    mean, variance = float(scores.mean()), float(scores.var(ddof=1))
    margin = math.sqrt(2 * variance * log / m) + 7 * width * log / (3 * (m - 1))
    return mean - margin, mean + margin


def _unbent(quantile: float, bend: float) -> float:
    """Hall's inverse: the t statistic whose skewness-corrected value is `quantile`; `bend` = skewness / sqrt(m)."""
    if abs(bend) < 1e-6:
        return quantile
    return 3.0 / bend * (math.copysign(abs(inner := 1 + bend * (quantile - bend / 6)) ** (1 / 3), inner) - 1)


def _weights(logged: Logged, target: Target) -> Floats:
    probability = np.asarray(target.probability, np.float64)
    if probability.shape != (len(logged),):
        raise EvidenceError(f"{len(logged)} units need as many probabilities", code="EVIDENCE_SHAPE")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise EvidenceError("a policy's probability lies outside [0, 1]", code="EVIDENCE_PROBABILITY")
    weights: Floats = probability / logged.propensity
    return weights


def _scores(logged: Logged, target: Target, weights: Floats, method: Method) -> tuple[float, Floats]:
    """The estimate, and per unit (n,) the score whose mean it is to first order."""
    if method == "ips":
        scores = weights * logged.reward
    elif method == "snips":
        mean = float(weights.mean())
        value = float(weights @ logged.reward) / (mean * len(weights))
        scores = value + weights * (logged.reward - value) / mean
    else:
        if target.predicted is None or target.expected is None:
            raise EvidenceError("the doubly robust estimate needs a model's predictions", code="EVIDENCE_MODEL")
        scores = target.expected + weights * (logged.reward - target.predicted)
    return float(scores.mean()), scores


def _told(logged: Logged, weights: Floats, value: float, scores: Floats) -> Estimate:
    n = len(scores)
    if logged.cluster is not None:
        # A cluster's share of the mean: independent of the other clusters, and their mean is the estimate.
        sums = _summed(scores - value, logged.cluster)
        scores = value + sums * (len(sums) / n)
    low, high = interval(scores)
    return Estimate(value, low, high, effective_size(weights, logged.cluster), float(weights.mean()), n)


def _summed(values: Floats, cluster: NDArray[np.int64] | None) -> Floats:
    if cluster is None:
        return values
    sums: Floats = np.bincount(cluster, values).astype(np.float64)
    return sums
