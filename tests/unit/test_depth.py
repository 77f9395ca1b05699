"""How many rows a model scores is chosen by what it costs to leave the others to the cheap score."""

from __future__ import annotations

import numpy as np
import pytest

from personalize.decisions.scoring import DEPTH, Tuning, cheap_scores, chosen
from personalize.features.schema import Schema, columns
from personalize.learning.depth import DEPTHS, LOST, depth_of
from personalize.learning.examples import Examples

SCHEMA = Schema()
ROWS = 60


def lists(clicked: list[int], rows: int = ROWS) -> tuple[Examples, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """A list a clicked row, in the shop's order of a shop that knows nothing; the model likes what is clicked."""
    count = len(clicked)
    matrix = np.zeros((count * rows, len(SCHEMA.names)), np.float32)
    matrix[:, columns(SCHEMA)["position"]] = np.tile(np.arange(rows), count)
    matrix[:, columns(SCHEMA)["rate"]] = 1.0
    grade = np.zeros(count * rows, np.int8)
    for at, row in enumerate(clicked):
        grade[at * rows + row] = 1
    ones, sizes = np.ones(count * rows, np.float32), np.full(count, rows, np.int64)
    made = Examples(matrix, grade, ones, sizes, np.arange(count, dtype=np.float64), ones, sizes)
    return made, grade.astype(np.float64)


@pytest.mark.parametrize(
    ("clicked", "depth"),
    [
        ([0, 5, 31], DEPTHS[0]),  # the cheap order has them all before it
        ([0, 5, 40], DEPTHS[1]),
        ([0] * 3999 + [40], DEPTHS[0]),  # it costs 1 in 4,000
        ([59, 58], DEPTHS[0]),  # not even the second finds them: more rows for nothing
    ],
)
def test_more_rows_are_scored_where_it_pays(clicked: list[int], depth: int) -> None:
    assert LOST > 1 / 4000
    examples, scores = lists(clicked)
    assert depth_of(examples, lambda _: scores, SCHEMA) == depth


def test_of_short_lists_nobody_knows() -> None:
    examples, scores = lists([0, 5, DEPTH - 1], DEPTH)
    assert depth_of(examples, lambda _: scores, SCHEMA) == DEPTH


def test_the_model_sees_the_best_of_the_cheap_order_and_the_rest_stays_as_it_is() -> None:
    examples, _ = lists([0])
    by = np.argsort(-cheap_scores(SCHEMA, examples.matrix), kind="stable")[::-1]
    head, rest = chosen(by, 4)
    assert head.tolist() == sorted(by[:4].tolist())
    assert rest.tolist() == by[4:].tolist()
    assert Tuning.of({"ranking": {"depth": 48}}).depth == 48


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf"), 10**400, "many", None, True, [], -3])
def test_a_card_that_says_nonsense_is_read_as_one_that_says_nothing(odd: object) -> None:
    read = Tuning.of({"ranking": {"depth": odd, "blend": odd, "repeat_share": odd, "deepest": odd}})
    assert read.depth in (DEPTH, 1)
    assert 0.0 <= read.blend <= 1.0
    assert read.deepest in (np.inf, 1.0)
    assert Tuning.of({"ranking": odd}) == Tuning.of({}) == Tuning()
