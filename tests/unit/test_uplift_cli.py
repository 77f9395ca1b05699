"""`personalize uplift`: the keys of its JSON, its refusals, and that it finds what there is and nothing else."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from bench.quality.uplift import KNOWN, NULL, World, draw
from personalize.cli import main

ASKED = ["--treatment", "mail", "--control", "none", "--outcome", "visit"]
WORLDS = {world.name: world for world in (*NULL, *KNOWN)}


def campaign(path: Path, world: World, rows: int, seed: int) -> Path:
    """A simulated campaign as CSV: arms none, A, B; besides the features an id and the shopper's age."""
    drawn = draw(world, rows, seed)
    arms = np.array(["none", "A", "B"])[drawn.arm].tolist()
    age = np.random.default_rng(seed).integers(18, 80, rows).tolist()
    head = ["customer", "age", *drawn.columns, "mail", "visit"]
    columns = [range(rows), age, *drawn.columns.values(), arms, drawn.outcome.tolist()]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(head)
        writer.writerows(zip(*columns, strict=True))
    return path


def asked(*options: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["uplift", *options, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def suited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arms, each of which suits one half."""
    return campaign(tmp_path_factory.mktemp("uplift") / "suited.csv", WORLDS["an arm a group"], 5_000, 1)


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two arms, the same effect on everybody."""
    return campaign(tmp_path_factory.mktemp("uplift") / "alike.csv", WORLDS["the same for all"], 1_500, 1)


def test_several_arms_each_suit_a_group(suited: Path) -> None:
    found = asked("--table", str(suited), *ASKED, "--seed", "2")
    assert set(found["qini"]) == set(found["top30"]) == set(found["ate"]) == {"A", "B"}
    assert sum(found["qini"].values()) > 0
    policy = found["policy"]
    assert policy["learned"] > policy["best_constant"]
    assert policy["interval"][0] > 0
    assert policy["arm"] in ("A", "B")
    assert found["verdict"] == "learned"
    assert found["left_out"] == {"customer": "an id", "age": "never by age"}
    assert found["rows"] == {"training": 3_500, "learned_from": 3_500, "test": 1_500}


def test_where_nobody_differs_the_constant_stays(alike: Path) -> None:
    found = asked("--table", str(alike), *ASKED)
    assert isinstance(found["qini"], float)
    assert isinstance(found["top30"], float)
    assert isinstance(found["ate"], float)
    assert found["verdict"] == "keep the constant"


def test_the_same_seed_and_rows_give_the_same_answer(alike: Path, tmp_path: Path) -> None:
    packed = tmp_path / "alike.csv.gz"
    packed.write_bytes(gzip.compress(alike.read_bytes()))
    first = asked("--table", str(alike), *ASKED, "--seed", "3")
    assert asked("--table", str(packed), *ASKED, "--seed", "3") == first
    assert asked("--table", str(alike), *ASKED, "--seed", "4") != first


def test_a_test_table_is_what_judges(tmp_path: Path) -> None:
    world = WORLDS["crossing"]
    train = campaign(tmp_path / "train.csv", world, 1_500, 5)
    later = campaign(tmp_path / "later.csv", world, 1_200, 6)
    found = asked("--table", str(train), "--test", str(later), *ASKED, "--exclude", "c1, noise")
    assert found["rows"] == {"training": 1_500, "learned_from": 1_500, "test": 1_200}
    rows = list(csv.DictReader(later.read_text("utf-8").splitlines()))
    got = {arm: [float(row["visit"]) for row in rows if row["mail"] == arm] for arm in ("none", "A")}
    assert found["ate"] == pytest.approx(np.mean(got["A"]) - np.mean(got["none"]))
    assert found["policy"]["best_constant"] == pytest.approx(np.mean(got[found["policy"]["arm"]]))
    shown = CliRunner().invoke(main, ["uplift", "--table", str(train), "--test", str(later), *ASKED])
    assert "verdict: " in shown.output
    assert "left out: age (never by age)" in shown.output
    lines = later.read_text("utf-8").splitlines()  # without customer, age and c0
    later.write_text("\n".join(line.split(",", 2)[2].split(",", 1)[1] for line in lines) + "\n", "utf-8")
    refused = CliRunner().invoke(main, ["uplift", "--table", str(train), "--test", str(later), *ASKED])
    assert refused.exit_code == 2
    assert "the test table has no column 'c0'" in refused.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--treatment", "post", *ASKED[2:]], "no column 'post'"),
        (["--treatment", "mail", "--control", "nobody", "--outcome", "visit"], "TABLE_CONTROL"),
        ([*ASKED[:4], "--outcome", "mail"], "must not overlap"),
        ([*ASKED[:4], "--outcome", "c5"], "TABLE_NUMBER"),
        ([*ASKED, "--exclude", "what"], "no column 'what'"),
        ([*ASKED, "--exclude", "c0,c1,c2,c3,c4,c5,noise"], "no column is left to learn from"),
        (ASKED[:4], "--outcome"),
    ],
)
def test_what_is_wrong_is_named(alike: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["uplift", "--table", str(alike), *options])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_table_too_small_is_refused(alike: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.csv"
    small.write_text("\n".join(alike.read_text("utf-8").splitlines()[:300]) + "\n", "utf-8")
    result = CliRunner().invoke(main, ["uplift", "--table", str(small), *ASKED])
    assert result.exit_code == 2
    assert "TABLE_TOO_SHORT" in result.stderr


def test_a_column_that_tells_the_outcome_is_warned_of(alike: Path, tmp_path: Path) -> None:
    lines = alike.read_text("utf-8").splitlines()
    spoilt = tmp_path / "spoilt.csv"
    told = [lines[0] + ",spend", *(f"{line},{float(line.rsplit(',', 1)[1]) * 20}" for line in lines[1:])]
    spoilt.write_text("\n".join(told) + "\n", "utf-8")
    result = CliRunner().invoke(main, ["uplift", "--table", str(spoilt), *ASKED, "--json"])
    assert "warning: 'spend' foretells the outcome suspiciously well" in result.stderr
    assert any("'spend'" in one for one in json.loads(result.stdout)["warnings"])
