"""Merchandising by example: what each rule does, what is told, and who has the last word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from personalize.decisions.exploring import Exploring
from personalize.decisions.merchandising import Merchandising
from personalize.domain.desk.rules import read_rules
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.parameter import MERCHANDISING
from personalize.domain.patch import Author, Explore, Reason, Reorder
from personalize.domain.profile import Profile
from personalize.domain.reason import words
from personalize.domain.strategy import Mode
from personalize.domain.visit import Trust, Visit, VisitorId
from personalize.errors import DeskError
from personalize.gateway.listing.decide import Decider, Published
from personalize.guardrails.apply import order as order_of
from personalize.guardrails.displacement import Cap
from personalize.telemetry import Telemetry

IDS = tuple("abcdefgh")
BRANDS = ("oak", "oak", "oak", "elm", "elm", "ash", "ash", "ash")
LISTING = Listing(
    "search:x", IDS, np.full(8, np.nan), attributes=tuple({"brand": brand, "sale": brand == "elm"} for brand in BRANDS)
)
ANYBODY = Visit(at=0.0)


def merchandising(*rules: dict[str, Any], **more: Any) -> Merchandising:
    """With these rules."""
    return Merchandising().configured("autumn", "3", {"rules": [*rules], **more})


def shown(*rules: dict[str, Any], visit: Visit = ANYBODY, **more: Any) -> str:
    """The shop's list as these rules have it."""
    patch = merchandising(*rules, **more).bend("t", LISTING, visit, Popularity(), None)
    return "".join(IDS[row] for row in order_of(patch, "t", len(IDS)))


@pytest.mark.parametrize(
    ("rules", "order"),
    [
        ([{"kind": "pin", "item": "f", "place": 2}], "afbcdegh"),
        ([{"kind": "pin", "item": "f", "place": 9}], "abcdefgh"),
        ([{"kind": "pin", "item": "f", "place": 1}, {"kind": "pin", "item": "a", "place": 8}], "fbcdegha"),
        ([{"kind": "sequence", "items": ["g", "gone", "c"], "place": 2}], "agcbdefh"),
        ([{"kind": "boost", "items": ["h"], "strength": 2}], "ahbcdefg"),
        ([{"kind": "boost", "items": ["h"], "strength": 10}], "habcdefg"),
        ([{"kind": "boost", "attribute": "sale", "value": "true", "strength": 0.5}], "abdcefgh"),
        ([{"kind": "bury", "attribute": "brand", "value": "oak"}], "defghabc"),
        ([{"kind": "bury", "items": ["a"]}, {"kind": "pin", "item": "a", "place": 3}], "bcadefgh"),
        ([{"kind": "share", "attribute": "brand", "value": "oak", "first": 4, "at_most": 1}], "adefbcgh"),
        ([{"kind": "share", "attribute": "brand", "value": "ash", "first": 4, "at_least": 2}], "abfgcdeh"),
        ([{"kind": "apart", "attribute": "brand", "value": "oak", "other_value": "oak"}], "adbecfgh"),
        ([{"kind": "apart", "attribute": "brand", "value": "oak", "other_value": "elm"}], "abcfdegh"),
    ],
)
def test_what_a_rule_does(rules: list[dict[str, Any]], order: str) -> None:
    assert shown(*rules) == order


def test_most_places_that_a_boost_may_move_an_item() -> None:
    boost = {"kind": "boost", "items": ["h"], "strength": 10}
    assert shown(boost, max_displacement=3) == "abcdhefg"
    assert shown(boost, {"kind": "pin", "item": "g", "place": 1}, max_displacement=2) == "gabcdhef"


def test_the_shoppers_word_goes_before_the_shops() -> None:
    visit = Visit(at=0.0, profile=Profile(rejected={"f": 0.0}))
    rules = [{"kind": "pin", "item": "f", "place": 1}, {"kind": "boost", "items": ["f"], "strength": 10}]
    assert shown(*rules) == "fabcdegh"
    assert shown(*rules, visit=visit) == "abcdefgh"


def test_reasons_name_the_shop_and_keep_those_of_the_order_before() -> None:
    before = Reorder("t", (7, 0, 1, 2, 3, 4, 5, 6), Author("ranker", "9"), Reason("made_room"), {7: Reason("popular")})
    made = merchandising(
        {"kind": "pin", "item": "c", "place": 1}, {"kind": "boost", "items": ["g"], "strength": 2},
        {"kind": "bury", "items": ["a"]},
    )  # fmt: skip
    (change,) = made.bend("t", LISTING, ANYBODY, Popularity(), before).changes
    assert isinstance(change, Reorder)
    assert "".join(IDS[row] for row in change.order) == "chgbdefa"
    assert change.author == Author("autumn", "3+ranker@9")
    assert {IDS[row]: reason.code for row, reason in change.reasons.items()} == {
        "c": "picked", "g": "favoured", "a": "set_back", "h": "popular",
    }  # fmt: skip
    assert change.reason.code == "made_room"
    assert words(Reason("picked"), "de") == "Vom Shop ausgewählt"
    assert words(Reason("arranged"), "en") == "Arranged by the shop"


def decided(made: Merchandising, *, offset: int = 0, cap: Cap | None = None) -> Any:
    """What a decider makes of it, with chance beside it."""
    decider = Decider({"exploring": Exploring()}, Popularity(), Telemetry())
    decider.use(Published({"autumn": made}, {}, {} if cap is None else {"autumn": cap}))
    visitor = VisitorId("v", Trust.SIGNED)
    visit = Visit(at=0.0, visitor=visitor, profile=Profile(version=1), experiments_allowed=True)
    return decider.decide({"autumn": Mode.ON, "exploring": Mode.ON}, "t", replace(LISTING, offset=offset), visit).patch


def test_chance_has_no_move_where_a_rule_binds() -> None:
    there = decided(merchandising({"kind": "pin", "item": "a", "place": 1}))  # the item stands there already
    assert not there.changes
    gone = decided(merchandising({"kind": "pin", "item": "gone", "place": 1}))
    assert [type(change) for change in gone.changes] == [Explore]


def test_places_are_counted_from_the_top_of_the_list_and_from_nowhere_else() -> None:
    made = merchandising({"kind": "pin", "item": "f", "place": 1})
    assert [type(change) for change in decided(made).changes] == [Reorder]
    assert [type(change) for change in decided(made, offset=8).changes] == [Explore]


def test_a_strategys_own_guardrails_hold() -> None:
    patch = decided(merchandising({"kind": "pin", "item": "h", "place": 1}), cap=Cap(2, 0))
    assert order_of(patch, "t", 8) == (0, 1, 2, 3, 4, 7, 5, 6)


def test_what_it_weighs_is_told_as_the_shops_hand() -> None:
    decider = Decider({}, Popularity(), Telemetry())
    decider.use(Published({"autumn": merchandising({"kind": "boost", "items": ["h"], "strength": 2})}))
    held, found = decider.parameters({"autumn": Mode.ON}, ANYBODY)
    assert held == "shop_order"
    assert {one.code for one in found} == {"shop_order", MERCHANDISING}
    assert sum(one.weight for one in found) == pytest.approx(1.0)


def test_of_two_caps_the_narrower_holds() -> None:
    assert Cap(0, 3).and_(Cap(2, 5)) == Cap(2, 3)
    assert Cap().and_(Cap()) == Cap()


@pytest.mark.parametrize(
    ("rules", "about"),
    [
        ("pin", "a list"),
        ([{}] * 101, "at most 100"),
        ([{"kind": "pin", "item": "a"}], "rule 1 (pin)"),
        ([{"kind": "bury", "items": ["a"]}, {"kind": "bury", "attribute": "b"}], "rule 2 (bury)"),
        ([{"kind": "boost", "items": ["a"], "attribute": "b", "value": "c"}], "either"),
        ([{"kind": "share", "attribute": "a", "value": "b", "first": 4}], "at_most"),
        ([{"kind": "share", "attribute": "a", "value": "b", "first": 4, "at_least": 5}], "no more than"),
        ([{"kind": "sequence", "items": []}], "rule 1 (sequence)"),
        ([5], "kind None"),
    ],
)
def test_what_is_no_rule_is_refused(rules: object, about: str) -> None:
    with pytest.raises(DeskError) as caught:
        read_rules(rules)
    assert caught.value.code == "RULE_INVALID"
    assert about in caught.value.message
