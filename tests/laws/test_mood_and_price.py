"""Mood may change the order and the theme, never a price, urgency or scarcity: held by what a price may see at all."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from typing import get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from personalize.decisions.offer import Offering
from personalize.domain.correction import Said
from personalize.domain.offers.offer import Offer, Percent
from personalize.domain.patch import Annotate, Change, Explore, Rechannel, Reorder, Reprice
from personalize.domain.profile import Profile
from personalize.domain.reason import TEXTS
from personalize.domain.situation import (
    BEHAVIOURS,
    DEVICES,
    MOODS,
    PRICE_KEYS,
    REFERRERS,
    SHOPPING,
    Browser,
    Origin,
    Place,
)
from personalize.domain.visit import Trust, Visit, VisitorId
from personalize.registry import load, names
from personalize.settings import Settings
from personalize.visitors.context import KEYS, read_context
from tests.unit.spendings import spending

OF_THE_PERSON = {"mood", "mode", "occasion", "behaviour", "device", "save_data", "referrer"}

SITUATIONS = st.fixed_dictionaries(
    {},
    optional={
        "daypart": st.sampled_from(["morning", "night"]),
        "country": st.sampled_from(["DE", "AT"]),
        "store": st.text(max_size=8),
        "in_store": st.booleans(),
        "temperature": st.floats(-30, 40),
    },
)
PERSONS = st.fixed_dictionaries(
    {},
    optional={
        "mood": st.sampled_from(sorted(MOODS)),
        "mode": st.sampled_from(SHOPPING),
        "occasion": st.text(min_size=1, max_size=8),
        "behaviour": st.sampled_from(BEHAVIOURS),
        "device": st.sampled_from(DEVICES),
        "save_data": st.just(True),
        "referrer": st.sampled_from(REFERRERS),
    },
)
UNKNOWN = st.dictionaries(st.text(max_size=12), st.text(max_size=8) | st.booleans() | st.floats(allow_nan=False))


def _visit(context):
    origins = {key: Origin("header") for key in context}
    browser = Browser(*(context.get(key) for key in ("device", "save_data", "referrer")))
    return Visit(at=0.0, context=context, origins=origins, browser=browser, place=Place(52.5, 13.4))


@given(SITUATIONS, PERSONS, PERSONS)
def test_two_who_differ_in_mood_and_need_are_one_to_a_price(situation, one, other):
    assert _visit({**situation, **one}).for_price() == _visit({**situation, **other}).for_price()


@given(SITUATIONS, PERSONS, UNKNOWN)
def test_a_price_sees_what_is_named_and_nothing_that_comes_new(situation, person, unknown):
    seen = _visit({**unknown, **person, **situation}).for_price()
    assert set(seen.context) | set(seen.origins) <= PRICE_KEYS
    assert seen.context.items() >= situation.items()
    assert seen.browser is None
    assert seen.for_price() == seen


@given(SITUATIONS, PERSONS, SITUATIONS, PERSONS, UNKNOWN, st.integers(0, 3))
def test_no_mood_device_or_country_decides_who_is_offered_what(here, one, there, other, unknown, orders):
    """Neither by model, nor by lot, nor by the constant; and what somebody once said of their mood is not read."""
    offers = [Offer(name, "EUR", Percent(Decimal(10)), explore=share) for name, share in (("ten", 0.0), ("try", 0.5))]
    decision = Offering({"ten": spending("ten")})
    told = []
    for context in ({**here, **one}, {**unknown, **there, **other}):
        visit = _visit(context)
        said = {"mood": Said(str(context.get("mood")), 0.0, None)} if context.get("mood") else {}
        profile = Profile(version=1, orders=orders, said=said)
        visit = msgspec.structs.replace(visit, profile=profile, visitor=VisitorId("anna", Trust.SIGNED), language="de")
        told.append((decision.lots(visit.for_price(), offers), Offering().wanted(visit.for_price(), offers)))
        decision = Offering({"ten": spending("ten")})
    assert told[0] == told[1]


def test_every_key_of_the_person_is_hidden():
    assert not OF_THE_PERSON & PRICE_KEYS
    heard = read_context("mood=sad, mode=gift, occasion=wedding, referrer=ads", lambda kind, reason: None)
    assert set(heard) <= OF_THE_PERSON
    assert not _visit(dict(heard)).for_price().context
    known = KEYS | {key for name in names("signals") for key in load("signals", name).from_settings(Settings()).keys}
    assert known - PRICE_KEYS >= OF_THE_PERSON


def test_no_change_but_a_reprice_bears_a_price_and_none_urgency_or_scarcity():
    """Whoever adds a Change of a price hands its decision `Visit.for_price()`, tests that, and names it here.

    A Reprice is only shown where it was promised: see `tests/laws/test_price_guardrails.py`.
    """
    assert set(get_args(Change)) == {Reorder, Annotate, Explore, Reprice, Rechannel}
    fields = {field.name for kind in (Reorder, Annotate, Explore) for field in dataclasses.fields(kind)}
    assert fields == {"target", "order", "author", "reason", "reasons", "row", "draw", "evidence"}


def test_no_reason_hurries_anybody():
    pressing = re.compile(r"(?i)\b(only \d|last chance|hurry|left in stock|ends|nur noch|letzte|beeil|endet)")
    assert not [text for texts in TEXTS.values() for text in texts.values() if pressing.search(text)]
