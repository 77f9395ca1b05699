"""Interleaving: a permutation in which both orders have the same chances, its credit, and who is preferred."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.interleaving import crowd, finds, needed
from personalize.cli import main
from personalize.decisions.interleaving import as_patch, interleave
from personalize.domain.event import Event, EventItem
from personalize.domain.interleaving import credit, draft
from personalize.domain.patch import Author, Patch, Reason, Reorder
from personalize.errors import EvidenceError
from personalize.events.log import write
from personalize.experiments.preference import judge, prefer

AUTHOR = Author("interleaving", "1")
orders = st.integers(1, 30).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.permutations(range(n))))


def _reorder(order, code="popular"):
    return Reorder("list", tuple(order), AUTHOR, Reason(code))


@given(orders, st.integers(0, 2**30))
def test_a_draft_is_a_permutation_whose_teams_pick_their_best(pair, tosses):
    one, other = pair
    found = draft(one, other, lambda number: bool(tosses >> number % 30 & 1))
    assert sorted(found.order) == sorted(one)
    assert len(found.teams) == len(one)
    assert abs(found.teams.count("a") - found.teams.count("b")) <= 1
    taken = set()
    for row, team in zip(found.order, found.teams, strict=True):
        picks = other if team == "b" else one
        assert row == next(one for one in picks if one not in taken)
        taken.add(row)
    swapped = draft(other, one, lambda number: not tosses >> number % 30 & 1)
    assert swapped.order == found.order
    assert swapped.teams == found.teams.translate(str.maketrans("ab", "ba"))


@given(st.permutations(range(12)))
def test_orders_that_agree_owe_nobody(order):
    found = draft(order, order, lambda _: True)
    assert (found.order, found.teams) == (tuple(order), "-" * 12)
    assert credit(found.teams, range(12)) == (0, 0)


def test_credit_counts_clicks_by_team():
    assert credit("-abba", [0, 1, 2, 4, 9]) == (2, 1)


def test_the_same_visitor_sees_the_same_and_others_see_the_other_half():
    one, other = _reorder((3, 2, 1, 0)), None
    first = [interleave("x", f"v{number}", "all", one, other, 4) for number in range(2_000)]
    assert first == [interleave("x", f"v{number}", "all", one, other, 4) for number in range(2_000)]
    began = Counter(found.order[0] for found in first)
    assert set(began) == {0, 3}
    assert 900 < began[0] < 1_100


def test_a_patch_keeps_the_reasons_of_who_picked():
    one, other = _reorder((2, 1, 0), "fits"), _reorder((1, 2, 0), "popular")
    found = draft(one.order, other.order, lambda _: True)
    (change,) = as_patch("list", found, one, other, AUTHOR).changes
    assert change.order == found.order
    codes = {row: change.reasons[row].code for row in found.order}
    assert codes[2] == "fits"
    assert codes[1] == "popular"
    assert as_patch("list", draft((0, 1), (0, 1), lambda _: True), None, None, AUTHOR) == Patch()


def _log(visitors=400, better=0.7):
    rng = np.random.default_rng(1)
    for number in range(visitors):
        teams = "ab" if rng.random() < 0.5 else "ba"
        told = {"experiment": "taste", "orders": ["ranker", "popularity"], "teams": teams}
        items = (EventItem("i1", 0), EventItem("i2", 1))
        yield Event("view_item_list", f"l{number}", 1e9, f"v{number}", "s", items=items, extra={"interleaved": told})
        place = teams.index("a" if rng.random() < better else "b")
        for turn in range(2):  # the same click twice counts once
            yield Event("select_item", f"c{number}-{turn}", 1e9 + 5, f"v{number}", "s", items=(items[place],),
                        list_event_id=f"l{number}")  # fmt: skip


def test_a_log_tells_which_order_is_preferred(tmp_path):
    found = prefer(_log(), "taste")
    assert found.orders == ("ranker", "popularity")
    assert sum(found.wins) == 400
    assert found.mean == pytest.approx((found.wins[0] - found.wins[1]) / 400)
    assert 0 < found.watched[0] < found.fixed[0]
    assert found.p < 0.001
    path = tmp_path / "events.jsonl"
    write(path, _log())
    arguments = ["experiment", "--events", str(path), "--name", "taste", "--interleaved"]
    assert json.loads(CliRunner().invoke(main, [*arguments, "--json"]).output)["mean"] == pytest.approx(found.mean)
    assert "lean to ranker" in CliRunner().invoke(main, arguments).output


@pytest.mark.parametrize(
    ("events", "name", "code"),
    [((), "taste", "NO_EXPOSURES"), (_log(), "other", "NO_EXPOSURES"), (_log(50), "taste", "TOO_FEW_UNITS")],
)
def test_what_a_log_cannot_answer_is_refused(events, name, code):
    with pytest.raises(EvidenceError) as caught:
        prefer(events, name)
    assert caught.value.code == code


def test_nobody_is_preferred_where_coins_are_tossed():
    rng = np.random.default_rng(2)
    found = [judge(rng.choice([-1.0, 0.0, 1.0], 500), ("a", "b"), 500) for _ in range(400)]
    assert 0.02 < np.mean([one.fixed[0] > 0 or one.fixed[1] < 0 for one in found]) < 0.09
    assert np.mean([one.p < 0.05 for one in found]) < 0.03


def test_a_better_ranker_is_found_with_a_tenth_of_the_visitors():
    people = crowd(6_000, 1)
    told = needed(people)
    assert told["interleaved"] * 10 <= told["A/B, clicks"]
    assert 0.6 <= finds(people, "interleaved", told["interleaved"], 100, 1) <= 0.97
