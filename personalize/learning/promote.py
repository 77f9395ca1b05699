"""Promotion: a candidate goes live only if it is better on the newest lists and passes the guards; refusals by name."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact, load
from personalize.errors import ArtefactError
from personalize.learning.contest import CANDIDATE, INCUMBENT, ROWS, Contest, Progress, hold
from personalize.learning.metrics import RESAMPLES
from personalize.learning.replay import load as read_log
from personalize.learning.versions import name_of, recall

NORMAL = 1.959964  # of a two-sided interval of 95 %
REPEATS = 15  # measurements of what scoring costs; their median counts


@dataclass(frozen=True, slots=True)
class Limits:
    """What a candidate has to keep to.

    `lists`: judged lists the slice needs. `fall`: NDCG@10 a segment of at least `segment_lists` lists may lose before
    it counts as harmed (where the 95 % interval of its change lies below 0). `cpu_ms`: CPU of scoring 200 rows, and
    `cpu_times` that of the incumbent (below a quarter of `cpu_ms` nobody minds).
    """

    lists: int = 100
    fall: float = 0.02
    segment_lists: int = 50
    cpu_ms: float = 4.0
    cpu_times: float = 2.0


def compare(
    candidate: Path, events: Path, incumbent: Path | None = None, *, since: datetime | None = None,
    limits: Limits | None = None, seed: int = 0, progress: Progress | None = None,
    withdrawn: Sequence[str] = (), again: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The report on a candidate: JSON values, `verdict` "promote" or "refuse" with `refusals` of `{code, message}`.

    `withdrawn` are versions that a rollback took back; such a candidate is refused unless `again` names it. The slice
    begins after what both models have seen. An incumbent that cannot be served any more is told as such and does not
    stand in the way. EventError where the log cannot be read.
    """
    limits = limits or Limits()
    report: dict[str, Any] = {"verdict": "refuse", "refusals": []}

    def refuse(code: str, message: str) -> dict[str, Any]:
        report["refusals"].append({"code": code, "message": message})
        return report

    try:
        new = load(candidate)
    except ArtefactError as error:
        return refuse(error.code, error.message)
    models = {CANDIDATE: new}
    report["candidate"] = name_of(new)
    if back := recall(report["candidate"], withdrawn, again):
        return refuse("WITHDRAWN", f"{back} was taken back by a rollback; where it is to go live after all, name it: "
                                   f"`--again {back}`")  # fmt: skip
    if incumbent is not None:
        try:
            models[INCUMBENT] = load(incumbent)
            report["incumbent"] = name_of(models[INCUMBENT])
        except ArtefactError as error:
            report["incumbent_unusable"] = {"code": error.code, "message": error.message}
    start = _start(models, since)
    if isinstance(start, tuple):
        return refuse(*start)
    log = read_log(events)
    report |= log.told()
    last = max((event.at for event in log), default=start)
    if last < start:
        return refuse("SLICE_SEEN", f"{events} ends {_told(last)}, the models have seen it up to {_told(start)}")
    try:
        contest = hold(log, start, models, seed=seed, progress=progress)
    except ArtefactError as error:
        return refuse(error.code, error.message)
    report |= log.told() | {"since": _told(start), "until": _told(last), "lists": len(contest)}
    if len(contest) < limits.lists:
        return refuse(
            "TOO_FEW_LISTS",
            f"{len(contest)} lists that a click answers since {_told(start)}, at least {limits.lists} are needed",
        )
    other = INCUMBENT if INCUMBENT in models else contest.best_rule()
    _quality(report, contest, other, limits, seed, refuse)
    _cost(report, contest, models, limits, refuse)
    if not report["refusals"]:
        report["verdict"] = "promote"
    return report


def _start(models: dict[str, Artefact], since: datetime | None) -> float | tuple[str, str]:
    """When the slice begins (epoch seconds): after the training data of all, or at `since` if that is later."""
    seen = 0.0
    for name, model in models.items():
        until = model.seen_until
        if until is None:
            return "TRAINING_UNKNOWN", f"The card of the {name} does not say up to when its training data goes"
        seen = max(seen, until)
    if since is not None and since.timestamp() < seen:
        return "SLICE_SEEN", f"The slice from {since.isoformat()} on overlaps what was trained on, up to {_told(seen)}"
    return since.timestamp() if since is not None else seen


def _quality(report: dict[str, Any], contest: Contest, other: str, limits: Limits, seed: int, refuse: Any) -> None:
    """The difference over all lists, and that of each segment."""
    gap = contest.difference(CANDIDATE, other)
    low, high = clustered_interval(gap, contest.units, seed)
    report["against"] = other
    report["ndcg@10"] = {name: fmean(gains) for name, gains in contest.gains.items()}
    report["difference"] = [low, high]
    report["order_bent"] = {name: fmean(values) for name, values in contest.bent.items()}
    if not low > 0:
        refuse("NOT_BETTER", f"NDCG@10 over {other} lies between {low:+.4f} and {high:+.4f} (95 %), expected above 0")
    units = np.array(contest.units, object)
    told = []
    for (name, value), rows in contest.groups().items():
        if len(rows) < limits.segment_lists:
            continue
        change, error = float(gap[rows].mean()), clustered_error(gap[rows], units[rows].tolist())
        harmed = change < -limits.fall and change + NORMAL * error < 0
        one = {
            "name": name, "value": value, "lists": len(rows), "change": change,
            "interval": [change - NORMAL * error, change + NORMAL * error], "harmed": harmed,
        }  # fmt: skip
        told.append(one)
        if harmed:
            refuse(
                "SEGMENT_FALLS",
                f"{name} {value}: NDCG@10 {change:+.4f} on {len(rows)} lists, at most -{limits.fall} is accepted",
            )
    report["segments"] = told


def _cost(report: dict[str, Any], contest: Contest, models: dict[str, Artefact], limits: Limits, refuse: Any) -> None:
    """CPU of scoring `ROWS` rows of the slice, in milliseconds, measured here and now, in turns."""
    cpu = measure({name: (model, contest.matrix(name)) for name, model in models.items()})
    report["cpu_ms"] = {name: round(value, 4) for name, value in cpu.items()}
    own, theirs = cpu[CANDIDATE], cpu.get(INCUMBENT)
    if own > limits.cpu_ms:
        refuse("TOO_SLOW", f"Scoring {ROWS} rows takes {own:.2f} ms of CPU, at most {limits.cpu_ms} are accepted")
    elif theirs is not None and own > max(limits.cpu_times * theirs, limits.cpu_ms / 4):
        refuse(
            "TOO_SLOW",
            f"Scoring {ROWS} rows takes {own:.2f} ms of CPU, over {limits.cpu_times:g} times that of the incumbent",
        )


def measure(models: dict[str, tuple[Artefact, NDArray[np.float32]]]) -> dict[str, float]:
    """CPU of one scoring of each model's matrix, in ms: the median of `REPEATS` rounds that take turns."""
    taken: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(REPEATS):
        for name, (model, matrix) in models.items():
            before = time.thread_time()
            model.predict(matrix)
            taken[name].append(1000.0 * (time.thread_time() - before))
    return {name: median(values) for name, values in taken.items()}


def clustered_interval(
    difference: NDArray[np.float64], units: Sequence[Hashable], seed: int = 0
) -> tuple[float, float]:  # fmt: skip
    """95 % bootstrap interval of the mean of per-list differences (m,), visitors drawn instead of lists.

    One visitor's lists are alike: drawn by themselves they would pretend to be more evidence than they are.
    """
    sums, counts = _clusters(difference, units)
    rng = np.random.default_rng(seed)
    size, means = len(sums), np.empty(RESAMPLES)
    if not size:
        return math.nan, math.nan
    for turn in range(RESAMPLES):
        drawn = rng.integers(0, size, size)
        means[turn] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def clustered_error(difference: NDArray[np.float64], units: Sequence[Hashable]) -> float:
    """The standard error of the mean of per-list differences (m,), visitors taken as a whole; infinite with one."""
    sums, counts = _clusters(difference, units)
    size = len(sums)
    if size < 2:
        return math.inf
    rest = sums - counts * difference.mean()
    return float(np.sqrt(size / (size - 1) * (rest @ rest)) / len(difference))


def _clusters(
    difference: NDArray[np.float64], units: Sequence[Hashable]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    number: dict[Hashable, int] = {}
    index = np.array([number.setdefault(unit, len(number)) for unit in units], np.intp)
    sums = np.bincount(index, difference, len(number)).astype(np.float64)
    return sums, np.bincount(index, minlength=len(number)).astype(np.float64)


def _told(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
