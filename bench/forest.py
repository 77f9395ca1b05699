"""Models of any number of trees: a large one trained on the demo's log, kept, and cut to the sizes asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lightgbm as lgb

from personalize.artefact import feature_names, load, save
from personalize.errors import ArtefactError
from personalize.features.schema import detect
from personalize.learning import examples, replay
from personalize.learning.train import PARAMETERS


def cut(events: Path, folder: Path, sizes: Sequence[int]) -> dict[int, Path]:
    """The folder of a model by its number of trees; the largest one is trained where it is not there yet."""
    whole = folder / f"trees-{max(sizes)}"
    try:
        artefact = load(whole)
    except ArtefactError:  # none yet, or one for the features of an earlier version
        _grow(events, whole, max(sizes))
        artefact = load(whole)
    found = {max(sizes): whole}
    for size in sizes:
        if size not in found:
            found[size] = folder / f"trees-{size}"
            text = artefact.booster.model_to_string(num_iteration=size)
            kept = {name: artefact.card[name] for name in ("created", "command", "ranking") if name in artefact.card}
            save(found[size], text, artefact.schema, {**kept, "trees": size})
    return found


def _grow(events: Path, out: Path, trees: int) -> None:
    """The training of the product, but for the number of trees, which is not chosen by what serves best."""
    found = replay.load(events)
    schema = detect(found)
    seen = examples.collect(found, schema)
    data = lgb.Dataset(
        seen.matrix, seen.grade, group=seen.sizes, weight=seen.weight, feature_name=feature_names(schema),
        params={"verbose": -1},
    )  # fmt: skip
    booster = lgb.train({**PARAMETERS, "seed": 1, "num_threads": 1}, data, trees)
    save(out, booster.model_to_string(num_iteration=-1), schema, {"command": "bench growth", "trees": trees})
