"""Behaviour: four ways through a shop, told by the pages of a session; counted the same way in the profile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.domain.session import Session, sorted_by_price, unlike
from personalize.domain.situation import BEHAVIOURS
from personalize.domain.visit import Consent, Visit
from personalize.signals.behaviour import Behaviour, behaviour

DRESS = {"category": "dresses", "facet": ["1", "2", "3"]}
GRILL = {"category": "grills", "facet": ["7", "8", "9"]}


class _Stroll:
    """A session told step by step, ten seconds a page unless said."""

    def __init__(self, pace=10.0):
        self.profile, self.now, self.pace, self.number = Profile(), 1e9, pace, 0

    def _event(self, name, items=(), **more):
        self.number += 1
        self.profile.apply(Event(name, f"e{self.number}", self.now, session="s", items=tuple(items), **more))

    def list(self, *prices, term=None):
        self.now += self.pace
        shown = prices or (5.0, 3.0, 9.0, 1.0, 4.0, 8.0)
        items = [EventItem(f"row{i}", i, price=price, currency="EUR") for i, price in enumerate(shown)]
        self._event("view_item_list", items, search_term=term)
        return self

    def look(self, name, attributes=DRESS):
        self.now += self.pace
        self._event("select_item", [EventItem(name, attributes=attributes)])
        self._event("view_item", [EventItem(name, attributes=attributes)])
        return self

    def cart(self, name, attributes=DRESS):
        self._event("add_to_cart", [EventItem(name, attributes=attributes)])
        return self

    @property
    def word(self):
        return behaviour(self.profile.session_for("s", self.now))


@pytest.mark.parametrize(
    ("stroll", "word"),
    [
        (_Stroll(), None),
        (_Stroll().list().look("a").look("b"), None),  # too little is known
        (_Stroll().list().look("a").look("b").look("a"), "directed"),  # back to the first of two alike
        (_Stroll().list().look("a").list().list().cart("a"), "directed"),
        (_Stroll().list().look("a").look("b").look("c"), "searching"),  # many of a kind
        (_Stroll().list(term="x").list(term="y").look("a").look("g", GRILL), "searching"),
        (_Stroll().list(1.0, 2.0, 3.0, 4.0, 5.0).look("a").look("g", GRILL).look("b"), "searching"),
        (_Stroll().list().look("a").look("g", GRILL).look("b").look("h", GRILL), "browsing"),  # zig-zag
        (_Stroll().list().look("a").look("g", GRILL).look("a").look("g", GRILL), "browsing"),
        (_Stroll().list().list().list().list(), "browsing"),
        (_Stroll(90.0).list().look("a").look("g", GRILL).list(), "learning"),
        (_Stroll(90.0).list(term="x").list(term="x").look("a").look("g", GRILL), "searching"),
    ],
)
def test_four_ways(stroll, word):
    assert stroll.word == word


def test_a_click_and_its_page_are_one_look():
    session = _Stroll().list().look("a").look("b").look("a").profile.session
    assert (len(session.touched), session.returns, session.turns, session.carts) == (2, 1, 0, 0)
    assert _Stroll().look("a").cart("a").profile.session.returns == 0


def test_only_a_kept_session_has_a_behaviour():
    profile = _Stroll().list().look("a").look("b").look("c").profile
    visit = Visit(at=1e9 + 40, session="s", consent=Consent.SESSION, profile=profile)
    assert Behaviour().read(visit) == {"behaviour": "searching"}
    assert Behaviour().read(replace(visit, session="another")) == {}
    assert Behaviour().read(replace(visit, profile=None)) == {}


def test_a_profile_of_before_is_still_read():
    """The counters came last, so that bytes without them are the same profile with none counted."""
    whole = _Stroll().list().look("a").look("g", GRILL).profile
    names = Session.__struct_fields__
    assert names[-6:] == ("returns", "turns", "carts", "sorts", "before", "price_currency")
    again = Profile.from_bytes(whole.to_bytes())
    assert again == whole
    assert again.session.turns == 1


@pytest.mark.parametrize(
    ("prices", "is_sorted"),
    [
        ([1, 2, 3, 4, 5], True), ([9, 7, 7, 3, 1], True), ([1, None, 2, 3, 4, 5], True),
        ([1, 2, 3, 4], False), ([1, 1, 1, 2, 2], False), ([1, 2, 3, 5, 4], False), ([None] * 9, False),
    ],
)  # fmt: skip
def test_sorted_by_price(prices, is_sorted):
    assert sorted_by_price(prices) is is_sorted


PROPERTIES = st.lists(st.integers(0, 30), max_size=24, unique=True).map(tuple)


@given(PROPERTIES, PROPERTIES)
def test_unlike_is_mutual(before, after):
    assert unlike(before, after) == unlike(after, before)
    assert not unlike(before, before)


STEPS = st.sampled_from(["list", "look a", "look b", "look g", "cart a", "search"])


@given(st.lists(STEPS, max_size=40))
def test_there_is_always_a_word_once_enough_is_known(steps):
    stroll = _Stroll()
    for step in steps:
        verb, _, name = step.partition(" ")
        if verb == "look":
            stroll.look(name, GRILL if name == "g" else DRESS)
        elif verb == "cart":
            stroll.cart(name)
        else:
            stroll.list(term="x" if verb == "search" else None)
    session = stroll.profile.session
    assert (stroll.word in BEHAVIOURS) == (session.list_count + len(session.touched) + session.returns >= 4)
