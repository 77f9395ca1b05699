"""Signals: the time of day where the shop is; late and failing ones are missing."""

import asyncio
from datetime import UTC, datetime

import pytest

from personalize.domain.visit import Visit
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
