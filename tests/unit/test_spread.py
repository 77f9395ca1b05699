"""Near-duplicates do not stand side by side on the first page; parameters in words; drift counted while serving."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize import artefact
from personalize.decisions.drifting import EVERY, FEWEST, Drifting
from personalize.decisions.parameters import group_of, weighted
from personalize.decisions.popularity import PopularityOrder
from personalize.decisions.ranker import Ranker
from personalize.decisions.scoring import Ranked
from personalize.decisions.shop_order import ShopOrder
from personalize.decisions.spread import PAGE, groups_of, spread, stem
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.parameter import OTHER, TEXTS, told
from personalize.domain.patch import Reorder
from personalize.domain.visit import Visit
from personalize.events.log import write
from personalize.features.schema import Schema
from personalize.learning.train import train
from tests.unit.shop_log import START, item, shop_log


def listing(titles: list[str], groups: list[str] | None = None) -> Listing:
    ids = tuple(f"i{row}" for row in range(len(titles)))
    attributes = tuple({"item_group_id": group} for group in groups) if groups else tuple({} for _ in ids)
    return Listing("all", ids, np.ones(len(ids)), "EUR", tuple(titles), attributes)


def test_stems() -> None:
    alike = ("Trail Shoe - Blue", "Trail Shoe, red 42", "Trail Shoe 43", "TRAIL SHOE (women)", "Trail Shoe blue")
    assert {stem(title) for title in alike} == {"trail shoe"}
    assert stem("Tasse") == "tasse"
    assert stem("T-Shirt Basic weiß") == stem("T-Shirt Basic schwarz") != stem("T-Shirt Logo weiß")
    assert stem("42") == ""


def test_groups_are_told_or_read_and_nothing_costs_nothing() -> None:
    assert groups_of(listing(["Cup red", "Bowl", "Plate"])) == ()
    assert groups_of(listing(["A", "B", "C"], ["g", "g", ""])) == ("g", "g", "c")
    here = listing(["Cup - red", "Cup - blue", "Plate"])
    assert groups_of(here) is groups_of(here)


@given(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=60), st.integers(0, 5), st.randoms())
def test_a_spread_order_is_a_permutation_and_the_end_stays(groups: list[str], fixed: int, chance: object) -> None:
    order = np.array(sorted(range(len(groups)), key=lambda _: chance.random()), np.intp)  # type: ignore[attr-defined]
    fixed = min(fixed, len(groups))
    made = spread(order, groups, fixed)
    assert sorted(made.tolist()) == sorted(order.tolist())
    if fixed:
        assert made[-fixed:].tolist() == order[-fixed:].tolist()
    assert spread(order, groups, fixed).tolist() == made.tolist()


def test_two_of_a_kind_are_parted_and_what_cannot_be_stays() -> None:
    order = np.arange(6)
    assert spread(order, ["a", "a", "a", "b", "c", ""]).tolist() == [0, 3, 1, 4, 2, 5]
    assert spread(order, ["a"] * 6).tolist() == order.tolist()
    assert spread(order, ["", "", "", "", "", ""]).tolist() == order.tolist()
    far = ["a"] * (PAGE + 20)
    assert spread(np.arange(len(far)), far).tolist() == list(range(len(far)))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> artefact.Artefact:
    folder = tmp_path_factory.mktemp("spread")
    write(folder / "log.jsonl", shop_log(40))
    train(folder / "log.jsonl", None, folder / "model", seed=2)
    return artefact.load(folder / "model")


def test_the_ranker_spreads_and_says_so(model: artefact.Artefact, tmp_path: Path) -> None:
    items = [item(row) for row in range(30)]
    titles = tuple("Shoe, blue" if row % 5 == 0 else f"Thing{chr(97 + row % 26)}" for row in range(30))
    here = Listing(
        "all", tuple(one.item_id for one in items), np.array([one.price for one in items]), "EUR", titles,
        tuple(one.attributes for one in items),
    )  # fmt: skip
    codes = set()
    for at in range(12):
        for change in Ranker(model).decide("t", here, Visit(START + 3600 * at), Popularity()).changes:
            assert isinstance(change, Reorder)
            shoes = [row % 5 == 0 for row in change.order[:PAGE]]
            assert not any(one and other for one, other in pairwise(shoes))
            codes |= {reason.code for reason in change.reasons.values()}
            rose = [row for place, row in enumerate(change.order) if row > place]
            assert all(row in change.reasons for row in rose)
    # Nobody is known, so nothing is said of the visitor.
    assert codes <= {"often_chosen", "popular", "variety", "low_price", "price", "far_up", "suits_now", "weighed"}


def test_every_feature_has_a_group_and_every_group_words() -> None:
    schema = Schema(("rating",), ("temperature",), (("device", ("phone",)),))
    groups = {group_of(name) for name in schema.names}
    assert OTHER not in groups
    assert groups <= set(TEXTS["en"]) == set(TEXTS["de"])
    assert group_of("something_new") == OTHER
    assert told("price", "de-AT").startswith("Der Preis")
    assert told("price", "fr") == TEXTS["en"]["price"]
    assert told("unheard_of") == "unheard_of"


def test_parameters_are_shares_of_the_whole(model: artefact.Artefact) -> None:
    for decision in (Ranker(model), PopularityOrder(), ShopOrder()):
        found = decision.parameters()
        assert 0.95 <= sum(one.weight for one in found) <= 1.0 + 1e-9
        assert list(found) == sorted(found, key=lambda one: -one.weight)
    assert Ranker(None).parameters() == ()
    assert weighted({}) == ()


def test_drift_is_counted_while_serving(model: artefact.Artefact) -> None:
    watch, names = Drifting(model), model.schema.names
    matrix = np.full((12, len(names)), np.nan, np.float32)
    matrix[:, names.index("price_log")] = 9.0  # far above anything in training
    for name in ("impressions", "visitor_sessions", "hour"):  # as is all that grows, and tomorrow's clock
        matrix[:, names.index(name)] = 99.0
    ranked = Ranked(np.arange(12), matrix, frozenset(), frozenset())
    for _ in range(EVERY * FEWEST - 1):
        watch.note(ranked)
    assert watch.by_group() == {}
    watch.note(ranked)
    assert watch.by_group()["price"] > 1.0
    assert not {watch.names[column] for column in watch.shapes} & {"impressions", "visitor_sessions", "hour"}
