"""The event log: lines to events and back, what is dropped and why, files cut short."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from personalize.domain.event import Event, EventItem
from personalize.errors import EventError
from personalize.events.log import MAX_LINE, Report, dump, parse, read, skim, write
from tests.unit.shop_log import START, shop_log


def test_a_line_comes_back_as_it_went() -> None:
    event = Event(
        "view_item_list", "e", START + 0.125, "v", "s", {"device": "tv", "deep": {"a": 1}},
        (EventItem("a", 0, 3, 9.5, "EUR", 2, {"brand": "X", "tags": ["y"]}), EventItem("b")),
        "l", "search:shoes", "shoes", "t", {"window": {"size": 200}, "strategy": "ranker"},
    )  # fmt: skip
    assert parse(dump(event)) == event


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_a_file_comes_back_as_it_went(tmp_path: Path, name: str) -> None:
    events = list(shop_log(3))
    assert write(tmp_path / name, events) == len(events)
    assert list(read(tmp_path / name)) == events
    first = (tmp_path / name).read_bytes()
    write(tmp_path / name, events)
    assert (tmp_path / name).read_bytes() == first


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "NOT_JSON"),
        (b"\xff\xfe", "NOT_JSON"),
        (b"[1]", "NOT_AN_OBJECT"),
        (b'{"event_id":"a","at":"2026-01-01T00:00:00Z"}', "NO_EVENT"),
        (b'{"event":"search","at":"2026-01-01T00:00:00Z"}', "NO_EVENT_ID"),
        (b'{"event":"search","event_id":"a"}', "NO_TIME"),
        (b'{"event":"search","event_id":"a","at":"2026-01-01T00:00:00"}', "NO_TIME"),
        (b'{"event":"search","event_id":"a","at":1760000000}', "NO_TIME"),
    ],
)
def test_an_unusable_line_says_why(line: bytes, code: str) -> None:
    with pytest.raises(EventError) as caught:
        parse(line)
    assert caught.value.code == code


def test_loose_types_are_read_kindly() -> None:
    line = (
        b'{"event":"view_item","event_id":"a","at":"2026-01-01T01:00:00+01:00","visitor":7,"context":null,"items":'
        b'[{"item_id":12,"price":"9.90","index":-1,"quantity":"2"},{"price":1},"x",{"item_id":"b","price":"free"}]}'
    )
    event = parse(line)
    assert event.visitor == "7"
    assert event.at == 1_767_225_600.0
    assert event.items == (EventItem("12", price=9.9, quantity=2), EventItem("b"))


def test_bad_lines_are_counted_not_lost(tmp_path: Path) -> None:
    good = dump(next(shop_log(1)))
    path = tmp_path / "log.jsonl"
    path.write_bytes(good + b"\n{}\nnonsense\n" + b"x" * (MAX_LINE + 5) + b"\n" + good.rstrip())
    report = Report()
    assert len(list(read(path, report))) == 2
    assert (report.lines, report.kept) == (5, 2)
    assert dict(report.dropped) == {"NO_EVENT": 1, "NOT_JSON": 1, "LINE_TOO_LONG": 1}


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b"".join(map(dump, shop_log(3))))[:-40])
    plain = tmp_path / "plain.jsonl.gz"
    plain.write_bytes(dump(next(shop_log(1))))
    for path in (cut, plain, tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(EventError) as caught:
            list(read(path))
        assert caught.value.code == "LOG_UNREADABLE"
        assert str(path) in caught.value.message


@pytest.mark.parametrize(
    "line",
    [
        b'{"event":"view_item_list","event_id":"a","at":"2026-01-01T00:00:00Z","visitor":7,"items":[{"item_id":"x"}],'
        b'"assignments":{"e":"on"},"exposed":["e"],"latency_ms":3.5,"strategy":"s","search_term":"boots"}',
        b'{"event":"view_item_list","event_id":"a","at":"2026-01-01T00:00:00Z","items":[],"search_term":"boots"}',
        b'{"event":"purchase","event_id":"a","at":"2026-01-01T00:00:00Z","items":[{"item_id":"x","price":"3.5"}]}',
    ],
)
def test_skimming_reads_what_parsing_reads_without_the_items_of_lists(line: bytes) -> None:
    whole, skimmed = parse(line), skim(line)
    if whole.event == "view_item_list" and whole.items:
        kept = {key: value for key, value in whole.extra.items() if key != "strategy"}
        whole = msgspec.structs.replace(whole, items=(), extra=kept)
    assert skimmed == whole


@pytest.mark.parametrize("line", [b"", b"[]", b'{"event":"view_item_list","event_id":"a","at":"x","items":[{"i":1}]}'])
def test_skimming_refuses_what_parsing_refuses(line: bytes) -> None:
    with pytest.raises(EventError):
        skim(line)
