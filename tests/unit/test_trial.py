"""A strategy published for a share is an experiment, for exactly the units that the share takes in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.desk.strategy import State, StrategyDraft, StrategyVersion
from personalize.domain.experiment import AssignedBy, Experiment, Unit, Variant
from personalize.domain.strategy import Mode, Strategy
from personalize.experiments.assign import assign, running, takes_part
from personalize.gateway.trial import CONTROL, ON, trial_of, trialled
from personalize.settings import Settings

BASE = (Strategy("popularity", Mode.ON), Strategy("ranker", Mode.ON))


def version(share: float, mode: Mode = Mode.SHARE, number: int = 1) -> StrategyVersion:
    draft = StrategyDraft("rainy_week", "merchandising", mode=mode, share=share)
    return StrategyVersion(draft, number, State.PUBLISHED, 0, "a")


def settings(one: StrategyVersion, *experiments: Experiment) -> Settings:
    return Settings(strategies=(*BASE, one.draft.switch), experiments=experiments)


@given(unit=st.text(min_size=1, max_size=20), share=st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_the_same_units_are_in_and_the_order_of_strategies_stays(unit: str, share: float) -> None:
    one = version(share)
    plain = settings(one)
    made = trialled(plain, [one])
    found = assign(made.experiments, {Unit.VISITOR: unit}, hashed=True)
    modes = running(made.strategies, made.experiments, found, unit, hashed=True)
    assert modes == running(plain.strategies, (), (), unit, hashed=True)
    assert list(modes) == list(running(plain.strategies, (), (), unit, hashed=True))
    assert [one.variant for one in found] == [ON if takes_part(one.draft.switch, unit) else CONTROL]


def test_without_the_consent_it_is_off_as_a_share_is() -> None:
    one = version(0.5)
    made = trialled(settings(one), [one])
    assert "rainy_week" not in running(made.strategies, made.experiments, (), None, hashed=False)


def test_another_version_is_another_experiment_of_the_same_buckets() -> None:
    versions = version(0.1), version(0.5, number=2), version(0.5, number=3)
    found = [trialled(settings(one), [one]).experiments[0] for one in versions]
    assert [one.name for one in found] == ["rainy_week-10-v1", "rainy_week-50-v2", "rainy_week-50-v3"]
    assert len({one.seed for one in found}) == 1


@given(share=st.floats(1e-6, 1.0, exclude_max=True), number=st.integers(1, 10_000))
def test_its_name_tells_how_it_was_dealt(share: float, number: int) -> None:
    (made,) = trialled(settings(one := version(share, number=number)), [one]).experiments
    again = trial_of(made.name)
    if again is None:  # what rounds to all of them
        assert share > 0.999_999
    else:
        assert [one.weight for one in again.variants] == pytest.approx([one.weight for one in made.variants], abs=1e-5)
        assert (again.name, again.seed, again.control) == (made.name, made.seed, CONTROL)
    for name in ("rainy_week", "rainy_week-50", "rainy_week-0-v1", "rainy_week-100-v1", "a-b", "rainy_week-e-v1"):
        assert trial_of(name) is None


def test_it_is_stopped_by_guardrails_though_nobody_declared_them() -> None:
    one = version(0.5)
    assert [rail.name for rail in trialled(settings(one), [one]).experiments[0].guardrails] == [
        "srm", "conversion", "not_this",
    ]  # fmt: skip


def test_a_declared_variant_that_turns_all_off_turns_it_off_for_everybody() -> None:
    one = version(0.5)
    shown = Experiment("shown", (Variant("ours", 0.5), Variant("shop", 0.5, all_off=True)), AssignedBy.HEADER)
    made = trialled(settings(one, shown), [one])
    for number in range(20):
        unit = f"visitor-{number}"
        found = assign(made.experiments, {Unit.VISITOR: unit}, {"shown": "shop"}, hashed=True)
        assert running(made.strategies, made.experiments, found, unit, hashed=True) == {}


def test_what_is_no_share_or_was_killed_or_is_tried_already_stays_as_it_is() -> None:
    for one in (version(1.0, Mode.ON), version(0.0), version(1.0), version(0.5, Mode.SHADOW)):
        assert trialled(settings(one), [one]).experiments == ()
    one = version(0.5)
    killed = Settings(strategies=(*BASE, Strategy("rainy_week", Mode.OFF)))
    assert trialled(killed, [one]) == killed
    assert trialled(Settings(strategies=()), [one]).experiments == ()
    declared = Experiment("mine", (Variant("a", 1.0, (Strategy("rainy_week", Mode.ON),)),))
    assert trialled(settings(one, declared), [one]).experiments == (declared,)
    named = replace(declared, name="rainy_week-50-v1", variants=(Variant("a", 1.0),))
    assert trialled(settings(one, named), [one]).experiments == (named,)
