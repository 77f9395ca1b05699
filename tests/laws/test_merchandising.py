"""Merchandising: whatever the rules, the order is a permutation, the same each time, and the rules hold as said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from personalize.decisions.merchandising import Merchandising
from personalize.decisions.placed import arranged, placed_by
from personalize.domain.desk.rules import read_rules
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Author, Reason, Reorder
from personalize.domain.visit import Visit

BRANDS = ("oak", "elm", "ash")
NAMES = [f"i{n}" for n in range(12)]
ITEM = some.sampled_from([*NAMES, "gone"])
BEARING = {"attribute": some.just("brand"), "value": some.sampled_from(BRANDS)}
CHOICES = some.one_of(
    some.fixed_dictionaries({"items": some.lists(ITEM, min_size=1, max_size=4)}), some.fixed_dictionaries(BEARING)
)
PLACE = some.integers(1, 14)


def kind(name: str, **fields: some.SearchStrategy[Any]) -> some.SearchStrategy[dict[str, Any]]:
    """A rule of one kind."""
    return some.fixed_dictionaries({"kind": some.just(name), **fields})


def merged(name: str, **fields: some.SearchStrategy[Any]) -> some.SearchStrategy[dict[str, Any]]:
    """A rule of one kind for chosen items."""
    return some.tuples(CHOICES, kind(name, **fields)).map(lambda two: two[0] | two[1])


RULES = some.lists(
    some.one_of(
        kind("pin", item=ITEM, place=PLACE),
        kind("sequence", items=some.lists(ITEM, min_size=1, max_size=4), place=PLACE),
        merged("boost", strength=some.floats(0.1, 10)),
        merged("bury"),
        kind("share", **BEARING, first=some.integers(4, 8), at_most=some.integers(1, 3)),
        kind("share", **BEARING, first=some.integers(4, 8), at_least=some.integers(1, 3)),
        kind("apart", **BEARING, other_value=some.sampled_from(BRANDS)),
    ),
    max_size=5,
)


@some.composite
def listings(draw: some.DrawFn) -> Listing:
    """Up to 12 items of three brands, some of none."""
    size = draw(some.integers(0, 12))
    brands = [draw(some.sampled_from([*BRANDS, None])) for _ in range(size)]
    told: list[Mapping[str, object]] = [{"brand": [brand]} if brand else {} for brand in brands]
    return Listing("search:x", tuple(NAMES[:size]), np.full(size, np.nan), attributes=tuple(told))


def orders(size: int) -> some.SearchStrategy[list[int]]:
    """Any order of so many rows."""
    return some.permutations(range(size))


def brand(listing: Listing, row: int) -> str | None:
    """The brand of a row."""
    told: Any = listing.attributes[row].get("brand")
    return told[0] if told else None


@given(listings(), RULES, some.integers(0, 6), some.data())
def test_a_permutation_whatever_the_rules_and_the_same_each_time(
    listing: Listing, rules: list[dict[str, Any]], most: int, data: some.DataObject
) -> None:
    before = Reorder("t", tuple(data.draw(orders(len(listing)))), Author("model", "1"), Reason("popular"))
    found = []
    for _ in range(2):
        made = Merchandising().configured("autumn", "3", {"rules": rules, "max_displacement": most})
        patch = made.bend("t", listing, Visit(at=0.0), Popularity(), before)
        found.append(patch.changes[0].order if patch else before.order)  # type: ignore[union-attr]
        if patch:
            (change,) = patch.changes
            assert isinstance(change, Reorder)
            assert change.author == Author("autumn", "3+model@1")
            assert change.order != before.order
            assert all(reason.code for reason in change.reasons.values())
    assert sorted(found[0]) == list(range(len(listing)))
    assert found[0] == found[1]


@given(listings(), RULES, some.data())
def test_a_pinned_item_stands_at_its_place_and_a_buried_one_behind_all_others(
    listing: Listing, rules: list[dict[str, Any]], data: some.DataObject
) -> None:
    placed = placed_by(read_rules(rules), listing)
    if placed is None:
        return
    order = arranged(np.array(data.draw(orders(len(listing))), np.intp), placed).tolist()
    assert all(order[place] == row for place, row in placed.pins.items())
    rest = [row for row in order if row not in placed.pins.values()]
    assert rest == sorted(rest, key=lambda row: row in placed.buried)


@given(listings(), RULES, some.integers(1, 6), some.data())
def test_with_a_cap_no_free_item_goes_further_among_the_free(
    listing: Listing, rules: list[dict[str, Any]], most: int, data: some.DataObject
) -> None:
    placed = placed_by(read_rules(rules), listing)
    if placed is None:
        return
    start = data.draw(orders(len(listing)))
    bound = {*placed.pins.values(), *placed.buried}
    was = [row for row in start if row not in bound]
    now = [row for row in arranged(np.array(start, np.intp), placed, most=most).tolist() if row not in bound]
    assert all(abs(was.index(row) - place) <= most for place, row in enumerate(now))


@given(listings(), some.sampled_from(BRANDS), some.integers(2, 8), some.integers(0, 3), some.data())
def test_at_most_so_many_of_a_brand_where_there_are_enough_others(
    listing: Listing, one: str, first: int, most: int, data: some.DataObject
) -> None:
    rule = {"kind": "share", "attribute": "brand", "value": one, "first": first, "at_most": most}
    placed = placed_by(read_rules([rule]), listing)
    if placed is None:
        return
    order = arranged(np.array(data.draw(orders(len(listing))), np.intp), placed).tolist()
    others = sum(brand(listing, row) != one for row in order)
    assert sum(brand(listing, row) == one for row in order[:first]) <= max(most, first - others)


@given(listings(), some.sampled_from(BRANDS), some.integers(2, 8), some.integers(1, 2), some.data())
def test_at_least_so_many_of_a_brand_where_there_are_as_many(
    listing: Listing, one: str, first: int, least: int, data: some.DataObject
) -> None:
    rule = {"kind": "share", "attribute": "brand", "value": one, "first": first, "at_least": least}
    placed = placed_by(read_rules([rule]), listing)
    if placed is None or first > len(listing):
        return
    order = arranged(np.array(data.draw(orders(len(listing))), np.intp), placed).tolist()
    there = sum(brand(listing, row) == one for row in order)
    assert sum(brand(listing, row) == one for row in order[:first]) >= min(least, there)


@given(listings(), some.sampled_from(BRANDS), some.sampled_from(BRANDS), some.data())
def test_two_stand_side_by_side_only_where_nothing_else_was_left(
    listing: Listing, one: str, other: str, data: some.DataObject
) -> None:
    rule = {"kind": "apart", "attribute": "brand", "value": one, "other_value": other}
    placed = placed_by(read_rules([rule]), listing)
    if placed is None:
        return
    order = arranged(np.array(data.draw(orders(len(listing))), np.intp), placed).tolist()

    def clash(a: int, b: int) -> bool:
        return {brand(listing, a), brand(listing, b)} == {one, other} and (one != other or a != b)

    for place in range(1, len(order)):
        if clash(order[place - 1], order[place]):
            assert all(clash(order[place - 1], row) for row in order[place:])


@given(listings())
def test_no_rule_no_change(listing: Listing) -> None:
    made = Merchandising().configured("none", "1", {"rules": [{"kind": "pin", "item": "nowhere", "place": 1}]})
    assert not made.bend("t", listing, Visit(at=0.0), Popularity(), None)
    assert not made.binds(listing)
