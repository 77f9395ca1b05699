"""`personalize uplift --events`: from the gateway's own log to models that serve, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bench.quality.offers import DAY, KNOWN, NULL, OFFER, START, judged, shown, truth
from personalize.cli import main
from personalize.decisions.offer import Offering
from personalize.decisions.spending import load_spending
from personalize.domain.event import Event, EventItem
from personalize.domain.profile import Profile
from personalize.domain.visit import Trust, Visit, VisitorId
from personalize.errors import EvidenceError
from personalize.events.log import write
from personalize.features.visitor import NAMES, VisitorSchema
from personalize.learning.journal import Journal
from personalize.learning.uplift.denied import denied
from personalize.learning.uplift.judge import KEEP
from personalize.learning.uplift.visitors import ARMS, collect
from personalize.settings import Settings

AT = START + 30 * DAY
LATE = Event("view_item_list", "end", AT + 40 * DAY, "z", "z")


def lot(at: float, visitor: str = "anna", arm: str = "offer", explored: object = True, name: str = "welcome") -> Event:
    told = {name: {"arm": arm, "propensity": 0.5, "explored": explored, "shown": []}}
    items = (EventItem("lamp", 0, 0, 30.0, "EUR", attributes={"cost": 10}),)
    return Event("view_item_list", f"{visitor}{at}", at, visitor, "s", items=items, extra={"offers": told})


def act(
    event: str, at: float, price: float | None = 30.0, pieces: int = 1, visitor: str = "anna", item: str = "lamp",
    **extra: object,
) -> Event:  # fmt: skip
    items = (EventItem(item, price=price, currency="EUR", quantity=pieces),)
    return Event(event, f"{event}{visitor}{at}", at, visitor, "s", items=items, extra=extra)


def rows(*events: Event, **more: float):  # type: ignore[no-untyped-def]
    return collect(Journal([*events, LATE]), "welcome", **more)  # type: ignore[arg-type]


def test_a_visitor_counts_once_from_the_first_lot_on() -> None:
    events = [
        act("purchase", AT - DAY), lot(AT - 10, explored=False), lot(AT), lot(AT + 5, arm="none"),
        lot(AT + 1, "ben", "none"),
        act("view_item", AT + 9), lot(AT + 1, "decided", explored=False),
    ]  # fmt: skip
    found = rows(*reversed(events))
    assert found.arm.tolist() == [ARMS.index("offer"), ARMS.index("none")]
    assert found.at.tolist() == [AT, AT + 1]
    assert found.propensity.tolist() == [0.5, 0.5]
    assert found.audience == 3
    assert found.matrix[0, [NAMES.index("orders"), NAMES.index("views"), NAMES.index("spent")]].tolist() == [1, 0, 30]


def test_features_are_those_that_serving_sees() -> None:
    """Law 6: the same code over the same folded profile, at the moment of the line."""
    events = sorted(shown(KNOWN, 60, 3), key=lambda event: event.at)
    found, profiles = collect(Journal(events), "welcome"), dict[str, Profile]()
    served, schema = [], VisitorSchema("EUR")
    for event in events:
        assert event.visitor is not None
        profile = profiles.setdefault(event.visitor, Profile())
        if event.extra.get("offers"):
            visit = Visit(event.at, VisitorId(event.visitor, Trust.SIGNED), profile=profile).for_price()
            assert visit.profile is not None
            served.append(schema.values(visit.profile, visit.at))
        profile.apply(event)
    np.testing.assert_array_equal(found.matrix, np.array(served, np.float32))
    assert not np.isnan(found.matrix[:, NAMES.index("views")]).any()


def test_no_feature_has_a_denied_name() -> None:
    assert [name for name in NAMES if denied(name) is not None] == []


def outcome(*events: Event) -> tuple[float, float]:
    found = rows(lot(AT), *events)
    return float(found.outcome[0]), float(found.saving[0])


def test_the_outcome_is_the_margin_of_the_window() -> None:
    assert outcome() == (0, 0)
    assert outcome(act("purchase", AT + DAY, pieces=2)) == (40, 0)  # a piece costs 10
    assert outcome(act("purchase", AT + DAY, pieces=2, discount=6.0)) == (34, 6)
    assert outcome(act("purchase", AT + DAY, item="rug")) == (30, 0)  # what it costs is not known
    assert outcome(act("purchase", AT - 1), act("purchase", AT + 15 * DAY)) == (0, 0)
    assert outcome(act("purchase", AT + DAY, price=None)) == (0, 0)
    assert outcome(act("purchase", AT + DAY, visitor="ben")) == (0, 0)
    assert outcome(act("purchase", AT + DAY, discount=99.0)) == (-10, 30)
    assert outcome(act("purchase", AT + DAY, source="track")) == (0, 0)
    assert outcome(act("purchase", AT + DAY, source="track", vouched=True)) == (20, 0)


def test_what_came_back_is_taken_off_whenever_it_came() -> None:
    bought = act("purchase", AT + DAY, pieces=3, discount=9.0)
    assert outcome(bought, act("refund", AT + 20 * DAY, price=None)) == (34, 9)
    assert outcome(bought, act("refund", AT + 2 * DAY, pieces=9)) == (0, 9)
    assert outcome(bought, act("refund", AT + 2 * DAY, item="rug")) == (51, 9)


def test_windows_that_are_still_open_are_left_out() -> None:
    journal = Journal([lot(AT), lot(AT + 30 * DAY, "ben"), LATE])
    assert len(collect(journal, "welcome")) == 1
    assert journal.noted["WINDOW_OPEN"] == 1


@pytest.mark.parametrize("told", [None, "offer", {"welcome": 1}, {"welcome": {"arm": "offer"}}, [1],
                                  {"welcome": {"arm": "half", "propensity": 0.5, "explored": True}},
                                  {"welcome": {"arm": "offer", "propensity": "x", "explored": True}}])  # fmt: skip
def test_odd_lines_are_no_lots(told: object) -> None:
    with pytest.raises(EvidenceError) as refused:
        rows(replace_extra(lot(AT), {"offers": told}))
    assert refused.value.code in ("OFFER_UNKNOWN", "NOBODY_DRAWN")


def replace_extra(event: Event, extra: dict[str, object]) -> Event:
    return Event(event.event, event.event_id, event.at, event.visitor, event.session, items=event.items, extra=extra)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "log.jsonl.gz"
    write(path, shown(KNOWN, 1_100, 1))
    return path


def run(*options: object) -> Sequence[object]:
    found = CliRunner().invoke(main, ["uplift", *map(str, options)])
    return found.exit_code, found.stdout, found.stderr


def test_what_pays_is_written_and_serves(log: Path, tmp_path: Path) -> None:
    code, out, _ = run("--events", log, "--offer", "welcome", "--budget", 12, "--out", tmp_path / "m", "--json")
    assert code == 0
    told = json.loads(str(out))
    assert told["verdict"] == "learned"
    assert told["policy"]["interval"][0] > 0
    assert told["rows"] == {"training": 770, "test": 330}
    assert told["budget"]["threshold"] > 0  # there is not enough for all who gain
    model = load_spending(tmp_path / "m" / "welcome")
    found = truth(KNOWN, model, 1, told["budget"]["per_visitor"])
    assert found.learned > max(found.nobody, found.everybody)
    assert found.cost <= told["budget"]["per_visitor"] * 1.25  # expected; the book is what holds
    decision = Offering.from_settings(Settings(offer_model=str(tmp_path / "m")))
    assert decision.fault is None
    decided = replace(OFFER, explore=0.0)
    seen = Profile()
    for event in (act("view_item", AT), *(act("purchase", AT + n * DAY) for n in range(4))):
        seen.apply(event)
    regular = Visit(AT + 5 * DAY, VisitorId("r", Trust.SIGNED), profile=seen)
    newcomer = Visit(AT + 5 * DAY, VisitorId("n", Trust.SIGNED), profile=Profile())
    assert not decision.wanted(regular, [decided])
    assert decision.wanted(newcomer, [decided]) == ["welcome"]


@pytest.mark.parametrize("seed", range(3))
def test_the_learned_choice_is_truly_worth_more_than_all_or_none(seed: int, tmp_path: Path) -> None:
    """Three logs; `python -m bench.quality.offers` gives the interval over many."""
    learned, found = judged(KNOWN, 1_100, seed, 12.0, tmp_path)
    assert learned
    assert found is not None
    assert found.learned > max(found.nobody, found.everybody) + 0.5


@pytest.mark.parametrize("world", NULL, ids=lambda world: world.name)
def test_where_nobody_differs_the_constant_stays_and_nothing_is_written(world, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "log.jsonl", shown(world, 1_000, 4))
    code, out, _ = run("--events", tmp_path / "log.jsonl", "--offer", "welcome", "--out", tmp_path / "m")
    assert code == 0
    assert f"verdict: {KEEP}\nnothing was written" in str(out)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--offer", "welcom"], "did you mean 'welcome'?"),
        (["--offer", "other"], "OFFER_UNKNOWN"),
        ([], "--offer"),
        (["--offer", "welcome", "--window", "60"], "TOO_FEW_VISITORS"),
        (["--offer", "welcome", "--budget", "0"], "--budget"),
        (["--offer", "welcome", "--table", __file__], "without --table"),
        (["--offer", "welcome", "--outcome", "visit"], "are of a --table"),
    ],
)
def test_what_cannot_be_is_named(log: Path, options: list[str], said: str) -> None:
    code, _, err = run("--events", log, *options)
    assert code == 2
    assert said in str(err)


def test_all_decided_is_nobody_drawn(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", _decided(shown(NULL[0], 20, 1)))
    code, _, err = run("--events", tmp_path / "log.jsonl", "--offer", "welcome")
    assert code == 2
    assert "NOBODY_DRAWN" in str(err)


def _decided(events: Iterable[Event]) -> Iterable[Event]:
    for event in events:
        told = event.extra.get("offers")
        if isinstance(told, dict):
            event = replace_extra(event, {"offers": {name: {**one, "explored": False} for name, one in told.items()}})
        yield event
