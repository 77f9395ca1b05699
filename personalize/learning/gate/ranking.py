"""The gate on a ranker: how much better its order is with a signal's features, on lists it has not learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from personalize.features.schema import Schema, columns
from personalize.learning.examples import Examples
from personalize.learning.gate.signals import present
from personalize.learning.metrics import ndcg

Floats = NDArray[np.float64]
Progress = Callable[[str, int], None]
Mode = Literal["auto", "all", "none"]

ORIGINS = (0.4, 0.6, 0.8)  # shares of the lists before which is learned; what comes up to the next is judged
ROWS = 120_000  # newest rows that one fit learns from
LISTS = 4_000  # lists that are judged after each origin, evenly picked
TREES, RATE = 80, 0.1  # of every fit: the signals are compared, no model is sized
ALL = {"feature_fraction": 1.0}
"""Every tree sees all columns: a draw of columns is another one with a column more, and its luck looks like a gain."""
MAX_SIGNALS = 12  # signals that are tried, those on most lists first
MIN_LISTS = 400  # judged lists below which nothing is decided, and off it is
WORTH = 0.002  # NDCG@10 from which a signal is worth its upkeep
RESAMPLES = 2_000
LEVEL = 0.99  # several signals are tried, and that a fit is a draw, too, no bootstrap over lists can see


class Learner(Protocol):
    """Fits a ranker of `trees` trees at `rate` to examples and gives what predicts their scores.

    `more` are further parameters of LightGBM.
    """

    def __call__(self, part: Examples, schema: Schema, trees: int, rate: float, **more: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a signal's features are worth: NDCG@10 `gain` and its 99 % interval over visitors, on `lists` lists.

    NaN where nothing could be measured. `on`: they pay, beside the signals that were let in before.
    """

    signal: str
    keys: tuple[str, ...]
    gain: float
    low: float
    high: float
    on: bool

    def told(self) -> dict[str, Any]:
        """As JSON; null where nothing could be measured."""
        known = self.gain == self.gain
        return {
            "verdict": "on" if self.on else "off",
            "gain": self.gain if known else None,
            "interval": [self.low, self.high] if known else None,
            "keys": list(self.keys),
        }

    def __str__(self) -> str:
        if self.gain != self.gain:
            return f"{self.signal}: too few lists to tell, off"
        said = f"NDCG@10 {self.gain:+.4f} ({self.low:+.4f} to {self.high:+.4f})"
        verdict = "on" if self.on else "no gain, off" if self.low <= 0 or self.gain < WORTH else "nothing new, off"
        return f"{self.signal}: {verdict}; {said}"


def admit(
    examples: Examples, schema: Schema, mode: Mode, learn: Learner, progress: Progress | None = None
) -> tuple[Examples, Schema, tuple[Finding, ...]]:
    """The examples and the schema with the features of signals that pay alone, and what was found of each signal.

    `all` and `none` let in every signal or none, unmeasured. The examples given must not be used again: a matrix that
    fills the memory it may take cannot be had twice.
    """
    if mode == "all" or not schema.context:
        return examples, schema, ()
    findings = measure(examples, schema, learn, progress) if mode == "auto" else ()
    off = set(schema.context) - {key for finding in findings if finding.on for key in finding.keys}
    left = schema.without(off)
    return (examples if left == schema else examples.narrow(_kept(schema, left))), left, findings


def measure(
    examples: Examples, schema: Schema, learn: Learner, progress: Progress | None = None
) -> tuple[Finding, ...]:
    """What each signal of the schema is worth to a ranker: first each one alone, then those that pay on top of another.

    A signal that only repeats another one (season and temperature) is let in once. At most
    `(2 * MAX_SIGNALS + 1) * len(ORIGINS)` fits of `ROWS` rows.
    """
    signals = present(schema)
    tried = dict(list(_by_presence(examples, schema, signals))[:MAX_SIGNALS])
    trial = _Trial(examples, schema, learn)
    nothing = float("nan")
    found = {signal: Finding(signal, keys, nothing, nothing, nothing, False) for signal, keys in signals.items()}
    if len(trial) < MIN_LISTS:
        return tuple(found.values())
    for number, signal in enumerate(tried):
        found[signal] = trial.finding(signal, signals, frozenset())
        if progress is not None:
            progress("signals", number + 1)
    on: frozenset[str] = frozenset()
    for signal in sorted((s for s in tried if found[s].on), key=lambda s: (-found[s].gain, s)):
        again = trial.finding(signal, signals, on) if on else found[signal]
        found[signal] = Finding(signal, found[signal].keys, found[signal].gain, found[signal].low, found[signal].high,
                                again.on)  # fmt: skip
        on |= {signal} if again.on else set()
    return tuple(found.values())


class _Trial:
    """Time splits of some examples; the NDCG@10 of every set of signals is measured once."""

    def __init__(self, examples: Examples, schema: Schema, learn: Learner) -> None:
        self._examples, self._schema, self._learn = examples, schema, learn
        self._known: dict[frozenset[str], Floats] = {}
        count = len(examples)
        cuts = [int(count * share) for share in ORIGINS]
        self._parts = [(_oldest(examples, cut), cut, end) for cut, end in zip(cuts, [*cuts[1:], count], strict=True)]
        self._judged = [np.unique(np.linspace(cut, end - 1, min(LISTS, end - cut)).astype(int))
                        if end > cut else np.zeros(0, int) for _, cut, end in self._parts]  # fmt: skip
        self._origin = np.repeat(np.arange(len(cuts)), [len(lists) for lists in self._judged])
        self._unit = examples.unit[np.concatenate(self._judged)]

    def __len__(self) -> int:
        return len(self._unit)

    def finding(self, signal: str, signals: dict[str, tuple[str, ...]], beside: frozenset[str]) -> Finding:
        """What a signal adds to those `beside` it."""
        gap = self._scores(beside | {signal}, signals) - self._scores(beside, signals)
        low, high = _interval(gap, self._unit)
        each = np.bincount(self._origin, gap)
        on = low > 0 and float(gap.mean()) >= WORTH and bool((each > 0).all())
        return Finding(signal, signals[signal], float(gap.mean()), low, high, on)

    def _scores(self, on: frozenset[str], signals: dict[str, tuple[str, ...]]) -> Floats:
        """NDCG@10 of each judged list by rankers that have the signals `on`."""
        if on not in self._known:
            off = {key for signal, keys in signals.items() if signal not in on for key in keys}
            schema = self._schema.without(off)
            kept = _kept(self._schema, schema)
            found: list[float] = []
            for (first, cut, _), judged in zip(self._parts, self._judged, strict=True):
                ranker = self._learn(self._examples.part(first, cut).narrowed(kept), schema, TREES, RATE, **ALL)
                found += _scores(ranker, self._examples.lists(judged, kept))
            self._known[on] = np.array(found)
        return self._known[on]


def _scores(ranker: Any, judged: Examples) -> Iterator[float]:
    """NDCG@10 of each list."""
    scores = -np.asarray(ranker.predict(judged.matrix, num_threads=1), np.float64)
    start = 0
    for size in judged.sizes.tolist():
        rows = slice(start, start + size)
        yield ndcg(np.argsort(scores[rows], kind="stable"), judged.grade[rows] > 0)
        start += size


def _kept(schema: Schema, left: Schema) -> list[int]:
    """Where the columns of `left` stand in a schema that has more."""
    place = columns(schema)
    return [place[name] for name in left.names]


def _oldest(examples: Examples, cut: int) -> int:
    """The first of the newest lists before `cut` that hold `ROWS` rows."""
    rows = np.cumsum(examples.sizes[:cut][::-1])
    return cut - int(np.searchsorted(rows, ROWS, side="right")) if len(rows) else cut


def _by_presence(
    examples: Examples, schema: Schema, signals: dict[str, tuple[str, ...]]
) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The signals, those that are known for most lists first."""
    place = columns(schema)
    first = np.concatenate([[0], np.cumsum(examples.sizes)[:-1]])
    share = {
        signal: max(float((~np.isnan(examples.matrix[first, place[f"context.{key}"]])).mean()) for key in keys)
        for signal, keys in signals.items()
    }
    return sorted(signals.items(), key=lambda pair: -share[pair[0]])


def _interval(gap: Floats, unit: NDArray[np.int64]) -> tuple[float, float]:
    """Bootstrap interval of the mean gap (m,) over whole visitors: lists of one visitor are alike."""
    _, number = np.unique(unit, return_inverse=True)
    total, size = np.bincount(number, gap), np.bincount(number).astype(np.float64)
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, len(total), len(total))
        means.append(total[drawn].sum() / size[drawn].sum())
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
