"""The gate on an event log: weather that moves clicks gets into the model, a moon does not, and the card says so."""

from __future__ import annotations

import tomllib
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from personalize import artefact
from personalize.cli import main
from personalize.demo.outdoor_clicks import OutdoorShop
from personalize.events.log import write
from personalize.features.schema import Schema, columns
from personalize.learning.gate.signals import grouped
from personalize.learning.train import train


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose visitors look at the weather, and at nothing else in the context."""
    path = tmp_path_factory.mktemp("outdoor") / "events.jsonl.gz"
    write(path, OutdoorShop(3, effect=1.5).browse(1_500))
    return path


@pytest.fixture(scope="module")
def model(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "outdoor"
    answer = CliRunner().invoke(main, ["train", "--events", str(log), "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    assert "signal weather: on" in answer.stdout
    assert "signal moon: no gain, off" in answer.stdout
    return out


def test_keys_belong_to_signals_and_unknown_ones_stand_alone() -> None:
    found = grouped(["moon", "temperature", "weather", "season", "device"])
    assert found == {
        "weather": ("temperature", "weather"), "time": ("season",), "device": ("device",), "moon": ("moon",)
    }  # fmt: skip
    assert list(found) == ["weather", "time", "device", "moon"]


def test_a_schema_without_keys_keeps_the_order_of_the_rest() -> None:
    schema = Schema(("warmth",), ("moon", "temperature"), (("device", ("phone",)), ("weather", ("rain", "clear"))))
    left = schema.without(["moon", "weather"])
    assert left.context == {"temperature", "device"}
    assert [name for name in schema.names if name in columns(left)] == list(left.names)
    assert schema.without([]) == schema


def test_only_what_pays_enters_the_model_and_the_card_says_why(model: Path) -> None:
    found = artefact.load(model)
    assert set(found.schema.context) == {"temperature", "weather"}
    card = tomllib.loads((model / artefact.CARD).read_text())["signals"]
    assert {signal: told["verdict"] for signal, told in card.items()} == {
        "weather": "on", "device": "off", "moon": "off"
    }  # fmt: skip
    assert card["weather"]["interval"][0] > 0
    assert card["weather"]["gain"] > 0.02


def test_the_command_measures_a_log(log: Path) -> None:
    answer = CliRunner().invoke(main, ["gate", "--events", str(log), "--json"])
    assert answer.exit_code == 0, answer.output
    told = orjson.loads(answer.stdout)
    assert told["lists"] == 1_500
    assert told["signals"]["weather"]["verdict"] == "on"
    assert told["signals"]["moon"]["verdict"] == "off"
    assert told["signals"]["weather"]["keys"] == ["temperature", "weather"]


def test_a_short_log_is_refused_by_the_gate_and_trained_without_signals(tmp_path: Path) -> None:
    short = tmp_path / "short.jsonl"
    write(short, OutdoorShop(3, effect=1.5).browse(200))
    answer = CliRunner().invoke(main, ["gate", "--events", str(short)])
    assert answer.exit_code == 2
    assert "TOO_FEW_LISTS" in answer.output
    card = train(short, None, tmp_path / "auto")
    assert not artefact.load(tmp_path / "auto").schema.context
    assert card["signals"]["weather"] == {
        "verdict": "off", "gain": None, "interval": None, "keys": ["temperature", "weather"]
    }  # fmt: skip
    train(short, None, tmp_path / "all", signals="all")
    assert len(artefact.load(tmp_path / "all").schema.context) == 4
    train(short, None, tmp_path / "none", signals="none")
    assert not artefact.load(tmp_path / "none").schema.context
