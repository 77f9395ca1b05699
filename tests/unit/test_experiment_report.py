"""The report of an experiment: who counts, what is refused, what is found, and how it is told."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from click.testing import CliRunner
from msgspec import structs

from personalize.cli import main
from personalize.domain.event import Event, EventItem
from personalize.errors import EvidenceError
from personalize.events.log import write
from personalize.experiments.analyse import Plan, analyse, course
from personalize.experiments.measures import MEASURES, Side
from personalize.experiments.plan import plan as plan_ahead
from personalize.experiments.telling import as_point
from tests.unit.experiment_log import DAY, START, bought, did, seen, trial

PLAN = Plan("order", {"control": 0.5, "new": 0.5}, planned=2_000)


def _finding(report, measure, variant="new"):
    return next(one for one in report.findings if (one.measure.name, one.variant) == (measure, variant))


def test_a_better_variant_is_found_and_customers_stand_beside_revenue():
    report = analyse(trial(lift=1.0), PLAN)
    assert report.advice == {"new": "better"}
    assert _finding(report, "conversion").verdict == "better"
    assert 0.6 < _finding(report, "conversion").effect.lift < 1.5
    assert set(report.levels) == {measure.name for measure in MEASURES}
    assert {measure.side for measure in MEASURES} == set(Side)
    assert report.levels["margin"]["new"] == pytest.approx(report.levels["revenue"]["new"] * 8 / 20)
    assert report.broken == {"new": []}


def test_nothing_is_found_where_nothing_differs():
    report = analyse(trial(), PLAN)
    assert report.advice == {"new": "go on"}
    assert not [one for one in report.findings if one.verdict != "open"]


def test_a_guardrail_that_breaks_rolls_back_whatever_else_is_better():
    report = analyse(trial(lift=1.0, harm=2.0), PLAN)
    assert report.advice == {"new": "roll back"}
    assert report.broken["new"] == ["not_this"]


def test_lines_may_be_unsorted_and_repeated():
    events = list(trial(visitors=600))
    mixed = events + events[:500]
    random.Random(3).shuffle(mixed)
    one, other = analyse(events, PLAN), analyse(mixed, PLAN)
    for name, levels in one.levels.items():
        assert other.levels[name] == pytest.approx(levels)
    assert one.units == other.units
    assert other.noted["REPEATED"] + other.noted["REPEATED_ORDER"] == 500


def test_only_units_that_met_the_difference_count():
    told = analyse(trial(), PLAN)
    assert told.exposed
    assert sum(told.units.values()) == 1_600
    assert told.left_out == {"NOT_EXPOSED": 400}
    older = analyse(trial(exposed=False), PLAN)
    assert not older.exposed
    assert sum(older.units.values()) == 2_000


def test_who_met_it_before_has_no_past_that_counts_and_is_out():
    met = [seen(f"v{number}", START - DAY, f"e{number}", assignments={"order": "new"}, exposed=[]) for number in (1, 2)]
    report = analyse([*trial(), *met], PLAN, since=START)
    assert report.left_out["MET_BEFORE"] + report.left_out["SEVERAL_VARIANTS"] >= 1
    assert sum(report.units.values()) == 1_598
    third = Event(
        "view_item_list", "t", START, "w", "s", extra={"assignments": {"order": "third"}, "exposed": ["order"]}
    )
    assert analyse([*trial(), third], PLAN).left_out["OTHER_VARIANT"] == 1


def test_who_met_two_variants_or_was_overridden_is_out():
    events = [
        *trial(),
        seen("v1", START + 8 * DAY, "x1", assignments={"order": "control"}, exposed=["order"]),
        seen("v1", START + 8 * DAY + 1, "x2", assignments={"order": "new"}, exposed=["order"]),
        seen("v2", START + 8 * DAY, "x3", assignments={"order": "new"}, overridden=["order"], exposed=["order"]),
    ]
    report = analyse(events, PLAN)
    assert sum(report.units.values()) == 1_598
    assert (report.left_out["SEVERAL_VARIANTS"], report.left_out["OVERRIDDEN"]) == (1, 1)


def test_what_happened_before_the_exposure_is_no_outcome():
    before = [bought(f"v{number}", START - DAY * 30, f"old{number}") for number in range(2_000)]
    with_past, without = analyse([*trial(), *before], PLAN), analyse(trial(), PLAN)
    assert with_past.levels["conversion"] == without.levels["conversion"]
    assert with_past.levels["revenue"] == without.levels["revenue"]


def test_a_fact_of_before_takes_noise_away_and_moves_nothing():
    rng = random.Random(5)
    events = []
    for number in range(1_000):
        visitor, keen = f"v{number}", rng.random() < 0.5
        if keen:
            events += [bought(visitor, START - DAY, f"{visitor}-b{turn}") for turn in range(3)]
        events.append(seen(visitor, START, f"{visitor}-l", assignments={"order": rng.choice(["control", "new"])}))
        if rng.random() < (0.8 if keen else 0.1):
            events.append(bought(visitor, START + 9, f"{visitor}-o"))
    effect = _finding(analyse(events, PLAN), "conversion").effect
    assert effect.reduced > 0.4
    assert effect.watched[0] < 0 < effect.watched[1]


def test_lost_visitors_are_refused_with_their_numbers():
    with pytest.raises(EvidenceError, match=r"control 8.* new .*due were 50.0%, 50.0%") as caught:
        analyse(trial(loss=0.4), PLAN)
    assert caught.value.code == "SAMPLE_RATIO_MISMATCH"


@pytest.mark.parametrize(
    ("events", "plan", "code"),
    [
        ([], PLAN, "NO_EXPOSURES"),
        ([seen("v", START, "a")], PLAN, "NO_EXPOSURES"),
        ([Event("view_item_list", "a", START)], PLAN, "NO_EXPOSURES"),
        (list(trial(visitors=150)), PLAN, "TOO_FEW_UNITS"),
        (list(trial(visitors=300)), replace(PLAN, control="nobody"), "NO_CONTROL"),
        ([], replace(PLAN, primary="happiness"), "MEASURE_UNKNOWN"),
    ],
)
def test_what_a_log_cannot_answer_is_refused(events, plan, code):
    with pytest.raises(EvidenceError) as caught:
        analyse(events, plan)
    assert caught.value.code == code


def test_a_time_may_be_cut_out():
    events = list(trial())
    late = analyse(events, PLAN, since=START + 3 * DAY)
    early = analyse(events, PLAN, until=START + 6 * DAY)
    assert 800 < sum(late.units.values()) < 1_300
    assert 1_200 < sum(early.units.values()) < 1_500


def test_odd_lines_are_counted_and_harm_nothing():
    odd = [
        seen("v1", START, "o1", assignments="order"),
        seen("v1", START, "o2", assignments={"order": 3}, latency_ms="fast", exposed="order"),
        did("purchase", "v1", START + 8 * DAY, "o3"),
        Event("purchase", "o4", START + 8 * DAY, "v1", "s1", items=(EventItem("i2", price=9.0, currency="USD"),)),
        Event("view_item", "o5", START, None, None),
    ]
    report = analyse([*trial(), *odd], PLAN)
    assert report.noted["OTHER_CURRENCY"] == 1
    assert report.noted["NO_UNIT"] == 1


def test_margin_is_told_only_where_costs_are_known():
    dear = [bought(f"v{number}", START + 9 * DAY, f"n{number}") for number in range(100)]
    report = analyse([*trial(), *dear], PLAN)
    assert "margin" in report.untold
    again = analyse([*trial(), *dear], PLAN, costs={"i1": 12.0})
    assert again.levels["margin"]["new"] == pytest.approx(again.levels["revenue"]["new"] * 8 / 20)


def test_three_variants_are_each_held_against_the_control():
    events = []
    for event in trial(visitors=3_000):
        extra = dict(event.extra)
        if "assignments" in extra and int(event.visitor[1:]) % 3 == 0:
            extra["assignments"] = {"order": "third"}
        events.append(structs.replace(event, extra=extra))
    report = analyse(events, Plan("order", {"control": 1, "new": 1, "third": 1}))
    assert set(report.advice) == {"new", "third"}
    first = _finding(report, "conversion", "third")
    assert first.p >= first.effect.p


def test_the_course_ends_where_the_report_stands():
    points = list(course(trial(lift=1.0), PLAN))
    assert len(points) == 9
    until, last = points[-1]
    report = analyse(trial(lift=1.0), PLAN)
    assert (last.units, last.levels) == (report.units, report.levels)
    early = analyse(trial(lift=1.0), PLAN, until=points[4][0])
    assert points[4][1].levels == early.levels
    assert sum(points[4][1].units.values()) < sum(last.units.values())
    assert as_point(until, last)["advice"] == {"new": "better"}
    short = [as_point(*one) for one in course(trial(lift=1.0), PLAN, step=3_600)]
    assert short[0]["refused"] == "TOO_FEW_UNITS"
    assert len(list(course(trial(lift=1.0), PLAN, step=1.0))) <= 401


def test_a_plan_of_a_log():
    told = plan_ahead(trial(), effect=0.1)
    one = told["measures"]["conversion"]
    # By hand: 2 groups x 2 (1 - p) / p (1.96 + 0.84)^2 / 0.1^2.
    p = one["level"]
    assert one["needed"]["fixed"] == pytest.approx(4 * (1 - p) / p * 7.849 / 0.01, rel=0.05)
    assert one["needed"]["watched"] > one["needed"]["fixed"] * 1.7
    assert one["detectable"]["28"] == pytest.approx(one["detectable"]["7"] / 2)
    with pytest.raises(EvidenceError):
        plan_ahead([])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "events.jsonl.gz"
    write(path, trial(lift=1.0))
    return str(path)


def _run(*arguments):
    return CliRunner().invoke(main, ["experiment", *arguments])


def test_the_command_tells_json_and_a_table(log):
    told = json.loads(_run("--events", log, "--name", "order", "--json").output)
    assert told["advice"] == {"new": "better"}
    assert told["measures"]["conversion"]["effects"]["new"]["verdict"] == "better"
    assert told["counted"] == "exposed"
    assert told["measures"]["returns"]["side"] == "customer"
    assert len(json.loads(_run("--events", log, "--name", "order", "--daily").output)) == 9
    shown = _run("--events", log, "--name", "order").output
    assert "new: better" in shown
    power = json.loads(_run("--events", log, "--power", "--json").output)
    assert power["measures"]["conversion"]["needed"]["fixed"] > 0
    assert "conversion" in _run("--events", log, "--power").output


def test_the_command_refuses_by_name(log, tmp_path):
    for arguments, code, said in [
        (["--name", "other"], 2, "NO_EXPOSURES"),
        (["--name", "order", "--until", "2025-10-01T00:00Z"], 2, "NO_EXPOSURES"),
        ([], 2, "--name"),
        (["--name", "order", "--interleaved"], 2, "NO_EXPOSURES"),
    ]:
        found = _run("--events", log, *arguments)
        assert (found.exit_code, said in found.output) == (code, True), found.output
    assert "--events" in _run("--name", "order").output
    costs = tmp_path / "costs.csv"
    costs.write_text("item,cost\ni1,3\n")
    assert "COSTS_UNREADABLE" in _run("--events", log, "--name", "order", "--costs", str(costs)).output


def test_the_holdout_is_read_by_the_share_of_the_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(4)
    events = []
    for number in range(2_000):
        variant = "held" if rng.random() < 0.1 else "served"
        events.append(seen(f"v{number}", START, f"l{number}", assignments={"holdout": variant}, exposed=[]))
        if rng.random() < (0.5 if variant == "served" else 0.1):
            events.append(bought(f"v{number}", START + 9, f"o{number}"))
    path = tmp_path / "events.jsonl"
    write(path, events)
    arguments = ("--events", str(path), "--name", "holdout", "--json")
    assert "SAMPLE_RATIO_MISMATCH" in _run(*arguments).output
    monkeypatch.setenv("PERSONALIZE_HOLDOUT", "0.1")
    told = json.loads(_run(*arguments).output)
    assert (told["control"], told["advice"]) == ("held", {"served": "better"})
    monkeypatch.setenv("PERSONALIZE_HOLDOUT", "0")
    assert "holdout is 0 here" in _run(*arguments).output


def test_a_token_is_made_for_a_declared_variant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERSONALIZE_SECRET", "a-secret-of-some-length")
    (tmp_path / "personalize.toml").write_text('[experiments.order]\nvariants = ["control", "new"]\n')
    assert _run("--name", "order", "--token", "new").output.startswith('X-Personalize-Experiment: order=new;token="')
    assert "no experiment" in _run("--name", "order", "--token", "old").output
    trial = "rainy_week-10-v3"  # a strategy that was published for a tenth
    assert f"X-Personalize-Experiment: {trial}=on;token=" in _run("--name", trial, "--token", "on").output
