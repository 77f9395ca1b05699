"""The ranker's order: a cheap score over all rows, the model over the best of them, the shop's position in both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.artefact import Artefact
from personalize.decisions.ordering import descending
from personalize.domain.profile import Bought, Profile
from personalize.features.extract import extract
from personalize.features.lasting import DAY, due
from personalize.features.prepared import Prepared
from personalize.features.schema import ZERO, Schema, columns

DEPTH = 32  # rows the model scores, where its card says nothing: its cost grows with rows x trees
BLEND = 0.01  # score that one doubling of the shop's position costs on top of what the model learned of positions
REPEATS = 0.25  # share of repeat purchases from which a shop counts as one where people buy the same again
ONCE_DAYS = 60.0  # how long an item bought once stays not due, where people do not buy the same again
DUE = 0.7  # share of its rhythm after which an item is due
LARGEST = 1e9  # number of a card that is believed
NOTHING = np.zeros(0, np.intp)
NOTHING.setflags(write=False)
KNOWN = ("touched_count", "past_count", "bought_times")  # columns that are not 0 where the visitor has met the item
assert {*KNOWN} <= ZERO  # there they are counts, and never unknown


@dataclass(frozen=True, slots=True)
class Tuning:
    """How scores become an order. `sink_once`: what is bought and not due goes to the end.

    `deepest` is the last position (0-based) that training knew well: from beyond it only what the visitor touched or
    bought rises.
    """

    depth: int = DEPTH
    blend: float = BLEND
    sink_once: bool = True
    deepest: float = math.inf

    @staticmethod
    def of(card: Mapping[str, object]) -> Tuning:
        """What an artefact's card says under `ranking`, else the defaults: of what is no number, too."""
        told = card.get("ranking")
        read = told if isinstance(told, Mapping) else {}

        def number(name: str, default: float) -> float:
            value = read.get(name)
            return float(value) if isinstance(value, (int, float)) and abs(value) <= LARGEST else default

        deepest, depth = number("deepest", math.inf), int(number("depth", DEPTH))
        return Tuning(
            depth if depth > 0 else DEPTH,
            max(number("blend", BLEND), 0.0),
            number("repeat_share", 0.0) < REPEATS,
            deepest if deepest >= 0 else math.inf,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """`order` (n,) of rows, the `matrix` (n, f) it was made from, and the rows sunk to the end."""

    order: NDArray[np.intp]
    matrix: NDArray[np.float32]
    bought: frozenset[int]
    rejected: frozenset[int]


def rank(
    artefact: Artefact,
    prepared: Prepared,
    profile: Profile | None,
    session: str | None,
    context: Mapping[str, object],
    at: float,
    tuning: Tuning,
) -> Ranked:
    """Order the rows of a prepared listing; ties keep the shop's order. Serving and evaluation both call this."""
    matrix = extract(prepared, profile, session, context, at)
    head, order = _split(prepared, matrix, tuning)
    if len(head):
        scores = artefact.predict(matrix[head]) - tuning.blend * np.log2(1.0 + prepared.position[head])
        order = np.concatenate([head[descending(scores)], order])
    bought, rejected = _sunk(prepared, profile, at, tuning)
    if bought or rejected:
        sinks = np.zeros(len(order), np.bool_)
        sinks[list(bought | rejected)] = True
        order = order[np.argsort(sinks[order], kind="stable")]
    return Ranked(order, matrix, bought, rejected)


def _split(
    prepared: Prepared, matrix: NDArray[np.float32], tuning: Tuning
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that the model scores, as the shop has them, and those that stay behind, in their order."""
    rows, beyond = _known(prepared, matrix, tuning.deepest)
    if len(rows) <= tuning.depth:  # the model sees them all: no need to choose
        return rows, beyond
    head, rest = chosen(rows[descending(cheap_scores(prepared.schema, matrix)[rows])], tuning.depth)
    return head, np.concatenate([rest, beyond])


def _known(
    prepared: Prepared, matrix: NDArray[np.float32], deepest: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that may rise, and those beyond `deepest` that the visitor has not met; both as the shop has them.

    What was hardly seen there was hardly ever clicked there: a model only extrapolates. All rows that the shop has
    before one of these stand before it still, so none of them rises.
    """
    if prepared.last <= deepest:
        return np.arange(len(prepared.ids)), NOTHING
    known = prepared.position <= deepest
    column = columns(prepared.schema)
    for name in KNOWN:
        np.logical_or(known, matrix[:, column[name]], out=known)
    return known.nonzero()[0], (~known).nonzero()[0]  # rows are in the shop's order


def chosen(order: NDArray[np.intp], depth: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that the model scores, as the shop has them, and those that stay behind, in the cheap order."""
    return np.sort(order[:depth]), order[depth:]


def cheap_scores(schema: Schema, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores (n,) that only choose which rows the model sees: position, touches, affinity and popularity by hand."""
    column = columns(schema)
    score: NDArray[np.float32] = (
        -np.log2(2.0 + matrix[:, column["position"]])
        + 0.5 * np.log(matrix[:, column["rate"]])
        + 4.0 * (matrix[:, column["touched_count"]] > 0)
        + 2.0 * (matrix[:, column["past_count"]] > 0)
        + 4.0 * (matrix[:, column["bought_times"]] > 0)  # what is not due sinks later, where it does
        + 2.0 * np.minimum(np.maximum(matrix[:, column["affinity_sum"]], -1.0), 2.0)  # `clip` takes thrice the time
        + 0.5 * np.minimum(np.maximum(matrix[:, column["lean_sum"]], 0.0), 4.0)
        + np.minimum(matrix[:, column["purchases"]], 4.0)
    )
    return score


def not_due(bought: Bought, at: float, tuning: Tuning) -> bool:
    """Whether a bought item is not wanted again yet: by its own rhythm, else by the shop's.

    Where people buy the same again and again nothing sinks by rule: the model knows the rhythm, and weighs it.
    """
    if not tuning.sink_once:
        return False
    return due(bought, at) < DUE if bought.times > 1 else at - bought.last < ONCE_DAYS * DAY


def _sunk(
    prepared: Prepared, profile: Profile | None, at: float, tuning: Tuning
) -> tuple[frozenset[int], frozenset[int]]:
    if profile is None:
        return frozenset(), frozenset()
    row_of = prepared.row_of
    bought = {row_of[item] for item, mark in profile.bought.items() if item in row_of and not_due(mark, at, tuning)}
    return frozenset(bought), frozenset(row_of[item] for item in profile.rejected if item in row_of)
