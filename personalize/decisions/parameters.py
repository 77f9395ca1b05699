"""The main parameters of an order and their weights, by group of features: what the law wants told, once per model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact
from personalize.domain.parameter import (
    BASKET,
    BEHAVIOUR,
    MATCH,
    OTHER,
    POPULARITY,
    PRICE,
    PROPERTIES,
    PURCHASES,
    SHOP_ORDER,
    SITUATION,
    TASTE,
    Parameter,
)
from personalize.features.schema import CLOCK, LIST, SESSION, SESSION_ITEM, VISITOR
from personalize.features.schema import POPULARITY as POPULARITY_FEATURES

LEAST = 0.005  # weights below this are no main parameters

_PREFIXES: tuple[tuple[str, str], ...] = (
    ("position_rate", SHOP_ORDER), ("position", SHOP_ORDER), ("list_size", SHOP_ORDER), ("shown_", BEHAVIOUR),
    ("price_to_", TASTE), ("taste", TASTE), ("price", PRICE), ("affinity", TASTE), ("lean", TASTE),
    ("bought", PURCHASES), ("company", PURCHASES), ("following", PURCHASES), ("goes_with", BASKET),
    ("rejected", BEHAVIOUR), ("past_", BEHAVIOUR), ("context", SITUATION), ("number.", PROPERTIES), ("term", MATCH),
)  # fmt: skip


def group_of(feature: str) -> str:
    """The group a feature belongs to; `OTHER` where nothing tells."""
    if feature.startswith("number.") and feature.endswith(".to_taste"):
        return TASTE
    for prefix, group in _PREFIXES:
        if feature.startswith(prefix):
            return group
    if feature in CLOCK:
        return SITUATION
    if feature in POPULARITY_FEATURES:
        return POPULARITY
    if feature in SESSION_ITEM or feature in SESSION or feature in VISITOR:
        return BEHAVIOUR
    return SHOP_ORDER if feature in LIST else OTHER


def grouped(values: NDArray[np.float64], names: tuple[str, ...]) -> dict[str, float]:
    """Values per feature (f,) summed by group."""
    found: dict[str, float] = {}
    for name, value in zip(names, values.tolist(), strict=True):
        group = group_of(name)
        found[group] = found.get(group, 0.0) + value
    return found


def of_model(artefact: Artefact) -> tuple[Parameter, ...]:
    """The groups of a model by their share of its gain, the weightiest first; () of a model that splits nowhere."""
    gain = np.asarray(artefact.booster.feature_importance("gain"), np.float64)
    return weighted(grouped(gain, artefact.schema.names))


def weighted(shares: Mapping[str, float]) -> tuple[Parameter, ...]:
    """Parameters whose weights sum to 1 (before the least ones are left out), the weightiest first."""
    total = sum(shares.values())
    if not total > 0:
        return ()
    found = [Parameter(code, share / total) for code, share in shares.items() if share / total >= LEAST]
    return tuple(sorted(found, key=lambda one: (-one.weight, one.code)))
