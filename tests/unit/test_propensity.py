"""Examination told from swaps: by hand, against a known truth, and worth something to the model that is trained."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality.position_bias import compare
from personalize.decisions.exploring import swaps
from personalize.domain.event import Event, EventItem
from personalize.errors import EvidenceError
from personalize.learning.journal import Journal
from personalize.learning.judgments import CLICK_WINDOW, ROBOT_CLICKS
from personalize.learning.metrics import paired_interval
from personalize.learning.propensity import POSITIONS, examination_of, examine, harvest, is_certain

KNOWN = np.arange(24)


def drawn_clicks(clicks: int, truth: np.ndarray, seed: int) -> np.ndarray:
    """Pairs as `harvest` counts them, of a log in which position k is looked at with probability truth[k]."""
    rng = np.random.default_rng(seed)
    pairs = sorted({(move.first, move.second) for move in swaps(0, 24)})  # type: ignore[union-attr]
    rates = np.array([[truth[a], truth[b]] for a, b in pairs])
    counts = rng.poisson(rates * clicks / rates.sum())
    found = np.zeros((POSITIONS, POSITIONS), np.int64)
    for (a, b), (first, second) in zip(pairs, counts, strict=True):
        found[a, b], found[b, a] = first, second
    return found


@pytest.mark.parametrize("truth", [(KNOWN + 1.0) ** -1.2, np.where(KNOWN < 4, 1.0, 0.3), np.exp(-KNOWN / 8)])
def test_the_truth_is_found_whatever_its_shape(truth: np.ndarray) -> None:
    found = examine(drawn_clicks(60_000, truth, 1))
    gap = found.log[:24] - np.log(truth / truth[0])
    assert np.abs(gap).max() < 0.25
    assert np.abs(gap[1:] / found.error[1:24]).max() < 4.5
    assert is_certain(found)
    assert np.isnan(found.error[24:]).all()
    assert (np.diff(found.at(np.arange(40.0, 90.0))) <= 1e-9).all()


def test_errors_are_honest() -> None:
    truth = (KNOWN + 1.0) ** -0.7
    fits = [examine(drawn_clicks(5_000, truth, seed)) for seed in range(12)]
    off = np.array([(fit.log[:24] - np.log(truth)) / np.maximum(fit.error[:24], 1e-9) for fit in fits])[:, 1:]
    assert 0.4 < np.sqrt((off**2).mean()) < 1.6


def a_list(name: str, ids: list[str], first: int = 0, **exploration: object) -> Event:
    items = tuple(EventItem(one, first + place) for place, one in enumerate(ids))
    return Event("view_item_list", name, 0.0, items=items, extra={"exploration": exploration})


def answer(name: str, item: str, *, at: float, visitor: str) -> Event:
    return Event("select_item", f"{name}-{item}-{at}", at, visitor, "s", items=(EventItem(item),), list_event_id=name)


def test_pairs_are_counted_where_both_places_were_shown() -> None:
    events = [
        a_list("a", ["x", "y", "z"], swap=[0, 2], done=True),
        a_list("b", ["x", "y", "z"], swap=[0, 2], done=False),
        a_list("c", ["x", "y", "z"], first=24, swap=[-1, 2]),
        a_list("d", ["x", "y"], lift="x", place=0),
        a_list("e", ["x"], swap="no"),
        Event("view_item_list", "f", 0.0),
    ]
    for name, items in {"a": "xy", "b": "z", "c": "z", "d": "x", "e": "x"}.items():
        events += [answer(name, item, at=2.0, visitor=name) for item in items]
    journal = Journal(events)
    found = harvest(journal)
    assert found.sum() == 2
    assert found[0, 2] == found[2, 0] == 1
    assert examination_of(journal) is None
    with pytest.raises(EvidenceError) as caught:
        examine(found)
    assert caught.value.code == "SWAPS_TOO_FEW"


def test_clicks_of_robots_and_late_ones_are_not_counted() -> None:
    events = [a_list(name, ["x", "y"], swap=[0, 1]) for name in ("human", "robot", "late", "unknown")]
    events += [answer("human", "y", at=5.0, visitor="h"), answer("late", "x", at=CLICK_WINDOW + 1, visitor="l")]
    events += [answer("robot", "x", at=0.1 * number, visitor="r") for number in range(ROBOT_CLICKS)]
    events += [answer("never", "x", at=1.0, visitor="n")]
    found = harvest(Journal(events))
    assert found[1, 0] == found.sum() == 1


def test_a_slope_of_few_clicks_is_shrunk_and_one_of_many_is_not() -> None:
    truth = (KNOWN + 1.0) ** -1.4
    few = np.array([examine(drawn_clicks(150, truth, seed)).slope for seed in range(30)])
    assert 1.0 < few.mean() < 1.4
    assert examine(drawn_clicks(40_000, truth, 1)).slope == pytest.approx(1.4, abs=0.1)


def test_noise_is_not_used() -> None:
    assert not is_certain(examine(drawn_clicks(150, np.ones(24), 3)))


def test_a_model_freed_of_positions_finds_more_of_the_true_order() -> None:
    # Without the context: whether it pays is measured elsewhere, and would take as long as all the rest.
    found = compare(shoppers=500, days=14, seed=0, swaps=1.0, bias=1.4, trial=250, signals="none")
    low, _ = paired_interval(found.freed - found.naive)
    assert low > 0
    assert found.freed.mean() > found.shop.mean()
