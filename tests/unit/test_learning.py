"""Learning: metrics by hand, training on an invented log, what an artefact refuses."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from personalize import artefact
from personalize.decisions.scoring import rank
from personalize.errors import ArtefactError, EventError, EvidenceError
from personalize.events.log import dump, write
from personalize.features.extract import extract
from personalize.learning import policies
from personalize.learning.evaluate import evaluate
from personalize.learning.examples import repeat_share
from personalize.learning.metrics import Health, mrr, ndcg, paired_interval
from personalize.learning.replay import load, replay
from personalize.learning.train import train
from tests.unit.shop_log import START, clicked, did, shop_log, shown

SPLIT = datetime.fromtimestamp(START + 50_000, UTC)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose lines are shuffled and in part repeated."""
    lines = [dump(event) for event in shop_log(90)]
    rng = random.Random(3)
    lines += rng.sample(lines, len(lines) // 5)
    rng.shuffle(lines)
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    path.write_bytes(b"".join(lines))
    return path


@pytest.fixture(scope="module")
def model(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "invented"
    card = train(log, SPLIT, out, seed=4)
    assert card["data"]["lists"] == 90 * 4
    assert card["data"]["dropped"]["REPEATED"] > 0
    return out


def test_metrics_by_hand() -> None:
    order, clicks = np.array([2, 0, 1]), np.array([True, False, False])
    assert ndcg(order, clicks) == pytest.approx(1 / np.log2(3))
    assert mrr(order, clicks) == 0.5
    assert ndcg(np.array([0, 2, 1]), np.array([True, False, True])) == 1.0
    deep = np.arange(20)
    assert ndcg(deep, deep == 10) == 0.0
    assert mrr(deep, deep == 10) == pytest.approx(1 / 11)


def test_the_interval_covers_the_mean_and_narrows() -> None:
    values = np.random.default_rng(0).normal(0.1, 1, 4000)
    low, high = paired_interval(values)
    assert low < values.mean() < high
    wide = paired_interval(values[:100])
    assert wide[1] - wide[0] > high - low


def test_a_model_learns_tastes_and_beats_every_rule(log: Path, model: Path) -> None:
    found = evaluate(log, SPLIT, model)
    assert found["lists"] == 90 * 4
    policies = {name: groups["all"]["ndcg@10"] for name, groups in found["policies"].items()}
    assert set(policies) == {"model", "random", "popularity", "shop_order", "last_touched", "repeat"}
    assert policies["model"] > 0.1 + max(value for name, value in policies.items() if name != "model")
    rule = found["difference_to_best_rule"]
    assert policies[rule["rule"]] == max(value for name, value in policies.items() if name != "model")
    assert rule["ndcg@10"][0] > 0
    assert found["policies"]["model"]["last"]["n"] == 90
    assert found["policies"]["random"]["all"]["mrr"] == pytest.approx(
        sum(1 / (k + 1) for k in range(12)) / 12, abs=0.03
    )


def test_the_same_log_and_seed_give_the_same_model(log: Path, model: Path, tmp_path: Path) -> None:
    for threads in (1, 2):
        card = train(log, SPLIT, tmp_path / "again", seed=4, threads=threads)
        text = (tmp_path / "again" / artefact.MODEL).read_bytes()
        assert text == (model / artefact.MODEL).read_bytes()
        assert card["checksum"] == artefact.load(model).card["checksum"]
    assert b"num_threads" not in text
    assert b"[learning_rate: " in text  # the rest of what it was trained with stays


def test_an_artefact_comes_back(model: Path) -> None:
    found = artefact.load(model)
    assert found.name == "invented"
    assert found.card["features"] == list(found.schema.names)
    assert found.card["seed"] == 4
    rows = np.full((3, len(found.schema.names)), np.nan, np.float32)
    assert np.isfinite(found.predict(rows)).all()


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("model.txt", lambda text: text[: len(text) // 2], "ARTEFACT_CHECKSUM"),
        ("model.txt", lambda text: text.replace("0.", "1.", 1), "ARTEFACT_CHECKSUM"),
        ("card.toml", lambda text: text[: len(text) // 2], "ARTEFACT_CARD"),
        ("card.toml", lambda text: "", "ARTEFACT_CARD"),
        ("card.toml", lambda text: text.replace('attributes = ["rating"]', "attributes = []"), "ARTEFACT_FINGERPRINT"),
        ("card.toml", lambda text: text.replace('fingerprint = "', 'fingerprint = "0'), "ARTEFACT_FINGERPRINT"),
    ],
)
def test_a_damaged_artefact_is_refused(
    model: Path, tmp_path: Path, name: str, change: Callable[[str], str], code: str
) -> None:
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / name
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before
    with pytest.raises(ArtefactError) as caught:
        artefact.load(tmp_path)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_model_that_scores_nan_is_refused(model: Path, tmp_path: Path) -> None:
    text = (model / artefact.MODEL).read_text()
    values = re.search(r"leaf_value=.*", text)
    sizes = re.search(r"tree_sizes=(\d+)", text)
    assert values is not None
    assert sizes is not None
    poison = "leaf_value=" + " ".join(["nan"] * len(values[0].split()))
    size = int(sizes[1]) - len(values[0]) + len(poison)
    broken = text.replace(values[0], poison).replace(sizes[0], f"tree_sizes={size}")
    artefact.save(tmp_path, broken, artefact.load(model).schema, {})
    with pytest.raises(ArtefactError) as caught:
        artefact.load(tmp_path)
    assert caught.value.code == "ARTEFACT_SCORES"


@pytest.mark.parametrize("text", ["", "tree\n", "nonsense", "tree\ntree_sizes=5\n\nTree=0\nabc"])
def test_a_text_that_would_abort_lightgbm_is_refused(model: Path, tmp_path: Path, text: str) -> None:
    whole = (model / artefact.MODEL).read_text()
    for number, broken in enumerate((text, whole.replace("leaf_value=", "leaf_value=0", 1))):
        artefact.save(tmp_path / str(number), broken, artefact.load(model).schema, {})
        with pytest.raises(ArtefactError) as caught:
            artefact.load(tmp_path / str(number))
        assert caught.value.code == "ARTEFACT_MODEL"


def test_a_missing_artefact_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError) as caught:
        artefact.load(tmp_path / "nowhere")
    assert caught.value.code == "ARTEFACT_MISSING"


def test_too_few_lists_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", shop_log(2))
    with pytest.raises(EventError) as caught:
        train(tmp_path / "log.jsonl", None, tmp_path / "out")
    assert caught.value.code == "TOO_FEW_LISTS"
    assert not (tmp_path / "out").exists()


def test_nothing_judged_is_named(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", [shown("l", START, [1, 2]), did("view_item", "v", START, 1)])
    with pytest.raises(EventError) as caught:
        evaluate(tmp_path / "log.jsonl", None, model)
    assert caught.value.code == "NOTHING_JUDGED"


def test_replay_judges_what_a_click_answers_and_knows_no_future(tmp_path: Path) -> None:
    events = [
        shown("l1", START, [1, 2, 3]), clicked("c1", START + 1, 2, 1, "l1"),
        shown("l2", START + 2, [1, 2, 3]),
        shown("l3", START + 3, [1, 2, 3]), clicked("c3", START + 4, 9, 1, "l3"),
        clicked("orphan", START + 5, 1, 0, "never"),
        shown("l4", START + 6, [3, 2, 1]), clicked("c4", START + 7, 1, 2, "l4"), clicked("c5", START + 8, 3, 0, "l4"),
    ]  # fmt: skip
    write(tmp_path / "log.jsonl", reversed(events))
    seen = []
    for judged in replay(load(tmp_path / "log.jsonl")):
        assert judged.profile is not None
        seen.append((judged.event.event_id, judged.clicked.tolist(), judged.profile.version))
    assert seen == [("l1", [False, True, False], 0), ("l4", [True, False, True], 6)]


def test_lists_that_nothing_answers_are_replayed_where_asked_for() -> None:
    events = [shown("l1", START, [1, 2, 3]), clicked("c1", START + 1, 2, 1, "l1"), shown("l2", START + 2, [1, 2, 3])]
    events += [shown("l3", START + 3, []), shown("l4", START + 4, [1]), clicked("c4", START + 5, 9, 0, "l4")]
    found = {judged.event.event_id: judged.clicked.tolist() for judged in replay(events, every=True)}
    assert found == {"l1": [False, True, False], "l2": [False] * 3, "l4": [False]}


def test_policies_are_judged_on_the_vectors_that_training_saw(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    for event in shop_log(30):
        if event.event == "view_item_list":
            events.append(msgspec.structs.replace(event, extra={"propensity": 0.5}))
        elif event.event != "select_item" or event.event_id.endswith("0"):  # most lists are answered by nothing
            events.append(event)
        if event.event == "purchase":  # and once more
            events.append(msgspec.structs.replace(event, event_id=f"{event.event_id}b", at=event.at + 1))
    write(tmp_path / "log.jsonl", events)
    schema = artefact.load(model).schema
    trained = {
        judged.event.event_id: extract(
            judged.prepare(schema), judged.profile, judged.event.session, judged.event.context, judged.event.at
        )
        for judged in replay(load(tmp_path / "log.jsonl"))
    }
    told: list[np.ndarray] = []

    def spied(model: Any, prepared: Any, profile: Any, session: Any, context: Any, at: float, tuning: Any) -> Any:
        told.append(extract(prepared, profile, session, context, at))
        return rank(model, prepared, profile, session, context, at, tuning)

    monkeypatch.setattr(policies, "rank", spied)
    with pytest.raises(EvidenceError):  # the chances are made up
        policies.judge_log(tmp_path / "log.jsonl", None, "model", "logged", model_dir=model)
    names = [event.event_id for event in load(tmp_path / "log.jsonl") if event.event == "view_item_list"]
    assert len(told) == len(names) > 2 * len(trained) > 0
    judged_on = dict(zip(names, told, strict=True))
    for name, matrix in trained.items():
        np.testing.assert_array_equal(judged_on[name], matrix)
    again = np.stack([matrix[:, schema.names.index("purchases_again")] for matrix in told])
    assert len(np.unique(again)) > 2  # what depends on what a visitor had done before is there to be told apart


def test_repeat_share_needs_enough_purchases() -> None:
    few = [did("purchase", "a", START, 1), did("purchase", "b", START + 1, 1)]
    assert repeat_share(few) is None
    often = [did("purchase", f"p{number}", START + number, number % 2, "v") for number in range(101)]
    assert repeat_share(often) == pytest.approx(0.99)


def test_toml_is_read_back() -> None:
    table = {"a": 'quote " back \\ new\nline \x7f ü', "b": [1, 2.5, True], "c d": {"e.f": {"g": "h"}}, "n": None}
    assert tomllib.loads(artefact.to_toml(table)) == {key: value for key, value in table.items() if value is not None}


def test_health_counts_variety_and_how_far_rows_rise() -> None:
    health = Health()
    ids = tuple("abcdefghijkl")
    health.see(ids, np.arange(12))
    assert health.told() == {"items_in_top": 10, "share_of_top": 1.0, "displacement": 0.0, "kept": 1.0}
    health.see(ids, np.array([11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    told = health.told()
    assert told["items_in_top"] == 11
    assert told["displacement"] == pytest.approx(11 / 10 / 2)
    assert told["kept"] == pytest.approx(0.95)
