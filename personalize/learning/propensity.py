"""How likely a row at each position is looked at, told from swaps that chance made (intervention harvesting)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from personalize.domain.event import Event
from personalize.errors import EvidenceError
from personalize.learning.journal import Journal

Floats = NDArray[np.float64]

POSITIONS = 64  # positions that are told apart
MIN_CLICKS = 100  # clicks on swapped pairs below which nothing is estimated
WEAK = 1.0  # standard deviation of the line's slope around 0 (no bias) before any click is seen; real ones are 0 to 2
SMOOTH = 4.0  # clicks that weigh as much as the straight line that each position is pulled towards
STEPS = 100
RESAMPLES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """`log` (POSITIONS,): logarithm of the probability that a position is looked at, 0 for the first one.

    `error` (POSITIONS,) its standard error (NaN beyond the positions that took part), `slope` of the line
    log p = -slope * log(1 + position) that positions are pulled towards and that goes on beyond them, `clicks` how
    many it was told from.
    """

    log: Floats
    error: Floats
    slope: float
    clicks: int

    def at(self, positions: NDArray[np.floating[Any]]) -> Floats:
        """The logarithm at 0-based positions (n,); beyond the last it follows the line."""
        place: Floats = np.clip(np.asarray(positions, np.float64), 0, None)
        inside = np.interp(place, np.arange(POSITIONS), self.log)
        beyond = self.log[-1] - self.slope * np.log((1 + place) / POSITIONS)
        return np.asarray(np.where(place < POSITIONS, inside, beyond), np.float64)

    def card(self) -> dict[str, object]:
        """What an artefact's card says of it."""
        known = int((~np.isnan(self.error)).sum())
        return {
            "positions": known,
            "clicks": self.clicks,
            "slope": round(self.slope, 4),
            "examined": [round(float(p), 4) for p in np.exp(self.log[:known])],
            "log_error": [round(float(e), 4) for e in self.error[:known]],
        }


def harvest(journal: Journal) -> NDArray[np.int64]:
    """Clicks by pair of positions, (POSITIONS, POSITIONS): entry (i, j) counts clicks at i on lists that drew (i, j).

    A pair was drawn and swapped, or drawn and left, each with the same chance: so both positions showed the same items
    equally often, and only the positions tell their clicks apart (Joachims, Swaminathan and Schnabel, WSDM 2017;
    Agarwal and others, WSDM 2019). Clicks are those that judge the list: none of robots, none that came late.
    """
    found = np.zeros((POSITIONS, POSITIONS), np.int64)
    for event in journal:
        told = event.extra.get("exploration") if event.event == "view_item_list" else None
        pair = told.get("swap") if isinstance(told, Mapping) else None
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        if not all(isinstance(row, int) and 0 <= row < len(event.items) for row in pair):
            continue  # the pair stands on another page, in part at least
        answer = journal.judgments.of(event, tuple(event.items[row].item_id for row in pair))
        if answer is None:
            continue
        here, there = (_place(event, row) for row in pair)
        if here < POSITIONS and there < POSITIONS:
            found[here, there] += answer.clicked[0]
            found[there, here] += answer.clicked[1]
    return found


def examine(pairs: NDArray[np.int64], seed: int = 0) -> Examination:
    """The examination of each position from `harvest`ed pairs. EvidenceError below `MIN_CLICKS`.

    Of the clicks on a pair (i, j) the share at i is p_i / (p_i + p_j): Bradley and Terry's model of paired comparisons,
    fitted by Newton's method with a weak pull towards a power law of the position, whose slope is shrunk by its own
    error towards no bias at all: of few clicks, too much correction is worse than too little. Errors by a parametric
    bootstrap.
    """
    total = int(pairs.sum())
    if total < MIN_CLICKS:
        raise EvidenceError(
            f"{total} clicks on pairs that were drawn for a swap, at least {MIN_CLICKS} are needed",
            code="SWAPS_TOO_FEW",
            hint="Let the strategy `exploring` run for a share of the visitors, then export the log again.",
        )
    log, slope = _fit(pairs.astype(np.float64))
    took_part = (pairs + pairs.T).sum(axis=1) > 0
    rng = np.random.default_rng([seed, 7])
    again = np.stack([_fit(_redrawn(pairs, log, rng))[0] for _ in range(RESAMPLES)])
    error = np.where(took_part, again.std(axis=0), np.nan)
    last = int(np.flatnonzero(took_part)[-1])
    error[: last + 1] = np.where(took_part[: last + 1], error[: last + 1], 0.0)
    return Examination(log, error, slope, total)


def examination_of(journal: Journal) -> Examination | None:
    """The examination that a log tells, None where its swaps are too few or tell too little."""
    pairs = harvest(journal)
    if int(pairs.sum()) < MIN_CLICKS:
        return None
    found = examine(pairs)
    return found if is_certain(found) else None


def _redrawn(pairs: NDArray[np.int64], log: Floats, rng: np.random.Generator) -> Floats:
    both = np.triu(pairs + pairs.T, 1)
    first = rng.binomial(both, expit(log[:, None] - log[None, :]))
    return np.asarray(first + (both - first).T, np.float64)


def _fit(pairs: Floats) -> tuple[Floats, float]:
    """Logarithms of the examination (POSITIONS,) and the slope of the line they are pulled towards."""
    line = -np.log1p(np.arange(POSITIONS))
    both = pairs + pairs.T
    # First the slope alone, then each position's own departure from the line, shrunk by SMOOTH clicks.
    slope = 0.5
    for _ in range(STEPS):
        gap = line[:, None] - line[None, :]
        chance = expit(slope * gap)
        upward = float((gap * (pairs - both * chance)).sum()) / 2 - slope / WEAK**2
        bend = float((gap**2 * both * chance * (1 - chance)).sum()) / 2 + 1 / WEAK**2
        step = upward / bend
        slope = min(max(slope + step, 0.0), 5.0)
        if abs(step) < 1e-9:
            break
    own = np.zeros(POSITIONS)
    for _ in range(STEPS):
        log = slope * line + own
        chance = expit(log[:, None] - log[None, :])
        upward_each = (pairs - both * chance).sum(axis=1) - SMOOTH * own
        weight = both * chance * (1 - chance)
        bend_each = np.diag(weight.sum(axis=1) + SMOOTH) - weight
        steps = np.linalg.solve(bend_each, upward_each)
        own = own + np.clip(steps, -2.0, 2.0)
        if float(np.abs(steps).max()) < 1e-9:
            break
    log = slope * line + own
    return log - log[0], slope


def _place(event: Event, row: int) -> int:
    index = event.items[row].index
    return row if index is None else index


def is_certain(examination: Examination) -> bool:
    """Whether positions are told apart well enough to be used: errors well below what they explain."""
    known = ~np.isnan(examination.error)
    spread = float(np.ptp(examination.log[known]))
    return spread > 0 and math.sqrt(float((examination.error[known] ** 2).mean())) < max(0.5 * spread, 0.05)
