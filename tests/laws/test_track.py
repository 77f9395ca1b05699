"""One act, one line: what the gateway saw and what a client tells of it, in whatever order they come."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.events.acts import MAX_ACTS, MAX_THINGS, MAX_TOLD, SAME_SECONDS, Acts, Source
from personalize.events.infer import Cart, Inference, Line, Whose
from personalize.events.told import LIST_SECONDS, Telling, lines, size_of

ANNA = Whose("s:anna", "session-1", {})
UNIT = "s:anna"
START = 1_000_000 * SAME_SECONDS  # the beginning of a step
PLACED, CHECKOUT = frozenset({"Paid"}), frozenset({"Paying"})
sources = st.sampled_from(list(Source))


class Log:
    """What a store keeps: each event id once, its first line."""

    def __init__(self) -> None:
        self.kept: dict[str, Event] = {}

    def take(self, events: list[Event]) -> None:
        for event in events:
            self.kept.setdefault(event.event_id, event)

    @property
    def kinds(self) -> Counter[str]:
        """How many lines of each kind."""
        return Counter(event.event for event in self.kept.values())


@given(st.lists(st.tuples(sources, st.floats(0, SAME_SECONDS)), max_size=MAX_ACTS))
def test_n_seen_and_m_told_are_the_larger_of_both(reports: list[tuple[Source, float]]) -> None:
    acts = Acts(UNIT)
    ids = {acts.report("view_item", "p1", START + later / 2, source)[0] for source, later in reports}
    by_source = Counter(source for source, _ in reports)
    assert len(ids) == max(by_source.values(), default=0)


@given(st.lists(st.tuples(sources, st.integers(0, 6), st.sampled_from(["p1", "p2"])), max_size=40))
def test_two_processes_that_each_see_one_half_come_to_the_ids_of_one(reports: list[tuple[Source, int, str]]) -> None:
    """Within a step, the store keeps as many lines as one process would have written."""
    one, halves = Acts(UNIT), {source: Acts(UNIT) for source in Source}
    together: dict[str, set[str]] = {"p1": set(), "p2": set()}
    apart: dict[str, set[str]] = {"p1": set(), "p2": set()}
    count: Counter[tuple[Source, str]] = Counter()
    for source, later, thing in reports:
        count[source, thing] += 1
        if count[source, thing] > MAX_ACTS:
            continue
        at = START + later
        together[thing].add(one.report("view_item", thing, at, source)[0])
        apart[thing].add(halves[source].report("view_item", thing, at, source)[0])
    assert {thing: len(ids) for thing, ids in together.items()} == {thing: len(ids) for thing, ids in apart.items()}


@given(sources, st.floats(0, 10_000), st.floats(-2 * SAME_SECONDS, 2 * SAME_SECONDS))
def test_the_window_is_counted_from_act_to_act_not_by_the_clock(first: Source, at: float, later: float) -> None:
    acts, other = Acts(UNIT), Source.TOLD if first is Source.INFERRED else Source.INFERRED
    one, new = acts.report("select_item", "p1", at, first)
    two, again = acts.report("select_item", "p1", at + later, other)
    assert new
    apart = abs((at + later) - at) > SAME_SECONDS
    assert again is apart
    assert (one != two) is apart


def test_what_is_remembered_is_bounded() -> None:
    acts = Acts(UNIT)
    for number in range(1000):
        acts.report("view_item", f"p{number}", START, Source.TOLD)
        acts.report("view_item", "p", START + number, Source.TOLD)
        acts.tell(f"event {number}", "")
    assert len(acts.acts) == MAX_THINGS
    assert max(len(kept) for kept in acts.acts.values()) == MAX_ACTS
    assert len(acts.told) == MAX_TOLD


def test_others_have_other_ids() -> None:
    ids = {
        Acts(unit).report(kind, thing, at, Source.TOLD)[0]
        for unit in ("s:anna", "s:ben")
        for kind in ("view_item", "select_item")
        for thing in ("p1", "p2")
        for at in (START, START + SAME_SECONDS)
    }
    assert len(ids) == 16


# -- a visit with both sides -----------------------------------------------------------------------------------------

ITEMS = tuple(EventItem(f"p{number}", index=number) for number in range(6))
LINE = Line("l1", "p1", "v1", 1, 9.5)


class Both:
    """A visit of which everything is seen by the gateway and told by the client, too."""

    def __init__(self) -> None:
        self.inference, self.log = Inference(), Log()

    def see(self, kind: str, at: float) -> None:
        """The gateway sees it pass."""
        seen = self.inference
        if kind == "view_item_list":
            self.log.take([seen.shown(UNIT, ANNA, at, ITEMS, list_id="search:1", term=None, path="search")])
        elif kind == "select_item":  # a product is asked for: a click and a view
            self.log.take(seen.looked_at(UNIT, ANNA, at, EventItem("p1")))
        else:
            state = {"begin_checkout": "Paying", "purchase": "Paid"}.get(kind)
            cart = Cart("CODE", state, "EUR", (LINE,))
            self.log.take(
                seen.cart(UNIT, ANNA, at, cart, variant="v1", added=1, checkout=CHECKOUT, placed=PLACED)
            )  # fmt: skip

    def tell(self, kind: str, at: float, **more: object) -> int:
        """The client tells; how many lines that was."""
        memory = self.inference.of(UNIT)
        assert memory is not None
        items = ITEMS if kind == "view_item_list" else (EventItem("p1", quantity=1),)
        code = "CODE" if kind in ("begin_checkout", "purchase") else None
        new = lines(memory, Telling(kind, at, items, transaction_id=code, **more), ANNA)  # type: ignore[arg-type]
        self.log.take(new)
        return len(new)


WAY = ("view_item_list", "select_item", "add_to_cart", "begin_checkout", "purchase")
TOLD = {"select_item": ("select_item", "view_item")}


@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=5, max_size=5), st.floats(0, 100))
def test_a_visit_seen_and_told_is_the_visit_seen(seed: int, told_first: list[bool], later: float) -> None:
    """The way of a purchase, each step reported by both sides, either of them first."""
    random, both, alone = Random(seed), Both(), Both()
    at = START + random.random() * SAME_SECONDS
    for kind, first in zip(WAY, told_first, strict=True):
        at += 300
        alone.see(kind, at)
        for step in (both.tell, both.see) if first else (both.see, both.tell):
            for name in TOLD.get(kind, (kind,)) if step == both.tell else (kind,):
                step(name, at if step == both.see else at - later if first else at + later)
    assert both.log.kinds == alone.log.kinds == Counter([*WAY, "view_item"])
    (shown,) = (event for event in both.log.kept.values() if event.event == "view_item_list")
    (click,) = (event for event in both.log.kept.values() if event.event == "select_item")
    assert (click.list_event_id, click.items[0].index) == (shown.event_id, 1)
    profile = Profile()
    for event in both.log.kept.values():
        profile.apply(event)
    assert profile.bought["p1"].times == 1


@given(st.sampled_from([*WAY, "search", "refund", "add_to_wishlist", "view_item", "scan"]), st.floats(0, 5_000))
def test_a_repeated_event_id_is_one_line(kind: str, later: float) -> None:
    both = Both()
    assert both.tell(kind, START, event_id="mine", search_term="lamp") > 0
    assert both.tell(kind, START + later, event_id="mine", search_term="lamp") == 0
    assert sum(both.log.kinds.values()) == 1


@given(st.integers(0, 5), st.integers(1, 6), st.booleans(), st.floats(0, LIST_SECONDS))
def test_any_part_of_a_list_served_is_known(first: int, size: int, indexed: bool, later: float) -> None:
    """As far as it is on the screen, with the places it has there, or without where several items tell them."""
    both = Both()
    both.see("view_item_list", START)
    memory = both.inference.of(UNIT)
    assert memory is not None
    part = ITEMS[first : first + size]
    told = part if indexed else tuple(EventItem(one.item_id) for one in part)
    new = lines(memory, Telling("view_item_list", START + later, told), ANNA)
    assert (new == []) is (indexed or len(part) > 1)


@given(st.permutations(range(6)), st.floats(0, 60))
def test_another_list_of_the_same_items_is_another_list(order: list[int], later: float) -> None:
    both = Both()
    both.see("view_item_list", START)
    memory = both.inference.of(UNIT)
    assert memory is not None
    told = tuple(EventItem(f"p{number}", index=place) for place, number in enumerate(order))
    new = lines(memory, Telling("view_item_list", START + later, told), ANNA)
    assert (new == []) is (order == list(range(6)))


def test_clicks_on_a_list_the_gateway_never_saw_answer_it() -> None:
    """A page out of a cache: told, then clicked; the product's own query is the same click."""
    both = Both()
    both.tell("view_item_list", START)
    both.see("select_item", START + 5)
    assert both.tell("select_item", START + 6) == 0
    assert both.log.kinds == Counter(["view_item_list", "select_item", "view_item"])
    listed, click, _ = both.log.kept.values()
    assert click.list_event_id == listed.event_id


def test_another_process_knows_the_lists_by_the_profile() -> None:
    served, profile = Both(), Profile()
    served.see("view_item_list", START)
    for event in served.log.kept.values():
        profile.apply(event)
    memory = Inference().of(UNIT)
    assert memory is not None
    (click,) = lines(memory, Telling("select_item", START + 9, (EventItem("p4"),)), ANNA, session=profile.session)
    (listed,) = served.log.kept.values()
    assert (click.list_event_id, click.items[0].index) == (listed.event_id, 4)
    assert lines(memory, Telling("view_item_list", START + 9, ITEMS[2:5]), ANNA, session=profile.session) == []


def test_a_list_that_is_named_is_the_one_answered() -> None:
    inference = Inference()
    first = inference.shown(UNIT, ANNA, START, ITEMS, list_id="a:1", term=None, path="top")
    second = inference.shown(UNIT, ANNA, START, ITEMS[::-1], list_id="b:1", term=None, path="more")
    memory = inference.of(UNIT)
    assert memory is not None
    told = {"list_path": "top"}, {"list_id": "b:1"}, {}
    for number, (named, expected) in enumerate(zip(told, (first, second, second), strict=True)):
        item = (EventItem(f"p{number}"),)
        (click,) = lines(memory, Telling("select_item", START + 1, item, **named), ANNA)  # type: ignore[arg-type]
        assert click.list_event_id == expected.event_id
        assert click.items[0].index is not None


def test_a_search_whose_list_the_gateway_served_is_known() -> None:
    both = Both()
    both.inference.shown(UNIT, ANNA, START, ITEMS, list_id="a", term="Lamp ", path="search")
    assert both.tell("search", START + 3, search_term="lamp") == 0
    assert both.tell("search", START + 3, search_term="chair") == 1


def test_what_clients_tell_takes_no_more_room_than_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many visitors who tell much: the first are forgotten, and one alone never fills it."""
    inference = Inference()
    inference.told = type(inference.told)(inference.memory)
    monkeypatch.setattr(inference.told, "_Cache__maxsize", 1_000_000)
    items = tuple(EventItem("x" * 120, index=place) for place in range(200))
    for number in range(200):
        telling = Telling("view_item_list", START, items)
        for _ in range(3):
            lines(inference.listen(f"s:{number}", size_of(telling)), telling, ANNA)
    assert inference.told.currsize <= 1_000_000
    assert len(inference.memory) == len(inference.told) < 10
    assert "s:199" in inference.memory
    inference.forget("s:199")
    assert "s:199" not in inference.told
    for _ in range(20):
        inference.listen("s:loud", 900_000)
    assert inference.told.currsize <= 1_000_000
