"""Chance under a cap of displacement: no draw bends the order further, and what is logged of it stays exact."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from personalize.decisions.exploring import PLACE, Exploring
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.moves import FIRST_PAGE, Draw, Lift, Move, Swap
from personalize.domain.patch import Author, Explore, Patch, Reason, Reorder
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.gateway.listing.decide import Decider, Published
from personalize.guardrails.apply import last_explore, planned, propensities
from personalize.guardrails.apply import order as order_of
from personalize.guardrails.chance import narrowed
from personalize.guardrails.displacement import Cap
from personalize.guardrails.ranking import within
from personalize.telemetry import Telemetry
from tests.laws.test_exploring import OLD, Draws, a_listing, a_visit, draws, past

CAPS = st.builds(Cap, st.integers(0, 30), st.integers(0, 30)).filter(bool)


@given(draws(), CAPS)
def test_what_chance_does_keeps_within_the_cap(told: Draws, cap: Cap) -> None:
    found, order, keep = told
    order = cap.repair(order)
    left = narrowed(found, order, cap)
    allowed = {move for move in found.moves if isinstance(move, Swap) and _holds(move, order, cap)}
    if left is None:
        assert not allowed
        return
    assert left.sound(len(order))
    assert all(cap.holds(move.applied(order)) for move in left.moves)
    assert all(move.applied(order)[:keep] == order[:keep] for move in left.moves)
    assert {move for move in left.moves if isinstance(move, Swap)} == allowed
    new = {move.row for move in found.moves if isinstance(move, Lift)}
    for move in left.moves:
        if isinstance(move, Lift):
            assert move.row in new
            assert PLACE <= move.place < FIRST_PAGE
            assert move.applied(order) != order
            higher = Lift(move.row, move.place - 1)
            assert move.place <= max(PLACE, keep) or not cap.holds(higher.applied(order))


def _holds(move: Swap, order: tuple[int, ...], cap: Cap) -> bool:
    """Of a pair both outcomes are there, or neither is."""
    return cap.holds(Swap(move.first, move.second).applied(order))


@given(draws(), CAPS)
def test_chances_are_those_of_the_possible_moves_in_proportion(told: Draws, cap: Cap) -> None:
    found, order, _ = told
    order, steps = cap.repair(order), 100
    mass: defaultdict[int, float] = defaultdict(float)
    first = narrowed(found, order, cap)
    if first is None:
        return
    origin = {_name(move): chance for move, chance in zip(found.moves, found.chances, strict=True)}
    total = sum(origin[_name(move)] for move in first.moves)
    assert first.chances == pytest.approx([origin[_name(move)] / total for move in first.moves])
    possible = {_name(move) for move in first.moves}
    gone = sum(c for move, c in zip(found.moves, found.chances, strict=True) if _name(move) not in possible)
    for drawn, (move, chance) in enumerate(zip(found.moves, found.chances, strict=True)):
        if _name(move) in possible:
            left = narrowed(Draw(found.moves, found.chances, drawn, 0.5), order, cap)
            assert left is not None
            assert _name(left.move) == _name(move)  # what can stand, stands
            mass[left.drawn] += chance
    if gone:
        lost = next(at for at, move in enumerate(found.moves) if _name(move) not in possible)
        for step in range(steps):
            left = narrowed(Draw(found.moves, found.chances, lost, (step + 0.5) / steps), order, cap)
            assert left is not None
            mass[left.drawn] += gone / steps
    assert [mass[at] for at in range(len(first.moves))] == pytest.approx(first.chances, abs=1.1 / steps)


def _name(move: Move) -> tuple[object, ...]:
    """A move whatever place a cap gives it."""
    return ("lift", move.row) if isinstance(move, Lift) else tuple(move)


@pytest.mark.parametrize("cap", [Cap(3, 2), Cap(0, 1), Cap(12, 0)])
def test_what_is_drawn_falls_as_the_chances_say(cap: Cap) -> None:
    ids = [*OLD[:30], *(f"new{number}" for number in range(6))]
    order = cap.repair(tuple(np.random.default_rng(3).permutation(len(ids)).tolist()))
    counts: Counter[Move] = Counter()
    left: list[Draw] = []
    for number in range(3_000):
        (change,) = Exploring().decide("t", a_listing(ids), a_visit(f"visitor {number}"), past()).changes
        assert isinstance(change, Explore)
        found = narrowed(change.draw, order, cap)
        assert found is not None
        counts[found.move] += 1
        left.append(found)
    moves, chances = left[0].moves, np.array(left[0].chances)
    assert chisquare([counts[move] for move in moves], chances * len(left)).pvalue > 1e-4


def test_without_chance_left_over_there_is_no_draw_again() -> None:
    moves: tuple[Move, ...] = (Swap(0, 1), Swap(0, 1, done=False), Swap(0, 3), Swap(0, 3, done=False))
    draw = Draw(moves, (0.25,) * 4, 0)
    assert narrowed(draw, range(4), Cap(1, 1)) is None  # nobody could say how likely what is shown was
    assert narrowed(draw, range(4), Cap(3, 3)) == draw
    left = narrowed(Draw(moves, (0.25,) * 4, 2, 0.7), range(4), Cap(1, 1))
    assert left == Draw(moves[:2], (0.5, 0.5), 1)
    assert narrowed(Draw(moves[2:], (0.5, 0.5), 0, 0.7), range(4), Cap(1, 1)) is None


def test_a_new_item_rises_as_far_as_it_may() -> None:
    ids = [*OLD[:30], "new"]
    listing = a_listing(ids)
    for number in range(200):
        (change,) = Exploring().decide("t", listing, a_visit(f"visitor {number}"), past()).changes
        assert isinstance(change, Explore)
        if isinstance(change.draw.move, Lift):
            break
    explored = Patch((change,))
    for cap, place in ((Cap(0, 1), PLACE), (Cap(25, 0), PLACE), (Cap(10, 1), 20)):
        patch, nothing = within(explored, "t", 31, cap)
        assert not nothing
        assert order_of(patch, "t", 31).index(30) == place
    patch, _ = within(explored, "t", 31, Cap(5, 5))  # the first page is out of its reach: others take its chance
    left = last_explore(patch, "t")
    assert left is not None
    assert all(isinstance(move, Swap) for move in left.draw.moves)


class Turning:
    """Turns a listing round."""

    name, version = "turning", "1"

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        order = tuple(range(len(listing)))[::-1]
        return Patch((Reorder(target, order, Author("turning", "1"), Reason("popular")),))


@pytest.mark.parametrize("own", ["", "turning", "exploring"])
def test_a_decider_with_a_cap_explores_within_it(own: str) -> None:
    plugs: dict[str, Any] = {"turning": Turning(), "exploring": Exploring()}
    cap = Cap(4, 3)
    decider = Decider(plugs, past(), telemetry := Telemetry(), Cap() if own else cap)
    decider.use(Published({}, {}, {own: cap} if own else {}))
    modes = {"turning": Mode.ON, "exploring": Mode.ON}
    moved = 0
    for number in range(60):
        patch = decider.decide(modes, "t", a_listing(OLD[:40]), a_visit(f"visitor {number}")).patch
        plan, order = planned(patch, "t", 40), order_of(patch, "t", 40)
        if own == "exploring":  # what it moves keeps within its cap, whatever others do
            assert plan == tuple(range(40))[::-1]
            assert all(-4 <= at - row <= 3 or plan[at] == row or abs(at - row) < abs(plan.index(row) - row)
                       for at, row in enumerate(order))  # fmt: skip
        else:
            assert cap.holds(order)
        moved += order != plan
        told = propensities(patch, "t", 40, 0, order[:24])
        explored = last_explore(patch, "t")
        assert explored is not None
        assert told is not None
        ways = zip(explored.draw.moves, explored.draw.chances, strict=True)
        assert told[0] == pytest.approx(sum(p for move, p in ways if move.applied(plan)[:24] == order[:24]))
    assert moved > 10
    assert telemetry.counted("guardrail", "exploring_capped") == 0


class Stepped(Turning):
    """The row in the last place but one has gone down as far as it may."""

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        order = (*range(21), 22, 21, 23)
        return Patch((Reorder(target, order, Author("turning", "1"), Reason("popular")),))


def test_where_nothing_may_move_it_is_counted() -> None:
    plugs: dict[str, Any] = {"turning": Stepped(), "exploring": Exploring(keep=22)}
    decider = Decider(plugs, past(), telemetry := Telemetry(), Cap(1, 1))
    listing = a_listing(OLD[:24])
    assert last_explore(decider.decide({"exploring": Mode.ON}, "t", listing, a_visit()).patch, "t") is not None
    assert telemetry.counted("guardrail", "exploring_capped") == 0
    both = decider.decide({"turning": Mode.ON, "exploring": Mode.ON}, "t", listing, a_visit()).patch
    assert last_explore(both, "t") is None
    assert telemetry.counted("guardrail", "exploring_capped") == 1
