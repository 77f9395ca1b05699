"""The situation: numbers in few values, names apart, coordinates and stores as an operator writes them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.shop_stores import STORES_MAX, parse_stores
from personalize.domain.situation import STEPS, Place, decisive, read_place, stepped
from personalize.errors import SettingsError

NUMBERS = st.floats() | st.integers()


@given(st.lists(st.tuples(st.floats(-90, 60), st.floats(0, 400), st.floats(0, 300), st.floats(-60, 60)), min_size=1))
def test_weather_takes_a_bounded_number_of_values(measured):
    told = [
        stepped({"temperature": t, "rain_24h": rain, "wind": wind, "temperature_deviation": d})
        for t, rain, wind, d in measured
    ]
    assert all(len(facts) == 4 for facts in told)
    for facts in told:
        assert all(value in STEPS[key] for key, value in facts.items())
        assert stepped(facts) == facts


@given(NUMBERS)
def test_numbers_nobody_knows_keep_two_digits(value):
    facts = stepped({"footfall": value})
    if isinstance(value, float) and (not math.isfinite(value) or abs(value) > 1e300):
        assert facts == {}
    else:
        assert stepped(facts) == facts
        assert facts["footfall"] == pytest.approx(value, rel=0.051)


def test_words_and_flags_stay():
    facts = {"mood": "calm", "in_store": True, "daylight": False, "city": "Hamburg"}
    assert stepped(facts) == facts
    assert decisive({**facts, "region": "HH", "country": "DE"}) == {
        "mood": "calm", "in_store": True, "daylight": False, "country": "DE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("52.5,13.4", (52.5, 13.4)),
        (" 52.5200 , 13.4050 ", (52.5, 13.4)),
        ("-33.87,151.21", (-33.9, 151.2)),
        ("0,180", (0.0, -180.0)),
        ("91,0", None),
        ("52.5", None),
        ("52.5,13.4,3", None),
        ("nan,0", None),
        ("Berlin", None),
        ("", None),
    ],
)
def test_coordinates(text, cell):
    place = read_place(text)
    assert (None if place is None else (place.latitude, place.longitude)) == cell


@given(st.floats(-60, 60), st.sampled_from(sorted(STEPS)))
def test_a_number_goes_to_its_nearest_step(value, key):
    (found,) = stepped({key: value}).values()
    assert abs(found - value) == min(abs(step - value) for step in STEPS[key])
    assert stepped({key: "warm"}) == stepped({key: True}) == stepped({key: math.nan}) == {}


def test_stores():
    (store,) = parse_stores({"berlin": "52.52,13.405"}).values()
    assert (store.id, store.name, store.at) == ("berlin", "Berlin", (52.52, 13.405))
    assert store.place == Place(52.5, 13.4, source="store")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("berlin", "has to be a table"),
        ({f"s{n}": "0,0" for n in range(STORES_MAX + 1)}, "at most 1000"),
        ({"Berlin": "52.5,13.4"}, "lower-case"),
        ({"a b": "52.5,13.4"}, "lower-case"),
        ({"berlin": "52.5"}, "expected latitude and longitude"),
        ({"berlin": [52.5, 13.4]}, "expected latitude and longitude"),
        ({"pole": "99,0"}, "stores.pole"),
    ],
)
def test_stores_are_refused_by_name(raw, message):
    with pytest.raises(SettingsError, match=message):
        parse_stores(raw)
