"""Facts of a visit in words: every word of the vocabulary, numbers as people write them, sources and attribution."""

from __future__ import annotations

import pytest

from personalize.domain.situation import MOODS, SHOPPING, WEATHER, Origin, stepped
from personalize.domain.visit import Visit
from personalize.domain.wording import NAMES, VALUES, label, refusal
from personalize.gateway.ours.facts import facts_of


@pytest.mark.parametrize(
    ("name", "value", "en", "de"),
    [
        ("temperature", 6.5, "Feels like: 6.5 °C", "Gefühlte Temperatur: 6,5 °C"),
        ("temperature_deviation", 3.0, "Compared with the season: +3 °C", "Gegenüber der Jahreszeit: +3 °C"),
        ("temperature_deviation", -0.5, "Compared with the season: -0.5 °C", "Gegenüber der Jahreszeit: -0,5 °C"),
        (
            "rain_24h",
            12,
            "Rain or snow in the next 24 hours: 12 mm",
            "Regen oder Schnee in den nächsten 24 Stunden: 12 mm",
        ),
        ("daylight", False, "Daylight: no", "Tageslicht: nein"),
        ("weather", "rain", "Weather: rain", "Wetter: Regen"),
        ("city", "Köln", "City: Köln", "Ort: Köln"),
        ("a_plugs_own", "x", "a_plugs_own: x", "a_plugs_own: x"),
    ],
)
def test_a_fact_in_words(name: str, value: object, en: str, de: str) -> None:
    assert label(name, value, "en") == en
    assert label(name, value, "de") == de
    assert label(name, value, "fr") == label(name, value, "en")


def test_every_word_of_the_vocabulary_has_german() -> None:
    assert NAMES["en"].keys() == NAMES["de"].keys()
    for name, words in (("mood", MOODS), ("mode", SHOPPING), ("weather", WEATHER)):
        assert set(words) == set(VALUES["de"][name])


def test_every_refusal_says_something_in_both_languages() -> None:
    for code in ("CONSENT", "NO_VISITOR", "NOT_VOUCHED", "INVALID", "BUSY"):
        assert len({refusal(code, "en"), refusal(code, "de")}) == 2


def test_a_measured_fact_tells_its_age_and_its_source() -> None:
    visit = Visit(
        at=1_700_000_000.0, context={"weather": "snow", "country": "DE"}, language="de",
        origins={"weather": Origin("open-meteo", 1_699_999_000.0, stale=True), "country": Origin("location")},
    )  # fmt: skip
    country, weather = facts_of(visit, visit.context)
    assert (weather.label, weather.stale) == ("Wetter: Schnee", True)
    assert weather.observed_at == "2023-11-14T21:56:40.000Z"
    assert "Open-Meteo" in (weather.attribution or "")
    assert (country.source, country.observed_at, country.attribution) == ("place", None, None)


def test_people_read_what_was_measured_and_not_the_steps_that_orders_go_by() -> None:
    told = {"temperature": -0.04, "wind": 9.04, "temperature_deviation": 26.3, "rain_24h": 72, "daylight": True}
    visit = Visit(at=0.0, context=stepped(told), language="de")
    assert visit.context == {"temperature": 0, "wind": 0, "temperature_deviation": 16, "rain_24h": 30, "daylight": True}
    assert {fact.label for fact in facts_of(visit, told)} == {
        "Gefühlte Temperatur: 0 °C", "Wind: 9 km/h", "Gegenüber der Jahreszeit: +26,3 °C",
        "Regen oder Schnee in den nächsten 24 Stunden: 72 mm", "Tageslicht: ja",
    }  # fmt: skip
    assert {fact.name: fact.value for fact in facts_of(visit, told)} == {
        "temperature": "0.0", "wind": "9.0", "temperature_deviation": "26.3", "rain_24h": "72.0", "daylight": "true",
    }  # fmt: skip


def test_what_is_no_number_is_not_told() -> None:
    told = {"temperature": float("nan"), "wind": float("inf"), "rain_24h": "much"}
    assert facts_of(Visit(at=0.0, context=stepped(told)), told) == []
