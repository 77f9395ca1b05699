"""Corrections in a profile: "not this" and its undo, what was said and how long it holds, starting afresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.domain.correction import CORRECTABLE, RESET, UNDONE, Said
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import FORMAT, MAX_REJECTED, Profile
from personalize.domain.situation import MOODS, SHOPPING
from personalize.domain.visit import Visit
from personalize.features.extract import extract
from personalize.features.prepared import prepare
from personalize.gateway.ours.corrected import Mood, ShoppingMode
from personalize.learning.insights import insights
from personalize.learning.judgments import Judgments, Marks, digest
from personalize.visitors.saying import told
from tests.laws.test_features_one_path import SCHEMA, WINDOWS, histories, listing, state
from tests.unit.shop_log import START, clicked, did, item, shown

DAY = 86_400.0


def refused(name: str, at: float, row: int, *, session: str = "s", **extra: Any) -> Event:
    return Event("not_interested", name, at, "v", session, items=(item(row, bare=True),), extra=extra)


def undone(name: str, at: float, row: int, *, session: str = "s") -> Event:
    return refused(name, at, row, session=session, **{UNDONE: True})


CLOCKS = {
    "session_events", "seconds_since_event", "events_since_search", "events_since_click", "touched_events_ago",
    "visitor_sessions",
}  # fmt: skip
"""Columns that count events and silence: that somebody spoke twice is true of these."""


@settings(max_examples=40, deadline=None)
@given(histories(), WINDOWS, st.integers(0, 30), st.integers(0, 8), st.sampled_from([1.0, 600.0, 40 * DAY]))
def test_not_this_and_its_undo_leave_all_features_as_they_were(
    history: list[Event], rows: list[int], row: int, place: int, later: float
) -> None:
    """Law: a profile after "not this" and its undo is, to features and orders, the one without both."""
    history = [event for event in history if event.event != "not_interested" or event.items[0].item_id != f"i{row}"]
    end = max((event.at for event in history), default=START) + later + 1.0
    at = history[place].at if place < len(history) else end - later
    session = history[-1].session or "s" if history else "s"

    def going_on(then: float) -> str:  # a word in another session would end the one that is going on
        return next((event.session for event in reversed(history) if event.at <= then and event.session), session)

    said = refused("r", at, row, session=going_on(at)), undone("u", at + later, row, session=going_on(at + later))
    both = [*history, *said]
    profiles = [state(sorted(events, key=lambda event: event.at)) for events in (history, both)]
    matrices = [
        extract(prepare(listing(rows), popularity, end, SCHEMA), profile, session, {}, end)
        for profile, popularity in profiles
    ]
    kept = [column for column, name in enumerate(SCHEMA.names) if name not in CLOCKS]
    np.testing.assert_allclose(*(matrix[:, kept] for matrix in matrices), rtol=1e-4, atol=1e-5)


def test_said_twice_is_not_disliked_twice_and_taken_back_once() -> None:
    once, twice = Profile(), Profile()
    for profile, number in ((once, 1), (twice, 2)):
        profile.apply(shown("l", START, [1, 2]))
        for time in range(number):
            profile.apply(refused(f"r{time}", START + 1, 1))
    assert once.tokens == twice.tokens
    assert all(leaning.total == -3.0 for leaning in once.tokens.values())
    twice.apply(undone("u", START + 1, 1))
    assert (twice.rejected, twice.taken, twice.tokens) == ({}, {}, {})
    twice.apply(undone("u2", START + 2, 1))
    assert twice.tokens == {}


def test_what_a_profile_keeps_of_corrections_is_bounded_and_comes_back_from_bytes() -> None:
    profile = Profile()
    for row in range(MAX_REJECTED + 20):
        profile.apply(shown(f"l{row}", START, [row]))
        profile.apply(refused(f"r{row}", START + 1, row))
    for name in CORRECTABLE:
        profile.say(name, "x", START, "s")
    assert len(profile.taken) == len(profile.rejected) == MAX_REJECTED
    assert Profile.from_bytes(profile.to_bytes()) == profile


def test_a_profile_that_ends_before_corrections_is_read() -> None:
    """What is appended later has a default."""
    import msgspec

    parts = msgspec.to_builtins(Profile(version=3))[:-3]
    assert Profile.from_bytes(bytes([FORMAT]) + msgspec.msgpack.encode(parts)).said == {}


@pytest.mark.parametrize(
    ("name", "session", "later", "holds"),
    [
        ("mood", "s", 3600.0, True), ("mood", "t", 60.0, True), ("mood", "t", 3600.0, False),
        ("mode", None, 3600.0, False), ("store", "t", 90 * DAY, True), ("store", None, 3600.0, True),
    ],
)  # fmt: skip
def test_a_mood_ends_with_the_session_and_a_store_does_not(
    name: str, session: str | None, later: float, holds: bool
) -> None:
    assert Said("x", START, "s").holds(name, session, START + later) is holds


def test_the_word_of_the_request_goes_before_what_was_said_and_says_where_it_is_from() -> None:
    profile = Profile()
    profile.say("mood", "calm", START, "s")
    profile.say("store", "berlin", START, "s")
    facts, origins = told({"mood": "happy"}, profile, "s", START + 60)
    assert facts == {"mood": "happy", "store": "berlin"}
    assert (origins["mood"].source, origins["mood"].observed_at) == ("header", None)
    assert (origins["store"].source, origins["store"].observed_at) == ("shopper", START)
    profile.say("store", None, START + 1, "s")
    assert told({}, profile, "other", START + 9_999) == ({}, {})
    assert told({}, None, None, START) == ({}, {})


def test_starting_afresh_keeps_the_visitor_and_purchases_and_nothing_that_is_assumed() -> None:
    profile = Profile()
    for event in (
        shown("l", START, [1, 2, 3]), clicked("c", START + 1, 2, 1, "l"), did("purchase", "p", START + 2, 2),
        refused("r", START + 3, 3), Event("search", "q", START + 4, "v", "s", search_term="lamp"),
    ):  # fmt: skip
        profile.apply(event)
    profile.say("store", "berlin", START, "s")
    behaviour, version = profile.behaviour, profile.version
    profile.apply(Event("not_interested", "reset", START + 5, "v", "s", extra={RESET: True}))
    fresh = Profile()
    assert set(profile.bought) == {"i2"}
    assert (profile.orders, profile.first_at, profile.sessions) == (1, START, 1)
    assert profile.behaviour > behaviour  # an order that goes on would be the old one
    assert profile.version > version
    assert profile.session.touched == profile.session.shown == profile.session.tokens == {}
    assert profile.session.last_term is None
    for name in ("known", "history", "rejected", "taken", "tokens", "tastes", "said", "everything", "log_price"):
        assert getattr(profile, name) == getattr(fresh, name), name
    assert profile.affinities({1: 0}, 1, START) == []


def test_the_words_of_the_schema_are_those_of_the_situation() -> None:
    assert [mood.value for mood in Mood] == list(MOODS)
    assert [mode.value for mode in ShoppingMode] == list(SHOPPING)
    assert Visit(at=0.0).origins == {}


# -- the log ---------------------------------------------------------------------------------------------------------


def judged(*after: Event) -> list[bool]:
    """Which of two rows a list's visitor turned down, after what followed it."""
    marks, seen = Marks(), shown("l", START, [1, 2])
    for event in (seen, clicked("c", START + 1, 1, 0, "l"), *after):
        marks.note(event)
    found = Judgments(marks, np.array([digest("l")], np.uint64), np.array([START]))
    answer = found.of(seen, ("i1", "i2"))
    assert answer is not None
    return list(answer.refused)


def test_training_takes_what_was_undone_as_if_it_had_not_happened() -> None:
    assert judged(refused("r", START + 9, 2)) == [False, True]
    assert judged(refused("r", START + 9, 2), undone("u", START + 10, 2)) == [False, False]
    assert judged(refused("r", START + 9, 2), undone("u", START + 30 * DAY, 2)) == [False, False]
    assert judged(refused("r", START + 9, 2), undone("u", START + 10, 1)) == [False, True]
    both = (refused("r", START + 9, 2), undone("u", START + 10, 2), refused("r2", START + 11, 2))
    assert judged(*both) == [False, True]
    assert judged(Event("not_interested", "r", START + 9, "v", "s", extra={RESET: True})) == [False, False]


def test_insights_do_not_count_what_was_undone(tmp_path: Any) -> None:
    from personalize.events.log import write

    events = [shown("l", START, [1, 2]), refused("r", START + 1, 1), refused("r2", START + 2, 2),
              undone("u", START + 3, 1), undone("u2", START + 4, 5)]  # fmt: skip
    write(tmp_path / "log.jsonl", events)
    found = insights(tmp_path / "log.jsonl")
    assert [(row["item_id"], row["times"]) for row in found["refused_items"]] == [("i2", 1)]
    assert sum(row["times"] for row in found["refused_by_strategy"]) == 1


def test_an_undo_of_nothing_is_nothing() -> None:
    profile = Profile()
    profile.apply(Event("not_interested", "u", START, "v", "s", items=(EventItem("x"),), extra={UNDONE: True}))
    assert (profile.rejected, profile.tokens) == ({}, {})
