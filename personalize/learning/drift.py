"""Drift: what features looked like in training, kept in the card, against what is served, as PSI per feature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact
from personalize.domain.event import Event
from personalize.features.extract import extract
from personalize.learning.replay import answers, replay

MAX_FEATURES = 256
CUTS = np.linspace(0.1, 0.9, 9)
LEAST = 1e-3  # a share below this counts as this: an empty bin is no infinite surprise
SHIFTED = 0.25  # PSI from which a feature counts as shifted; below 0.1 nothing has happened
DIGITS = 6
SAMPLE = 200_000  # rows that quantiles are taken of


@dataclass(frozen=True, slots=True)
class Shape:
    """The distribution of one feature: `shares` of missing values, then of those up to each of `edges`, then above."""

    edges: NDArray[np.float64]
    shares: NDArray[np.float64]

    def count(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """How many of `values` (n,) lie in each bin, NaN first; as long as `shares`."""
        missing = np.isnan(values)
        bins = np.where(missing, 0, 1 + np.searchsorted(self.edges, values, side="left"))
        return np.bincount(bins, minlength=len(self.shares)).astype(np.float64)

    def psi(self, counts: NDArray[np.float64]) -> float:
        """The population stability index of `counts` against `shares`: 0 is the same, 0.25 another distribution."""
        if not counts.sum():
            return math.nan
        seen, told = np.maximum(counts / counts.sum(), LEAST), np.maximum(self.shares, LEAST)
        return float(((seen - told) * np.log(seen / told)).sum())


def describe(matrix: NDArray[np.float32], names: Sequence[str]) -> dict[str, list[list[float]]]:
    """Per feature (at most `MAX_FEATURES`) its inner deciles and the shares between them, for a model's card."""
    rows = matrix[:: max(len(matrix) // SAMPLE, 1)]
    told = {}
    for column, name in enumerate(names[:MAX_FEATURES]):
        values = rows[:, column]
        known = values[~np.isnan(values)]
        found = np.quantile(known, CUTS, method="inverted_cdf") if len(known) else np.zeros(0)
        edges = np.unique([float(f"{edge:.{DIGITS}g}") for edge in found])
        shares = Shape(edges, np.zeros(len(edges) + 2)).count(values) / max(len(values), 1)
        told[name] = [edges.tolist(), [round(share, DIGITS) for share in shares.tolist()]]
    return told


def shapes(card: Mapping[str, Any], names: Sequence[str]) -> dict[int, Shape]:
    """The distributions that a card tells, by column of `names`; {} where it tells none."""
    told = card.get("drift")
    found: dict[int, Shape] = {}
    for column, name in enumerate(names if isinstance(told, Mapping) else ()):
        try:
            edges, shares = (np.asarray(part, np.float64) for part in told[name])  # type: ignore[index]
        except (KeyError, TypeError, ValueError):
            continue
        if edges.ndim == shares.ndim == 1 and len(shares) == len(edges) + 2:
            found[column] = Shape(edges, shares)
    return found


def click_rate(events: Sequence[Event], since: float | None = None) -> dict[str, float | int | None]:
    """Of the lists from `since` on: how many there are, and the share that a click answers."""
    answered = answers(events)
    lists = clicked = 0
    for event in events:
        if event.event == "view_item_list" and event.items and (since is None or event.at >= since):
            lists += 1
            clicked += event.event_id in answered
    return {"lists": lists, "rate": clicked / lists if lists else None}


def drift(model: Artefact, events: list[Event], since: float | None = None) -> dict[str, Any]:
    """What has shifted since training, from the judged lists of sorted `events` from `since` on, as JSON values.

    `features` by PSI, the most shifted first; `shifted` those at `SHIFTED` or above; {} for both where the card of an
    older model tells no distributions.
    """
    known = shapes(model.card, model.schema.names)
    counts = {column: np.zeros(len(shape.shares)) for column, shape in known.items()}
    lists = 0
    for judged in replay(events, since):
        event = judged.event
        matrix = extract(judged.prepare(model.schema), judged.profile, event.session, event.context, event.at)
        for column, shape in known.items():
            counts[column] += shape.count(matrix[:, column])
        lists += 1
    psi = {model.schema.names[column]: shape.psi(counts[column]) for column, shape in known.items()}
    ordered = sorted(psi.items(), key=lambda pair: (-pair[1], pair[0])) if lists else []
    data = model.card.get("data")
    return {
        "lists": lists,
        "features": {name: round(value, 4) for name, value in ordered},
        "shifted": [name for name, value in ordered if value >= SHIFTED],
        "click_rate": {
            "training": data.get("click_rate") if isinstance(data, Mapping) else None,
            "served": click_rate(events, since)["rate"],
        },
    }
