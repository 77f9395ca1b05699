"""The weather's arithmetic: groups, outlooks, sun, felt and normal temperature, places, its settings."""

from datetime import UTC, datetime, timedelta
from math import cos, pi

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize.caches.memory import MemoryCache
from personalize.domain.signal import Surroundings
from personalize.domain.situation import WEATHER, Place, read_place
from personalize.domain.visit import Visit
from personalize.errors import SettingsError
from personalize.registry import names
from personalize.settings import Settings, load_settings
from personalize.signals.sources import attribution
from personalize.signals.weather.met_norway import _group
from personalize.signals.weather.normal import fit
from personalize.signals.weather.open_meteo import _archive
from personalize.signals.weather.signal import Weather
from personalize.signals.weather.snapshot import (
    DAY,
    HOUR,
    Hour,
    WeatherSnapshot,
    nearest,
    number,
    of_wmo,
    outlook,
    part,
)
from personalize.signals.weather.sun import elevation, felt, is_daylight
from personalize.telemetry import Telemetry
from tests.weather_services import NOON, open_meteo, service


@pytest.mark.parametrize(
    ("code", "group"),
    [
        (0, "clear"), (1, "clear"), (2, "cloudy"), (3, "cloudy"), (45, "fog"), (48, "fog"), (51, "rain"), (57, "rain"),
        (61, "rain"), (65, "rain"), (67, "rain"), (71, "snow"), (77, "snow"), (80, "rain"), (82, "rain"), (85, "snow"),
        (95, "storm"), (96, "storm"), (99, "storm"), (3.0, "cloudy"),
        (100, None), (-1, None), (None, None), ("61", None), (True, None), (float("nan"), None), ([], None),
    ],
)  # fmt: skip
def test_wmo_codes_fall_into_groups(code, group):
    assert of_wmo(code) == group


@pytest.mark.parametrize(
    ("symbol", "group"),
    [
        ("clearsky_day", "clear"), ("fair_polartwilight", "clear"), ("partlycloudy_night", "cloudy"),
        ("cloudy", "cloudy"), ("fog", "fog"), ("lightrainshowers_day", "rain"), ("heavyrain", "rain"),
        ("sleet", "snow"), ("lightssleetshowersandthunder_day", "storm"), ("rainandthunder", "storm"),
        ("heavysnowshowers_night", "snow"), ("sunny", None), ("", None), (None, None), (3, None), ("rain" * 99, None),
    ],
)  # fmt: skip
def test_symbols_fall_into_groups(symbol, group):
    assert _group(symbol) == group


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@settings(max_examples=40)
@given(anything)
def test_whatever_a_service_sends_is_a_number_within_bounds_or_missing(value):
    found = number(value, (-5.0, 5.0))
    assert found is None or -5.0 <= found <= 5.0
    assert of_wmo(value) in (None, *WEATHER)
    part(value, "a", "b")


@given(st.lists(st.tuples(st.integers(-5, 90), st.none() | st.floats(0, 50)), max_size=120, unique_by=lambda h: h[0]))
def test_an_outlook_never_makes_up_what_it_does_not_know(hours):
    made = [Hour(NOON + step * HOUR, rain, rain, None) for step, rain in hours]
    told = outlook(made, NOON + 60, DAY)
    known = [rain for step, rain in hours if 0 <= step < 24 and rain is not None]
    if len(known) < 12:
        assert (told.precipitation, told.mean, told.group) == (None, None, None)
    else:
        assert told.precipitation == pytest.approx(sum(known), abs=0.01)
        assert told.lowest <= told.mean + 0.01
        assert told.mean <= told.highest + 0.01


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(-1e6, 1e6))
def test_the_nearest_moment_is_the_last_one_before(times, at):
    times = sorted(times)
    found = times[nearest(times, at)]
    assert found <= at or found == times[0]
    assert not any(found < time <= at for time in times)


@pytest.mark.parametrize(
    ("latitude", "longitude", "moment", "height"),
    [
        (53.5, 10.0, (2026, 6, 21, 11, 22), 59.9),  # the height at noon is 90 - latitude + declination
        (53.5, 10.0, (2026, 12, 21, 11, 18), 13.1),
        (0.0, 0.0, (2026, 3, 20, 12, 7), 89.7),
        (90.0, 0.0, (2026, 6, 21, 3, 0), 23.4),
        (-90.0, 77.0, (2026, 6, 21, 3, 0), -23.4),
    ],
)
def test_the_sun_stands_where_it_should(latitude, longitude, moment, height):
    at = datetime(*moment, tzinfo=UTC).timestamp()
    assert elevation(latitude, longitude, at) == pytest.approx(height, abs=1.0)
    assert is_daylight(latitude, longitude, at) == (height > 0)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 4e9))
def test_the_sun_is_somewhere_everywhere_always(latitude, longitude, at):
    assert -90 <= elevation(latitude, longitude, at) <= 90


def test_felt_temperature():
    assert felt(20.0, 50.0, 0.0) == pytest.approx(19.9, abs=0.1)
    assert felt(5.0, 80.0, 36.0) < felt(5.0, 80.0, 5.0) < 5.0
    assert felt(None, 50.0, 1.0) is felt(20.0, None, 1.0) is felt(20.0, 50.0, None) is None


def test_the_normal_is_the_course_of_the_years_before():
    first = datetime(2016, 1, 1, tzinfo=UTC)

    def climate(day):
        return 10 - 8 * cos(2 * pi * (day.timetuple().tm_yday - 15) / 365.25)

    days = [first + timedelta(number) for number in range(3653)]
    normal = fit([(day.timestamp(), climate(day) + (-1) ** day.day * 3) for day in days])
    for day in (
        datetime(2026, 1, 15, tzinfo=UTC),
        datetime(2026, 7, 15, tzinfo=UTC),
        datetime(2026, 10, 2, tzinfo=UTC),
    ):
        assert normal.on(day.timestamp()) == pytest.approx(climate(day), abs=0.5)
    assert fit([(day.timestamp(), 10.0) for day in days[:1000]]) is None


def test_the_past_is_where_the_service_has_it():
    assert _archive("https://api.open-meteo.com") == "https://archive-api.open-meteo.com"
    assert _archive("https://customer-api.open-meteo.com") == "https://customer-archive-api.open-meteo.com"
    assert _archive("http://127.0.0.1:8080/meteo") == "http://127.0.0.1:8080/meteo"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("53.5,10.0", (535, 100)), (" 53.58 , 9.99 ", (536, 100)), ("-90,0", (-900, 0)), ("90,180", (900, -1800)),
        ("91,0", None), ("0,181", None), ("nan,0", None), ("inf,0", None), ("53.5", None), ("a,b", None), ("", None),
        ("1,2,3", None),
    ],
)  # fmt: skip
def test_places_are_read_at_their_cell(text, cell):
    place = read_place(text)
    assert (place.cell if place else None) == cell


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("SHOP_PLACE", "Hamburg", "latitude,longitude"),
        ("SHOP_PLACE", "91,0", "latitude,longitude"),
        ("WEATHER_PROVIDER", "open-meto", "'open-meteo'"),
        ("WEATHER_URL", "ftp://weather.example", "https"),
        ("CACHE_URL", "tape://", "memory"),
    ],
)
def test_settings_that_cannot_be(name, value, hint):
    with pytest.raises(SettingsError) as caught:
        load_settings({f"PERSONALIZE_{name}": value})
    assert hint in str(caught.value)


def test_the_key_is_a_secret():
    told = load_settings({"PERSONALIZE_WEATHER_KEY": "quiet please", "PERSONALIZE_WEATHER_PROVIDER": "open-meteo"})
    assert "quiet" not in repr(told) + str(list(told.__rich_repr__()))
    assert "quiet please" in told.secrets()


def test_every_provider_wants_something_said_and_nobody_else_does():
    assert all(attribution(name) for name in names("weather"))
    assert attribution("clock") is attribution("shopper") is None


class Sky:
    """The weather signal of a service that is asked for real, and a clock."""

    def __init__(self, url, **more):
        self.now, self.telemetry = NOON, Telemetry()
        given = {"weather_provider": "open-meteo", "weather_url": url, "shop_place": "53.5,10.0", **more}
        self.weather = Weather.from_settings(Settings(**given))

    async def __aenter__(self):
        await self.weather.start(Surroundings(self.telemetry, lambda: self.now, MemoryCache()))
        return self

    async def __aexit__(self, *_):
        await self.weather.stop()

    async def settle(self):
        for cache in (self.weather.cells, self.weather.normals):
            for flight in list(cache.flights.values()):
                await flight

    def read(self, place=None):
        return self.weather.read(Visit(at=self.now, place=place))


def climate(request):
    """A service with a forecast and a past: 4 degrees on every day of the years before."""
    if request.url.path == "/v1/forecast":
        return open_meteo()
    days = [datetime(2016, 1, 1, tzinfo=UTC) + timedelta(number) for number in range(3653)]
    times = [day.strftime("%Y-%m-%d") for day in days]
    return {"daily": {"time": times, "temperature_2m_mean": [4.0 if n % 7 else None for n in range(len(times))]}}


async def test_the_facts_their_origin_and_the_normal():
    async with service(climate) as there, Sky(there.url, weather_key="the key") as sky:
        assert sky.read() == ({}, {})
        await sky.settle()
        told = sky.read()
        assert told.facts == {
            "weather": "rain", "temperature": 8.4, "rain_24h": 3.0, "temperature_deviation": 8.8, "wind": 19.4,
            "daylight": True,
        }  # fmt: skip
        (origin,) = set(told.origins.values())
        assert (origin.source, origin.observed_at, origin.stale) == ("open-meteo", NOON, False)
        found = sky.weather.snapshot((535, 100), NOON)
        assert msgspec.json.decode(msgspec.json.encode(found), type=WeatherSnapshot) == found
        assert found.deviation == pytest.approx(8.8, abs=0.1)
        forecast, past = sorted(there.asked, key=lambda one: one.url.path, reverse=True)
        assert forecast.query_params["apikey"] == past.query_params["apikey"] == "the key"
        assert past.query_params["start_date"] == "2016-01-01"
        assert past.query_params["end_date"] == "2025-12-31"


async def test_a_visitors_place_wins_and_an_impossible_one_is_the_shops():
    async with service(climate) as there, Sky(there.url) as sky:
        await sky.settle()
        assert sky.read(Place(48.1, 11.6)).facts == {}
        await sky.settle()
        assert sky.read(Place(48.1, 11.6)).facts["weather"] == "rain"
        asked = [(one.query_params["latitude"], one.query_params["longitude"]) for one in there.asked]
        assert set(asked) == {("53.5", "10.0"), ("48.1", "11.6")}
        for place in (Place(), Place(country="DE"), Place(95.0, 10.0), Place(float("nan"), 0.0), Place(1e9, -1e9)):
            assert sky.read(place).facts["weather"] == "rain"
        assert sky.read(Place(country="AU")).facts == {}  # the shop's weather is not theirs
        assert len(there.asked) == len(asked)


async def test_without_a_provider_or_a_place_there_is_no_weather():
    async with Sky("", weather_provider="") as sky:
        assert sky.read() == ({}, {})
    async with service(climate) as there, Sky(there.url, shop_place="") as sky:
        assert sky.read() == ({}, {})
        assert there.asked == []
