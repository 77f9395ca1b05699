"""The C API behind scores: the same numbers as LightGBM's Python layer gives, and a way without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize import trees
from personalize.trees import trees_of

FEATURES = 7


def trained(seed: int = 0) -> lgb.Booster:
    """A small ranker over rows with holes, ties and zeros."""
    rng = np.random.default_rng(seed)
    matrix = np.round(rng.normal(size=(600, FEATURES)), 1)
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    grades = (np.nan_to_num(matrix[:, 0]) + rng.normal(size=600) > 1).astype(int)
    data = lgb.Dataset(matrix, grades, group=[20] * 30, params={"verbose": -1})
    return lgb.train({"objective": "lambdarank", "num_leaves": 7, "verbose": -1, "num_threads": 1}, data, 20)


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    return trained()


@pytest.fixture(scope="module")
def scorer(booster: lgb.Booster) -> trees.Trees:
    found = trees_of(booster.model_to_string())
    assert found is not None, "the wheel of LightGBM keeps its library elsewhere: scores go the slow way"
    return found


def slow(booster: lgb.Booster, matrix: np.ndarray) -> list[float]:
    found: list[float] = np.asarray(booster.predict(matrix, num_threads=1)).tolist()
    return found


VALUES = st.one_of(st.floats(width=32, allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, 0.1, 1e-36]))


@given(
    rows=st.lists(st.lists(VALUES, min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=9), columns=st.booleans()
)
def test_scores_are_those_of_the_python_layer(
    booster: lgb.Booster, scorer: trees.Trees, rows: list[list[float]], columns: bool
) -> None:
    matrix = np.array(rows, np.float32, order="F" if columns else "C")
    assert scorer.score(matrix).tolist() == slow(booster, matrix)


def test_a_matrix_of_another_width_is_an_error_and_no_read_beyond_it(scorer: trees.Trees) -> None:
    for width in (FEATURES - 1, FEATURES + 1, 0):
        with pytest.raises(lgb.basic.LightGBMError, match=f"takes {FEATURES} features, the matrix has {width}"):
            scorer.score(np.zeros((3, width), np.float32))


def test_what_is_no_model_has_none() -> None:
    assert trees_of("tree\nversion=v4\n") is None


def test_a_model_of_several_scores_a_row_is_not_taken() -> None:
    rng = np.random.default_rng(0)
    data = lgb.Dataset(rng.normal(size=(300, 4)), rng.integers(0, 3, 300), params={"verbose": -1})
    booster = lgb.train({"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}, data, 3)
    assert trees_of(booster.model_to_string()) is None


def test_several_threads_score_at_once(booster: lgb.Booster, scorer: trees.Trees) -> None:
    matrices = [np.random.default_rng(seed).normal(size=(40, FEATURES)).astype(np.float32) for seed in range(16)]
    expected = [slow(booster, matrix) for matrix in matrices]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert [one.tolist() for one in pool.map(scorer.score, matrices)] == expected


def test_without_the_library_at_its_place_there_are_none(booster: lgb.Booster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_NAMES", ("lib/nowhere.so",))
    trees._library.cache_clear()
    try:
        assert trees_of(booster.model_to_string()) is None
    finally:
        trees._library.cache_clear()
