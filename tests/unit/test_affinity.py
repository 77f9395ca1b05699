"""What tags are for, in both languages; what a map may declare of them; and what is said of the situation."""

from __future__ import annotations

import numpy as np
import pytest

from personalize.decisions.because import _where_and_when
from personalize.domain.affinity import WORDS, Affinities, Affinity, said
from personalize.domain.listing import Listing
from personalize.domain.patch import Reason
from personalize.domain.reason import TEXTS, words
from personalize.domain.situation import Place
from personalize.domain.visit import Visit
from personalize.errors import MapError
from personalize.features.affinity import Suited
from personalize.features.likeness import Likeness, variety
from personalize.shops import reader

MAP = """
extend schema @shop(name: "s") {directives}
extend type Product @item(id: "id", attributes: "tag: tags warmth")
"""


def read(directives: str) -> tuple[Affinity, ...]:
    """The affinities of a map with these directives."""
    return reader.read(MAP.replace("{directives}", directives)).affinities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good in rain", {"rain"}), ("Gut bei Regen", {"rain"}), ("Regenjacken", {"rain"}), ("WASSERDICHT", {"rain"}),
        ("Keeps warm", {"cold"}), ("Hält warm", {"cold"}), ("Winterjacken", {"cold"}), ("Warm weather", {"heat"}),
        ("Für heiße Tage", {"heat"}), ("Leicht und luftig", {"heat"}), ("Sommer", {"heat"}), ("Sonnenschutz", {"sun"}),
        ("Draußen", {"outdoors"}), ("Geschenke", {"gift"}), ("At home", {"calm", "home"}), ("Abend", {"party"}),
        ("Training", set()), ("Rainbow", set()), ("regenerierend", set()), ("Schneebesen", set()),
        ("Feierabend", set()), ("Terrainschuhe", set()), ("Mid-season", set()), ("Ganzjährig", set()),
        ("17", set()), ("", set()),
    ],
)  # fmt: skip
def test_what_a_tag_says(text: str, expected: set[str]) -> None:
    assert {WORDS[column] for column in said(text)} == expected


def test_ids_are_known_by_their_names() -> None:
    """In whatever language; until the names are there an id says nothing, and new names are read anew."""
    affinities = Affinities()
    listing = Listing("l", ("a", "b"), np.ones(2), attributes=({"facet": ["17", "18"]}, {"facet": ["18"]}))
    suited = Suited(affinities)
    assert not suited.of(listing).any()
    names = {("de", "facet", "17"): "Gut bei Regen", ("en", "facet", "18"): "oak"}
    assert affinities.learn(names)
    assert not affinities.learn(names)
    found = suited.of(listing)
    assert found[0, WORDS.index("rain")] == 1.0
    assert found.sum() == 1.0
    assert suited.of(listing) is found


def test_a_map_declares() -> None:
    """By id, by name, by a number; a declared value means that and nothing its name sounds like."""
    declared = read(
        '@affinity(to: "rain", attribute: "tag", values: ["17", "gut im Moor"])'
        '@affinity(to: "cold", attribute: "warmth")'
        '@affinity(to: "none", attribute: "tag", values: ["Rain barrel"])'
        '@affinity(to: "sun", attribute: "tag", values: ["17"])'
    )
    affinities = Affinities(declared)
    affinities.learn({("de", "tag", "9"): "Gut im Moor"})
    assert [WORDS[column] for column in affinities.of("tag", "17")] == ["rain", "sun"]
    assert [WORDS[column] for column in affinities.of("tag", "9")] == ["rain"]
    assert affinities.of("tag", "Rain barrel") == ()
    assert [WORDS[column] for column in affinities.of("tag", "Rain boots")] == ["rain"]
    assert affinities.degrees({"warmth": 7}) == [(WORDS.index("cold"), 1.0)]
    assert affinities.degrees({"warmth": "much"}) == []


@pytest.mark.parametrize(
    ("directive", "message", "hint"),
    [
        (
            '@affinity(to: "rian", attribute: "tag", values: ["1"])',
            "@affinity to 'rian', expected one of: rain",
            "'rain'",
        ),
        ('@affinity(to: "rain", attribute: "tags", values: ["1"])', "attribute 'tags', which no @item has", "'tag'"),
        ('@affinity(to: "none", attribute: "tag")', "names no values", "name the values"),
        ('@affinity(to: "rain")', "line 2: ", ""),
        ('@affinity(to: "rain", attribute: "tag", value: "1")', "has no argument 'value'", ""),
    ],
)
def test_a_map_that_cannot_mean_it(directive: str, message: str, hint: str) -> None:
    with pytest.raises(MapError) as caught:
        read(directive)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("code", "parameters", "english", "german"),
    [
        ("rain", {"city": "Hamburg", "daypart": "afternoon"}, "Because rain is expected in Hamburg this afternoon",
         "Weil heute Nachmittag in Hamburg Regen erwartet wird"),
        ("rain", {"daypart": "afternoon"}, "Because rain is expected this afternoon",
         "Weil heute Nachmittag Regen erwartet wird"),
        ("rain", {}, "Because rain is expected", "Weil Regen erwartet wird"),
        ("rain_soon", {"city": "Köln"}, "Because rain is expected in Köln within 24 hours",
         "Weil in Köln in den nächsten 24 Stunden Regen erwartet wird"),
        ("cold", {"city": "Kiel", "daypart": "night"}, "Because it is cold in Kiel tonight",
         "Weil es heute Nacht in Kiel kalt ist"),
        ("hot", {}, "Because it is hot", "Weil es heiß ist"),
        ("sun", {"city": "Kiel"}, "Because the sun is shining in Kiel", "Weil in Kiel die Sonne scheint"),
        ("moment", {"daypart": "evening"}, "Something for this evening", "Etwas für heute Abend"),
        ("gift", {}, "Because you are looking for a gift", "Weil Sie ein Geschenk suchen"),
        ("rain", {"city": "{daypart}{value}", "daypart": "noon"}, "Because rain is expected in {daypart}{value}",
         "Weil in {daypart}{value} Regen erwartet wird"),
    ],
)  # fmt: skip
def test_reasons(code: str, parameters: dict[str, str], english: str, german: str) -> None:
    assert words(Reason(code, parameters), "en-GB") == english
    assert words(Reason(code, parameters), "de-AT") == german


@pytest.mark.parametrize(
    ("longitude", "told"), [(None, True), (10.0, True), (-9.1, True), (28.9, True), (151.2, False), (-122.4, False)]
)
def test_no_morning_is_told_where_it_is_evening(longitude: float | None, told: bool) -> None:
    """At nine in Berlin it is night in San Francisco and evening in Sydney."""
    place = Place(53.0, longitude, city="A town")
    morning = Visit(at=1_784_185_200.0, context={"daypart": "morning"}, place=place)
    assert _where_and_when(morning) == {"city": "A town", **({"daypart": "morning"} if told else {})}


def test_every_reason_has_words_in_both_languages() -> None:
    assert TEXTS["en"].keys() == TEXTS["de"].keys()


def test_cheap_is_beside_items_like_it() -> None:
    """A cheap lamp among dear lamps is a bargain; a cup is not one for being a cup. Unknown prices are nothing."""
    kinds = ["lamp"] * 10 + ["cup"] * 10
    prices = np.array([200.0] * 9 + [120.0] + [10.0] * 9 + [np.nan])
    listing = Listing("l", tuple(map(str, range(20))), prices, attributes=tuple({"kind": kind} for kind in kinds))
    cheap = Likeness().cheap(listing)
    assert int(cheap.argmax()) == 9
    assert cheap[9] > 0.5
    assert np.abs(cheap[10:19]).max() < 0.35
    assert cheap[19] == 0.0
    assert not Likeness().cheap(Listing("l", ("a",), np.ones(1), attributes=({},))).any()


def test_variety() -> None:
    """Nothing in common is 1, all alike is 0."""
    assert variety(np.eye(4, dtype=np.float32)) == 1.0
    assert variety(np.ones((4, 1), np.float32)) == pytest.approx(0.0)
    assert variety(np.ones((1, 1), np.float32)) == 0.0
