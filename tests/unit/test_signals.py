"""Signals: the time of day where the shop is; late and failing ones are missing."""

import asyncio
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from msgspec.structs import replace

from personalize.domain.signal import Privacy, Terms, Told
from personalize.domain.situation import Origin
from personalize.domain.visit import Consent, Visit
from personalize.registry import load, names
from personalize.settings import Settings
from personalize.signals.daypart import Daypart, daypart
from personalize.signals.gather import gather
from personalize.telemetry import Telemetry


def _visit(*moment):
    return Visit(at=datetime(*moment, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("moment", "facts"),
    [
        ((2026, 1, 5, 4, 59), {"daypart": "night", "weekday": "monday"}),
        ((2026, 1, 5, 5, 0), {"daypart": "morning", "weekday": "monday"}),
        ((2026, 7, 5, 10, 0), {"daypart": "afternoon", "weekday": "sunday"}),
        ((2026, 7, 5, 16, 0), {"daypart": "evening", "weekday": "sunday"}),
        ((2026, 7, 5, 22, 30), {"daypart": "night", "weekday": "monday"}),
    ],
)
def test_the_day_is_the_shops(moment, facts):
    assert Daypart("Europe/Berlin").read(_visit(*moment)) == facts


def test_every_hour_has_a_part():
    assert {daypart(hour) for hour in range(24)} == {"night", "morning", "afternoon", "evening"}


@pytest.mark.parametrize("name", names("signals"))
async def test_every_signal_of_the_registry_keeps_its_keys(name):
    signal = load("signals", name).from_settings(Settings())
    assert signal.name == name
    told = await gather([signal], _visit(2026, 1, 1), deadline=1.0, count=Telemetry().count)
    assert set(told.facts) <= set(signal.keys)
    assert set(told.origins) == set(told.facts)


class _Signal:
    def __init__(self, name, answer):
        self.name, self.keys, self._answer = name, (name,), answer

    async def read(self, visit):
        return await self._answer()


async def _fails():
    raise ValueError("no weather")


async def _never():
    await asyncio.Event().wait()


async def _cancelled():
    raise asyncio.CancelledError


async def _answers():
    return {"good": 1, "weekday": "spoofed"}


class _AtOnce:
    name, keys = "at_once", ("at_once",)

    def read(self, visit):
        raise ValueError("no weather")


async def test_late_and_failed_signals_are_missing_and_counted():
    telemetry = Telemetry()
    signals = [
        Daypart("UTC"),
        _Signal("bad", _fails),
        _Signal("late", _never),
        _Signal("gone", _cancelled),
        _AtOnce(),
        _Signal("good", _answers),
    ]
    told = await gather(signals, _visit(2026, 1, 1), deadline=0.01, count=telemetry.count)
    assert told.facts == {"daypart": "night", "weekday": "thursday", "good": 1}
    for reason in ("bad_failed", "late_late", "gone_failed", "at_once_failed"):
        assert telemetry.counted("signal", reason) == 1


async def test_no_signals_no_facts():
    assert await gather([], _visit(2026, 1, 1), deadline=0.01, count=Telemetry().count) == ({}, {})


async def test_who_is_cancelled_leaves_no_task():
    waiting = asyncio.create_task(gather([_Signal("late", _never)], _visit(2026, 1, 1), deadline=60, count=print))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


class _Moon:
    """A signal of another package: all it has to have, no more."""

    name, keys = "moon", ("moon",)

    def read(self, visit):
        return {"moon": "full", "tide": "high"}


class _Told:
    name, terms = "told", Terms(ttl=60.0, max_stale=60.0)
    keys: ClassVar = {"fresh": float, "stale": float, "old": float, "said": str}

    def read(self, visit):
        origins = {
            "fresh": Origin("outside", visit.at - 60),
            "stale": Origin("outside", visit.at - 61),
            "old": Origin("outside", visit.at - 121),
        }
        return Told({"fresh": 1, "stale": 2.5, "old": 3.0, "said": "so"}, origins)


async def test_each_fact_says_where_it_comes_from_and_how_old_it_is():
    telemetry = Telemetry()
    told = await gather([_Moon(), _Told()], _visit(2026, 1, 1), deadline=0.01, count=telemetry.count)
    assert told.facts == {"moon": "full", "fresh": 1, "stale": 2.5, "said": "so"}
    assert told.origins["moon"] == Origin("moon")
    assert told.origins["said"] == Origin("told")
    assert [told.origins[key].stale for key in ("fresh", "stale")] == [False, True]
    assert told.origins["stale"].source == "outside"
    assert telemetry.counted("signal", "told_old") == 1


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (float, [1, 1.5, -0.0], [True, "1", float("nan"), [1]]),
        (int, [1], [True, 1.0, "1"]),
        (bool, [True, False], [0, 1, "true"]),
        (str, ["", "x"], [1, b"x", True]),
    ],
)
async def test_values_of_another_type_than_declared_are_left_out(kind, good, bad):
    class One:
        name: ClassVar = "one"
        keys: ClassVar = {"it": kind}

        def read(self, visit):
            return {"it": self.value}

    telemetry, signal = Telemetry(), One()
    for value in [*good, *bad, None]:
        signal.value = value
        told = await gather([signal], _visit(2026, 1, 1), deadline=0.01, count=telemetry.count)
        assert told.facts == ({"it": value} if any(value is one for one in good) else {})
    assert telemetry.counted("signal", "one_wrong") == len(bad)


async def test_what_is_about_behaviour_is_asked_only_with_an_agreement():
    class Pace:
        name, keys, terms = "pace", ("pace",), Terms(privacy=Privacy.BEHAVIOUR)

        def read(self, visit):
            return {"pace": "quick"}

    for consent in Consent:
        visit = replace(_visit(2026, 1, 1), consent=consent)
        told = await gather([Pace()], visit, deadline=0.01, count=Telemetry().count)
        assert ("pace" in told.facts) == (consent is not Consent.NONE)


async def test_a_signals_own_deadline_may_be_shorter():
    telemetry = Telemetry()
    late = _Signal("late", _never)
    late.terms = Terms(deadline=0.001)
    told = await gather([late, _Signal("good", _answers)], _visit(2026, 1, 1), deadline=60.0, count=telemetry.count)
    assert told.facts == {"good": 1}
    assert telemetry.counted("signal", "late_late") == 1
    assert telemetry.counted("signal", "late_failed") == 0
