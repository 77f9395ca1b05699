"""Promotion: what a candidate has to show, refusals by name, the shelf and its pointer, drift, insights."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from personalize import artefact
from personalize.cli import main
from personalize.domain.event import Event
from personalize.errors import ArtefactError, EventError
from personalize.events.log import write
from personalize.features.shape import SHIFTED, describe, shapes
from personalize.learning import promote
from personalize.learning.contributions import contributions
from personalize.learning.drift import drift
from personalize.learning.insights import insights
from personalize.learning.promote import Limits, clustered_error, clustered_interval
from personalize.learning.replay import load as read_log
from personalize.learning.train import train
from personalize.learning.versions import KEPT, REPORT, Shelf, name_of
from tests.unit.shop_log import START, did, shop_log, shown

SPLIT = datetime.fromtimestamp(START + 50_000, UTC)
GOOD, BAD = "good", "bad"
UNTIMED = Limits(cpu_ms=1e6)  # what a busy machine measures is no matter of these tests


def compare(*told: Any, limits: Limits = UNTIMED, **options: Any) -> dict[str, Any]:
    """What `promote.compare` finds, however long scoring takes here and now."""
    return promote.compare(*told, limits=limits, **options)


def shuffled(seed: int = 5) -> Iterator[Event]:
    """The log with clicks that mean nothing: a model of it knows less."""
    rng = random.Random(seed)
    lists: dict[str, Event] = {}
    for event in shop_log(90):
        if event.event == "view_item_list":
            lists[event.event_id] = event
            yield event
        elif event.event == "select_item" and event.list_event_id in lists:
            yield msgspec.structs.replace(event, items=(rng.choice(lists[event.list_event_id].items),))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`log.jsonl`, a `good` model of its first half, and a `bad` one of clicks by chance."""
    folder = tmp_path_factory.mktemp("promote")
    write(folder / "log.jsonl", shop_log(90))
    write(folder / "chance.jsonl", shuffled())
    train(folder / "log.jsonl", SPLIT, folder / GOOD, seed=4)
    train(folder / "chance.jsonl", SPLIT, folder / BAD, seed=4)
    return folder


def codes(report: dict[str, object]) -> list[str]:
    refusals = report["refusals"]
    assert isinstance(refusals, list)
    return [one["code"] for one in refusals]


def altered(source: Path, target: Path, **changes: object) -> Path:
    """A copy of an artefact with another card."""
    card = tomllib.loads((source / artefact.CARD).read_text("utf-8"))
    model = artefact.load(source)
    rest = {key: value for key, value in card.items() if key not in ("features", "schema", "checksum")}
    artefact.save(target, (source / artefact.MODEL).read_text("utf-8"), model.schema, {**rest, **changes})
    return target


def test_the_first_model_has_to_beat_the_best_rule(world: Path) -> None:
    found = compare(world / GOOD, world / "log.jsonl")
    assert found["verdict"] == "promote", found["refusals"]
    assert found["against"] in ("shop_order", "last_touched", "repeat", "popularity", "random")
    assert found["difference"][0] > 0
    assert found["lists"] == 90 * 4
    assert {one["name"] for one in found["segments"]} == {"visitor", "device", "list"}
    assert found["cpu_ms"]["candidate"] > 0
    assert 0 < found["order_bent"]["candidate"] < 1
    assert orjson.loads(orjson.dumps(found)) == found


def test_better_goes_live_and_worse_does_not(world: Path) -> None:
    assert compare(world / GOOD, world / "log.jsonl", world / BAD)["verdict"] == "promote"
    found = compare(world / BAD, world / "log.jsonl", world / GOOD)
    assert found["verdict"] == "refuse"
    assert "NOT_BETTER" in codes(found)
    assert "SEGMENT_FALLS" in codes(found)
    same = compare(world / GOOD, world / "log.jsonl", world / GOOD)
    assert codes(same) == ["NOT_BETTER"]
    assert same["difference"] == [0.0, 0.0]


def test_what_was_trained_on_does_not_judge(world: Path, tmp_path: Path) -> None:
    train(world / "log.jsonl", None, tmp_path / "all", seed=4)
    assert codes(compare(tmp_path / "all", world / "log.jsonl")) == ["SLICE_SEEN"]
    assert codes(compare(world / GOOD, world / "log.jsonl", tmp_path / "all")) == ["SLICE_SEEN"]
    early = datetime.fromtimestamp(START + 40, UTC)
    assert codes(compare(world / GOOD, world / "log.jsonl", since=early)) == ["SLICE_SEEN"]
    late = datetime.fromtimestamp(START + 53_500, UTC)
    assert codes(compare(world / GOOD, world / "log.jsonl", since=late)) == ["TOO_FEW_LISTS"]
    silent = altered(world / GOOD, tmp_path / "silent", data={"lists": 1})
    assert codes(compare(silent, world / "log.jsonl")) == ["TRAINING_UNKNOWN"]


def test_guards_refuse_by_name(world: Path, tmp_path: Path) -> None:
    slow = compare(world / GOOD, world / "log.jsonl", limits=Limits(cpu_ms=1e-6))
    assert codes(slow) == ["TOO_SLOW"]
    assert codes(compare(tmp_path / "none", world / "log.jsonl")) == ["ARTEFACT_MISSING"]
    foreign = altered(world / GOOD, tmp_path / "foreign", fingerprint="0" * 16)
    assert codes(compare(foreign, world / "log.jsonl")) == ["ARTEFACT_FINGERPRINT"]
    cut = altered(world / GOOD, tmp_path / "cut")
    (cut / artefact.MODEL).write_bytes((cut / artefact.MODEL).read_bytes()[:-200])
    assert codes(compare(cut, world / "log.jsonl")) == ["ARTEFACT_CHECKSUM"]
    # An incumbent that no gateway would serve is told of, and does not stand in the way.
    found = compare(world / GOOD, world / "log.jsonl", cut)
    assert found["verdict"] == "promote"
    assert found["incumbent_unusable"]["code"] == "ARTEFACT_CHECKSUM"


def test_one_segment_that_falls_is_enough(world: Path, tmp_path: Path) -> None:
    """A candidate that is better on the whole and harms those on one device."""
    events = []
    rng = random.Random(2)
    lists: dict[str, Event] = {}
    for event in shop_log(90):
        visitor = int((event.visitor or "v0")[1:])
        tablet = visitor % 10 == 0
        if event.event == "view_item_list":
            event = msgspec.structs.replace(event, context={"device": "tablet" if tablet else "phone"})
            lists[event.event_id] = event
        elif event.event == "select_item" and tablet and event.list_event_id in lists:
            # Here the shop's own order is what shoppers follow.
            event = msgspec.structs.replace(event, items=(lists[event.list_event_id].items[rng.random() < 0.1],))
        events.append(event)
    write(tmp_path / "log.jsonl", events)
    found = compare(world / GOOD, tmp_path / "log.jsonl", limits=Limits(cpu_ms=1e6, segment_lists=30))
    assert found["against"] in ("shop_order", "repeat")  # which is the shop's order for those who bought nothing
    assert found["difference"][0] > 0
    assert codes(found) == ["SEGMENT_FALLS"]
    (harmed,) = [one for one in found["segments"] if one["harmed"]]
    assert (harmed["name"], harmed["value"]) == ("device", "tablet")
    assert harmed["interval"][1] < 0


def test_a_visitors_lists_are_one_piece_of_evidence() -> None:
    rng = np.random.default_rng(0)
    per_visitor = rng.normal(0.02, 0.2, 60)
    gap = np.repeat(per_visitor, 20)
    units = np.repeat(np.arange(60), 20).tolist()
    low, high = clustered_interval(gap, units)
    alone = clustered_interval(gap, list(range(len(gap))))
    assert high - low > 3 * (alone[1] - alone[0])
    assert clustered_error(gap, units) == pytest.approx(per_visitor.std(ddof=1) / 60**0.5, rel=0.05)
    assert (high - low) / (2 * 1.96) == pytest.approx(clustered_error(gap, units), rel=0.1)


def test_the_shelf_goes_forth_and_one_step_back(world: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "live")
    assert shelf.history() == []
    with pytest.raises(ArtefactError, match="NOTHING_BEFORE"):
        shelf.rollback()
    first = shelf.publish(world / BAD, b'{"why": "first"}')
    second = shelf.publish(world / GOOD, expected=[first])
    assert shelf.history() == [second, first]
    assert artefact.load(shelf.folder).version == artefact.load(world / GOOD).version
    assert (shelf.folder / first / REPORT).read_bytes() == b'{"why": "first"}'
    with pytest.raises(ArtefactError, match="SHELF_MOVED"):
        shelf.publish(world / GOOD, expected=[first])
    with pytest.raises(ArtefactError, match="CANDIDATE_CHANGED"):
        shelf.publish(world / BAD, judged=second)
    assert shelf.rollback() == (second, first)
    assert artefact.load(shelf.folder).version == artefact.load(world / BAD).version
    assert set(shelf.versions()) == {first, second}  # nothing is deleted
    assert shelf.publish(shelf.folder / second, again=second) == second
    with pytest.raises(ArtefactError):
        shelf.publish(tmp_path / "nothing")
    assert shelf.history() == [second, first]
    assert not [one for one in shelf.folder.iterdir() if one.name.startswith(".")]


def test_what_was_taken_back_stays_back_until_it_is_named(world: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "live")
    first, second = shelf.publish(world / BAD), shelf.publish(world / GOOD)
    shelf.rollback()
    assert shelf.withdrawn() == [second]
    late = altered(world / GOOD, tmp_path / "late", created="2031-01-01T00:00:00+00:00")  # the same trees, trained anew
    for candidate, again in ((world / GOOD, None), (world / GOOD, first), (late, None)):
        with pytest.raises(ArtefactError, match="WITHDRAWN") as caught:
            shelf.publish(candidate, again=again)
        assert f"--again {second}" in caught.value.hint
    found = compare(late, world / "log.jsonl", withdrawn=shelf.withdrawn())
    assert (found["verdict"], codes(found)) == ("refuse", ["WITHDRAWN"])
    assert f"--again {second}" in found["refusals"][0]["message"]
    assert shelf.history() == [first]
    assert shelf.publish(late, again=second) == name_of(artefact.load(late))
    assert shelf.withdrawn() == []
    assert shelf.publish(world / GOOD) == second
    assert shelf.rollback() == (second, name_of(artefact.load(late)))
    shelf.rollback()
    assert shelf.history() == [first]
    assert shelf.withdrawn() == [name_of(artefact.load(late)), second]


def test_only_a_stated_number_of_models_is_kept_and_all_cards(world: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "live")
    for day in range(1, KEPT + 5):
        shelf.publish(altered(world / GOOD, tmp_path / "one", created=f"2026-03-{day:02d}T00:00:00+00:00"))
    whole = [one for one in shelf.versions() if (shelf.folder / one / artefact.MODEL).exists()]
    assert whole == shelf.versions()[-KEPT:]
    assert all((shelf.folder / one / artefact.CARD).exists() for one in shelf.versions())
    assert len(shelf.versions()) == KEPT + 4
    assert shelf.rollback()[1] == shelf.versions()[-2]


@pytest.mark.parametrize("pointer", ["", "../elsewhere", "a/b", "\x00", "x" * 300])
def test_a_pointer_leads_nowhere_else(tmp_path: Path, pointer: str) -> None:
    (tmp_path / artefact.LIVE).write_text(pointer)
    with pytest.raises(ArtefactError, match="ARTEFACT_POINTER"):
        artefact.load(tmp_path)
    assert artefact.stamp(tmp_path) is not None


def test_drift_is_seen_where_there_is_some(world: Path, tmp_path: Path) -> None:
    model, events = artefact.load(world / GOOD), read_log(world / "log.jsonl")
    calm = drift(model, events, SPLIT.timestamp())
    assert calm["lists"] == 90 * 4
    assert calm["shifted"] == []  # the same behaviour, later: only counts grew, and it is another day
    assert max(calm["expected"]["weekday"], calm["expected"]["impressions"]) >= SHIFTED
    assert not calm["expected"].keys() & calm["features"].keys()
    assert calm["click_rate"]["training"] == pytest.approx(1.0)
    dear = [
        msgspec.structs.replace(
            event, items=tuple(msgspec.structs.replace(i, price=i.price and i.price * 5) for i in event.items)
        )
        for event in events
    ]
    found = drift(model, dear, SPLIT.timestamp())
    assert "price_log" in found["shifted"]
    assert found["features"]["price_log"] > 1 > calm["features"]["price_log"]


def test_shapes_tell_missing_and_discrete_values() -> None:
    matrix = np.array([[0, 5], [0, np.nan], [0, np.nan], [1, 5]], np.float32)
    told = describe(matrix, ["flag", "number"])
    assert told["number"][1][0] == 0.5
    found = shapes({"drift": told}, ["flag", "number"])
    assert found[0].psi(found[0].count(matrix[:, 0])) == pytest.approx(0.0, abs=1e-6)
    assert found[0].psi(found[0].count(np.ones(10, np.float32))) > 1
    assert shapes({"drift": {"flag": [[1.0], [0.5]]}}, ["flag"]) == {}
    assert shapes({}, ["flag"]) == {}


def test_contributions_sum_to_the_score(world: Path) -> None:
    model, events = artefact.load(world / GOOD), read_log(world / "log.jsonl")
    name = [event.event_id for event in events if event.event == "view_item_list"][-1]
    found = contributions(model, events, name)
    assert len(found["rows"]) == 12
    for row in found["rows"]:
        assert row["base"] + sum(part["value"] for part in row["groups"]) == pytest.approx(row["score"])
    with pytest.raises(EventError, match="LIST_UNKNOWN"):
        contributions(model, events, "no-such-list")


def test_contributions_of_a_list_are_of_the_state_before_it_and_in_the_operators_language(world: Path) -> None:
    model, events = artefact.load(world / GOOD), read_log(world / "log.jsonl")
    lists = [event for event in events if event.event == "view_item_list"]
    for event in (lists[0], lists[len(lists) // 2]):
        found = contributions(model, events, event.event_id, "de")
        # What came later changes nothing: the walk ends at the list.
        assert found == contributions(model, [one for one in events if one.at <= event.at], event.event_id, "de")
        texts = {part["text"] for row in found["rows"] for part in row["groups"]}
        assert "Die Reihenfolge des Shops" in texts


def test_insights_for_the_merchandiser(tmp_path: Path) -> None:
    nothing = Event("view_item_list", "z1", START, "v", "s", list_id="search", search_term="Left-handed  Mug")
    told = Event("search", "z2", START, "v", "s", search_term="left-handed mug", extra={"results": 0})
    full = Event("search", "z3", START, "v", "s", search_term="mug", extra={"results": 4})
    listed = msgspec.structs.replace(shown("l", START + 1, list(range(10))), extra={"strategy": "ranker@1"})
    refused = [did("not_interested", f"n{row}", START + 2 + row, row) for row in (0, 5, 3)]
    write(tmp_path / "log.jsonl", [nothing, told, full, listed, *refused])
    found = insights(tmp_path / "log.jsonl")
    assert found["zero_results"] == [{"term": "left-handed mug", "times": 2}]
    assert {row["item_id"]: row["mean_position"] for row in found["refused_items"]} == {"i0": 0, "i5": 5, "i3": 3}
    assert found["refused_by_strategy"] == [{"strategy": "ranker@1", "times": 3}]
    assert found["refused_properties"][0]["value"] == "Aster"  # two of three, of a fifth of the items
    assert found["refused_properties"][0]["lift"] > 2


def test_the_command_promotes_refuses_and_rolls_back(world: Path, tmp_path: Path) -> None:
    live, log = str(tmp_path / "live"), str(world / "log.jsonl")

    def run(*arguments: str, code: int = 0) -> str:
        found = CliRunner().invoke(main, ["promote", "--live", live, "--cpu-ms", "1e6", *arguments])
        assert found.exit_code == code, found.output
        return found.output

    first = orjson.loads(run(str(world / BAD), "--events", log, "--json", code=3))
    assert first["verdict"] == "refuse"  # not better than the best rule
    assert "run it again with --auto" in run(str(world / GOOD), "--events", log)
    assert not Shelf(Path(live)).history()
    told = orjson.loads(run(str(world / GOOD), "--events", log, "--auto", "--json"))
    assert Shelf(Path(live)).history() == [told["live"]] == [name_of(artefact.load(world / GOOD))]
    assert "NOT_BETTER" in run(str(world / BAD), "--events", log, "--auto", code=3)
    run("--rollback", code=2)
    worse = Shelf(Path(live)).publish(world / BAD)
    run("--rollback")
    assert "WITHDRAWN" in run(str(world / BAD), "--events", log, "--auto", code=3)
    assert "NOT_BETTER" in run(str(world / BAD), "--events", log, "--auto", "--again", worse, code=3)
    assert worse in run(str(world / BAD), "--events", log, "--auto", "--again", "20300101T000000Z-000000000000", code=2)
    assert "no folder" in run(str(world / "mistyped"), "--events", log, code=2)
    assert "PSI" in run("--report", "--events", log)
    run("--report", code=2)
    run(code=2)
    explained = CliRunner().invoke(
        main,
        ["explain", "--events", log, "--list", "v1-0-l1", "--model", live, "--language", "de", "--json"],
        catch_exceptions=False,
    )
    assert len(orjson.loads(explained.output)["rows"]) == 12
    listed = CliRunner().invoke(main, ["insights", "--events", log], catch_exceptions=False)
    assert "searches without a result" in listed.output
