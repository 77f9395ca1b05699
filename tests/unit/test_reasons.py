"""Reasons: what the curves say of a model, which facts hold, and why a row stands where it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import lightgbm as lgb
import numpy as np
import pytest

from personalize.decisions.curves import curves_of, lifts
from personalize.decisions.facts import FACTS, holding
from personalize.decisions.parameters import group_of
from personalize.decisions.reasons import _all_in_cart
from personalize.domain.moves import Draw, Swap
from personalize.domain.parameter import BASKET, told
from personalize.domain.patch import Author, Explore, Reason, Reorder
from personalize.domain.profile import Profile
from personalize.domain.reason import TEXTS, words
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.features.schema import LASTING, LIST, POPULARITY, SESSION_ITEM
from personalize.gateway.listing.standing import is_decided, standing
from tests.unit.shop_log import START, did

ME = Author("ranker", "1")


@dataclass(eq=False)
class Model:
    """What curves read of an artefact."""

    booster: lgb.Booster
    schema: Any


def boosted(leaves: int) -> tuple[Any, np.ndarray]:
    """A model of four columns, one with missing values, and the rows it learned from."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(800, 4)).astype(np.float32)
    rows[rng.random(800) < 0.2, 1] = np.nan
    target = rows[:, 0] + 2 * np.nan_to_num(rows[:, 1], nan=1.5) - np.abs(rows[:, 2])
    parameters = {"num_leaves": leaves, "verbose": -1, "seed": 1, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lgb.train(parameters, lgb.Dataset(rows, target), 30)
    names = ("position", "rate", "touched_count", "affinity_sum")
    return Model(booster, SimpleNamespace(names=names)), rows


def test_curves_of_a_model_without_interactions_are_its_contributions() -> None:
    model, rows = boosted(leaves=2)
    exact = np.asarray(model.booster.predict(rows, pred_contrib=True))
    for column, curve in curves_of(model).items():
        told_ = curve.at(rows[:, column].astype(np.float64))
        off = told_ - exact[:, column]
        assert np.ptp(off) < 1e-9  # equal but for a constant


def test_curves_with_interactions_still_tell_which_group_lifts_a_row() -> None:
    model, rows = boosted(leaves=12)
    exact = np.asarray(model.booster.predict(rows, pred_contrib=True))[:, :4]
    asked = list(range(60))
    found = lifts(model, rows, asked, np.arange(100))
    groups = [group_of(name) for name in model.schema.names]
    own = np.column_stack([found.get(group, np.zeros(60)) for group in groups])
    assert (own.argmax(axis=1) == (exact[:60] - exact[:100].mean(axis=0)).argmax(axis=1)).mean() > 0.8


def test_every_fact_has_a_column_a_group_and_words() -> None:
    known = {*LIST, *POPULARITY, *SESSION_ITEM, *LASTING, "context_lift", "goes_with"}
    assert {fact.column for fact in FACTS} <= known
    assert "other" not in {fact.group for fact in FACTS}
    for language in TEXTS:
        assert all(words(Reason(fact.code, {"value": "x"}), language) != fact.code for fact in FACTS)


def test_what_is_bought_together_is_told_of_the_basket_only_where_it_is() -> None:
    assert group_of("goes_with") == group_of("goes_with_lift") == BASKET
    assert told(BASKET, "de").startswith("Was zusammen mit dem gekauft wird")
    matrix = np.array([[0.0], [0.3], [np.nan]], np.float32)
    (fact,), holds, rare = holding(matrix, {"goes_with": 0}, [0, 1, 2], np.arange(3))
    assert fact.code == "goes_with"
    assert holds[:, 0].tolist() == [False, True, False]
    assert rare[1, 0] > 0 >= rare[0, 0]


def test_the_cart_is_named_only_where_all_that_was_touched_went_into_it() -> None:
    assert not _all_in_cart(Visit(START))
    for kinds, whole in ((("add_to_cart",), True), (("view_item",), False), (("view_item", "add_to_cart"), False)):
        profile = Profile()
        for row, kind in enumerate(kinds):
            profile.apply(did(kind, f"e{row}", START + row, row))
        (event,) = (did(kinds[0], "x", START, 0),)
        assert _all_in_cart(Visit(START + 9, session=event.session, profile=profile)) is whole


@pytest.mark.parametrize(
    ("row", "up", "code"),
    [(1, 1, "popular"), (1, -1, "made_room"), (1, 0, "shop_order"), (0, -1, "misfit"), (0, 2, "moved_up"),
     (2, 1, "moved_up"), (2, -1, "made_room"), (2, 0, "picked"), (3, 1, "tried_out"), (3, 0, "shop_order")],
)  # fmt: skip
def test_why_a_row_stands_where_it_does(row: int, up: int, code: str) -> None:
    """Of a row that a run holds where it was shown before, a decision's reason for the other way does not hold."""
    own = {0: Reason("misfit"), 1: Reason("popular"), 2: Reason("picked")}
    change = Reorder("t", (1, 0, 2, 3), ME, Reason("made_room"), own)
    explored = Explore("t", Draw((Swap(2, 3),), (1.0,), 0), ME, Reason("tried_out"))
    assert standing(change, explored, {3}, row, up).code == code


def test_without_a_change_the_shops_order_is_the_reason_only_where_somebody_decided() -> None:
    assert standing(None, None, (), 0, 0).code == "shop_order"
    assert is_decided({"ranker": Mode.ON}, None, None)
    assert not is_decided({"ranker": Mode.SHADOW}, None, None)
    assert not is_decided({}, None, None)
    assert is_decided({}, cast(Any, object()), None)
