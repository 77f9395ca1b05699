"""Laws of the situation: a permutation, monotone in the fit, nothing without one; a mood moves places and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.decisions.ordering import moved
from personalize.decisions.situation import STRENGTH, Situation
from personalize.decisions.variety import STRENGTH as MODES
from personalize.decisions.variety import varied
from personalize.domain.affinity import COLUMN, WEATHER_WORDS, Affinities, Affinity
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Author, Reason, Reorder
from personalize.domain.profile import Profile
from personalize.domain.reason import MADE_ROOM, TEXTS, words
from personalize.domain.situation import MOODS, SHOPPING, STEPS, WEATHER, stepped
from personalize.domain.visit import Visit
from personalize.features.fit import fits
from personalize.features.likeness import Likeness, variety

TAGS = ("Good in rain", "Light and airy", "Keeps warm", "Gift", "At home", "Party", "Sale", "blue", "red", "oak")
NOBODY = Popularity()

contexts = st.fixed_dictionaries(
    {},
    optional={
        "weather": st.sampled_from(WEATHER), "temperature": st.floats(-60, 60), "rain_24h": st.floats(0, 90),
        "temperature_deviation": st.floats(-30, 30), "wind": st.floats(0, 150), "daylight": st.booleans(),
        "daypart": st.sampled_from(["morning", "afternoon", "evening", "night"]), "mood": st.sampled_from(list(MOODS)),
        "mode": st.sampled_from(SHOPPING), "occasion": st.sampled_from(["gift", "Reise", "zzz"]),
        "season": st.sampled_from(["summer", "winter"]), "city": st.just("Hamburg"),
    },
)  # fmt: skip
items = st.lists(st.tuples(st.lists(st.sampled_from(TAGS), max_size=3), st.floats(1, 500)), min_size=0, max_size=40)


def listing_of(rows: list[tuple[list[str], float]], titles: bool = False) -> Listing:
    """A listing of items with these tags and prices."""
    ids = tuple(f"p{row}" for row in range(len(rows)))
    return Listing(
        "l", ids, np.array([price for _, price in rows], np.float64), "EUR",
        tuple(f"Coat {row % 3}, red" for row in range(len(rows))) if titles else (),
        tuple({"tag": list(tags)} for tags, _ in rows),
    )  # fmt: skip


def before_of(order: list[int]) -> Reorder:
    """The order that another strategy made."""
    return Reorder("t", tuple(order), Author("other", "7"), Reason(MADE_ROOM), {0: Reason("popular")})


@given(items, contexts, st.data())
def test_a_permutation_with_a_reason_for_whatever_moved(rows: Any, context: Any, data: st.DataObject) -> None:
    listing = listing_of(rows, titles=data.draw(st.booleans()))
    order = data.draw(st.permutations(range(len(rows))))
    before = data.draw(st.sampled_from([None, before_of(order)]))
    patch = Situation().bend("t", listing, Visit(at=0.0, context=context), NOBODY, before)
    for change in patch.changes:
        assert isinstance(change, Reorder)
        assert sorted(change.order) == list(range(len(rows)))
        assert change.author.strategy == "situation"
        for row in moved(np.array(change.order)):
            why = change.reasons.get(row, change.reason)
            assert why.code in TEXTS["en"]
            assert "{" not in words(why, "de") + words(why, "en")
    assert len(patch.changes) <= 1


@given(items, st.data())
def test_nothing_known_changes_nothing(rows: Any, data: st.DataObject) -> None:
    """No fact, facts that speak of nothing, and items that are for anything: the very order before."""
    listing, order = listing_of(rows), before_of(data.draw(st.permutations(range(len(rows)))))
    told = data.draw(
        st.sampled_from([{}, {"city": "Hamburg", "weekday": "monday", "daypart": "evening", "season": "winter"}])
    )
    assert not Situation().bend("t", listing, Visit(at=0.0, context=told), NOBODY, order)
    plain = listing_of([(["blue"], price) for _, price in rows])
    rain = {"weather": "rain", "temperature": 6.0, "rain_24h": 12.0, "mood": "sad"}
    assert not Situation().bend("t", plain, Visit(at=0.0, context=rain), NOBODY, order)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.data())
def test_who_fits_better_never_falls(fit: list[float], data: st.DataObject) -> None:
    """Behind one that stood below it and fits no better; and a better fit never costs a place."""
    start = np.array(data.draw(st.permutations(range(len(fit)))), np.intp)
    decision, values = Situation(), np.array(fit)
    order = decision.bent(start, values).tolist()
    place = {row: at for at, row in enumerate(order)}
    for above, row in enumerate(start.tolist()):
        for below in start.tolist()[above + 1 :]:
            assert fit[row] < fit[below] or place[row] < place[below]
    lucky = data.draw(st.integers(0, len(fit) - 1))
    values[lucky] = data.draw(st.floats(fit[lucky], 1))
    assert decision.bent(start, values).tolist().index(lucky) <= place[lucky]


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=60))
def test_no_further_than_the_strength(fit: list[float]) -> None:
    """A row never passes one that stands at less than 4 ** -STRENGTH of its place: full fit against full misfit."""
    order = Situation().bent(np.arange(len(fit)), np.array(fit)).tolist()
    for at, row in enumerate(order):
        assert all((row + 1) / (passed + 1) <= 4**STRENGTH + 1e-9 for passed in order[at + 1 :] if passed < row)


@given(st.floats(-30, 44), st.floats(0, 30))
def test_fits_are_smooth(temperature: float, rain: float) -> None:
    """Half a degree and half a millimetre move no fit by more than a fifth."""
    here = fits({"temperature": temperature, "rain_24h": rain, "weather": "cloudy"})
    there = fits({"temperature": temperature + 0.5, "rain_24h": rain + 0.5, "weather": "cloudy"})
    assert np.abs(here - there).max() < 0.2
    assert np.abs(here).max() <= 1.0


@given(contexts)
def test_few_situations(context: dict[str, Any]) -> None:
    """Numbers of the weather take few values, and rounding twice is rounding once."""
    found = stepped(context)
    assert all(found[key] in STEPS[key] for key in STEPS if key in context)
    assert stepped(found) == found
    assert found.keys() == context.keys()
    assert stepped({"temperature": float("nan"), "wind": True, "rain_24h": "much", "mood": "sad"}) == {"mood": "sad"}


@given(items, contexts, st.sampled_from(list(MOODS)))
def test_a_mood_moves_places_and_nothing_else(rows: Any, context: dict[str, Any], mood: str) -> None:
    """It proposes an order of the same rows, and fits of the weather, of prices and of occasions know nothing of it."""
    plain = {key: value for key, value in context.items() if key not in ("mood", "occasion")}
    sure, moody = fits(plain), fits(plain | {"mood": mood})
    assert {int(column) for column in np.flatnonzero(sure != moody)} <= {COLUMN["calm"], COLUMN["lively"]}
    listing = listing_of(rows)
    prices = listing.prices.tobytes()
    patch = Situation().bend("t", listing, Visit(at=0.0, context=plain | {"mood": mood}), NOBODY, None)
    assert all(type(change) is Reorder for change in patch.changes)
    assert listing.prices.tobytes() == prices


@given(items, st.sampled_from([*MODES, "gift", None]), st.data())
def test_modes_arrange_the_first_page_only(rows: Any, mode: Any, data: st.DataObject) -> None:
    """A permutation, whose end stays where it is told to; other modes leave the order."""
    listing, order = listing_of(rows), np.array(data.draw(st.permutations(range(len(rows)))), np.intp)
    fixed = data.draw(st.integers(0, len(rows)))
    vectors = Likeness().vectors(listing)
    found = varied(order, vectors, mode, fixed)
    assert sorted(found.tolist()) == list(range(len(rows)))
    assert found[len(rows) - fixed :].tolist() == order[len(rows) - fixed :].tolist()
    if mode not in MODES:
        assert found.tolist() == order.tolist()
    assert -1e-5 <= variety(vectors[found[:24]]) <= 1.0 + 1e-5


def test_a_refused_item_is_not_lifted() -> None:
    """Nor is what an order before had put to the end."""
    listing = listing_of([(["blue"], 1.0)] * 6 + [(["Good in rain"], 1.0)] * 3)
    profile = Profile()
    profile.rejected["p8"] = 0.0
    rain = {"weather": "rain"}
    visit = Visit(at=0.0, context=rain, profile=profile)
    change = Situation().decide("t", listing, visit, NOBODY).changes[0]
    assert isinstance(change, Reorder)
    assert change.order[-1] == 8
    assert change.order.index(7) < 7
    assert change.reasons[6].code == "rain"
    last = before_of([0, 1, 2, 3, 4, 5, 7, 8, 6])
    profile.rejected["p6"] = 0.0
    bent = Situation().bend("t", listing, visit, NOBODY, last).changes[0]
    assert isinstance(bent, Reorder)
    assert bent.order[-2:] == (8, 6)
    assert bent.author.version == "1+other@7"
    assert bent.reasons[0].code == "popular"


@pytest.mark.parametrize("word", WEATHER_WORDS)
def test_numbers_and_ids_may_be_declared(word: str) -> None:
    """A number is a degree: half of it lifts half as far; an id means what the map says it means."""
    declared = Affinities(
        (Affinity(word, "degree"), Affinity(word, "tag", ("17",)), Affinity("none", "tag", ("Good in rain",)))
    )
    decision = Situation()
    decision.knows(declared)
    attributes = (
        {"degree": 1.0},
        {"degree": 0.5},
        {"tag": ["17"]},
        {"tag": ["Good in rain"]},
        {"degree": float("nan")},
    )
    listing = Listing("l", ("a", "b", "c", "d", "e"), np.ones(5), attributes=attributes)
    context = {"rain": {"weather": "rain"}, "snow": {"weather": "snow"}, "cold": {"temperature": -5.0},
               "heat": {"temperature": 30.0}, "sun": {"weather": "clear"}, "wind": {"wind": 70.0}}[word]  # fmt: skip
    fit = decision.fit(listing, Visit(at=0.0, context=context))
    assert fit is not None
    assert fit[0] == fit[2] == pytest.approx(2 * fit[1])
    assert fit[0] > 0.5
    assert fit[3] == fit[4] == 0.0
