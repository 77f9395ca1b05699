"""Popularity counts what a plain reference counts, bit for bit, however it is saved on the way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from zlib import crc32

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.domain.event import Event, EventItem
from personalize.domain.learned import lift, listed, rates
from personalize.domain.learned.kinds import CERTAIN, LIKELY, RARE, Kinds
from personalize.domain.learned.popularity import (
    BASE_RATE,
    CLICKS,
    CLICKS_NOW,
    COUNTS,
    DAY,
    EXPECTED,
    HALF_LIFE,
    IMPRESSIONS,
    MAX_POSITIONS,
    PRIOR_POSITIONS,
    PURCHASES,
    PURCHASES_AGAIN,
    PURCHASES_EVER,
    PURCHASES_NOW,
    VIEWS,
    Popularity,
)
from personalize.domain.tokens import numbers, properties, traits
from tests.unit.shop_log import START

HALF_LIVES = {CLICKS_NOW: DAY, PURCHASES_NOW: 3 * DAY, PURCHASES_EVER: 180 * DAY, PURCHASES_AGAIN: 180 * DAY}
COLUMNS = {
    "select_item": (CLICKS, CLICKS_NOW),
    "view_item": (VIEWS,),
    "purchase": (PURCHASES, PURCHASES_NOW, PURCHASES_EVER),
}
NAMES = [f"i{number}" for number in range(40)]

attributes = st.fixed_dictionaries(
    {"kind": st.sampled_from("abc")}, optional={"brand": st.sampled_from(["x", "y"]), "size": st.floats(0, 9)}
).map(lambda told: dict(sorted(told.items())))  # what is remembered of an item keeps the order it was first told in
items = st.builds(
    EventItem,
    st.sampled_from(NAMES),
    st.none() | st.integers(-2, 80),
    price=st.none() | st.sampled_from([9.5, 60.0, float("nan")]),
    attributes=attributes,
)
contexts = st.dictionaries(
    st.sampled_from(["weather", "device", "mode", "in_store", "long"]),
    st.sampled_from(["rain", "clear", True, False, 3.0, "l" * 80]),
    max_size=4,
)


@st.composite
def logs(draw: st.DrawFn, answered: bool = True) -> list[Event]:
    """Events that now and then come late, show an item twice, and click what no list showed.

    Clicks that are not `answered` tell of no list and no situation.
    """
    events, at = [], START
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([-DAY, 0.0, 0.3, 60.0, 5 * DAY, 15 * rates.REBASE * DAY]))
        name = draw(st.sampled_from(["view_item_list", *COLUMNS]))
        rows = tuple(draw(st.lists(items, max_size=12 if name == "view_item_list" else 2)))
        list_event_id = f"e{draw(st.integers(0, number))}" if answered and name == "select_item" else None
        context = draw(contexts) if answered or name == "view_item_list" else {}
        list_id = draw(st.sampled_from([None, "lamps", "sale"]))
        events.append(Event(name, f"e{number}", at, "v", "s", context, rows, list_event_id, list_id))
    return events


class Reference:
    """One item, one position and one property at a time; nothing is remembered beside the counts."""

    def __init__(self) -> None:
        self.counts: dict[str, tuple[float, list[float]]] = {}
        self.shown = [0] * MAX_POSITIONS
        self.clicked = [0] * MAX_POSITIONS
        self.listed: dict[int, np.float32] = {}
        self.lift: dict[int, np.float32] = {}
        self.start: dict[str, float] = {}

    def apply(self, event: Event) -> None:
        first: dict[str, tuple[int, EventItem]] = {}
        for row, item in enumerate(event.items):
            first.setdefault(item.item_id, (place(row if item.index is None else item.index), item))
        if event.event != "view_item_list":
            for name in first:
                self.add(name, event.at, dict.fromkeys(COLUMNS[event.event], 1.0))
            for item in event.items if event.event == "select_item" else ():
                if item.index is not None:
                    self.clicked[place(item.index)] += 1
            return
        base = (sum(self.clicked) + BASE_RATE * PRIOR_POSITIONS) / (sum(self.shown) + PRIOR_POSITIONS)
        rate = [
            (clicked + base * PRIOR_POSITIONS) / (shown + PRIOR_POSITIONS)
            for clicked, shown in zip(self.clicked, self.shown, strict=True)
        ]
        for name, (at, _) in first.items():
            self.shown[at] += 1
            self.add(name, event.at, {IMPRESSIONS: 1.0, EXPECTED: rate[at]})
        if event.list_id:
            weight = self.weight("listed", self.listed, event.at)
            for name, (at, _) in first.items():
                slot = slot_of(crc32(name.encode()), crc32(event.list_id.encode()), listed.BITS)
                increase(self.listed, slot, rate[at] * weight)
        facts = lift.situation(event.context)
        if facts:
            weight = self.weight("lift", self.lift, event.at)
            for fact in (0, *facts):
                for at, item in first.values():
                    for token in traits(item.item_id, dict(item.attributes), item.price, item.currency).tokens:
                        increase(self.lift, slot_of(token, fact, lift.BITS), rate[at] * weight)

    def add(self, name: str, at: float, amounts: Mapping[int, float]) -> None:
        since, counts = self.counts.get(name, (0.0, [0.0] * COUNTS))
        ago = max(at - since, 0.0)
        faded = np.exp2([-ago / HALF_LIVES.get(column, HALF_LIFE) for column in range(COUNTS)]).tolist()
        left = [count * share for count, share in zip(counts, faded, strict=True)]
        for column, amount in amounts.items():
            left[column] += amount
        self.counts[name] = max(since, at), left

    def weight(self, name: str, table: dict[int, np.float32], at: float) -> float:
        start = self.start.setdefault(name, at)
        if (at - start) / rates.HALF_LIFE > rates.REBASE:
            kept = np.float32(1.0 / 2.0 ** min((at - start) / rates.HALF_LIFE, rates.REBASE + 100.0))
            for slot in table:
                table[slot] *= kept
            start = self.start[name] = at
        return float(2.0 ** ((at - start) / rates.HALF_LIFE))


def place(index: int) -> int:
    return min(max(index, 0), MAX_POSITIONS - 1)


def slot_of(key: int, other: int, bits: int) -> int:
    mixed = (key * 0x9E3779B97F4A7C15) ^ (other * 0xC2B2AE3D27D4EB4F)
    return (mixed * 0x9E3779B97F4A7C15) % 2**64 >> (64 - bits)


def increase(table: dict[int, np.float32], slot: int, amount: float) -> None:
    table[slot] = np.float32(table.get(slot, np.float32(0.0)) + np.float32(amount))


def expected(saved: rates.Saved) -> dict[int, float]:
    table = np.frombuffer(saved.tables, np.float32).reshape(2, -1)[0]
    return {int(slot): float(table[slot]) for slot in np.flatnonzero(table)}


@settings(max_examples=30, deadline=None)
@given(logs(answered=False))
def test_lists_are_counted_as_a_plain_reference_counts_them(log):
    popularity, reference = Popularity(), Reference()
    for event in log:
        popularity.apply(event)
        reference.apply(event)
    names = list(reference.counts)
    assert popularity.counts(names, 0.0).tolist() == [reference.counts[name][1] for name in names]  # nothing fades
    tables = popularity._lift.to_saved().rates, popularity.listed.to_saved().rates
    assert expected(tables[1]) == {slot: float(value) for slot, value in reference.listed.items() if value}
    assert expected(tables[0]) == {slot: float(value) for slot, value in reference.lift.items() if value}


def test_whoever_joins_or_leaves_the_items_of_a_list_are_counted_as_themselves():
    dice, popularity, reference = random.Random(5), Popularity(limit=300), Reference()
    for number in range(100):
        rows = tuple(EventItem(f"i{item}") for item in dice.sample(range(600), 24))
        event = Event("view_item_list", f"e{number}", START + number, items=rows, list_id=f"l{number % 7}")
        popularity.apply(event)
        reference.apply(event)
    assert expected(popularity.listed.to_saved().rates) == {slot: float(it) for slot, it in reference.listed.items()}


@settings(max_examples=30, deadline=None)
@given(logs(), st.integers(0, 25), st.sampled_from([16, 24, 1_000]))
def test_a_restart_between_two_events_changes_no_bit(log, halfway, limit):
    going, restarted = Popularity(limit), Popularity(limit)
    before: dict[str, int] = {}
    for number, event in enumerate(log):
        if number == halfway:
            restarted = Popularity.from_bytes(restarted.to_bytes())
        for one in (going, restarted):
            one.apply(event, before)
        before.update({item.item_id: number for item in event.items if event.event == "purchase"})
    assert going.to_bytes() == restarted.to_bytes()


@given(
    st.lists(st.lists(st.lists(st.integers(1, 9), max_size=4, unique=True), min_size=3, max_size=6), max_size=12),
    st.lists(st.lists(st.integers(0, 10), max_size=5)),
)
def test_the_kinds_of_a_list_are_those_of_its_rows(lists, rows):
    kinds = Kinds()
    for one in lists:
        kinds.note(one)
    found = []
    for tokens in rows:
        known = [(*kinds.seen[token], token) for token in tokens if token in kinds.seen]
        shares = {token: (some, made / some) for some, made, token in known if made >= CERTAIN}
        sure = max((share for _, share in shares.values()), default=0.0)
        likely = [(some, token) for token, (some, share) in shares.items() if share >= LIKELY * sure]
        found.append(min(likely)[1] if sure >= RARE else None)
    assert kinds.each(rows) == found == [kinds.of(tokens) for tokens in rows]


@given(st.lists(st.tuples(attributes, items, st.sampled_from([None, "", "EUR", "USD"])), min_size=1))
def test_what_is_remembered_of_an_item_is_what_is_read_anew(told):
    for borne, item, currency in told:
        for mapping in (borne, dict(borne), item.attributes):
            found = traits("remembered", mapping, item.price, currency)
            assert found.pairs == tuple(properties(mapping, item.price, currency))
            assert found.numbers == numbers(mapping)


def test_positions_draw_after_a_restart_what_they_drew_before():
    popularity = Popularity()
    rows = tuple(EventItem(f"i{number}") for number in range(24))
    for number in range(30):
        popularity.apply(Event("view_item_list", f"l{number}", START, items=rows, list_id="all"))
        popularity.apply(Event("select_item", f"c{number}", START, items=(EventItem("i3", 3),)))
    rates_then = popularity.position_rates()
    assert rates_then[3] > 2 * rates_then[4] > 0
    assert Popularity.from_bytes(popularity.to_bytes()).position_rates().tolist() == rates_then.tolist()
