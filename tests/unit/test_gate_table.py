"""The gate on a table: a signal that pays is on and recovers its gain, one that does not is off; the past decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.demo.outdoor import sell
from personalize.learning.gate.table import Verdict, gate_table

GROUPS = ("rainwear", "tents")
DAYS = 700
KEYS = {"wape_without", "wape_with", "change", "interval", "verdict", "wape_gated"}


def judged(path: Path, *signals: str, **more: object) -> Verdict:
    return gate_table(path, target="sold", time="date", signals=signals, by=["group"], **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two groups of the outdoor shop, whose weather matters, beside a moon that does not."""
    path = tmp_path_factory.mktemp("shop") / "sales.csv"
    sell(DAYS, 1, 2.0, GROUPS).write(path, moon=np.round(np.random.default_rng(4).normal(size=DAYS), 2))
    return path


@pytest.fixture(scope="module")
def weather(shop: Path) -> Verdict:
    return judged(shop, "temperature", "rain")


def test_weather_that_pays_is_on_and_its_gain_is_recovered(weather: Verdict) -> None:
    truth = sell(DAYS, 1, 2.0, GROUPS)
    first = int(DAYS * 0.8)
    noise = float(np.abs(truth.sold - truth.expected)[first:].sum() / truth.sold[first:].sum())
    told = weather.told()
    assert told["verdict"] == "on"
    assert set(told) == KEYS
    assert told["wape_gated"] == told["wape_with"] < told["wape_without"]
    assert told["interval"][0] < told["change"] < told["interval"][1] < 0
    assert told["wape_without"] - told["wape_gated"] > 0.8 * (told["wape_without"] - noise)


def test_a_moon_is_off(shop: Path) -> None:
    told = judged(shop, "moon").told()
    assert told["verdict"] == "off"
    assert told["wape_gated"] == told["wape_without"]


def test_the_future_has_no_say_in_the_verdict(shop: Path, tmp_path: Path, weather: Verdict) -> None:
    """What is sold after the split, turned upside down, changes what is reported and not what was decided."""
    lines = shop.read_text().splitlines()
    head, rows = lines[0], [line.split(",") for line in lines[1:]]
    since = str(np.datetime64(weather.since, "s").astype("datetime64[D]"))
    for row in rows:
        if row[0] >= since:
            row[2] = str(200 - min(int(row[2]), 200))
    other = tmp_path / "other.csv"
    other.write_text("\n".join([head, *map(",".join, reversed(rows))]))  # and unsorted
    found = judged(other, "temperature", "rain", since=since)
    assert found.past == weather.past
    assert found.on == weather.on
    assert found.wape_with != weather.wape_with


def test_the_command_prints_the_json_of_the_design_the_same_again(shop: Path, weather: Verdict) -> None:
    asked = ["gate", "--table", str(shop), "--target", "sold", "--time", "date", "--signals", "temperature,rain"]
    answer = CliRunner().invoke(main, [*asked, "--by", "group", "--json"])
    assert answer.exit_code == 0, answer.output
    assert orjson.loads(answer.stdout) == weather.told()


def test_the_command_says_it_in_words(shop: Path) -> None:
    asked = ["gate", "--table", str(shop), "--target", "sold", "--time", "date", "--signals", "moon", "--by", "group"]
    answer = CliRunner().invoke(main, [*asked, "--country", "DE-SH"])
    assert answer.exit_code == 0, answer.output
    assert "moon: no gain, off" in answer.stdout
    assert "the next day forecast" in answer.stdout
