"""Pairs: what comes with what is counted exactly while there is room, bounded, and outlives a restart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.learned.pairs import EACH, PRIOR, Pairs

VISITS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8), max_size=30)


@given(VISITS)
def test_meetings_are_counted_one_by_one(visits: list[list[str]]) -> None:
    pairs, met, together = Pairs(), Counter[str](), Counter[tuple[str, str]]()
    for visit in visits:
        for number, item in enumerate(visit):
            pairs.together([item], visit[:number], EACH)
            met[item] += 1
            for other in visit[:number]:
                together[item, other] += 1
                together[other, item] += 1
    near, counts = pairs.near(tuple("abcdefgh"))
    assert counts.tolist() == [met[item] for item in "abcdefgh"]
    for other in "abcdefgh":
        held = dict(zip(*(part.tolist() for part in near.of(other)), strict=True)) if other in near.number else {}
        for place, item in enumerate("abcdefgh"):
            assert held.get(place, 0.0) == pytest.approx(together[item, other] / (met[other] + PRIOR))


def test_one_follows_another_not_the_other_way_round() -> None:
    pairs = Pairs()
    for _ in range(10):
        pairs.after(["b", "a"], ["a"])
    pairs.after(["b"], [])  # after nothing: nothing is met
    near, met = pairs.near(("a", "b", "never"))
    assert met.tolist() == [10, 0, 0]
    assert near.gather([("a", 2.0)], 3) == pytest.approx([1.0, 1.0, 0.0])
    assert set(pairs.near(("never",))[0].number) == set(pairs.near(())[0].number) == set()


def test_pairs_are_bounded_and_saved() -> None:
    pairs = Pairs(limit=40)
    for number in range(400):
        pairs.together(["star"], [], 4)
        pairs.together([f"i{number}", f"j{number}"], ["star"], 4)
        pairs.after([f"i{number}"], ["star", *(f"k{other}" for other in range(number % 50))])
        assert len(pairs) <= 40
    near, met = pairs.near(("star",))
    assert met[0] > 10  # it fades a little whenever others have to go
    assert 0 < len(near.number) <= EACH
    pairs.together([f"w{number}" for number in range(100)], [], 4)
    pairs.after([f"x{number}" for number in range(100)], [f"y{number}" for number in range(100)])
    assert len(pairs) <= 40
    again = Pairs.from_saved(pairs.to_saved())
    assert again.near(("star", "i399"))[1].tolist() == pairs.near(("star", "i399"))[1].tolist()
    again.together(["new"], ["star"], 4)
    broken = pairs.to_saved()
    broken.met = broken.met[:-8]
    with pytest.raises(ValueError, match="counts of"):
        Pairs.from_saved(broken)
    assert np.isfinite(met).all()


@pytest.mark.parametrize("one_way", [True, False])
def test_partners_met_often_stay_when_many_new_ones_come(one_way: bool) -> None:
    pairs = Pairs()
    pairs.together(["b", "c"], [], 0)
    for number in range(30):
        strangers = [f"x{number}-{other}" for other in range(2 * EACH)]
        if one_way:
            pairs.after(["a"], ["b", "c"])
            pairs.after(["a"], strangers)
        else:
            pairs.together(["a"], ["b", "c"], EACH)
            pairs.together(strangers, [], 0)
            pairs.together(["a"], strangers, 2 * EACH)
    near, _ = pairs.near(("a",))
    assert len(near.number) == EACH
    assert {partner for partner in near.number if near.of(partner)[1][0] > 0.5} == {"b", "c"}
