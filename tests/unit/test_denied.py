"""Denied names: what nobody may be sorted by enters neither features nor tastes, and training says so."""

from __future__ import annotations

import msgspec
import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.domain import denied as module
from personalize.domain.denied import denied
from personalize.domain.event import Event
from personalize.domain.profile import Profile
from personalize.domain.tokens import traits
from personalize.events.log import write
from personalize.features.schema import detect
from tests.unit.shop_log import shop_log


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("diagnosis", module.HEALTH), ("healthCondition", module.HEALTH), ("HIV-status", module.HEALTH),
        ("Gesundheits_Bezug", module.HEALTH), ("chronische krankheit", module.HEALTH),
        ("schwangerschaft", module.HEALTH),
        ("religion", module.RELIGION), ("Glaubensrichtung", module.RELIGION), ("is_kosher", module.RELIGION),
        ("political_party", module.POLITICS), ("politische-einstellung", module.POLITICS), ("Partei", module.POLITICS),
        ("sexual_orientation", module.SEXUALITY), ("sexuelleOrientierung", module.SEXUALITY),
        ("ethnicity", module.ETHNICITY), ("skin_color", module.ETHNICITY), ("Hautfarbe", module.ETHNICITY),
        ("race", module.ETHNICITY), ("tradeUnion", module.UNION), ("gewerkschaftsmitglied", module.UNION),
        ("biometric_id", module.BIOMETRY), ("DNA", module.BIOMETRY), ("genetischer_befund", module.BIOMETRY),
        ("facial_expression", module.EMOTION), ("heart-rate", module.EMOTION), ("keystroke_dynamics", module.EMOTION),
        ("mouseMovement", module.EMOTION), ("emotion", module.EMOTION), ("stimmlage", module.EMOTION),
    ],
)  # fmt: skip
def test_names_in_german_and_english_however_written(name: str, category: str) -> None:
    assert denied(name) == category


@pytest.mark.parametrize(
    "name",
    [
        "brand", "colour", "size", "price", "mood", "mode", "weather", "temperature", "material", "orientation",
        "party", "promotion", "warmth", "rating", "device", "store", "archive", "interface", "mouse", "voice_control",
        "gender", "racer", "union_jack", "größe", "farbe", "jahreszeit", "marke", "", "日本",
    ],
)  # fmt: skip
def test_other_names_are_let_in(name: str) -> None:
    assert denied(name) is None


def marked() -> list[Event]:
    """A log whose context and items tell of what they must not."""
    events = []
    for event in shop_log(40):
        items = tuple(
            msgspec.structs.replace(one, attributes={**one.attributes, "diagnosis": "d1", "heart_rate": 60 + n})
            if one.attributes else one
            for n, one in enumerate(event.items)
        )  # fmt: skip
        context = {**event.context, "religion": "r1", "bmi": 20.0} if event.context else event.context
        events.append(msgspec.structs.replace(event, items=items, context=context))
    return events


def test_they_enter_neither_the_schema_nor_the_tastes() -> None:
    left: dict[str, str] = {}
    assert detect(marked(), left) == detect(shop_log(40))
    assert left == {"diagnosis": module.HEALTH, "heart_rate": module.EMOTION, "religion": module.RELIGION,
                    "bmi": module.HEALTH}  # fmt: skip
    profile, plain = Profile(), Profile()
    for event, other in zip(marked(), shop_log(40), strict=True):
        profile.apply(event)
        plain.apply(other)
    assert profile == plain
    assert traits("denied-1", {"diagnosis": ["d1"], "bmi": 3, "brand": "a"}).pairs == (("brand", "a"),)


def test_training_says_what_it_left_out(tmp_path) -> None:
    write(tmp_path / "log.jsonl", marked())
    told = CliRunner().invoke(main, ["train", "--events", str(tmp_path / "log.jsonl"), "--out", str(tmp_path / "m")])
    assert told.exit_code == 0, told.output
    assert "left out: diagnosis (health)" in told.output
    assert "left out: religion (religion or belief)" in told.output
    card = (tmp_path / "m" / "card.toml").read_text("utf-8")
    assert "[data.left_out]" in card
