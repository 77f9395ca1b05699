"""Guardrails that stop an experiment: what harms and what was dealt wrongly, not what does nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from personalize.domain.declared import parse_experiments
from personalize.domain.experiment import SRM, Guardrail
from personalize.errors import SettingsError
from personalize.experiments.guarding import Guard
from tests.unit.experiment_log import did, seen, trial

DECLARED = {"variants": ["control", "new"], "guardrails": ["srm", "conversion", "not_interested", "latency_p95_ms=300"]}


def declared(**changes):
    (found,) = parse_experiments({"order": {**DECLARED, **changes}})
    return found


def judged(events, experiment=None):
    guard = Guard(experiment or declared())
    for event in sorted(events, key=lambda event: event.at):
        guard.note(event)
    return guard.judge()


def test_what_does_nothing_goes_on():
    assert judged(trial(6_000)) is None
    assert judged(trial(6_000, lift=0.3)) is None
    assert judged(()) is None


def test_what_harms_is_stopped_by_the_guardrail_it_breaks():
    reason = judged(trial(6_000, harm=2.0))
    assert reason.startswith("GUARDRAIL: not_this of new by +")
    assert judged(trial(6_000, lift=-0.5)).startswith("GUARDRAIL: conversion of new by -")
    assert judged(trial(6_000, harm=2.0), declared(guardrails=["srm", "conversion"])) is None


def test_what_was_dealt_wrongly_is_stopped():
    assert judged(trial(6_000, loss=0.25)).startswith("SAMPLE_RATIO_MISMATCH: 'order' was dealt wrongly")
    without = declared(guardrails=["conversion"])
    assert judged(trial(6_000, loss=0.25), without) is None


def _timed(slow):
    for number in range(2_000):
        variant = "new" if number % 2 else "control"
        late = number % 40 < (4 if variant == "control" else slow)
        yield seen(f"v{number}", 1e9 + number, f"l{number}", assignments={"order": variant}, exposed=["order"],
                   latency_ms=500.0 if late else 20.0)  # fmt: skip


def test_a_variant_that_is_slower_than_the_control_and_the_limit_is_stopped():
    assert judged(_timed(slow=4)) is None  # both are too slow: that is the shop's
    assert judged(_timed(slow=20)).startswith("GUARDRAIL: slow of new by +")
    patient = declared(guardrails=["latency_p95_ms=900"])
    assert judged(_timed(slow=20), patient) is None


def test_only_lines_of_units_that_are_in_it_are_held():
    guard = Guard(declared())
    for number in range(50):
        guard.note(did("add_to_cart", f"other{number}", 1e9, f"c{number}"))
    assert len(guard) == 0
    guard.note(seen("v1", 1e9, "l1", assignments={"order": "new"}))
    guard.note(did("add_to_cart", "v1", 1e9 + 1, "c"))
    assert len(guard) == 2


def test_it_is_asked_again_and_again():
    guard = Guard(declared())
    events = sorted(trial(6_000, harm=2.0), key=lambda event: event.at)
    told = []
    for number, event in enumerate(events):
        guard.note(event)
        if number % 4_000 == 0:
            told.append(guard.judge())
    assert told[0] is None
    assert told[-1] is not None


def test_what_is_declared():
    assert declared().guardrails == (
        Guardrail(SRM), Guardrail("conversion"), Guardrail("not_this"), Guardrail("latency_p95_ms", 300.0),
    )  # fmt: skip
    plain = {key: value for key, value in DECLARED.items() if key != "guardrails"}
    assert parse_experiments({"order": plain})[0].guardrails == (Guardrail(SRM),)
    assert parse_experiments({"order": {**plain, "assigned_by": "header"}})[0].guardrails == ()
    assert declared(guardrails=[]).guardrails == ()
    assert replace(declared(), guardrails=()).control == "control"


@pytest.mark.parametrize(
    "entry", ["happiness", "conversion=2", "latency_p95_ms", "latency_p95_ms=0", "latency_p95_ms=x"]
)
def test_what_is_no_guardrail_is_refused(entry):
    with pytest.raises(SettingsError, match="guardrails holds"):
        declared(guardrails=[entry])
