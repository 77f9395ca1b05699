"""Train: a LambdaMART ranker from an event log, sized on a later slice of it, written as an artefact."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from personalize.artefact import feature_names, save
from personalize.decisions.scoring import BLEND
from personalize.errors import EventError
from personalize.events.log import Report
from personalize.features.schema import Schema, detect
from personalize.features.shape import describe
from personalize.learning.depth import depth_of
from personalize.learning.drift import click_rate
from personalize.learning.examples import Examples, collect, repeat_share
from personalize.learning.gate.ranking import Learner, Mode, admit
from personalize.learning.journal import load
from personalize.learning.judgments import GAINS
from personalize.learning.propensity import Examination, examination_of

Progress = Callable[[str, int], None]

LATER = 0.2  # share of lists, the latest, on which the number of trees is chosen
DRAWS = 2  # models whose mean curve it is chosen by: of one alone it depends on the draw of its columns,
STEADY = 5_000  # but not where so many lists make the curve
MIN_LISTS = 50
MIN_TREES = 20
FLAT = 0.0005  # NDCG@10 that no slice tells apart: of numbers of trees that near to the best the largest is taken
SMOOTHED = 6  # part of a shape's trees that its curve is smoothed over
WELL_COVERED = 0.99  # share of the trained rows down to whose position a model may lift what it likes
SHARED_GAIN = 0.3  # of a split's gain on a column that is equal for all rows: most such splits fit noise


class Shape(NamedTuple):
    """What a model may grow to: what a tree counts (the learning rate), its leaves, and how many trees at most."""

    rate: float
    leaves: int
    trees: int


# A latency budget: with the first a page costs about 0.04 ms less than with the second (`bench lap`).
SHORT, LONG = Shape(0.08, 23, 120), Shape(0.1, 15, 240)
MANY_ROWS = 600_000  # between a log of 157,000, where folds see no difference, and one of a million: LONG won
PARAMETERS: Mapping[str, Any] = {
    "objective": "lambdarank",
    "metric": "ndcg",
    "eval_at": [10],
    "label_gain": GAINS,
    "lambdarank_truncation_level": 30,
    "lambdarank_norm": False,  # with it a well-ranked list teaches less, and first lists of a session lose by it
    "learning_rate": LONG.rate,
    "num_leaves": LONG.leaves,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
}


def train(
    events: Path,
    until: datetime | None,
    out: Path,
    *,
    seed: int = 1,
    threads: int = 0,
    debias: bool = True,
    signals: Mode = "auto",
    command: str = "",
    created: datetime | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train on the judged lists before `until` (all, if None), write the artefact to `out`, return its card.

    The same log, `until`, seed and version give the same model. `threads` changes nothing but the time it takes; 0
    takes the cores that have nothing else to do. Where the log holds enough draws of the strategy `exploring`, clicks
    are freed of what positions explain of them, and the card says so under `examination` (`debias=False` leaves that
    out). `signals` says which context may be used: `auto`, what pays (`gate.ranking`; the card tells what was found),
    `all` or `none`. EventError where the log has fewer than `MIN_LISTS` judged lists.
    """
    tell = progress or _silent
    report = Report()
    found = load(events, until.timestamp() if until is not None else None, report, progress)
    tell("events", len(found))
    left_out: dict[str, str] = {}
    schema = detect(found, left_out)
    examples = collect(found, schema, progress)
    tell("lists", len(examples))
    dropped, noted = dict(report.dropped), dict(found.noted)
    if len(examples) < MIN_LISTS:
        raise EventError(
            f"{events} holds {len(examples)} lists to learn from (a click answers them, and not all rows alike), "
            f"at least {MIN_LISTS} are needed; "
            f"{found.said()}",
            code="TOO_FEW_LISTS",
            hint="`select_item` lines name the list they answer in `list_event_id`"
            + ("." if until is None else "; or give a later `--until`."),
        )
    threads = threads if threads > 0 else _idle()
    examined = examination_of(found) if debias and found.explored else None
    learn = learner(seed, threads, examined, trust=signals == "auto")
    examples, schema, findings = admit(examples, schema, signals, learn, progress)
    cut = int(len(examples) * (1 - LATER))
    halves = examples.part(0, cut), examples.part(cut, len(examples))
    trusted = schema.situation if signals == "auto" else frozenset()
    shape, score, depth = _size(*halves, schema, seed, threads, examined, trusted)
    tell("trees", shape.trees)
    booster = learn(examples, schema, shape.trees, shape.rate, num_leaves=shape.leaves)
    when = created or datetime.now(UTC)
    card: dict[str, Any] = {
        "name": out.name,
        "created": when.isoformat(timespec="seconds"),
        "command": command or "personalize.learning.train.train",
        "seed": seed,
        "trees": shape.trees,
        "rate": shape.rate,
        "leaves": shape.leaves,
        "data": {
            "from": _told(found.span[0]),
            "to": _told(found.span[1]),
            "events": len(found),
            "lists": len(examples),
            "rows": int(examples.sizes.sum()),
            "dropped": dropped,
            "noted": noted,
            "left_out": dict(sorted(left_out.items())),
            "click_rate": click_rate(found)["rate"],
        },
        "metrics": {"slice": f"latest {LATER:.0%} of the lists, model trained on the rest", "ndcg@10": score},
        "examination": examined.card() if examined is not None else None,
        "signals": {finding.signal: finding.told() for finding in findings},
        "ranking": {
            "depth": depth,
            "blend": BLEND,
            "repeat_share": repeat_share(found.purchases()),
            "deepest": deepest(examples, schema),
        },
        "drift": describe(examples.matrix, schema.names),
    }
    return save(out, booster.model_to_string(num_iteration=-1), schema, card)


def learner(seed: int, threads: int, examined: Examination | None, *, trust: bool = True) -> Learner:
    """What fits a ranker to examples with this module's parameters; `trust` where the context has to prove itself."""

    def learn(part: Examples, schema: Schema, trees: int, rate: float, **more: Any) -> lgb.Booster:
        trusted = schema.situation if trust else frozenset()
        parameters = {**_parameters(part, schema, seed, threads, trusted), "learning_rate": rate, **more}
        return lgb.train(parameters, _dataset(part, schema, examined=examined), trees)

    return learn


def deepest(examples: Examples, schema: Schema) -> float:
    """The position (0-based, in the shop's order) that all but 1 % of the rows stand at or before."""
    positions = examples.matrix[:, schema.names.index("position")]
    return float(np.nanquantile(positions, WELL_COVERED, method="inverted_cdf"))


def _size(
    early: Examples, late: Examples, schema: Schema, seed: int, threads: int, examined: Examination | None,
    trusted: Collection[str],
) -> tuple[Shape, float, int]:  # fmt: skip
    """The shape, with the number of trees that serves the later lists best, its NDCG@10 there, and the depth."""
    shape = LONG if len(early.matrix) + len(late.matrix) >= MANY_ROWS else SHORT
    draws = DRAWS if len(late) < STEADY else 1
    made = [_curve(early, late, schema, seed + draw, threads, examined, trusted, shape) for draw in range(draws)]
    values = np.mean([curve for _, curve in made], axis=0)
    # The slice is small and its curve flat and jagged: the end of its smoothed top is a steadier choice than its
    # highest tooth. The model is then trained on all lists, which bear as many more trees.
    width = min(shape.trees // SMOOTHED + 1, len(values))
    smooth = np.convolve(values, np.ones(width) / width, mode="valid")
    best = int(np.flatnonzero(smooth >= smooth.max() - FLAT)[-1]) + width // 2 + 1
    trees = int(np.clip(round(best / (1 - LATER)), MIN_TREES, shape.trees))
    booster = made[0][0]

    def told(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(booster.predict(rows, num_iteration=best, num_threads=threads), np.float64)

    return shape._replace(trees=trees), float(smooth.max()), depth_of(late, told, schema)


def _curve(
    early: Examples, late: Examples, schema: Schema, seed: int, threads: int, examined: Examination | None,
    trusted: Collection[str], shape: Shape,
) -> tuple[lgb.Booster, list[float]]:  # fmt: skip
    """A model of the early lists, and its NDCG@10 on the later ones after each tree, (shape.trees,)."""
    dataset = _dataset(early, schema, examined=examined)
    told: dict[str, dict[str, list[float]]] = {}
    booster = lgb.train(
        {
            **_parameters(early, schema, seed, threads, trusted),
            "learning_rate": shape.rate,
            "num_leaves": shape.leaves,
        },
        dataset,
        shape.trees,
        valid_sets=[_dataset(late, schema, dataset, examined)],
        valid_names=["late"],
        callbacks=[lgb.record_evaluation(told)],
    )
    return booster, told["late"]["ndcg@10"]


def _parameters(
    examples: Examples, schema: Schema, seed: int, threads: int, trusted: Collection[str]
) -> dict[str, Any]:
    """`trusted` are columns whose splits count in full although they are equal for all rows of a list."""
    rows = int(examples.sizes.sum())
    return {
        **PARAMETERS,
        "min_data_in_leaf": int(np.clip(rows // 800, 5, 200)),
        "feature_contri": [SHARED_GAIN if name in schema.shared - set(trusted) else 1.0 for name in schema.names],
        "seed": seed,
        "num_threads": max(threads, 1),
    }


def _dataset(
    examples: Examples, schema: Schema, reference: lgb.Dataset | None = None, examined: Examination | None = None
) -> lgb.Dataset:
    """With an `examined` every row starts at the log chance of being looked at: trees learn what that leaves open.

    Of two rows, one of them clicked, the odds that it was the first are those of examination times those of
    attraction: in the pairwise logistic of lambdarank a sum of logs, of which serving keeps the second alone.
    """
    return lgb.Dataset(
        examples.matrix,
        examples.grade,
        group=examples.sizes,
        weight=examples.weight,
        feature_name=feature_names(schema),
        init_score=examined.at(examples.place) if examined is not None else None,
        reference=reference,
        params={"verbose": -1},
    )


def _idle() -> int:
    """How many cores have nothing to do, this process aside: threads that wait for each other's core cost double."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return max(min(cores, round(cores + 1 - busy)), 1)


def _told(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _silent(what: str, count: int) -> None:
    pass
