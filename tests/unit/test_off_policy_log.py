"""Off-policy estimates of event logs: other orders, told from lists that were drawn by known chances."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.decisions.exploring import swaps
from personalize.domain.event import Event, EventItem
from personalize.domain.moves import Draw
from personalize.errors import EvidenceError
from personalize.events.log import write
from personalize.learning.policies import judge_log, propensities

ITEMS = 8
SEEN = np.arange(1, ITEMS + 1) ** -0.8  # examination by place
LIKED = np.array([0.3, 0.5, 0.1, 0.6, 0.2, 0.4, 0.1, 0.5])  # clicks once looked at, in the shop's order


def lists(count: int, how: str, seed: int = 0) -> Iterator[Event]:
    """Lists of a visitor each: `shuffled` (chances per item; `whole`: per page), a pair `swapped`, or a `near` one."""
    rng = np.random.default_rng(seed)
    n = 3 if how == "whole" else ITEMS
    moves = swaps(0, n)
    if how == "near":
        moves = tuple(move for move in moves if move.second - move.first == 1)  # type: ignore[union-attr]
    for number in range(count):
        order, extra = rng.permutation(n), {"propensity": 1 / 6}
        if how == "shuffled":
            extra = {"propensity": 1 / 40_320, "exploration": {"items": [1 / n] * n}}  # type: ignore[dict-item]
        elif how in ("swapped", "near"):
            draw = Draw(moves, (1 / len(moves),) * len(moves), int(rng.integers(len(moves))))
            order = np.array(draw.move.applied(range(n)))
            page, each = draw.propensities(range(n), 0, n)
            extra = {"propensity": page, "exploration": {"items": list(each)}}  # type: ignore[dict-item]
        items = tuple(EventItem(f"i{row}", place, int(row)) for place, row in enumerate(order))
        at, who = 1e9 + 10.0 * number, f"v{number}"
        yield Event("view_item_list", f"l{number}", at, who, "s", items=items, extra=extra)
        clicked = rng.random(n) < SEEN[:n] * LIKED[order]
        for place in np.flatnonzero(clicked).tolist():
            yield Event(
                "select_item", f"c{number}-{place}", at + 1, who, "s", items=(items[place],), list_event_id=f"l{number}"
            )


def truth(order: np.ndarray) -> float:
    """Clicks per list of an order of rows."""
    return float(SEEN[: len(order)] @ LIKED[order])


@pytest.mark.parametrize(("how", "count", "n"), [("shuffled", 3_000, 8), ("swapped", 1_000, 8), ("whole", 2_000, 3)])
def test_the_shops_order_is_estimated_from_orders_that_chance_bent(
    tmp_path: Path, how: str, count: int, n: int
) -> None:
    write(tmp_path / "log.jsonl", lists(count, how))
    found = judge_log(tmp_path / "log.jsonl", None, "shop_order", "logged")
    assert found["lists"] == count
    for method, figures in found["estimates"].items():
        low, high = figures["policy"]["interval"]
        wide = (high - low) / 4  # a miss by one more standard error is no error of the method
        assert low - wide < truth(np.arange(n)) < high + wide, (method, low, high)
        assert figures["policy"]["weight"] == pytest.approx(1, abs=0.1)
    logged = found["estimates"]["ips"]["against"]
    assert logged["effective"] == pytest.approx(count)


def test_popularity_is_told_from_a_shuffled_log_and_beats_chance(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", lists(3_000, "shuffled"))
    found = judge_log(tmp_path / "log.jsonl", None, "popularity", "random")
    best, mean = truth(np.argsort(-LIKED)), float(SEEN.sum() * LIKED.mean())
    for figures in found["estimates"].values():
        assert figures["difference"]["interval"][0] > 0
        assert figures["policy"]["value"] == pytest.approx(best, rel=0.12)
        assert figures["against"]["value"] == pytest.approx(mean, rel=0.12)


def test_what_the_log_never_tried_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", lists(1_000, "near"))
    with pytest.raises(EvidenceError) as caught:
        judge_log(tmp_path / "log.jsonl", None, "popularity", "shop_order")
    assert caught.value.code in {"PROPENSITIES_WRONG", "SAMPLE_TOO_SMALL"}
    write(tmp_path / "few.jsonl", lists(60, "shuffled"))
    with pytest.raises(EvidenceError) as caught:
        judge_log(tmp_path / "few.jsonl", None, "shop_order", "random")
    assert caught.value.code == "SAMPLE_TOO_SMALL"


def test_the_command_says_what_it_left_out(tmp_path: Path) -> None:
    bare = Event("view_item_list", "bare", 1e9, items=(EventItem("i0", 0),))
    write(tmp_path / "log.jsonl", [bare, *lists(400, "swapped")])
    asked = ["evaluate", "--events", str(tmp_path / "log.jsonl"), "--policy", "shop_order", "--against", "logged"]
    result = CliRunner().invoke(main, [*asked, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["lists"] == 400
    assert found["without_propensity"] == 1
    assert (found["dropped"], found["noted"]) == ({}, {"NO_VISITOR": 1})
    assert "clicks per list" in CliRunner().invoke(main, asked).output


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({}, None),
        ({"propensity": 0}, None),
        ({"propensity": 1.5}, None),
        ({"propensity": True}, None),
        ({"propensity": "1"}, None),
        ({"propensity": 1.0}, (None, [1.0, 1.0])),
        ({"propensity": 0.25}, (0.25, [0.25, 0.25])),
        ({"propensity": 0.25, "exploration": {"items": [0.5, 1.0]}}, (None, [0.5, 1.0])),
        ({"propensity": 0.25, "exploration": {"items": [0.5]}}, (0.25, [0.25, 0.25])),
        ({"propensity": 0.25, "exploration": {"items": [0.5, 0]}}, (0.25, [0.25, 0.25])),
    ],
)
def test_chances_of_a_list(extra: dict[str, object], told: object) -> None:
    event = Event("view_item_list", "l", 0.0, items=(EventItem("a"), EventItem("b")), extra=extra)
    assert propensities(event) == told
