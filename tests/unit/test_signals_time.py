"""Seasons by hemisphere, holidays by country and state, and a clock that is asked four times an hour."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.situation import HOLIDAYS, SEASONS, Place
from personalize.domain.visit import Visit
from personalize.errors import SettingsError
from personalize.settings import Settings
from personalize.signals.gather import gather
from personalize.signals.holiday import Holiday, near
from personalize.signals.local_time import LocalTime
from personalize.signals.season import Season, season
from personalize.signals.zones import country_of, latitudes
from personalize.telemetry import Telemetry


def _visit(*moment, place=None):
    return Visit(at=datetime(*moment, tzinfo=UTC).timestamp(), place=place)


ZONES = st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC"])


@given(st.lists(st.floats(0, 4e9), min_size=1), ZONES)
def test_the_local_time_is_that_of_the_zone(moments, zone):
    local = LocalTime(zone)
    for moment in moments:
        told = datetime.fromtimestamp(moment, ZoneInfo(zone))
        assert local.at(moment) == (told.date(), told.hour)


@pytest.mark.parametrize(
    ("month", "latitude", "word"),
    [
        (2, 52.5, "winter"), (3, 52.5, "spring"), (6, 52.5, "summer"), (9, 52.5, "autumn"), (12, 52.5, "winter"),
        (1, -33.9, "summer"), (3, -33.9, "autumn"), (6, -33.9, "winter"), (9, -33.9, "spring"), (12, -33.9, "summer"),
        (7, 1.3, None), (7, -23.3, None),
    ],
)  # fmt: skip
def test_seasons(month, latitude, word):
    assert season(month, latitude) == word


@given(st.integers(1, 12), st.floats(24, 90))
def test_the_south_is_half_a_year_away(month, latitude):
    assert season(month, latitude) in SEASONS
    assert season(month, -latitude) == season((month + 5) % 12 + 1, latitude)


def test_the_season_is_of_the_place_else_of_the_zone():
    july = (2026, 7, 1)
    assert Season("Europe/Berlin").read(_visit(*july)) == {"season": "summer"}
    assert Season("Australia/Sydney").read(_visit(*july)) == {"season": "winter"}
    assert Season("Asia/Singapore").read(_visit(*july)) == {}
    assert Season("UTC").read(_visit(*july)) == {}
    assert Season("UTC").read(_visit(*july, place=Place(-33.9, 151.2))) == {"season": "winter"}
    assert Season("Europe/Berlin").read(_visit(*july, place=Place(city="Bremen"))) == {"season": "summer"}
    assert Season("Europe/Berlin").read(_visit(2026, 5, 31, 22, 30)) == {"season": "summer"}  # 1 June in Berlin


@pytest.mark.parametrize(
    ("country", "told"),
    [
        ("DE", {"season": "summer"}), ("AT", {"season": "summer"}), ("NZ", {"season": "winter"}),
        ("AU", {}), ("US", {}), ("SG", {}), ("QQ", {}),
    ],
)  # fmt: skip
def test_of_a_country_alone_it_is_the_season_that_all_of_it_has(country, told):
    assert Season("Europe/Berlin").read(_visit(2026, 7, 29, 12, place=Place(country=country))) == told


def test_in_the_countrys_own_shop_the_zone_counts():
    visit = _visit(2026, 7, 29, 12, place=Place(country="AU"))
    assert Season("Australia/Sydney").read(visit) == {"season": "winter"}


def test_zones_know_where_they_are():
    known = latitudes()
    assert known["Europe/Berlin"] == 52.5
    assert known["America/Sao_Paulo"] == pytest.approx(-23.53, abs=0.01)
    assert len(known) > 300
    assert all(abs(latitude) <= 90 for latitude in known.values())
    assert (country_of("Europe/Berlin"), country_of("Australia/Sydney"), country_of("UTC")) == ("DE", "AU", None)


@pytest.mark.parametrize(
    ("day", "word"),
    [
        ((2026, 10, 31), "today"),  # Reformation Day: in Hamburg, not in Bavaria
        ((2026, 10, 30), "tomorrow"),
        ((2026, 10, 24), "soon"),
        ((2026, 10, 23), None),
        ((2026, 12, 31), "tomorrow"),  # of the next year
        ((2026, 12, 27), "soon"),
    ],
)
def test_holidays_of_hamburg(day, word):
    told = Holiday("Europe/Berlin", "DE-HH").read(_visit(*day, 12))
    assert told == ({} if word is None else {"holiday": word})


def test_holidays_differ_by_state_and_are_off_by_default():
    reformation = _visit(2026, 10, 31, 12)
    assert Holiday("Europe/Berlin", "DE-BY").read(reformation) == {"holiday": "tomorrow"}  # All Saints' Day
    assert Holiday("Europe/Berlin", "DE").read(reformation) == {}
    assert Holiday.from_settings(Settings()).read(reformation) == {}


@pytest.mark.parametrize(("where", "message"), [("DE-QQ", "expected one of BB"), ("QQ", "no such country")])
def test_a_calendar_nobody_has_is_refused(where, message):
    with pytest.raises(SettingsError, match=message):
        Holiday.from_settings(Settings(holidays=where))


async def test_a_visitors_calendar_is_worked_out_behind():
    signal = Holiday("Europe/Berlin", "visitor")
    count = Telemetry().count

    async def told(place):
        return (await gather([signal], _visit(2026, 7, 14, 12, place=place), deadline=1.0, count=count)).facts

    french = Place(country="FR", region="IDF")  # a region without a calendar of its own
    assert await told(french) == {}
    assert await told(french) == {}
    assert len(signal._learning) == 1
    await asyncio.gather(*signal._learning.values())
    assert await told(french) == {"holiday": "today"}
    nowhere = Place(country="QQ")
    await told(nowhere)
    await asyncio.gather(*signal._learning.values())
    assert await told(nowhere) == {}
    assert signal._learning == {}
    assert await told(None) == {}
    assert await told(Place(48.9, 2.3)) == {}


@given(
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_near_is_the_nearest(days, today):
    word = near(days, today)
    gaps = [gap for gap in range(8) if today + timedelta(gap) in days]
    assert word == (None if not gaps else ("today", "tomorrow", "soon")[min(gaps[0], 2)])
    assert word in (None, *HOLIDAYS)
