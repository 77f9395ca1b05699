"""Kinds and companions: what lists are made of, what the same visitors bought, bounds, bytes."""

from __future__ import annotations

from struct import pack

import numpy as np
import pytest

from personalize.domain.companions import EACH, Companions
from personalize.domain.event import Event, EventItem
from personalize.domain.kinds import FIRST, MAX_PROPERTIES, Kinds
from personalize.domain.popularity import PURCHASES, PURCHASES_AGAIN, Popularity
from personalize.domain.purchases import MAX_EACH, Purchases
from personalize.domain.tokens import token

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
    company = Companions()
    for _ in range(30):
        company.buy({"a": 1, "b": 1, "x": 2}, ())
    company.buy({"b": 1}, ("a",))
    company.buy({"b": 1}, ("b",))  # again: no meeting
    near, buyers = company.near(("b", "x"))
    assert buyers.tolist() == [31, 30]
    assert set(near) == {"a"}  # x is of another kind, alone
    assert near["a"] == [(0, pytest.approx(31 / 40))]
    assert company.near(("a", "never"))[1].tolist() == [30, 0]
    assert company.near(())[0] == {}
    assert Companions().near(("a",))[0] == {}


def test_companions_are_bounded() -> None:
    company = Companions(limit=40)
    for number in range(400):
        company.buy({"star": 1, f"i{number}": 1, f"j{number}": None}, ())
    assert len(company) <= 40
    near, buyers = company.near(("star",))
    assert buyers[0] > 5
    assert 0 < len(near) <= EACH
    wide: dict[str, int | None] = {f"w{number}": 3 for number in range(100)}
    company.buy(wide, ())
    assert len(company) <= 40


def test_a_kind_is_remembered_from_lists() -> None:
    company = Companions()
    for number in range(4):
        company.show({f"i{row}": pack("<2I", CHEESE, 100 + row + 10 * number) for row in range(5)})
    assert company.kind("i1") == CHEESE
    assert company.kind("never") is None
    assert company.kind("never", (CHEESE,)) == CHEESE
    again = Companions.from_saved(company.to_saved())
    assert again.kind("i1") == CHEESE
    company.buy({"i1": 1, "i2": 1}, ())
    again = Companions.from_saved(company.to_saved())
    assert again.near(("i1",))[0] == company.near(("i1",))[0] != {}
    again.buy({"i3": 1}, ("i1",))


def test_popularity_knows_what_is_bought_again_and_of_which_kind() -> None:
    popularity = Popularity()
    items = tuple(EventItem(f"i{row}", row, attributes={"category": "lamps"}) for row in range(5))
    for number in range(4):
        popularity.apply(Event("view_item_list", f"l{number}", 0.0, "v", items=items))
    popularity.apply(Event("purchase", "p", 0.0, "v", items=items[:2]))
    popularity.apply(Event("purchase", "q", 0.0, "v", items=items[:1]), ("i0", "i1"))
    assert popularity.counts(("i0", "i1"), 0.0)[:, [PURCHASES, PURCHASES_AGAIN]].tolist() == [[2, 1], [1, 0]]
    lamps = (token("category", "lamps"),)
    counts, of_kind = popularity.of_list(("i0", "i1"), lamps, 0.0)
    assert (counts[:, PURCHASES].tolist(), of_kind) == ([2, 1], 3)
    assert np.isnan(popularity.of_list(("i0",), (), 0.0)[1])
    again = Popularity.from_bytes(popularity.to_bytes())
    assert again.of_list((), lamps, 0.0)[1] == 3
    assert again.companions.near(("i0",))[0] == popularity.companions.near(("i0",))[0] != {}


def test_purchases_before_an_event_are_told_from_the_log() -> None:
    bought = Purchases()
    one = Event("purchase", "p", 0.0, "v", items=(EventItem("a"), EventItem("b")))
    assert list(bought.before(one)) == []
    assert list(bought.before(Event("purchase", "q", 1.0, "v", items=(EventItem("a"),)))) == ["a", "b"]
    assert list(bought.before(Event("view_item", "r", 1.0, "v", items=(EventItem("a"),)))) == []
    many = tuple(EventItem(f"i{number}") for number in range(MAX_EACH + 9))
    bought.before(Event("purchase", "s", 2.0, "v", items=many))
    assert len(bought.before(one)) == MAX_EACH
