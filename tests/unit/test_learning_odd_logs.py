"""Odd logs: what training says of each, by reason, and that nothing is lost silently."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import msgspec
import numpy as np
import pytest

from personalize.domain.event import Event, EventItem
from personalize.errors import EventError
from personalize.events.log import Report, write
from personalize.features.schema import Schema, detect
from personalize.learning.examples import Examples, collect
from personalize.learning.journal import MAX_CURRENCIES, Journal, load
from personalize.learning.judgments import CART, CLICK, FULL_LISTS, PURCHASE, ROBOT_CLICKS
from personalize.learning.replay import replay
from personalize.learning.shelf import Shelf
from personalize.learning.train import train
from tests.unit.shop_log import START, clicked, did, item, shop_log, shown

HOUR = 3600.0


def noted(events: Iterable[Event]) -> tuple[Examples, dict[str, int]]:
    journal = Journal(events)
    found = collect(journal, Schema())
    return found, dict(journal.noted)


def test_a_plain_log_has_nothing_to_tell() -> None:
    events = sorted(shop_log(10), key=lambda event: event.at)
    report = Report()
    journal = Journal(events, report)
    assert len(collect(journal, Schema())) == 80
    assert not journal.noted
    assert not report.dropped
    assert list(journal) == events


def test_unsorted_and_repeated_lines_are_told_and_change_nothing(tmp_path: Path) -> None:
    events = sorted(shop_log(10), key=lambda event: event.at)
    lines = [*events, *events[:7]]
    random.Random(2).shuffle(lines)
    write(tmp_path / "log.jsonl", lines)
    report = Report()
    journal = load(tmp_path / "log.jsonl", report=report)
    assert report.dropped == {"REPEATED": 7}
    assert journal.noted["UNSORTED"] > 100
    assert sorted(event.event_id for event in journal) == sorted(event.event_id for event in events)
    times = [event.at for event in journal]
    assert times == sorted(times)
    assert journal.span == (times[0], times[-1])


def test_missing_fields_are_told_by_name(tmp_path: Path) -> None:
    lines = [
        b'{"event_id":"a","at":"2026-03-01T09:00:00Z"}', b'{"event":"search","at":"2026-03-01T09:00:00Z"}',
        b'{"event":"search","event_id":"c"}', b"[]", b"{",
        b'{"event":"select_item","event_id":"d","at":"2026-03-01T09:00:00Z"}',
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(lines))
    report = Report()
    journal = load(tmp_path / "log.jsonl", report=report)
    assert report.dropped == {"NO_EVENT": 1, "NO_EVENT_ID": 1, "NO_TIME": 1, "NOT_AN_OBJECT": 1, "NOT_JSON": 1}
    assert journal.noted == {"NO_ITEMS": 1, "NO_VISITOR": 1}
    assert len(journal) == 1


def test_clicks_on_unknown_items_lists_and_late_ones_are_told() -> None:
    lists = [shown(f"l{number}", START + number, [1, 2, 3]) for number in range(4)]
    events = [
        *lists, clicked("unknown", START + 9, 8, 0, "l0"), clicked("orphan", START + 10, 1, 0, "never"),
        clicked("late", START + 48 * HOUR, 1, 0, "l1"), clicked("good", START + 11, 1, 0, "l2"),
    ]  # fmt: skip
    found, told = noted(events)
    assert len(found) == 1
    assert told == {"UNKNOWN_ITEM": 1, "ORPHAN_CLICK": 1, "LATE_CLICK": 1, "UNSORTED": 1}


def test_lines_of_the_future_are_dropped() -> None:
    report = Report()
    ahead = shown("l", time.time() + 48 * HOUR, [1, 2])
    journal = Journal([ahead, did("view_item", "v", START, 1)], report)
    assert [event.event_id for event in journal] == ["v"]
    assert report.dropped == {"FUTURE": 1}


def test_a_number_too_large_to_keep_is_told() -> None:
    report = Report()
    huge = Event("view_item", "v", START, "v", "s", items=(EventItem("a", attributes={"weight": 2**80}),))
    assert len(Journal([huge], report)) == 0
    assert report.dropped == {"UNREADABLE": 1}


def test_lists_of_one_grade_teach_nothing_and_are_told() -> None:
    events = [shown("l", START, [1, 2]), *(clicked(f"c{row}", START + row, row, row - 1, "l") for row in (1, 2))]
    found, told = noted(events)
    assert len(found) == 0
    assert told == {"ONE_CLASS": 1}


def test_prices_of_another_currency_are_told() -> None:
    rows = tuple(
        msgspec.structs.replace(item(number, number), currency="JPY" if number == 2 else "EUR") for number in range(4)
    )
    listed = Event("view_item_list", "l", START, "v", "s", items=rows)
    _, told = noted([listed, clicked("c", START + 1, 1, 1, "l")])
    assert told == {"OTHER_CURRENCY": 1}


@pytest.mark.parametrize("kept", [{"view_item_list"}, {"select_item"}, {"view_item"}, set()])
def test_a_log_without_answers_is_refused_and_says_why(kept: set[str], tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", (event for event in shop_log(10) if event.event in kept))
    with pytest.raises(EventError) as caught:
        train(tmp_path / "log.jsonl", None, tmp_path / "out")
    assert caught.value.code == "TOO_FEW_LISTS"
    assert ("ORPHAN_CLICK" in str(caught.value)) == (kept == {"select_item"})


def test_what_followed_a_click_grades_it() -> None:
    events = [
        shown("l", START, [1, 2, 3, 4, 5, 6]),
        *(clicked(f"c{row}", START + row, row, row - 1, "l") for row in (1, 2, 3, 4)),
        did("add_to_cart", "k2", START + 20, 2), did("add_to_cart", "k3", START + 20, 3),
        did("purchase", "p3", START + 30, 3), did("purchase", "p4", START + 30, 4),
        did("refund", "r4", START + 500 * HOUR, 4), did("not_interested", "n5", START + 40, 5),
        did("purchase", "p6", START + 40, 6), did("purchase", "p1", START + 24 * 8 * HOUR, 1),
    ]  # fmt: skip
    (judged,) = replay(events)
    assert judged.answer.grade.tolist() == [CLICK, CART, PURCHASE, 0, 0, 0]
    assert judged.answer.refused.tolist() == [False, False, False, True, True, False]
    assert judged.clicked.tolist() == [True, True, True, True, False, False]


def test_robots_are_left_out_and_one_visitor_counts_for_so_much() -> None:
    def visit(name: str, lists: int, pause: float) -> Iterable[Event]:
        for number in range(lists):
            at, key = START + number * pause, f"{name}{number}"
            yield shown(f"l{key}", at, [1, 2, 3], name, key)
            yield clicked(f"c{key}", at, 1, 0, f"l{key}", name, key)

    events = [*visit("robot", ROBOT_CLICKS, 0.5), *visit("fan", 4 * FULL_LISTS, 100.0), *visit("guest", 2, 100.0)]
    found, told = noted(sorted(events, key=lambda event: event.at))
    assert told == {"ROBOT": ROBOT_CLICKS}
    assert sorted(set(found.weight.tolist())) == [0.25, 1.0]
    assert len(found) == 4 * FULL_LISTS + 2


def test_clicks_of_nobody_are_of_many_and_no_robot() -> None:
    events: list[Event] = []
    for number in range(2 * ROBOT_CLICKS):
        at = START + number / 10
        events += [shown(f"l{number}", at, [1, 2, 3]), clicked(f"c{number}", at, 1, 0, f"l{number}")]
    found, told = noted(msgspec.structs.replace(event, visitor=None, session=None) for event in events)
    assert told == {"NO_VISITOR": 4 * ROBOT_CLICKS}
    assert len(found) == 2 * ROBOT_CLICKS
    assert set(found.weight.tolist()) == {1.0}


def test_repeated_lines_judge_nothing() -> None:
    events = sorted(shop_log(10), key=lambda event: event.at)
    plain, often = Journal(events), Journal(event for event in events for _ in range(40))
    assert often.noted == plain.noted == {}
    assert often.report.dropped == {"REPEATED": 39 * len(events)}
    for rows in (100, 500, 10_000):
        assert often.newest(rows) == plain.newest(rows)
    whole, same = collect(plain, Schema()), collect(often, Schema())
    for field in fields(Examples):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(same, field.name))


def test_lists_in_many_currencies_are_told_within_bounds() -> None:
    def listed(number: int, currency: str) -> Event:
        row = msgspec.structs.replace(item(1, 0), currency=currency)
        return Event("view_item_list", f"l{number}", START + number, "v", "s", items=(row,))

    many = [listed(number, f"X{number}") for number in range(3 * MAX_CURRENCIES)]
    journal = Journal([*many, listed(len(many), "X3"), listed(len(many) + 1, "X3")])
    assert journal.noted == {"CURRENCIES": len(many) - 1}


def test_the_matrix_keeps_the_newest_lists_within_its_bytes() -> None:
    events = sorted(shop_log(60), key=lambda event: event.at)
    whole = collect(events, Schema())
    journal = Journal(events)
    part = collect(journal, Schema(), size=4 * len(Schema().names) * 2_000)
    assert 0 < len(part) < len(whole)
    assert journal.noted["OLDEST_LISTS"] == len(whole) - len(part)
    rows = len(part.grade)
    assert rows <= 2_000
    assert (part.matrix == whole.matrix[-rows:])[~(part.matrix != part.matrix)].all()
    assert part.at.tolist() == whole.at[-len(part) :].tolist()


def test_purchases_are_read_alone() -> None:
    journal = Journal(shop_log(10))
    told = [event for event in journal if event.event == "purchase"]
    assert list(journal.purchases()) == told != []
    assert list(Journal([]).purchases()) == []


def test_columns_are_left_out_in_place_and_lists_picked() -> None:
    journal = Journal(shop_log(30))
    whole = collect(journal, detect(journal))
    columns = [0, 2, 3, 40, whole.matrix.shape[1] - 1]
    picked = np.array([3, 0, len(whole) - 1])
    some, fewer = whole.lists(picked, columns), whole.narrowed(columns)
    ends = np.cumsum(whole.sizes)
    rows = np.concatenate([np.arange(ends[number] - whole.sizes[number], ends[number]) for number in picked])
    np.testing.assert_array_equal(some.matrix, whole.matrix[rows][:, columns])
    np.testing.assert_array_equal(some.grade, whole.grade[rows])
    np.testing.assert_array_equal(some.sizes, whole.sizes[picked])
    again = whole.narrow(columns)
    np.testing.assert_array_equal(again.matrix, fewer.matrix)
    assert np.shares_memory(again.matrix, whole.matrix)


def test_the_shelf_brings_profiles_back_and_forgets_within_bounds() -> None:
    shelf = Shelf(live=2)
    for number in range(30):
        shelf.take(f"v{number}").apply(did("view_item", f"e{number}", START, number))
    assert len(shelf) == 30
    assert shelf.forgotten == 0
    assert list(shelf.take("v3").history) == ["i3"]
    small = Shelf(live=2, size=600)
    for number in range(30):
        small.take(f"v{number}").apply(did("view_item", f"e{number}", START, number))
    assert small.forgotten + len(small) == 30
    assert small.forgotten > 10
