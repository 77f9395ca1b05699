"""Popularity: rates that know the position, decay, bounds, bytes."""

from __future__ import annotations

import numpy as np
import pytest

from personalize.domain.event import Event, EventItem
from personalize.domain.learned.popularity import CLICKS, HALF_LIFE, IMPRESSIONS, Popularity
from personalize.errors import StoreError
from tests.unit.shop_log import START, clicked, did, shop_log, shown


def test_an_unknown_item_is_average() -> None:
    assert Popularity().rate(("a", "b"), START).tolist() == [1.0, 1.0]
    assert Popularity().rate((), START).shape == (0,)


def test_a_click_far_down_says_more_than_one_at_the_top() -> None:
    popularity = Popularity()
    for number in range(200):
        popularity.apply(shown(f"l{number}", START, list(range(10))))
        place = 9 if number % 10 == 0 else 0
        popularity.apply(clicked(f"c{number}", START, place, place, f"l{number}"))
    for number in range(20):
        popularity.apply(shown(f"m{number}", START, [20, *range(50, 58), 29]))
        popularity.apply(clicked(f"d{number}", START, 20 if number % 2 else 29, 0 if number % 2 else 9, f"m{number}"))
    top, deep = popularity.rate(("i20", "i29"), START)
    assert deep > 1.0 > top


def test_counts_halve() -> None:
    popularity = Popularity()
    popularity.apply(shown("l", START, [1]))
    popularity.apply(clicked("c", START, 1, 0, "l"))
    assert popularity.counts(("i1",), START + HALF_LIFE)[0, [IMPRESSIONS, CLICKS]] == pytest.approx([0.5, 0.5])


def test_the_limit_holds_and_the_popular_stay() -> None:
    popularity = Popularity(limit=50)
    for number in range(500):
        popularity.apply(did("purchase", f"e{number}", START + number, 1))
        popularity.apply(did("view_item", f"v{number}", START + number, 1000 + number))
    assert len(popularity) <= 50
    assert popularity.counts(("i1",), START + 500).sum() > 400
    wide = tuple(EventItem(f"w{number}") for number in range(200))
    popularity.apply(Event("view_item_list", "wide", START, items=wide))
    assert len(popularity) <= 50


def test_bytes_bring_everything_back() -> None:
    popularity = Popularity()
    for event in shop_log(5):
        popularity.apply(event)
    again = Popularity.from_bytes(popularity.to_bytes())
    ids = tuple(f"i{number}" for number in range(120))
    np.testing.assert_array_equal(again.counts(ids, START), popularity.counts(ids, START))
    np.testing.assert_array_equal(again.position_rates(), popularity.position_rates())
    again.apply(did("view_item", "x", START, 500))
    assert len(again) == len(popularity) + 1


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x01\x90", Popularity().to_bytes()[:-3]])
def test_foreign_bytes_are_named(data: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        Popularity.from_bytes(data)
    assert caught.value.code == "POPULARITY_INVALID"
