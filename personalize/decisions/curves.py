"""Curves: what each feature alone adds to a model's score at each of its values, read off the trees once per model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact
from personalize.decisions.parameters import group_of

Node = dict[str, Any]
MISSING = "NaN"  # LightGBM's word for a split that sends what is unknown its own way; else unknown counts as 0


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The partial dependence of a score on one feature, up to a constant: a step function.

    `steps` (k,) ascending; `values` (k + 1,) hold up to and with each step, then above; `unknown` where it is missing.
    """

    steps: NDArray[np.float64]
    values: NDArray[np.float64]
    unknown: float

    def at(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What values (n,) of the feature add."""
        found = self.values[np.searchsorted(self.steps, values, side="left")]
        return np.where(np.isnan(values), self.unknown, found)


@lru_cache(maxsize=4)
def curves_of(artefact: Artefact) -> dict[int, Curve]:
    """The curve of each column that a model splits on.

    Friedman 2001, section 8.2, by one walk over each tree: what a split on another feature does is averaged by how
    many rows of the training went either way. Interactions are averaged away: exact is `learning.contributions`.
    """
    pieces: dict[int, list[tuple[float, float, bool, float]]] = {}
    for tree in artefact.booster.dump_model()["tree_info"]:
        for value, share, spans in _leaves(tree["tree_structure"]):
            for feature, (low, high, unknown, own) in spans.items():
                pieces.setdefault(feature, []).append((low, high, unknown, value * share / own))
    found = {}
    for feature, parts in pieces.items():
        table = np.array(parts, np.float64)
        ends = table[:, :2]
        steps = np.unique(ends[np.isfinite(ends)])
        change = np.zeros(len(steps) + 2)
        begin = np.where(np.isfinite(table[:, 0]), np.searchsorted(steps, table[:, 0]) + 1, 0)
        end = np.where(np.isfinite(table[:, 1]), np.searchsorted(steps, table[:, 1]) + 1, len(steps) + 1)
        np.add.at(change, begin, table[:, 3])
        np.add.at(change, end, -table[:, 3])
        found[feature] = Curve(steps, np.cumsum(change)[:-1], float(table[table[:, 2] > 0, 3].sum()))
    return found


def lifts(
    artefact: Artefact, matrix: NDArray[np.float32], rows: list[int], among: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """By group of features what it adds to the score of each of `rows`, (r,), beyond the mean of the rows `among`."""
    block, found = matrix[np.concatenate([np.array(rows, np.intp), among])], dict[str, NDArray[np.float64]]()
    names, split = artefact.schema.names, len(rows)
    varies = (block != block[0]).any(axis=0)
    for column, curve in curves_of(artefact).items():
        if varies[column]:  # what all rows have lifts none above another
            added = curve.at(block[:, column])
            group = group_of(names[column])
            found[group] = found.get(group, 0.0) + (added[:split] - added[split:].mean())
    return found


Span = tuple[float, float, bool, float]
"""Above, up to, whether a missing value goes there, and the share of rows that its own splits let through."""


def _leaves(root: Node) -> Iterator[tuple[float, float, dict[int, Span]]]:
    """Of each leaf its value, the share of the tree's rows in it, and the span of each feature on the way to it."""
    open_: list[tuple[Node, float, dict[int, Span]]] = [(root, 1.0, {})]
    while open_:
        node, share, spans = open_.pop()
        if "split_feature" not in node:
            yield float(node["leaf_value"]), share, spans
            continue
        feature, threshold = int(node["split_feature"]), float(node["threshold"])
        left_if_unknown = bool(node["default_left"]) if node["missing_type"] == MISSING else threshold >= 0.0
        low, high, unknown, own = spans.get(feature, (-np.inf, np.inf, True, 1.0))
        counts = _count(node["left_child"]), _count(node["right_child"])
        left = counts[0] / max(sum(counts), 1)
        for child, part, span in (
            (node["left_child"], left, (low, min(high, threshold), unknown and left_if_unknown)),
            (node["right_child"], 1.0 - left, (max(low, threshold), high, unknown and not left_if_unknown)),
        ):
            if part > 0:
                open_.append((child, share * part, {**spans, feature: (*span, own * part)}))


def _count(node: Node) -> int:
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])
