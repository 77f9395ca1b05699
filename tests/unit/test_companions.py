"""Kinds and companions: what lists are made of, what the same visitors bought, bounds, bytes."""

from __future__ import annotations

from struct import pack

import numpy as np
import pytest

from personalize.domain.earlier import MAX_EACH, MAX_HELD, Earlier
from personalize.domain.event import Event, EventItem
from personalize.domain.learned.companions import Companions
from personalize.domain.learned.kinds import FIRST, MAX_PROPERTIES, Kinds
from personalize.domain.learned.pairs import Near
from personalize.domain.learned.popularity import PURCHASES, PURCHASES_AGAIN, Popularity
from personalize.domain.tokens import token


def told(near: Near, partner: str) -> dict[int, float]:
    place, share = near.of(partner)
    return dict(zip(place.tolist(), share.tolist(), strict=True))


FOOD, CHEESE, MILK, BRAND = 1, 2, 3, 4


def lists(kinds: Kinds, of: int, count: int, *, brands: int) -> None:
    """Lists of ten rows of one category; in `brands` of them all rows are of one brand, in the others three are."""
    for number in range(count):
        share = 10 if number < brands else 3
        kinds.note([(FOOD, of, *((BRAND,) if row < share else ()), 100 + row) for row in range(10)])


def test_the_kind_is_the_rarest_property_that_lists_are_made_of() -> None:
    kinds = Kinds()
    assert kinds.of((FOOD, CHEESE)) is None
    lists(kinds, CHEESE, 20, brands=4)
    lists(kinds, MILK, 20, brands=0)
    assert kinds.of((FOOD, CHEESE, BRAND, 105)) == CHEESE
    assert kinds.of((MILK, FOOD, BRAND)) == MILK
    assert kinds.of((BRAND, 105)) == BRAND  # where nothing better is known
    assert kinds.of(()) is None


def test_what_lists_are_made_of_is_bounded_and_read_now_and_then() -> None:
    kinds = Kinds()
    assert sum(kinds.due() for _ in range(FIRST + 80)) == FIRST + 10
    for number in range(2_000):
        kinds.note([(FOOD, *range(10 * number, 10 * number + 10)) for _ in range(3)])
    assert len(kinds.seen) <= MAX_PROPERTIES
    assert FOOD in kinds.seen
    before = dict(kinds.seen)
    kinds.note([(7,), (7,)])
    assert kinds.seen == before  # two rows are no list


def test_who_buys_one_buys_another() -> None:
    known = Companions()
    for _ in range(30):
        known.buy({"a": 1, "b": 1, "x": 2}, {})
    known.buy({"b": 1}, {"a": 0})
    known.buy({"b": 1}, {"b": 0})  # again: no meeting
    near, buyers = known.company.near(("b", "x"))
    assert buyers.tolist() == [31, 30]
    assert set(near.number) == {"a"}  # x is of another kind, alone
    assert told(near, "a") == {0: pytest.approx(31 / 40)}


def test_what_is_bought_next_of_a_kind() -> None:
    known = Companions()
    for _ in range(30):
        known.buy({"a": 1, "b": 1, "x": 2}, {})
        known.buy({"b": 1}, {"c": 1, "x": 2, "a": 3, "b": 3})  # the order before, not the one before that
    near, _ = known.following.near(("b", "x", "c"))
    assert set(near.number) == {"a", "b"}
    assert told(near, "a") == told(near, "b") == {0: pytest.approx(30 / 40)}
    known.buy({"x": 2}, {"c": 1, "x": 2, "a": 3, "b": 3})  # nothing of its kind was in the last order: the one before
    assert set(known.following.near(("x",))[0].number) == {"x"}


def test_a_kind_is_remembered_from_lists() -> None:
    known = Companions()
    for number in range(4):
        known.show({f"i{row}": pack("<2I", CHEESE, 100 + row + 10 * number) for row in range(5)})
    assert known.kind("i1") == CHEESE
    assert known.kind("never") is None
    assert known.kind("never", (CHEESE,)) == CHEESE
    known.buy({"i1": CHEESE, "i2": CHEESE, "new": 5}, {})
    assert known.kind("new") == 5
    again = Companions.from_saved(known.to_saved())
    assert again.kind("i1") == CHEESE
    for one in (known, again):
        one.buy({"i3": CHEESE}, {"i1": 0})
        assert told(one.company.near(("i1",))[0], "i3") == {0: pytest.approx(1 / 11)}
        assert told(one.following.near(("i3",))[0], "i1") == {0: pytest.approx(1 / 11)}


def test_popularity_knows_what_is_bought_again_and_of_which_kind() -> None:
    popularity = Popularity()
    items = tuple(EventItem(f"i{row}", row, attributes={"category": "lamps"}) for row in range(5))
    for number in range(4):
        popularity.apply(Event("view_item_list", f"l{number}", 0.0, "v", items=items))
    popularity.apply(Event("purchase", "p", 0.0, "v", items=items[:2]))
    popularity.apply(Event("purchase", "q", 0.0, "v", items=items[:1]), {"i0": 0, "i1": 0})
    assert popularity.counts(("i0", "i1"), 0.0)[:, [PURCHASES, PURCHASES_AGAIN]].tolist() == [[2, 1], [1, 0]]
    lamps = (token("category", "lamps"),)
    counts, of_kind = popularity.of_list(("i0", "i1"), lamps, 0.0)
    assert (counts[:, PURCHASES].tolist(), of_kind) == ([2, 1], 3)
    assert np.isnan(popularity.of_list(("i0",), (), 0.0)[1])
    again = Popularity.from_bytes(popularity.to_bytes())
    assert again.of_list((), lamps, 0.0)[1] == 3
    for one in (popularity, again):
        assert set(one.companions.company.near(("i0",))[0].number) == {"i1"}


def test_what_was_before_an_event_is_told_from_the_log() -> None:
    earlier = Earlier()
    one = Event("purchase", "p", 0.0, "v", "s", items=(EventItem("a"), EventItem("b")))
    assert earlier.before(one) == {}
    again = Event("purchase", "q", 1.0, "v", "t", items=(EventItem("a"),))
    assert list(earlier.before(again).items()) == [("a", 1), ("b", 1)]
    view = Event("view_item", "r", 1.0, "v", "t", items=(EventItem("a"),))
    assert earlier.before(view) == {}  # of a session, what it turned to
    assert earlier.before(view) == {"a": 1}
    assert list(earlier.before(one).items()) == [("b", 1), ("a", 2)]
    assert earlier.before(Event("search", "r", 1.0, "v", "t")) == {}
    many = tuple(EventItem(f"i{number}") for number in range(MAX_EACH + 9))
    earlier.before(Event("purchase", "s", 2.0, "v", items=many))
    assert len(earlier.before(one)) == MAX_EACH
    for number in range(MAX_HELD + 9):
        earlier.before(Event("purchase", f"u{number}", 3.0, f"u{number}", items=one.items))
    assert earlier.before(one) == {}  # the longest unheard of leaves
