"""Without a visitor id an order is a function of window and context bucket: few buckets, of what decisions go by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.permission import Agreement
from personalize.domain.situation import NAMES, STEPS, stepped
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.events.infer import Whose
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.listing.arranging import Arranger
from personalize.gateway.listing.decide import Decider
from personalize.gateway.listing.run import RunBook
from personalize.guardrails.apply import order
from personalize.registry import load, names
from personalize.settings import Settings
from personalize.telemetry import Telemetry
from personalize.visitors.consent import allowed
from tests.gateway_world import Reversing

LISTING = Listing("list", ("a", "b", "c", "d"), np.array([4.0, 3.0, 2.0, 1.0]))
DECISIONS = {name: load("decisions", name).from_settings(Settings()) for name in names("decisions")}
DECISIONS["reversing"] = Reversing()  # says nothing of what it reads
ARRANGER = Arranger(RunBook(), Decider(DECISIONS, Popularity(), Telemetry()))
MEASURED = st.dictionaries(st.sampled_from(sorted(STEPS)), st.floats(-100, 500))
NAMED = st.dictionaries(st.sampled_from(sorted(NAMES)), st.text(max_size=12))


def _guest(context, *strategies):
    visit = Visit(at=0.0, context=context)
    modes = dict.fromkeys(strategies, Mode.ON)
    return Arrival(visit, allowed(Agreement()), None, None, modes, (), True, Whose())


@given(MEASURED, NAMED, NAMED)
def test_names_of_places_never_part_two_orders(measured, here, there):
    one, other = _guest({**measured, **here}, "reversing"), _guest({**measured, **there}, "reversing")
    assert ARRANGER.stamp(one) == ARRANGER.stamp(other)


@given(st.lists(MEASURED, min_size=40, max_size=40))
def test_measured_numbers_make_few_buckets(all_measured):
    buckets = {
        value
        for measured in all_measured
        for key, value in ARRANGER.stamp(_guest(stepped(measured), "reversing")).context
        if key == "temperature"
    }
    assert buckets <= {str(step) for step in STEPS["temperature"]}


@given(MEASURED, st.sampled_from(["calm", "sad"]))
def test_what_no_running_strategy_reads_parts_nobody(measured, mood):
    context = {**measured, "mood": mood, "device": "phone"}
    assert ARRANGER.stamp(_guest(context, "popularity")) == ARRANGER.stamp(_guest({}, "popularity"))
    told = dict(ARRANGER.stamp(_guest(context, "popularity", "reversing")).context)
    assert told["mood"] == mood


def test_a_newcomer_is_one_without_behaviour():
    known = _guest({"behaviour": "browsing", "mood": "calm"}, "reversing")
    assert ARRANGER.newcomer(known) == ARRANGER.stamp(_guest({"mood": "calm"}, "reversing"))


@pytest.mark.parametrize(
    "name", [name for name in names("decisions") if getattr(DECISIONS[name], "reads", None) == frozenset()]
)
@given(context=st.dictionaries(st.sampled_from(["mood", "mode", "device", "weather", "city"]), st.text(max_size=6)))
def test_who_reads_nothing_decides_the_same_in_every_situation(name, context):
    decision, popularity = DECISIONS[name], Popularity()
    somewhere = decision.decide("t", LISTING, Visit(at=0.0, context=context), popularity)
    nowhere = decision.decide("t", LISTING, Visit(at=0.0), popularity)
    assert order(somewhere, "t", len(LISTING)) == order(nowhere, "t", len(LISTING))
