"""Law 6, one feature path: what serving computes, the log recomputes, from a restored profile and from a page alone."""

from __future__ import annotations

import msgspec
import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.domain.event import Event
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.profile import Profile
from personalize.events.log import dump, parse
from personalize.features.extract import extract
from personalize.features.prepared import prepare
from personalize.features.schema import Schema, detect
from personalize.features.window import describe
from personalize.learning.replay import listing_of, replay
from tests.unit.shop_log import START, clicked, did, item, shop_log, shown

SCHEMA = detect(shop_log(10))
WINDOWS = st.lists(st.integers(0, 40), min_size=1, max_size=30, unique=True)
KINDS = ("view_item", "add_to_cart", "purchase", "not_interested", "refund")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Lists, clicks and other touches of one visitor in one or two sessions."""
    events: list[Event] = []
    at = START
    for number in range(draw(st.integers(0, 8))):
        at += draw(st.sampled_from([1.0, 60.0, 4000.0]))
        session = draw(st.sampled_from(["s", "t"]))
        kind = draw(st.sampled_from(["list", "search", *KINDS]))
        if kind == "list":
            rows = draw(st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True))
            events.append(shown(f"l{number}", at, rows, session=session))
            place = draw(st.integers(0, len(rows) - 1))
            events.append(clicked(f"c{number}", at + 0.5, rows[place], place, f"l{number}", session=session))
        elif kind == "search":
            events.append(Event("search", f"q{number}", at, "v", session, search_term="lamp"))
        else:
            events.append(did(kind, f"e{number}", at, draw(st.integers(0, 30)), session=session))
    return events


def listing(rows: list[int], term: str | None = None) -> Listing:
    """A window of items of the invented shop, perhaps of a search."""
    items = [item(row) for row in rows]
    prices = np.array([entry.price for entry in items], np.float64)
    attributes = tuple(entry.attributes for entry in items)
    titles = tuple(map(title, rows))
    return Listing("all", tuple(entry.item_id for entry in items), prices, "EUR", titles, attributes, term)


def title(row: int) -> str:
    """What an item of the invented shop is called."""
    return f"Oak lamp {row}" if row % 3 else "Lampshade"


def state(events: list[Event]) -> tuple[Profile, Popularity]:
    """Profile and popularity after some events."""
    profile, popularity = Profile(), Popularity()
    for event in events:
        popularity.apply(event, profile.before(event))
        profile.apply(event)
    return profile, popularity


@settings(max_examples=120, deadline=None)
@given(
    histories(), st.lists(st.integers(0, 40), min_size=1, max_size=30, unique=True), st.sampled_from(["s", "t", "u"])
)
def test_bytes_change_no_vector(events: list[Event], rows: list[int], session: str) -> None:
    profile, popularity = state(events)
    at = START + 50_000.0
    here, context = listing(rows), {"device": "mobile", "temperature": 3.0}
    served = extract(prepare(here, popularity, at, SCHEMA), profile, session, context, at)
    stored, counted = Profile.from_bytes(profile.to_bytes()), Popularity.from_bytes(popularity.to_bytes())
    again = extract(prepare(listing(rows), counted, at, SCHEMA), stored, session, context, at)
    np.testing.assert_array_equal(served, again)
    assert served.shape == (len(rows), len(SCHEMA.names))
    assert not np.isinf(served).any()


@settings(max_examples=120, deadline=None)
@given(histories(), st.data())
def test_a_logged_page_gives_the_vectors_of_its_window(events: list[Event], data: st.DataObject) -> None:
    profile, popularity = state(events)
    rows = data.draw(WINDOWS)
    page = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=8, unique=True))
    offset = data.draw(st.sampled_from([0, 48]))
    term = data.draw(st.sampled_from([None, "lamp", "oak 4"]))
    at, window = START + 50_000.0, listing(rows, term)
    served = extract(prepare(window, popularity, at, SCHEMA), profile, "s", {}, at)
    told = {**describe(window, profile, "s", at), "size": len(rows), "offset": offset}
    items = tuple(
        msgspec.structs.replace(
            item(rows[row]), index=place, shop_index=row + offset, title=title(rows[row]) if term else None
        )
        for place, row in enumerate(page)
    )
    line = dump(
        Event("view_item_list", "x", at, "v", "s", {}, items, None, "all", search_term=term, extra={"window": told})
    )
    shown_page, position, facts = listing_of(parse(line))
    logged = extract(prepare(shown_page, popularity, at, SCHEMA, position, facts), profile, "s", {}, at)
    np.testing.assert_array_equal(served[sorted(page)], logged)
    assert orjson.loads(line)["window"]["candidates"] == len(rows)


def test_replay_sees_exactly_what_serving_saw() -> None:
    events = sorted(shop_log(12), key=lambda event: event.at)
    profiles: dict[str, bytes] = {}
    popularity = Popularity()
    served: dict[str, np.ndarray] = {}
    for event in events:  # as the gateway does: profiles are stored as bytes between requests
        assert event.visitor is not None
        profile = Profile.from_bytes(profiles[event.visitor]) if event.visitor in profiles else Profile()
        if event.event == "view_item_list":
            here = listing([int(entry.item_id[1:]) for entry in event.items])
            ready = prepare(here, popularity, event.at, SCHEMA)
            served[event.event_id] = extract(ready, profile, event.session, event.context, event.at)
        popularity.apply(event, profile.before(event))
        profile.apply(event)
        profiles[event.visitor] = profile.to_bytes()
    count = 0
    for judged in replay([parse(dump(event)) for event in events]):
        event = judged.event
        again = extract(judged.prepare(SCHEMA), judged.profile, event.session, event.context, event.at)
        np.testing.assert_array_equal(served[event.event_id], again)
        count += 1
    assert count == len(served) == 12 * 8


@given(st.lists(st.text(max_size=8), max_size=3, unique=True), st.lists(st.text(max_size=8), max_size=3, unique=True))
def test_the_fingerprint_tells_schemas_apart(one: list[str], other: list[str]) -> None:
    first, second = Schema(attributes=tuple(one)), Schema(attributes=tuple(other))
    assert (first.fingerprint == second.fingerprint) == (one == other)
    assert Schema.from_dict(first.to_dict()) == first
