"""The law of the displacement cap: a permutation stays one, nobody goes too far, what is allowed stays as it is."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from personalize.guardrails.displacement import Cap, footrule

CAPS = st.builds(Cap, st.integers(0, 8), st.integers(0, 8))
ORDERS = st.integers(0, 40).flatmap(lambda size: st.permutations(range(size))).map(tuple)


@given(CAPS, ORDERS)
def test_a_repaired_order_is_a_permutation_within_the_cap(cap: Cap, order: tuple[int, ...]) -> None:
    made = cap.repair(order)
    assert sorted(made) == list(range(len(order)))
    assert cap.holds(made)
    assert cap.repair(made) == made


@given(CAPS, ORDERS)
def test_what_the_cap_allows_is_left_alone(cap: Cap, order: tuple[int, ...]) -> None:
    assert (cap.repair(order) == order) == cap.holds(order)
    assert cap.repair(tuple(range(len(order)))) == tuple(range(len(order)))
    if not cap:
        assert cap.repair(order) == order


@given(CAPS, st.permutations(range(6)).map(tuple))
def test_the_repair_keeps_to_the_wish_place_by_place(cap: Cap, order: tuple[int, ...]) -> None:
    """Of all allowed orders it is the one that gives each place, from the first on, to whom `order` names first."""
    allowed = [one for one in permutations(range(6)) if cap.holds(one)]
    wanted = {row: place for place, row in enumerate(order)}
    assert cap.repair(order) == min(allowed, key=lambda one: [wanted[row] for row in one])


@given(ORDERS)
def test_the_measure_runs_from_the_shops_order_to_its_reverse(order: tuple[int, ...]) -> None:
    assert 0.0 <= footrule(order) <= 1.0
    assert (footrule(order) == 0.0) == (order == tuple(sorted(order)))
    if len(order) > 1:
        assert footrule(tuple(sorted(order, reverse=True))) == 1.0
