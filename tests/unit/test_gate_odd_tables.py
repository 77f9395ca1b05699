"""Tables as they come: gaps, hours, words, zones, parts of a day, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.errors import EvidenceError
from personalize.learning.gate.moments import local, read_moments
from personalize.learning.gate.panel import Panel, read_panel
from personalize.learning.gate.past import Past
from personalize.learning.gate.table import gate_table
from personalize.learning.sheet import read_sheet

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*rows: str, head: str = "t,y,x") -> Path:
        path = tmp_path / "table.csv"
        path.write_text("\n".join([head, *rows]) + "\n")
        return path

    return written


def panel(path: Path, **more: object) -> Panel:
    return read_panel(read_sheet(path), "y", "t", ["x"], **more)  # type: ignore[arg-type]


def test_parts_of_a_day_are_added_and_signals_averaged(write: Write) -> None:
    found = panel(write("2026-01-02,3,4", "2026-01-01,1,2", "2026-01-02,5,8", "2026-01-03,,1", "2026-01-04,2,"))
    assert found.y.tolist() == [1, 8, 2]
    assert found.numbers[:2, 0].tolist() == [2, 6]
    assert np.isnan(found.numbers[2, 0])
    assert (found.merged, found.dropped, found.unit, found.hourly) == (1, 1, "day", False)


def test_rows_that_repeat_the_target_count_once(write: Write) -> None:
    found = panel(write("2026-01-01,7,1", "2026-01-01,7,3", "2026-01-02,9,1"))
    assert found.y.tolist() == [7, 9]


def test_hours_become_tracks_a_day_apart(write: Write) -> None:
    start = datetime(2026, 1, 1)  # noqa: DTZ001
    rows = [f"{start + timedelta(hours=h)},{h},{h % 5}" for h in range(72)]
    found = panel(write(*rows))
    assert found.hourly
    assert found.tracks == 24
    lagged = Past(found).lag(found.y, 1)
    assert np.isnan(lagged[:24]).all()
    assert lagged[24:].tolist() == list(range(48))


def test_the_hour_that_a_clock_put_back_shows_twice_is_no_double_hour(write: Write) -> None:
    rows = [f"2026-10-25T{h:02}:00:00+02:00,10,1" for h in range(3)]
    rows += [f"2026-10-25T{h:02}:00:00+01:00,{14 if h == 2 else 10},1" for h in range(2, 9)]
    found = panel(write(*rows))
    assert found.y.tolist() == [10, 10, 12, *[10] * 6]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-01", "2026-03-01 00:00:00", "2026-03-01T00:00:00Z", "2026/3/1", "1.3.2026", "1-Mar-2026",
        "1772323200", "1772323200000", "20260301",
    ],
)  # fmt: skip
def test_times_in_many_notations(write: Write, cell: str) -> None:
    wall, _ = read_moments(read_sheet(write(f"{cell},1,1")), "t")
    assert wall.tolist() == [local(datetime(2026, 3, 1))]  # noqa: DTZ001


def test_day_or_month_first_is_told_by_the_column(write: Write) -> None:
    wall, _ = read_moments(read_sheet(write("3/4/2026,1,1", "3/25/2026,1,1")), "t")
    assert wall.tolist() == [local(datetime(2026, 3, 4)), local(datetime(2026, 3, 25))]  # noqa: DTZ001
    with pytest.raises(EvidenceError, match="day or month first"):
        read_moments(read_sheet(write("3/4/2026,1,1", "5/6/2026,1,1")), "t")


def test_words_are_codes_and_missing_ones_are_none(write: Write) -> None:
    found = panel(write("2026-01-01,1,rain", "2026-01-02,1,sun", "2026-01-03,1,", "2026-01-04,1,rain"))
    assert found.words[:, 0].tolist() == [0, 1, -1, 0]
    assert found.numbers.shape == (4, 0)


def test_levels_know_only_what_came_before(write: Write) -> None:
    found = panel(write("2026-01-01,4,1", "2026-01-02,8,1", "2026-01-05,2,1"))
    level = Past(found).level(found.y[:, None], 0.5)[:, 0]
    assert np.isnan(level[0])
    assert level[1:].tolist() == [4, 6]


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        (["2026-01-01,1,1", "2026-01-02,oops,1"], "TABLE_NUMBER", "line 3 "),
        (["2026-01-01,1,1", "2026-01-02,2,3", "2026-01-03,1,oops"], "TABLE_NUMBER", "line 4 "),
        (["2026-01-01,inf,1"], "TABLE_NUMBER", "line 2 "),
        (["2026-01-01,1,1", "then,2,3"], "TABLE_TIME", "line 3 "),
        (["2026-01-01,1,1", "2026-01-02,2"], "TABLE_UNREADABLE", "line 3 "),
        (["2026-01-01,,1"], "TABLE_TOO_SHORT", "no row with a target"),
        ([f"2026-01-{day:02},1,1" for day in range(1, 20)], "TABLE_TOO_SHORT", "before the split"),
    ],
)
def test_what_is_refused_by_name(write: Write, rows: list[str], code: str, said: str) -> None:
    with pytest.raises(EvidenceError, match=said) as met:
        gate_table(write(*rows), target="y", time="t", signals=["x"])
    assert met.value.code == code


def test_columns_and_options_are_refused_by_name(write: Write) -> None:
    path = str(write("2026-01-01,1,1"))
    asked = ["gate", "--table", path, "--target", "y", "--time", "t"]
    for more, said in [
        (["--signals", "z"], "no column 'z'"),
        (["--signals", "y"], "cannot also be"),
        (["--signals", "x,x"], "distinct"),
        (["--signals", ","], "no column is named"),
        ([], "--target, --time and --signals"),
        (["--signals", "x", "--until", "2026-01-01"], "belongs to --events"),
        (["--signals", "x", "--country", "Atlantis"], "COUNTRY_UNKNOWN"),
        (["--signals", "x", "--events", path], "--table CSV or --events LOG"),
    ]:
        answer = CliRunner().invoke(main, [*asked, *more])
        assert answer.exit_code == 2, more
        assert said in answer.output, more


def test_an_hourly_table_of_words_zeros_and_gaps(write: Write) -> None:
    rng = np.random.default_rng(2)
    rows, start = [], datetime(2026, 1, 1)  # noqa: DTZ001
    for hour in range(24 * 70):
        moment = start + timedelta(hours=hour)
        if rng.random() < 0.1 or not 8 <= moment.hour < 14:
            continue
        wet = rng.random() < 0.4
        sold = rng.poisson(2.0 + moment.hour / 4 + 8 * wet)
        rows.append(f"{moment};{sold if rng.random() < 0.97 else ''};{'wet' if wet else 'dry'}")
    found = gate_table(write(*rows, head="t;y;x"), target="y", time="t", signals=["x"])
    assert found.panel.hourly
    assert found.on
    assert found.wape_with < 0.8 * found.wape_without


def test_negative_targets_and_months(write: Write) -> None:
    rng = np.random.default_rng(3)
    rows = [f"{1990 + m // 12}-{m % 12 + 1:02},{rng.normal():.3f},{rng.normal():.3f}" for m in range(120)]
    found = gate_table(write(*rows), target="y", time="t", signals=["x"])
    assert found.panel.unit == "month"
    assert not found.on
