"""Odd logs through the real commands: each is learned from or refused, and what was lost of it is told by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from personalize import artefact
from personalize.cli import main
from personalize.cli.losses import WORDS
from personalize.events.log import MAX_LINE, dump
from tests.unit.shop_log import START, shop_log

Line = dict[str, Any]
PLAIN: list[Line] = [orjson.loads(dump(event)) for event in sorted(shop_log(10), key=lambda event: event.at)]
LISTS = 80
LINES = len(PLAIN)
AHEAD = "2999-01-01T00:00:00.000Z"


def lists(change: Callable[[Line], Line]) -> Callable[[Line], Line]:
    """The change made to lists alone."""
    return lambda line: change(line) if line["event"] == "view_item_list" else line


def clicks(change: Callable[[Line], Line]) -> Callable[[Line], Line]:
    """The change made to the clicks of v1, v5 and v9: 24 of 80."""
    return lambda line: change(line) if line["event"] == "select_item" and int(line["visitor"][1:]) % 4 == 1 else line


def first(**values: object) -> Callable[[Line], Line]:
    """The first item with other values."""
    return lambda line: line | {"items": [line["items"][0] | values, *line["items"][1:]]}


def without(line: Line, *keys: str) -> Line:
    """The line without some keys."""
    return {key: value for key, value in line.items() if key not in keys}


def every(change: Callable[[Line], Line]) -> bytes:
    """The log with a change made to each line."""
    return packed(change(line) for line in PLAIN)


def packed(lines: Any) -> bytes:
    """A log of these lines; bytes stand as they are."""
    return b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines)


def by_time(line: Line) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(line["at"])


def another(**values: object) -> Line:
    """One more list of a visitor of whom nothing else is known."""
    return PLAIN[0] | {"event_id": "more", "visitor": "other", "session": "other"} | values


CLICK = next(line for line in PLAIN if line.get("list_event_id") == PLAIN[0]["event_id"])
LATER = datetime.fromtimestamp(START + 500_000, UTC).isoformat()
MANY = [{"item_id": f"m{number}"} for number in range(1_007)]

# name: the log, what is dropped, what is noted
ODD: dict[str, tuple[bytes, dict[str, int], dict[str, int]]] = {
    "plain": (packed(PLAIN), {}, {}),
    "each line 40 times": (packed(line for line in PLAIN for _ in range(40)), {"REPEATED": 39 * LINES}, {}),
    "all of it three times over": (packed(PLAIN * 3), {"REPEATED": 2 * LINES}, {"UNSORTED": 2 * LINES - 2}),
    "newest first": (packed(reversed(PLAIN)), {}, {"UNSORTED": LINES - 1}),
    "no JSON, no object, no name, no id, no time": (
        packed([b"{", b"[]", without(PLAIN[0], "event"), without(PLAIN[0], "event_id"), without(PLAIN[0], "at"),
                b'{"event":"' + b"x" * MAX_LINE + b'"}', *PLAIN]),
        {"NOT_JSON": 1, "NOT_AN_OBJECT": 1, "NO_EVENT": 1, "NO_EVENT_ID": 1, "NO_TIME": 1, "LINE_TOO_LONG": 1}, {},
    ),
    "a day to come": (packed([*PLAIN, another(at=AHEAD)]), {"FUTURE": 1}, {}),
    "items without an id": (every(lists(first(item_id=None))), {}, {"NO_ITEM_ID": LISTS, "UNKNOWN_ITEM": 7}),
    "items that are words": (packed([another(items=["a", "b"]), *PLAIN]), {}, {"NO_ITEM_ID": 2}),
    "prices in words": (every(lists(first(price="12,99 €"))), {}, {"BAD_PRICE": LISTS}),
    "prices below nothing": (every(lists(first(price=-5))), {}, {"BAD_PRICE": LISTS}),
    "no price told": (every(lists(first(price=""))), {}, {}),
    "positions and pieces in words": (
        every(lists(first(shop_index="first", quantity=-1))), {}, {"BAD_NUMBER": 2 * LISTS},
    ),
    "terms and names of another type": (
        every(lists(lambda line: first(item_name=["a"])(line | {"search_term": {"a": 1}}))), {},
        {"BAD_TEXT": 2 * LISTS},
    ),
    "too many items": (packed([another(items=MANY), *PLAIN]), {}, {"ITEMS_CUT": 7}),
    "a context that is a word": (every(lists(lambda line: line | {"context": "mobile"})), {}, {"BAD_CONTEXT": LISTS}),
    "items that are an object": (packed([another(items={"item_id": "a"}), *PLAIN]), {}, {"BAD_ITEMS": 1}),
    "carts without items": (packed([another(event="add_to_cart", items=[]), *PLAIN]), {}, {"NO_ITEMS": 1}),
    "nobody": (every(lambda line: without(line, "visitor", "session")), {}, {"NO_VISITOR": LINES}),
    "stock, which is nobody's": (
        packed([without(another(event="stock_change"), "visitor", "session"), *PLAIN]), {}, {},
    ),
    "a shop of two currencies": (
        every(lambda line: line | {"items": [item | {"currency": "JPY"} for item in line["items"]]}
              if line["visitor"] == "v3" else line), {}, {"CURRENCIES": 8},
    ),
    "a list of two currencies": (every(lists(first(currency="JPY", index=11))), {}, {"OTHER_CURRENCY": LISTS}),
    "clicks on lists that are not there": (
        packed(line for line in PLAIN if line["event"] != "view_item_list" or line["visitor"] != "v3"), {},
        {"ORPHAN_CLICK": 8},
    ),
    "a click on an item that is not there": (
        packed([PLAIN[0], CLICK | {"event_id": "more", "items": [{"item_id": "never"}]}, *PLAIN[1:]]), {},
        {"UNKNOWN_ITEM": 1},
    ),
    "clicks after days": (
        packed(sorted((clicks(lambda line: line | {"at": LATER})(line) for line in PLAIN), key=by_time)), {},
        {"LATE_CLICK": 24},
    ),
    "clicks that name no list": (
        every(clicks(lambda line: without(line, "list_event_id"))), {}, {"CLICK_NAMES_NO_LIST": 24},
    ),
    "a list of one item": (
        packed([*PLAIN, another(items=[{"item_id": "a"}], at=LATER),
                CLICK | {"event_id": "again", "items": [{"item_id": "a"}], "list_event_id": "more", "at": LATER}]), {},
        {"ONE_CLASS": 1},
    ),
    "a robot": (
        packed([*PLAIN, *(another(event_id=f"r{turn}", visitor="robot", at=LATER) for turn in range(60)),
                *(CLICK | {"event_id": f"k{turn}", "visitor": "robot", "list_event_id": f"r{turn}", "at": LATER}
                  for turn in range(60))]), {}, {"ROBOT": 60},
    ),
}  # fmt: skip


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def trained(folder: Path, name: str, log: bytes) -> tuple[Result, Path]:
    """What `personalize train` says of a log; the log is `<name>.jsonl`, the model the folder `<name>`."""
    (folder / f"{name}.jsonl").write_bytes(log)
    return run(
        "train", "--events", folder / f"{name}.jsonl", "--out", folder / name, "--signals", "none", "--threads", "1"
    ), folder / name


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of the plain log; the log stands beside it."""
    result, model = trained(tmp_path_factory.mktemp("plain"), "plain", packed(PLAIN))
    assert result.exit_code == 0, result.output
    assert "dropped" not in result.output
    assert "noted" not in result.output
    return model


@pytest.mark.parametrize("name", ODD)
def test_what_a_log_loses_is_told_by_name(name: str, plain: Path, tmp_path: Path) -> None:
    log, dropped, noted = ODD[name]
    result, model = trained(tmp_path, "odd", log)
    assert result.exit_code == 0, result.output
    data = artefact.load(model).card["data"]
    assert (data["dropped"], data["noted"]) == (dropped, noted)
    for kind, told in (("dropped", dropped), ("noted", noted)):
        for reason, count in told.items():
            assert f"  {kind}: {count:,} {reason} (" in result.output
    found = orjson.loads(run("evaluate", "--events", tmp_path / "odd.jsonl", "--model", plain, "--json").stdout)
    noted = {reason: count for reason, count in noted.items() if reason != "ONE_CLASS"}  # such lists are judged
    assert (found["dropped"], found["noted"]) == (dropped, noted)


@pytest.mark.parametrize("name", ["each line 40 times", "all of it three times over", "newest first"])
def test_repeats_and_order_change_nothing_of_the_model(name: str, plain: Path, tmp_path: Path) -> None:
    model = trained(tmp_path, "odd", ODD[name][0])[1]
    assert (model / artefact.MODEL).read_bytes() == (plain / artefact.MODEL).read_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda line: without(line, "list_event_id"), "CLICK_NAMES_NO_LIST"),
        (lambda line: line | {"list_event_id": "never"}, "ORPHAN_CLICK"),
        (lambda line: line | {"items": "i1"}, "BAD_ITEMS"),
        (lambda line: line | {"items": []}, "NO_ITEMS"),
        (lambda line: line | {"at": "yesterday"}, "NO_TIME"),
        (lambda line: line | {"at": AHEAD}, "FUTURE"),
        (lambda line: line | {"event": "view_item"}, "nothing odd"),
    ],
)
def test_a_log_that_no_click_answers_is_refused_with_the_reason(
    change: Callable[[Line], Line], reason: str, plain: Path, tmp_path: Path
) -> None:
    log = every(lambda line: change(line) if line["event"] == "select_item" else line)
    result, _ = trained(tmp_path, "odd", log)
    assert result.exit_code == 2
    assert reason in result.output
    result = run("evaluate", "--events", tmp_path / "odd.jsonl", "--model", plain)
    assert result.exit_code == 2
    assert reason in result.output


def test_evaluate_warns_of_a_model_that_is_judged_on_its_own_training_log(plain: Path, tmp_path: Path) -> None:
    log = f"{plain}.jsonl"
    own = orjson.loads(run("evaluate", "--events", log, "--model", plain, "--json").stdout)
    assert [warning["code"] for warning in own["warnings"]] == ["SEEN_IN_TRAINING"]
    early = datetime.fromtimestamp(START + 50_000, UTC)
    table = run("evaluate", "--events", log, "--model", plain, "--since", early.isoformat()).output
    assert "warning, SEEN_IN_TRAINING: 40 of 40 judged lists" in table
    later = tmp_path / "later.jsonl"
    later.write_bytes(
        every(lambda line: line | {"at": (by_time(line) + (by_time(PLAIN[-1]) - by_time(PLAIN[0])) * 2).isoformat()})
    )
    found = orjson.loads(run("evaluate", "--events", later, "--model", plain, "--json").stdout)
    assert found["warnings"] == []


def test_the_other_commands_that_read_a_log_tell_what_was_lost(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(packed([b"{", *PLAIN, another(context=7)]))
    lost = {"dropped": {"NOT_JSON": 1}, "noted": {"BAD_CONTEXT": 1, "UNSORTED": 1}}
    power = run("experiment", "--events", log, "--power", "--json")
    assert "dropped: 1 NOT_JSON (lines not JSON)" in power.stderr
    assert "NOT_JSON" not in power.stdout
    monkeypatch.setenv("PERSONALIZE_STORE_URL", f"sqlite:///{tmp_path}/store.db")
    assert "noted: 1 BAD_CONTEXT (events whose" in run("import", log).output
    assert "'NOT_JSON': 1" in run("gate", "--events", log).output  # too small a log to measure signals on
    for arguments in (
        ["insights", "--events", log], ["promote", plain, "--events", log, "--live", tmp_path / "live"],
        ["promote", plain, "--report", "--events", log],
    ):  # fmt: skip
        found = orjson.loads(run(*arguments, "--json").stdout)
        assert {name: found[name] for name in lost} == lost
        table = run(*arguments).output
        assert "dropped: 1 NOT_JSON (lines not JSON)" in table
        assert "noted: 1 BAD_CONTEXT" in table


def test_the_docs_name_every_reason() -> None:
    text = Path("docs/learning.md").read_text("utf-8")
    section = text.split("### What a log may be")[1].split("\n#")[0]
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+|FUTURE|REPEATED|UNREADABLE|UNSORTED|ROBOT|CURRENCIES)`", section))
    assert named - {"SEEN_IN_TRAINING"} == set(WORDS)
