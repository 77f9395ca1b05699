"""Lift: properties that draw more in a situation, within bounds, and the same after a restart."""

from __future__ import annotations

import math

import numpy as np

from personalize.domain.event import Event, EventItem
from personalize.domain.learned import lift, rates
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.profile import Profile
from personalize.domain.tokens import token
from personalize.features.extract import extract
from personalize.features.prepared import prepare
from personalize.features.schema import Schema, columns
from tests.unit.shop_log import START

WET, DRY = {"weather": "rain"}, {"weather": "clear"}
COAT, HAT = token("kind", "coat"), token("kind", "hat")


def item(number: int) -> EventItem:
    return EventItem(f"i{number}", attributes={"kind": "coat" if number % 2 else "hat"})


def rainy_coats(lists: int = 400, told: bool = True) -> Popularity:
    """Coats (odd ids) are clicked when it rains, hats when it does not."""
    found = Popularity()
    for number in range(lists):
        context = (WET if number % 2 else DRY) if told else {}
        rows = tuple(item((number // 2 + row) % 40) for row in range(10))
        found.apply(Event("view_item_list", f"l{number}", START, context=context, items=rows))
        place = next(place for place, row in enumerate(rows) if int(row.item_id[1:]) % 2 == number % 2)
        click = (EventItem(rows[place].item_id, place),)
        found.apply(Event("select_item", f"c{number}", START, items=click, list_event_id=f"l{number}"))
    return found


def test_a_property_is_lifted_where_it_draws_more() -> None:
    popularity = rainy_coats()
    coat, hat, unknown = popularity.lift((COAT, HAT, token("kind", "tent")), WET, START)
    assert coat > 0.2 > 0 > hat
    assert unknown == 0.0
    assert popularity.lift((COAT,), DRY, START)[0] < 0
    assert abs(popularity.lift((COAT,), {"weather": "snow"}, START)[0]) < 1e-6


def test_a_log_without_situations_holds_nothing() -> None:
    popularity = rainy_coats(told=False)
    assert popularity.lift((COAT,), WET, START).tolist() == [0.0]
    assert len(popularity.to_bytes()) < 12_000


def test_it_fades() -> None:
    popularity = rainy_coats()
    now, later = (popularity.lift((COAT,), WET, START + wait * rates.HALF_LIFE)[0] for wait in (0, 6))
    assert 0 < later < now / 4


def test_weights_start_anew_before_they_overflow() -> None:
    popularity = rainy_coats()
    for step in range(1, 40):
        at = START + step * 10 * rates.HALF_LIFE
        popularity.apply(Event("view_item_list", f"x{step}", at, context=WET, items=(item(1), item(2))))
    assert math.isfinite(popularity.lift((COAT,), WET, at)[0])


def test_items_and_lists_are_bounded() -> None:
    table = lift.Lift()
    for number in range(lift.MAX_ITEMS // 100 + 50):
        items = {f"{number}-{row}": b"\x01\x00\x00\x00" for row in range(100)}
        table.show(f"l{number}", items, np.ones(100), WET, START)
    saved = table.to_saved()
    assert len(saved.items) == lift.MAX_ITEMS
    for number in range(lift.MAX_LISTS + 10):
        table.show(f"m{number}", {"a": b"\x01\x00\x00\x00"}, np.ones(1), WET, START)
    assert len(table.to_saved().lists) == lift.MAX_LISTS


def test_a_restart_changes_nothing() -> None:
    popularity = rainy_coats(31)
    popularity.apply(Event("view_item_list", "open", START, context=WET, items=(item(1),)))
    again = Popularity.from_bytes(popularity.to_bytes())
    for one in (popularity, again):
        one.apply(Event("select_item", "click", START, items=(EventItem("i1", 0),), list_event_id="open"))
    np.testing.assert_array_equal(popularity.lift((COAT, HAT), WET, START), again.lift((COAT, HAT), WET, START))


def test_the_feature_follows_the_situation() -> None:
    schema = Schema()
    attributes = tuple(item(number).attributes for number in (1, 2))
    listing = Listing("x", ("i1", "i2"), np.array([np.nan, np.nan]), "", (), attributes)
    ready = prepare(listing, rainy_coats(), START, schema)
    column = columns(schema)["context_lift"]
    wet, dry = (extract(ready, Profile(), "s", context, START)[:, column] for context in (WET, DRY))
    assert wet[0] > wet[1]
    assert dry[0] < dry[1]
    assert not extract(ready, Profile(), "s", {}, START)[:, column].any()
