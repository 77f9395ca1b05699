"""The decisions that order: no model no change, permutations, what sinks, what is named as reason, faults."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from personalize import artefact
from personalize.decisions.popularity import PopularityOrder
from personalize.decisions.ranker import Ranker, locate
from personalize.decisions.scoring import ONCE_DAYS, Tuning, not_due
from personalize.decisions.shop_order import ShopOrder
from personalize.domain.event import Event
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Patch, Reason, Reorder
from personalize.domain.profile import Bought, Profile
from personalize.domain.reason import TEXTS, words
from personalize.domain.visit import Visit
from personalize.errors import ArtefactError
from personalize.features.schema import Schema
from personalize.settings import Settings
from tests.unit.shop_log import BRANDS, START, clicked, did, item, shop_log, shown

DAY = 86_400.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ranker trained on the invented log, whose visitors like one brand each."""
    from personalize.events.log import write
    from personalize.learning.train import train

    folder = tmp_path_factory.mktemp("ranker")
    write(folder / "log.jsonl", shop_log(60))
    train(folder / "log.jsonl", None, folder / "model", seed=2)
    return folder / "model"


@pytest.fixture(scope="module")
def ranker(model: Path) -> Ranker:
    return Ranker(artefact.load(model))


def window(rows: list[int]) -> Listing:
    items = [item(row) for row in rows]
    prices = np.array([entry.price for entry in items])
    attributes = tuple(entry.attributes for entry in items)
    return Listing("all", tuple(entry.item_id for entry in items), prices, "EUR", (), attributes)


def visit(*events: Event, at: float = START + 100, session: str = "s") -> Visit:
    profile = Profile()
    for event in events:
        profile.apply(event)
    return Visit(at, session=session, profile=profile, context={"device": "mobile"})


def change(patch: Patch) -> Reorder:
    (only,) = patch.changes
    assert isinstance(only, Reorder)
    return only


def liking(brand: int) -> list[Event]:
    """A visitor who looked at three items of a brand."""
    rows = [brand + 60, brand + 65, brand + 70]
    events = [shown("l", START, rows)]
    return events + [clicked(f"c{row}", START + 5 + place, row, place, "l") for place, row in enumerate(rows)]


def test_no_model_changes_nothing() -> None:
    assert Ranker(None).decide("t", window([1, 2, 3]), visit(), Popularity()) == EMPTY
    assert ShopOrder.from_settings(None).decide("t", window([1, 2]), visit(), Popularity()) == EMPTY


def test_two_tastes_two_orders_one_set_of_items(model: Path) -> None:
    ranker = Ranker(artefact.load(model), Tuning())  # whatever position it has learned of
    here, popularity = window(list(range(40))), Popularity()
    orders = []
    for brand in (0, 3):
        made = change(ranker.decide("t", here, visit(*liking(brand)), popularity))
        assert sorted(made.order) == list(range(40))
        assert made.author.version == ranker.version
        assert sum(row % len(BRANDS) == brand for row in made.order[:6]) >= 5
        orders.append(made.order)
    assert orders[0] != orders[1]


def test_a_decision_is_pure(ranker: Ranker) -> None:
    here, popularity, who = window(list(range(30))), Popularity(), visit(*liking(1))
    assert who.profile is not None
    before = who.profile.to_bytes()
    first = ranker.decide("t", here, who, popularity)
    assert ranker.decide("t", here, who, popularity) == first
    assert ranker.decide("t", window(list(range(30))), who, popularity) == first
    assert who.profile.to_bytes() == before


def test_without_a_profile_the_order_knows_no_one(ranker: Ranker) -> None:
    here = window(list(range(12)))
    one = ranker.decide("t", here, Visit(START, session="a"), Popularity())
    assert one == ranker.decide("t", here, Visit(START, session="b"), Popularity())
    for made in one.changes:
        assert isinstance(made, Reorder)
        told = {reason.code for reason in made.reasons.values()}
        assert told <= {"often_chosen", "popular", "far_up", "low_price", "price", "suits_now", "weighed", "variety"}


def test_rows_beyond_the_depth_stay_behind(model: Path) -> None:
    shallow = Ranker(artefact.load(model), Tuning(depth=5))
    order = change(shallow.decide("t", window(list(range(40))), visit(*liking(2)), Popularity())).order
    assert sorted(order) == list(range(40))


def test_from_beyond_what_training_knew_only_rise_items_that_the_visitor_knows(model: Path) -> None:
    """Row 38 was touched just now, 35 bought long ago; others of the brand are as good, and were never seen there."""
    rows = list(range(40))
    events = [did("purchase", "p", START - 90 * DAY, 35), *liking(3), clicked("c", START + 50, 38, 38, "l")]
    told = artefact.load(model)
    held, free = (
        change(ranker.decide("t", window(rows), visit(*events), Popularity())).order
        for ranker in (Ranker(told, Tuning(deepest=deepest), spread=False) for deepest in (11, math.inf))
    )
    assert sorted(held) == rows
    assert {row for row in rows[12:] if held.index(row) < row} == {35, 38}
    assert [row for row in held if row > 11 and row not in (35, 38)] == [r for r in rows[12:] if r not in (35, 38)]
    assert sum(free.index(row) < row for row in rows[12:]) > 2
    assert set(held[:12]) - {35, 38} < set(range(12))


def test_training_tells_how_deep_it_saw(model: Path) -> None:
    deepest = artefact.load(model).card["ranking"]["deepest"]
    assert Tuning.of({"ranking": {"deepest": 23.0}}).deepest == 23.0
    for odd in (None, "x", -1):
        assert Tuning.of({"ranking": {"deepest": odd}}).deepest == math.inf
    places = [place for event in shop_log(60) for place, _ in enumerate(event.items)]
    assert deepest == np.quantile(places, 0.99, method="inverted_cdf")


def test_bought_once_and_rejected_sink_with_a_reason(ranker: Ranker) -> None:
    events = [*liking(0), did("purchase", "p", START + 20, 5), did("not_interested", "n", START + 21, 10)]
    made = change(ranker.decide("t", window(list(range(20))), visit(*events), Popularity()))
    assert set(made.order[-2:]) == {5, 10}
    assert made.reasons[5] == Reason("bought_recently")
    assert made.reasons[10] == Reason("not_interested")


def test_what_is_due_does_not_sink() -> None:
    tuning = Tuning()
    at = START
    assert not_due(Bought(1, at - DAY, at - DAY), at, tuning)
    assert not not_due(Bought(1, at - DAY, at - (ONCE_DAYS + 1) * DAY), at, tuning)
    assert not not_due(Bought(1, at - DAY, at - DAY), at, Tuning(sink_once=False))
    weekly = Bought(5, at - 30 * DAY, at - 2 * DAY)
    assert weekly.rhythm() == 7 * DAY
    assert not_due(weekly, at, tuning)
    assert not not_due(weekly, at + 4 * DAY, tuning)


def test_a_card_says_whether_people_buy_again() -> None:
    assert Tuning.of({"ranking": {"repeat_share": 0.5, "depth": 9, "blend": 0.2}}) == Tuning(9, 0.2, False)
    assert Tuning.of({"ranking": {"repeat_share": 0.01}}) == Tuning()
    assert Tuning.of({"ranking": {"depth": "x", "blend": None}}) == Tuning()
    assert Tuning.of({"ranking": {"depth": -5}}) == Tuning.of({"ranking": {"depth": 0}}) == Tuning()


def test_reasons_name_what_the_visitor_did(ranker: Ranker) -> None:
    events = liking(0)
    made = change(ranker.decide("t", window([1, 2, 3, 4, 60, 15, 20]), visit(*events), Popularity()))
    taste = Reason("affinity", {"name": "brand", "value": "Aster"})
    assert made.reasons[4] in (taste, Reason("recently_viewed"), Reason("seen_before"))  # all three are true
    assert made.reasons[5] == taste
    for language in TEXTS:
        assert "Aster" in words(made.reasons[5], language)


def test_every_code_has_words_in_both_languages() -> None:
    assert set(TEXTS["en"]) == set(TEXTS["de"])
    assert words(Reason("popular"), "de-AT") == "Bei anderen beliebt"
    assert words(Reason("popular"), "fr") == "Popular with other shoppers"
    assert words(Reason("unheard_of"), "de") == "unheard_of"


def test_popularity_moves_what_draws_more_than_its_place() -> None:
    popularity, rows = Popularity(), list(range(6))
    for number in range(60):
        popularity.apply(shown(f"l{number}", START, rows))
        popularity.apply(clicked(f"c{number}", START, 5 if number % 2 else 0, 5 if number % 2 else 0, f"l{number}"))
    for number in range(10):
        popularity.apply(shown(f"m{number}", START, [5, 1, 2, 3, 4, 0]))
        popularity.apply(clicked(f"d{number}", START, 0, 5, f"m{number}"))
        popularity.apply(clicked(f"e{number}", START, 0, 5, f"m{number}"))
    made = change(PopularityOrder().decide("t", window([1, 2, 3, 0]), Visit(START), popularity))
    assert made.order.index(3) < 3
    assert made.reasons[3] == Reason("popular")
    assert PopularityOrder().decide("t", window([1, 2, 3]), Visit(START), Popularity()) == EMPTY


@dataclass
class Poison:
    """A booster whose scores are not numbers."""

    value: float = float("nan")

    def predict(self, matrix: np.ndarray, **_: Any) -> np.ndarray:
        return np.full(len(matrix), self.value)


def test_scores_that_are_no_numbers_are_an_error() -> None:
    broken = Ranker(artefact.Artefact("x", Schema(), {"checksum": "0" * 32}, Poison()))  # type: ignore[arg-type]
    with pytest.raises(ArtefactError) as caught:
        broken.decide("t", window([1, 2]), visit(), Popularity())
    assert caught.value.code == "ARTEFACT_SCORES"


def test_equal_scores_keep_the_shop_order() -> None:
    flat = Ranker(artefact.Artefact("x", Schema(), {"checksum": "0" * 32}, Poison(0.0)))  # type: ignore[arg-type]
    assert flat.decide("t", window(list(range(30))), Visit(START), Popularity()) == EMPTY


def test_an_unusable_model_is_a_fault_of_each_decision_not_of_the_start(model: Path, tmp_path: Path) -> None:
    def made(model: str) -> Ranker:
        return Ranker.from_settings(SimpleNamespace(model=model))  # type: ignore[arg-type]

    assert made("").decide("t", window([1, 2]), visit(), Popularity()) == EMPTY
    assert made(str(model)).artefact is not None
    for broken in (str(tmp_path / "none"), "no-such-model", str(tmp_path)):
        with pytest.raises(ArtefactError):
            made(broken).decide("t", window([1, 2]), visit(), Popularity())
    assert locate(str(model)) == model


def test_a_served_model_that_vanishes_is_told_once_and_goes_on(model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model, tmp_path / "served")
    ranker = Ranker.from_settings(Settings(shop_url="http://shop.test/graphql", model=str(folder)))
    assert ranker.renew() is None
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ArtefactError) as caught:
        ranker.renew()
    assert caught.value.code == "ARTEFACT_MISSING"
    assert ranker.renew() is None
    assert ranker.decide("t", window(list(range(30))), visit(), Popularity()).changes
    (tmp_path / "elsewhere").rename(folder)
    assert ranker.renew() is not None
