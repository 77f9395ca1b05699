"""Exploring: whatever chance draws, the order is a permutation bent within bounds, and the logged chance is exact."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from personalize.decisions.exploring import DISTANCE, MAX_NEW, PLACE, TOP, Exploring, swaps
from personalize.domain.event import Event, EventItem
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.moves import MAX_DISTANCE, MAX_RISE, Draw, Lift, Move, Swap
from personalize.domain.patch import EMPTY, Author, Explore, Patch, Reason, Reorder
from personalize.domain.profile import Profile
from personalize.domain.visit import Consent, Trust, Visit, VisitorId
from personalize.events.log import parse
from personalize.guardrails.apply import order as order_of
from personalize.guardrails.apply import propensities
from personalize.guardrails.ranking import clip, is_permutation
from tests.toy_world import CONSENT, Shuffling, turned_world

AT = 1_000_000.0
ME = Author("exploring", "1")
Draws = tuple[Draw, tuple[int, ...], int]
OLD = [f"old{number}" for number in range(300)]


def a_listing(ids: list[str], name: str = "all") -> Listing:
    return Listing(name, tuple(ids), np.full(len(ids), np.nan))


def a_visit(who: str = "v", session: str | None = "s", *, allowed: bool = True, known: bool = True) -> Visit:
    profile = Profile()
    if known:
        profile.apply(Event("view_item", "e", AT - 10, items=(EventItem("somewhere"),)))
    return Visit(AT, VisitorId(who, Trust.SIGNED), session, Consent.CONSENTED, allowed, profile)


@cache
def past() -> Popularity:
    """A shop that showed the first 100 items often."""
    return a_past(OLD[:100])


def a_past(ids: list[str], times: int = 60) -> Popularity:
    """What the shop knows after all of `ids` were shown often."""
    popularity = Popularity()
    for number in range(times):
        items = tuple(EventItem(one, index % 12) for index, one in enumerate(ids))
        popularity.apply(Event("view_item_list", str(number), AT - 100, items=items))
    return popularity


def drawn(size: int, who: str, *, new: int = 0, keep: int = 0) -> Draw:
    """What a visitor's draw is in a listing of `size` items, of which the last `new` were never shown."""
    ids = [*OLD[: size - new], *(f"new{number}" for number in range(new))]
    patch = Exploring(keep=keep).decide("t", a_listing(ids), a_visit(who), past())
    (change,) = patch.changes
    assert isinstance(change, Explore)
    return change.draw


@st.composite
def draws(draw: st.DrawFn) -> Draws:
    """A draw of ours, an order that another strategy made, and how many places are kept."""
    keep = draw(st.integers(0, 8))
    size = draw(st.integers(keep + 2, 90))
    new = draw(st.integers(0, max(size - PLACE - 3, 0)))
    order = tuple(draw(st.randoms(use_true_random=False)).sample(range(size), size))
    return drawn(size, draw(st.text(min_size=1, max_size=5)), new=new, keep=keep), order, keep


@given(draws())
def test_every_move_is_a_permutation_bent_within_bounds(told: Draws) -> None:
    found, order, keep = told
    assert found.sound(len(order))
    for move in found.moves:
        after = move.applied(order)
        assert is_permutation(after, len(order))
        assert after[:keep] == order[:keep]
        rose = {row: order.index(row) - place for place, row in enumerate(after)}
        if isinstance(move, Swap):
            assert all(abs(up) <= DISTANCE for up in rose.values())
            assert sum(up != 0 for up in rose.values()) == 2 * move.done
        else:
            assert all(up >= -1 for row, up in rose.items() if row != move.row)
            assert 0 <= rose[move.row] <= MAX_RISE
        assert {row for row, up in rose.items() if up > 0} <= move.moved(order) <= {r for r, up in rose.items() if up}


@given(draws(), st.integers(0, 40), st.integers(1, 30), st.integers(0, 9))
def test_the_logged_chances_are_those_of_the_draw(told: Draws, start: int, take: int, left_out: int) -> None:
    found, order, _ = told
    span = len(order) - left_out
    stop = min(start + take, span)
    if stop <= start:
        return
    pages: Counter[tuple[int, ...]] = Counter()
    standing: Counter[tuple[int, int]] = Counter()
    for move, chance in zip(found.moves, found.chances, strict=True):
        page = tuple(row for row in move.applied(order) if row < span)[start:stop]
        pages[page] += chance  # type: ignore[assignment]
        for place, row in enumerate(page):
            standing[place, row] += chance  # type: ignore[assignment]
    page = tuple(row for row in found.move.applied(order) if row < span)[start:stop]
    whole, rows = found.propensities(order, start, stop, span)
    assert whole == pytest.approx(pages[page])
    assert rows == pytest.approx([standing[place, row] for place, row in enumerate(page)])
    assert 0 < whole <= min(rows) + 1e-9


def test_draws_fall_as_their_chances_say() -> None:
    for new in (0, 6):
        found = [drawn(20, f"visitor {number}", new=new) for number in range(6_000)]
        counts = np.bincount([one.drawn for one in found], minlength=len(found[0].moves))
        assert chisquare(counts, np.array(found[0].chances) * len(found)).pvalue > 1e-4


def test_a_draw_hangs_on_visitor_session_and_listing_alone() -> None:
    decide = Exploring().decide

    def number(visit: Visit, ids: list[str], name: str = "all") -> int:
        (change,) = decide("t", a_listing(ids, name), visit, past()).changes
        assert isinstance(change, Explore)
        return change.draw.drawn

    usual = number(a_visit(), OLD[:30])
    assert usual == number(a_visit(), OLD[30:60][::-1])
    assert len({number(a_visit(who), OLD[:30]) for who in OLD[:50]}) > 20
    assert len({number(a_visit(session=session), OLD[:30]) for session in OLD[:50]}) > 20
    assert len({number(a_visit(), OLD[:30], name) for name in OLD[:50]}) > 20


def test_nobody_is_drawn_for_who_does_not_allow_it() -> None:
    listing = a_listing(OLD[:30])
    for visit in (a_visit(allowed=False), a_visit(known=False), Visit(AT, experiments_allowed=True)):
        assert Exploring().decide("t", listing, visit, past()) == EMPTY
    assert Exploring().decide("t", a_listing(OLD[:1]), a_visit(), past()) == EMPTY


def test_new_items_have_a_quota_and_no_more() -> None:
    found = [drawn(60, f"visitor {number}", new=10).move for number in range(2_000)]
    lifted = [move for move in found if isinstance(move, Lift)]
    assert 0.45 < len(lifted) / len(found) < 0.55
    assert {move.row for move in lifted} == set(range(50, 60))
    assert all(move.place == PLACE for move in lifted)
    # A new item in the shop's 50th place would hardly be seen; now each gets a twentieth of the sixth place.
    base = tuple(range(60))
    seen = Counter(row for move in found for row in move.applied(base)[:TOP] if row >= 50)
    assert all(seen[row] > 2_000 * 0.03 for row in range(50, 60))


def test_what_is_not_new_is_not_lifted() -> None:
    ids = [*OLD[:30], "bought", "new"]
    visit = a_visit()
    assert visit.profile is not None
    visit.profile.apply(Event("purchase", "p", AT - 5, items=(EventItem("bought"),)))
    fresh = Exploring().fresh
    assert fresh(a_listing(ids), visit, a_past([*OLD[:30], "bought"])) == [31]
    assert fresh(a_listing(["new", *OLD[:30]]), visit, a_past(OLD[:30])) == []  # seen where it stands
    assert fresh(a_listing(ids), visit, Popularity()) == []  # a new shop: all is new
    assert len(fresh(a_listing([*OLD[:10], *(f"n{k}" for k in range(200))]), visit, a_past(OLD[:30]))) == MAX_NEW


@pytest.mark.parametrize(
    "draw",
    [
        Draw((), (), 0),
        Draw((Swap(0, 1),), (0.9,), 0),
        Draw((Swap(0, 1), Swap(0, 2)), (1.0, 0.0), 0),
        Draw((Swap(0, 1),), (1.0,), 1),
        Draw((Swap(1, 1),), (1.0,), 0),
        Draw((Swap(-1, 1),), (1.0,), 0),
        Draw((Swap(0, MAX_DISTANCE + 1),), (1.0,), 0),
        Draw((Swap(19, 20),), (1.0,), 0),
        Draw((Lift(20, 0),), (1.0,), 0),
    ],
)
def test_a_draw_out_of_bounds_is_cut(draw: Draw) -> None:
    good = Explore("t", Draw((Swap(0, 1),), (1.0,), 0), ME, Reason("tried_out"))
    patch, cut = clip(Patch((good, Explore("t", draw, ME, Reason("tried_out")))), "t", 20)
    assert (patch, cut) == (Patch((good,)), 1)


def test_the_move_comes_after_the_order_and_a_page_that_goes_on_has_no_chance() -> None:
    turned = Reorder("t", (3, 2, 1, 0), Author("other", "1"), Reason("popular"))
    moves: tuple[Move, ...] = (Swap(0, 1), Swap(0, 1, done=False))
    patch = Patch((Explore("t", Draw(moves, (0.25, 0.75), 0), ME, Reason("tried_out")), turned))
    assert order_of(patch, "t", 4) == (2, 3, 1, 0)
    assert propensities(patch, "t", 4, 0, [2, 3]) == (0.25, (0.25, 0.25))
    assert propensities(patch, "t", 4, 2, [1, 0]) == (1.0, (1.0, 1.0))
    assert propensities(patch, "t", 4, 0, [3, 2]) is None
    assert propensities(EMPTY, "t", 4, 0, [0, 1]) == (1.0, (1.0, 1.0))


def test_pairs_cover_the_top_and_stay_apart_by_little() -> None:
    found = swaps(2, TOP)
    assert {move.first for move in found} | {move.second for move in found} == set(range(2, TOP))  # type: ignore[union-attr]
    assert all(one.done and not other.done for one, other in pairwise(found) if one[:2] == other[:2])  # type: ignore[union-attr]
    assert swaps(0, 1) == swaps(3, 3) == ()


SEARCH = """query S($skip: Int!) { search(input: {skip: $skip, take: 24, groupByProduct: true}) {
  items { productId } } personalization { listings { items { itemId position shopPosition reason { code } } } } }"""


async def test_through_the_gateway_a_run_is_whole_and_its_lines_say_how_likely_it_was() -> None:
    plugs = {"shuffling": Shuffling(), "exploring": Exploring()}
    tried = 0
    async with turned_world(strategies=("shuffling", "exploring"), decisions=plugs) as world:
        for _ in range(12):
            headers = {**world.signed(), CONSENT: "personalization, experiments"}
            await world.behave(headers)
            seen: list[str] = []
            for skip in range(0, 192, 24):
                response = await world.send(SEARCH, {"skip": skip}, headers=headers)
                data = response.json()["data"]
                seen += [item["productId"] for item in data["search"]["items"]]
                await world.settle()
                for item in data["personalization"]["listings"][0]["items"]:
                    stays = item["position"] == item["shopPosition"]
                    assert (item["reason"]["code"] == "shop_order") == stays
                    tried += item["reason"]["code"] == "tried_out"
            assert len(seen) == len(set(seen)) == 192
        assert tried > 0
        await world.gateway.outbox.flush()
        lists = [parse(row.line) async for row in world.gateway.store.events()]
        lists = [event for event in lists if event.event == "view_item_list"]
    explored = [event for event in lists if "exploration" in event.extra]
    assert len(explored) >= len(lists) - 7  # the pages of the one who met a cold window
    for event in explored:
        told, whole = event.extra["exploration"], event.extra["propensity"]
        assert len(told["items"]) == len(event.items)  # type: ignore[index, call-overload]
        assert 0 < whole <= min(told["items"]) + 1e-9  # type: ignore[index, call-overload, operator]
        assert event.extra["strategy"] == "shuffling@1"
    first = [event for event in explored if event.items[0].index == 0]
    told = [event.extra["exploration"] for event in first]
    assert {one["done"] for one in told if "swap" in one} == {True, False}  # type: ignore[index, operator]


async def test_what_only_chance_moved_says_so() -> None:
    codes: Counter[str] = Counter()
    async with turned_world(strategies=("exploring",), decisions={"exploring": Exploring()}) as world:
        for _ in range(12):
            headers = {**world.signed(), CONSENT: "personalization, experiments"}
            await world.behave(headers)
            data = (await world.send(SEARCH, {"skip": 0}, headers=headers)).json()["data"]
            items = data["personalization"]["listings"][0]["items"]
            moved = [item for item in items if item["position"] != item["shopPosition"]]
            assert all(abs(item["position"] - item["shopPosition"]) <= DISTANCE for item in moved)
            codes.update(item["reason"]["code"] for item in moved)
    assert set(codes) == {"tried_out"}


async def test_without_leave_the_order_is_the_strategies_own() -> None:
    plugs = {"shuffling": Shuffling(), "exploring": Exploring()}
    async with turned_world(strategies=("shuffling", "exploring"), decisions=plugs) as world:
        for consent in ("none", "personalization"):
            headers = {**world.signed(), CONSENT: consent}
            await world.send(SEARCH, {"skip": 0}, headers=headers)
        await world.gateway.outbox.flush()
        lists = [parse(row.line) async for row in world.gateway.store.events()]
    assert lists
    assert all(event.extra["propensity"] == 1.0 and "exploration" not in event.extra for event in lists)
