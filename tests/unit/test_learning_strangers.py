"""What a stranger did to the learning commands, kept: no traceback, nothing silently lost, no guard switched off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from personalize.cli import main
from personalize.domain.event import Event
from personalize.events.log import dump, parse, write
from personalize.features.schema import MAX_NAMES, NESTED, TOO_MANY, detect
from personalize.learning.insights import tables
from tests.unit.shop_log import START, shop_log, shown


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"])
def test_times_that_nothing_happened_at_are_dropped_by_name(at: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, shop_log(20))
    line = {"event": "view_item_list", "event_id": "odd", "at": at, "items": [{"item_id": "1"}]}
    log.write_text(log.read_text() + json.dumps(line) + "\n")
    told = run("train", "--events", log, "--out", tmp_path / "model")
    assert told.exit_code == 0, told.output
    assert "dropped: 1 NO_TIME" in told.output


def test_what_is_nested_too_deep_costs_no_other_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONALIZE_STORE_URL", f"sqlite:///{tmp_path}/store.sqlite")
    deep: object = 1
    for _ in range(400):
        deep = {"a": deep}
    lines = [dump(event) for event in shop_log(2)]
    odd = {"event": "view_item", "event_id": "odd", "at": "2026-01-01T00:00:00Z", "context": {"deep": deep}}
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join([lines[0], json.dumps(odd).encode() + b"\n", *lines[1:]]))
    told = run("import", log)
    assert told.exit_code == 0, told.output
    assert f"{len(lines)} events stored" in told.output
    assert "1 UNREADABLE" in told.output


def test_items_that_cannot_be_read_are_no_empty_result() -> None:
    line = '{"event": "view_item_list", "event_id": "%d", "at": "2026-01-01T00:00:00Z", "search_term": "lamp", '
    line += '"items": %s}'
    broken = [parse((line % (number, items)).encode()) for number, items in enumerate(('"no"', '[{"item_id": 3.5}]'))]
    assert tables(broken)["zero_results"] == []
    assert parse(dump(broken[1])) == broken[1]  # what it said is kept
    empty = parse((line % (9, "[]")).encode())
    assert tables([empty])["zero_results"] == [{"term": "lamp", "times": 1}]


@pytest.mark.parametrize("option", ["--fall=nan", "--fall=-1", "--cpu-ms=nan", "--cpu-times=inf", "--lists=0"])
def test_no_limit_switches_a_guard_off(option: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, shop_log(2))
    told = run("promote", tmp_path / "model", "--events", log, option)
    assert told.exit_code == 2
    assert option.partition("=")[0] in told.output


def test_a_rollback_takes_no_candidate(tmp_path: Path) -> None:
    told = run("promote", tmp_path / "model", "--rollback", "--live", tmp_path / "live")
    assert told.exit_code == 2
    assert "CANDIDATE" in told.output


def test_what_a_log_names_is_bounded_and_objects_are_told() -> None:
    def odd(number: int) -> Event:
        context = {"stay": {"nights": 3}, "visit": f"v{number}", f"key{number}": "x", f"number{number}": number}
        return Event("view_item_list", f"l{number}", START, context=context, items=shown("", START, [1]).items)

    left_out: dict[str, str] = {}
    schema = detect((odd(number) for number in range(MAX_NAMES + TOO_MANY)), left_out)
    assert left_out == {"stay": NESTED}
    assert schema.context_words == schema.context_numbers == ()
