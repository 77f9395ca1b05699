"""Features: what is detected in a log, what is missing, and what single columns say."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest

from personalize.domain.event import Event, EventItem
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.profile import Profile
from personalize.features.extract import extract
from personalize.features.match import matches
from personalize.features.prepared import prepare
from personalize.features.schema import MAX_VALUES, Schema, columns, detect
from personalize.features.window import measure, quantiles, rank, recall
from tests.unit.shop_log import START, clicked, did, item, shop_log, shown

PLAIN = Schema()
DAY = 86_400.0


def window(rows: list[int]) -> Listing:
    items = [item(row) for row in rows]
    return Listing(
        "all", tuple(entry.item_id for entry in items), np.array([entry.price for entry in items]), "EUR", (),
        tuple(entry.attributes for entry in items),
    )  # fmt: skip


def vectors(
    listing: Listing, events: list[Event], schema: Schema = PLAIN, session: str = "s"
) -> dict[str, list[float]]:
    """The columns as visitor "v" is served, after events of all visitors."""
    profiles, popularity = {"v": Profile()}, Popularity()
    for event in events:
        profile = profiles.setdefault(event.visitor or "", Profile())
        popularity.apply(event, profile.before(event))
        profile.apply(event)
    at = START + 100
    matrix = extract(prepare(listing, popularity, at, schema), profiles["v"], session, {}, at)
    return {name: matrix[:, column].tolist() for name, column in columns(schema).items()}


def test_names_and_words_are_detected_by_type() -> None:
    schema = detect(shop_log(12))
    assert schema.attributes == ("rating",)
    assert schema.context_numbers == ("temperature",)
    assert [(name, set(values)) for name, values in schema.context_words] == [("device", {"desktop", "mobile"})]
    assert len(set(schema.names)) == len(schema.names)


def test_a_context_of_too_many_words_is_left_out() -> None:
    def listed(number: int) -> Event:
        context = {"place": f"p{number}", "country": f"c{number % 20}"}
        return Event("view_item_list", f"l{number}", START, context=context)

    schema = detect(listed(number) for number in range(400))
    assert [name for name, _ in schema.context_words] == ["country"]
    assert len(schema.context_words[0][1]) == MAX_VALUES


def test_missing_is_nan_and_never_an_error() -> None:
    bare = Listing("x", ("a", "b"), np.array([np.nan, -1.0]))
    schema = detect(shop_log(5))
    matrix = extract(prepare(bare, Popularity(), START, schema), None, None, {}, START)
    assert matrix.shape == (2, len(schema.names))
    assert not np.isinf(matrix).any()
    for name in ("price_log", "price_rank", "number.rating.value", "touched_order", "context.device", "bought_due"):
        assert np.isnan(matrix[:, columns(schema)[name]]).all(), name
    empty = extract(prepare(Listing("x", (), np.zeros(0)), Popularity(), START, schema), Profile(), "s", {}, START)
    assert empty.shape == (0, len(schema.names))


def test_the_session_says_what_was_touched_and_how_long_ago() -> None:
    events = [
        shown("l", START, [1, 2, 3, 4]), clicked("c", START + 1, 3, 2, "l"), did("view_item", "v", START + 2, 1),
    ]  # fmt: skip
    found = vectors(window([4, 3, 2, 1]), events)
    assert found["touched_count"] == [0, 1, 0, 1]
    assert found["touched_order"][1::2] == [1, 0]
    assert math.isnan(found["touched_order"][0])
    assert found["skipped"] == [0, 0, 1, 1]
    assert found["from_touched"] == [-3, -2, -1, 0]
    assert found["from_deepest"] == [-3, -2, -1, 0]
    assert found["touched_in_list"] == [2] * 4
    assert found["price_to_last"][3] == 0
    assert vectors(window([1, 2]), events, session="another")["touched_count"] == [0, 0]


def test_lasting_columns_survive_the_session() -> None:
    events = [shown("l", START, [1, 2, 6]), did("purchase", "p", START, 1)]
    found = vectors(window([1, 2, 6]), events, session="another")
    assert found["bought_times"] == [1, 0, 0]
    assert found["past_count"] == [1, 0, 0]
    assert found["affinity_sum"][2] > found["affinity_sum"][1]  # item 6 is of the brand of item 1


def test_numbers_are_ranked_and_compared_with_the_taste() -> None:
    schema = Schema(attributes=("rating",))
    found = vectors(window([0, 1, 2, 3, 4]), [did("view_item", "x", START, 0), shown("l", START, [4])], schema)
    assert found["number.rating.rank"] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    liked = vectors(window([0, 4]), [shown("l", START, [4]), did("view_item", "x", START, 4)], schema)
    assert liked["number.rating.to_taste"] == [-4, 0]


def test_price_order_knows_a_sorted_list() -> None:
    def order(prices: list[float]) -> float:
        return measure(Listing("x", tuple(map(str, range(len(prices)))), np.array(prices))).price_order

    assert order([1, 2, 3, 4]) == pytest.approx(1)
    assert order([9, 5, 2]) == pytest.approx(-1)
    assert math.isnan(order([5, 5, 5]))
    assert math.isnan(order([1, np.nan, 2]))


def test_ranks_are_ordered_and_symmetric() -> None:
    values = np.array([1.0, 2.0, 2.0, 2.0, 9.0, np.nan])
    ranks = rank(values, quantiles(values))
    assert ranks[0] == 0
    assert ranks[4] == 1
    assert 0.3 < ranks[1] == ranks[2] < 0.7
    assert math.isnan(ranks[5])
    assert rank(np.array([3.0]), quantiles(np.array([3.0]))).tolist() == [0.5]


@pytest.mark.parametrize(
    "told", [None, [], {}, {"candidates": 0}, {"candidates": "9"}, {"candidates": 3, "prices": [1], "touched": [2]}]
)
def test_odd_window_facts_are_none_or_empty(told: object) -> None:
    facts = recall(told)
    assert facts is None or (facts.size == 3 and facts.prices == () and not facts.touched)


def test_repeated_and_foreign_items_do_no_harm() -> None:
    profile = Profile()
    profile.apply(Event("view_item_list", "l", START, "v", "s", items=(EventItem("i1"), EventItem("i1"))))
    assert profile.session.shown["i1"].times == 1


def test_purchases_are_weighed_within_the_kind_of_the_list() -> None:
    def vectors_of(rows: list[int], events: list[Event]) -> dict[str, list[float]]:
        return vectors(window(rows), events, session="another")

    same = list(range(0, 60, 12))  # all bear f0 and g0
    first = [shown("l", START, same), did("purchase", "p", START, 0), did("purchase", "q", START + 1, 0)]
    alone = vectors_of(same, first)
    other = [did("purchase", f"o{turn}", START + 2, 12) for turn in range(3)]
    beside = vectors_of(same, [*first, *other])
    assert alone["bought_of_kind"][0] > beside["bought_of_kind"][0] > 0
    assert beside["bought_of_kind"][1] > beside["bought_of_kind"][0]
    assert beside["affinity_to_kind"][0] > alone["affinity_to_kind"][0] > 0
    assert vectors_of([1, 13, 25], first)["bought_of_kind"] == [0, 0, 0]


def test_pieces_are_told_apart_from_times() -> None:
    many = Event("purchase", "p", START, "v", "s", items=(EventItem("i1", quantity=6), EventItem("i2", quantity=-3)))
    found = vectors(window([1, 2, 3]), [many, did("purchase", "q", START + 1, 1)])
    assert found["bought_times"] == [2, 1, 0]
    assert found["bought_pieces"][:2] == [3.5, 1.0]


def test_titles_say_how_much_of_a_search_they_answer() -> None:
    titles = ("Oak lamp", "LAMPS of brass", "Winterregenlampe", "Écharpe", "")
    assert matches("lamp", titles)[:4].tolist() == [1.0, 0.8, 0.5, 0.0]
    assert math.isnan(matches("lamp", titles)[4])
    assert matches("brass  Lamp", titles)[:2].tolist() == [0.5, 0.9]
    assert matches("echarpe", titles)[3] == 1.0
    assert np.isnan(matches("  ?! ", titles)).all()
    assert np.isnan(matches(None, titles)).all()
    assert matches("le", ("lampe",)).tolist() == [0.0]  # two letters are no word that another begins with


def test_what_one_session_turned_to_leads_to_what_others_did() -> None:
    events = [did("view_item", f"{n}{row}", START + n, row, "w", f"w{n}") for n in range(10) for row in (1, 2, 3)]
    rows = window([2, 3, 4])
    seen = vectors(rows, [*events, did("view_item", "x", START + 20, 1)])
    assert seen["covisits"] == pytest.approx([10 / 21, 10 / 21, 0.0])
    assert seen["covisits_lift"] == pytest.approx([10 / 21 / 20, 10 / 21 / 20, 0.0])
    assert vectors(rows, events)["covisits"] == [0.0, 0.0, 0.0]


def test_an_item_is_new_for_some_weeks() -> None:
    events = [did("view_item", "a", START - 40 * DAY, 1), did("view_item", "b", START - 36 * DAY, 2)]
    events += [did("view_item", "c", START - 2 * DAY, 3), did("view_item", "d", START, 3)]
    old, older, new, unseen = vectors(window([1, 2, 3, 4]), events)["item_age"]
    assert math.isnan(old)
    assert math.isnan(older)
    assert new == pytest.approx(2.0, abs=0.01)
    assert unseen == 0.0
    assert math.isnan(vectors(window([1]), events[:1])["item_age"][0])  # it was there when counting began


def test_a_list_has_favourites_of_its_own() -> None:
    events = []
    for number in range(20):
        other = number % 2
        line = msgspec.structs.replace(shown(f"l{number}", START, [1, 2]), list_id="search" if other else "all")
        events += [line, clicked(f"c{number}", START, 2 if other else 1, other, f"l{number}")]
    first, second = vectors(window([1, 2]), events)["list_lift"]
    assert first > 0.2 > -0.2 > second
    assert vectors(window([1, 2]), [])["list_lift"] == [0.0, 0.0]


def test_what_follows_in_a_kind_is_read_off_other_visitors() -> None:
    events = [shown(f"l{number}", START, [0, 5, 10], "w") for number in range(4)]
    for number in range(10):
        visitor = f"w{number}"
        events += [did("purchase", f"p{number}", START, 0, visitor), did("purchase", f"q{number}", START, 5, visitor)]
    mine = did("purchase", "mine", START, 0)
    assert vectors(window([0, 5, 10]), [*events, mine])["following"] == pytest.approx([0.0, 0.5, 0.0])
    assert vectors(window([0, 5, 10]), events)["following"] == [0.0, 0.0, 0.0]


def test_what_is_in_the_cart_has_things_that_go_with_it() -> None:
    events = [
        Event(
            "purchase", f"p{number}", START, f"w{number}", "t", items=(item(1), item(2)) if number % 2 else (item(3),)
        )
        for number in range(20)
    ]
    rows = window([1, 2, 3])
    cart = did("add_to_cart", "cart", START, 1)
    goes = vectors(rows, [*events, cart])
    assert goes["goes_with"] == pytest.approx([0.0, 0.5, 0.0])
    assert goes["goes_with_lift"] == pytest.approx([0.0, 0.5 / 20, 0.0])
    assert vectors(rows, events)["goes_with"] == [0.0, 0.0, 0.0]
    # Without a cart it is what the last order held that things go with, not the one before it.
    orders = [did("purchase", "old", START, 3), did("purchase", "new", START + 1, 2)]
    assert vectors(rows, [*events, *orders])["goes_with"] == pytest.approx([10 / 21, 0.0, 0.0])


def test_prices_of_two_currencies_are_not_compared() -> None:
    events = [shown("l", START, [1, 2]), clicked("c", START, 1, 0, "l")]
    euros, dollars = window([1, 2]), dataclasses.replace(window([1, 2]), currency="USD")
    for name in ("price_to_last", "price_to_mean", "taste_price"):
        assert np.isfinite(vectors(euros, events)[name]).all()
        assert np.isnan(vectors(dollars, events)[name]).all()
