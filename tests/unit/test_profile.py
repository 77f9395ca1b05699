"""Profiles: what one event changes, what a session keeps, and that nothing grows without end."""

from __future__ import annotations

import math

import pytest

from personalize.domain import profile as module
from personalize.domain import session as session_module
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import HALF_LIFE, Profile
from personalize.domain.tokens import MAX_TOKENS, price_band, properties, token
from personalize.errors import StoreError
from tests.unit.shop_log import START, clicked, did, item, shop_log, shown


def folded(*events: Event) -> Profile:
    profile = Profile()
    for event in events:
        profile.apply(event)
    return profile


def test_a_repeated_event_changes_nothing() -> None:
    events = [shown("l", START, [1, 2, 3]), clicked("c", START + 1, 2, 1, "l")]
    once, twice = folded(*events), folded(*events, *events)
    assert once == twice
    assert once.version == 2
    assert once.behaviour == 1


def test_a_click_marks_what_was_skipped_above_it() -> None:
    session = folded(shown("l", START, [1, 2, 3, 4]), clicked("c", START + 1, 3, 2, "l")).session
    assert {name: sight.skipped for name, sight in session.shown.items()} == {"i1": 1, "i2": 1, "i3": 0, "i4": 0}
    assert session.click_index == 2
    assert session.touched["i3"].clicks == 1


def test_prices_of_a_session_start_anew_with_another_currency() -> None:
    def viewed(number: int, price: float | None, currency: str | None) -> Event:
        items = (EventItem(f"i{number}", price=price, currency=currency, attributes={"brand": "A"}),)
        return Event("view_item", f"e{number}", START + number, "v", "s", items=items)

    euros = [viewed(1, 10.0, "EUR"), viewed(2, 20.0, "EUR")]
    session = folded(*euros, viewed(3, None, None)).session
    assert (session.price_currency, session.price_count) == ("EUR", 2)
    session = folded(*euros, viewed(3, 3_000.0, "JPY"), viewed(4, 1_000.0, "JPY")).session
    assert (session.price_currency, session.price_count) == ("JPY", 2)
    assert session.price_last == session.price_low == math.log(1_000.0)
    assert session.price_high == math.log(3_000.0)
    assert session.price_sum == pytest.approx(math.log(3_000.0) + math.log(1_000.0))
    session = folded(viewed(0, 5.0, None), *euros, viewed(3, 40.0, None)).session
    assert (session.price_currency, session.price_count) == ("EUR", 4)
    again = Profile.from_bytes(folded(*euros).to_bytes())
    assert again.session.price_currency == "EUR"


def test_the_item_touched_last_comes_last() -> None:
    profile = folded(*(did("view_item", f"e{k}", START + k, row) for k, row in enumerate([1, 2, 1])))
    assert list(profile.session.touched) == ["i2", "i1"]
    assert profile.session.touched["i1"].count == 2


def test_a_new_session_forgets_the_session_and_keeps_the_rest() -> None:
    profile = folded(
        shown("l", START, [1, 2]), did("view_item", "v", START + 1, 1),
        did("view_item", "w", START + 9, 2, session="t"),
    )  # fmt: skip
    assert list(profile.session.touched) == ["i2"]
    assert profile.sessions == 2
    assert set(profile.history) == {"i1", "i2"}
    assert profile.session_for("t", START + 10) is profile.session
    assert profile.session_for("u", START + 10).events == 0


def test_without_a_session_name_half_an_hour_of_silence_ends_it() -> None:
    def bare(name: str, at: float) -> Event:
        return Event("view_item", name, at, "v", items=(EventItem("i1"),))

    profile = folded(bare("a", START), bare("b", START + 60))
    assert profile.session.events == 2
    assert profile.session_for(None, START + 120) is profile.session
    profile.apply(bare("c", START + 60 + module.SESSION_GAP + 1))
    assert profile.session.events == 1


def test_a_late_event_of_an_earlier_session_leaves_this_one() -> None:
    profile = folded(did("view_item", "b", START + 100, 2, session="t"), did("purchase", "a", START, 1, session="s"))
    assert profile.session.name == "t"
    assert list(profile.session.touched) == ["i2"]
    assert profile.bought["i1"].times == 1


def test_a_bare_touch_learns_from_the_list_that_showed_the_item() -> None:
    profile = folded(shown("l", START, [1, 2]), did("view_item", "v", START + 1, 1))
    brand, other = token("brand", "Birke"), token("brand", "Clio")
    assert profile.affinities({other: 0, brand: 1}, 3, START + 1) == [0.0, pytest.approx(0.5), 0.0]
    assert profile.log_price.mean() == pytest.approx(math.log(17.0))
    assert profile.tastes["rating"].mean() == 2.0


def test_affinities_halve_and_dislike_is_negative() -> None:
    profile = folded(shown("l", START, [1, 2]), did("add_to_cart", "a", START, 1), did("not_interested", "n", START, 2))
    liked, disliked = token("brand", "Birke"), token("brand", "Clio")
    likes, dislikes = profile.affinities({liked: 0, disliked: 1}, 2, START)
    assert likes > 0 > dislikes
    (later,) = profile.affinities({liked: 0}, 1, START + HALF_LIFE)
    assert later == pytest.approx(1.5 / 2.5)
    assert "i2" in profile.rejected


def test_purchases_have_a_rhythm() -> None:
    days = [0.0, 10.0, 30.0]
    profile = folded(*(did("purchase", f"p{day}", START + day * 86_400, 1, session=f"s{day}") for day in days))
    assert profile.bought["i1"].rhythm() == pytest.approx(15 * 86_400)


def test_another_currency_starts_the_price_taste_afresh() -> None:
    def view(name: str, price: float, currency: str) -> Event:
        return Event("view_item", name, START, "v", "s", items=(EventItem("x", price=price, currency=currency),))

    profile = folded(view("a", 10.0, "EUR"), view("b", 1000.0, "JPY"))
    assert profile.log_price.mean() == pytest.approx(math.log(1000))


def test_every_part_is_bounded() -> None:
    profile = Profile()
    for number in range(module.MAX_BOUGHT + 100):
        rows = [number * 24 + place for place in range(24)]
        profile.apply(shown(f"l{number}", START + number, rows))
        profile.apply(clicked(f"c{number}", START + number, rows[5], 5, f"l{number}"))
        for kind in ("purchase", "not_interested"):
            profile.apply(did(kind, f"{kind}{number}", START + number, rows[5]))
    assert len(profile.seen) == module.MAX_SEEN
    assert len(profile.known) == module.MAX_KNOWN
    assert len(profile.history) == module.MAX_HISTORY
    assert len(profile.bought) == module.MAX_BOUGHT
    assert len(profile.rejected) == module.MAX_REJECTED
    assert len(profile.tokens) <= module.MAX_TOKENS
    assert len(profile.session.shown) == session_module.MAX_SHOWN
    assert len(profile.session.touched) == session_module.MAX_TOUCHED
    assert len(profile.session.tokens) <= session_module.MAX_TOKENS
    assert len(profile.session.lists) == session_module.MAX_LISTS
    assert len(profile.to_bytes()) < 64 * 1024


def test_bytes_bring_everything_back() -> None:
    profile = Profile()
    for event in shop_log(1):
        profile.apply(event)
        assert Profile.from_bytes(profile.to_bytes()) == profile
    copy = profile.copy()
    copy.apply(did("view_item", "new", START + 1e6, 1))
    assert copy.version == profile.version + 1


@pytest.mark.parametrize("data", [b"", b"\x07abc", b"\x01", b"\x01\x93", b"\x01\x80"])
def test_foreign_bytes_are_named(data: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        Profile.from_bytes(data)
    assert caught.value.code == "PROFILE_INVALID"


def test_odd_events_do_no_harm() -> None:
    profile = folded(
        Event("view_item_list", "a", START, "v", "s"),
        Event("select_item", "b", START, "v", "s", items=(EventItem("x", index=10**9),), list_event_id="nowhere"),
        Event("search", "c", START, "v", "s", search_term="x" * 10_000),
        Event("unheard_of", "d", START, "v", "s", items=(item(1),)),
        Event(
            "view_item", "e", START, "v", "s", items=(EventItem("x", price=float("inf")), EventItem("y", price=-1.0))
        ),
    )
    assert profile.version == 5
    assert profile.log_price.weight == 0.0
    assert Profile.from_bytes(profile.to_bytes()).session.searches == 1


def test_properties_are_found_by_type_and_bounded() -> None:
    pairs = properties(
        {"brand": "A", "sizes": ["S", "M"], "rating": 4, "text": "x" * 65, "nested": {"a": "b"}}, 20.0, "EUR"
    )
    assert pairs == [("price_band", "EUR8"), ("brand", "A"), ("sizes", "S"), ("sizes", "M")]
    assert len(properties({"many": [str(number) for number in range(100)]})) == MAX_TOKENS
    assert price_band(0.0, "EUR") is None
    assert price_band(20.0, "EUR") != price_band(20.0, "USD")
