"""What every weather provider of the registry has to do, against servers in its own shape."""

import asyncio
import gzip
import time
from contextlib import asynccontextmanager
from email.utils import formatdate

import orjson
import pytest
import pytest_asyncio
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from personalize.errors import SignalError
from personalize.registry import load, names
from personalize.signals import outside
from personalize.signals.outside import Outside
from tests.weather_services import NOON, PATHS, SHAPES, service

KEY = "a very secret key"
THERE = []
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=names("weather"))
def name(request):
    return request.param


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def there():
    """One server for all tests here: starting one takes longer than most of them."""
    async with service() as running:
        THERE.append(running)
        yield
    THERE.clear()


@asynccontextmanager
async def asking(name, answer, *, now=NOON):
    """A provider, and the service that it asks."""
    (running,) = THERE
    running.use(answer)
    kind = load("weather", name)
    provider = kind(Outside("shop@example.com", lambda: now, fresh=kind.fresh), running.url, KEY)
    try:
        yield provider, running
    finally:
        await provider.close()


async def test_the_same_weather_in_three_shapes(name):
    async with asking(name, SHAPES[name]()) as (provider, there):
        fetched = await provider.now(53.5, 10.0, NOON + 60)
    found = fetched.value
    assert found.source == provider.name == name
    assert found.attribution == provider.attribution
    assert "CC BY 4.0" in found.attribution
    assert found.observed_at == NOON
    assert found.temperature == 11.8
    assert found.felt == pytest.approx(8.4, abs=1.5)
    assert found.wind == pytest.approx(19.4, abs=0.1)
    assert (found.cloud, found.group, found.daylight) == (100.0, "rain", True)
    assert 0 <= found.precipitation <= 0.5
    assert found.next_24h.precipitation == found.next_72h.precipitation == 3.0
    assert (found.next_24h.lowest, found.next_24h.highest) == (11.8, 13.8)
    assert found.next_24h.mean == pytest.approx(12.8, abs=0.1)
    assert found.next_24h.group == found.next_72h.group == "rain"
    assert fetched.fresh == provider.fresh
    (request,) = there.asked
    assert request.url.path == PATHS[name]
    assert request.headers["user-agent"].startswith("personalize/")
    assert request.headers["user-agent"].endswith("shop@example.com")
    told = {request.query_params.get(one) for one in ("latitude", "longitude", "lat", "lon")}
    assert told == {"53.5", "10.0", None}


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"[]", b"null", b"{}", b"17", b'"rain"', b'{"current": NaN}', b'{"current": []}', b"\xff\xfe",
        b'{"weather": 3, "properties": [], "current": "x"}', b'{"current": {"time": "soon"}}', b"[" * 100_000,
    ],
)  # fmt: skip
async def test_garbage_is_refused(name, answer):
    async with asking(name, Response(answer, media_type="application/json")) as (provider, _):
        with pytest.raises(SignalError) as caught:
            await provider.now(53.5, 10.0, NOON)
    assert caught.value.code == "SIGNAL_GARBAGE"


def _spoil(value, put):
    """The same JSON with every number and word in it replaced, times kept."""
    if isinstance(value, dict):
        return {key: one if key in ("time", "timestamp") else _spoil(one, put) for key, one in value.items()}
    return [_spoil(one, put) for one in value] if isinstance(value, list) else put


@pytest.mark.parametrize("put", [None, "11.8", True, 1e300, -1e300, {}, []])
async def test_fields_of_the_wrong_kind_or_beyond_bounds_are_missing(name, put):
    async with asking(name, _spoil(SHAPES[name](), put)) as (provider, _):
        fetched = await provider.now(53.5, 10.0, NOON)
    assert fetched.value is None, "nothing is known there: an ocean, say"


@pytest.mark.parametrize("missing", ["temperature", "group"])
async def test_one_missing_field_takes_no_other_with_it(name, missing):
    words = {"temperature": "temperature", "group": ("weather_code", "condition", "symbol_code")}[missing]

    def cut(value):
        if isinstance(value, dict):
            return {k: None if any(w in k for w in ([words] if isinstance(words, str) else words)) else cut(v)
                    for k, v in value.items()}  # fmt: skip
        return [cut(one) for one in value] if isinstance(value, list) else value

    async with asking(name, cut(SHAPES[name]())) as (provider, _):
        found = (await provider.now(53.5, 10.0, NOON)).value
    assert getattr(found, missing) is None
    assert found.wind == pytest.approx(19.4, abs=0.1)
    assert found.next_24h.precipitation == 3.0


@pytest.mark.parametrize("off", [-7 * 3600, -30 * 86400, 3 * 3600 + 1000, 86400])
async def test_observations_from_another_time_are_refused(name, off):
    answer = SHAPES[name](NOON + off)
    if off < 0:  # a service that has stopped: its series ends in the past
        for rows in (answer.get("weather"), answer.get("properties", {}).get("timeseries")):
            del (rows or [])[1:]
    async with asking(name, answer) as (provider, _):
        with pytest.raises(SignalError) as caught:
            await provider.now(53.5, 10.0, NOON)
    assert caught.value.code == "SIGNAL_CLOCK"


@pytest.mark.parametrize("status", [400, 401, 403, 500, 502, 503])
async def test_refusals(name, status):
    async with asking(name, JSONResponse({"error": True, "reason": "no"}, status)) as (provider, there):
        with pytest.raises(SignalError, match=str(status)) as caught:
            await provider.now(53.5, 10.0, NOON)
    assert (caught.value.code, caught.value.retry_after) == ("SIGNAL_REFUSED", 0.0)
    assert len(there.asked) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [404, 422])
async def test_no_weather_there_is_no_fault(name, status):
    async with asking(name, JSONResponse({"detail": "No sources match your criteria"}, status)) as (provider, _):
        assert (await provider.now(-60.0, -120.0, NOON)).value is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": formatdate(NOON + 90, usegmt=True), "date": formatdate(NOON, usegmt=True)}, 90.0),
        ({}, outside.WAIT),
        ({"retry-after": "soon"}, outside.WAIT),
        ({"retry-after": "-5"}, outside.WAIT),
        ({"retry-after": "0"}, outside.LEAST),
        ({"retry-after": "9" * 40}, outside.LONGEST_WAIT),
    ],
)
async def test_too_many_requests_says_for_how_long(name, headers, seconds):
    answer = Response(status_code=429, headers=headers)
    async with asking(name, answer) as (provider, _):
        with pytest.raises(SignalError) as caught:
            await provider.now(53.5, 10.0, NOON)
    assert caught.value.code == "SIGNAL_TOO_MANY"
    assert caught.value.retry_after == seconds


async def test_redirects_are_not_followed(name):
    def answer(request):
        return RedirectResponse("/elsewhere") if request.url.path != "/elsewhere" else JSONResponse({})

    async with asking(name, answer) as (provider, there):
        with pytest.raises(SignalError) as caught:
            await provider.now(53.5, 10.0, NOON)
    assert caught.value.code == "SIGNAL_REDIRECT"
    assert len(there.asked) == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_what_is_too_large_is_cut_off(name, packed):
    async def chunks():
        for _ in range(1024):
            yield b" " * (64 * 1024)

    def answer(request):
        if packed:  # 64 KiB that unpack to 64 MiB
            body = gzip.compress(b" " * (64 * 1024 * 1024))
            return Response(body, headers={"content-encoding": "gzip"})
        return StreamingResponse(chunks())

    async with asking(name, answer) as (provider, _):
        with pytest.raises(SignalError) as caught:
            await provider.now(53.5, 10.0, NOON)
    assert caught.value.code == "SIGNAL_OVERSIZED"


async def test_packed_answers_are_read_and_other_codings_are_not(name):
    body = orjson.dumps(SHAPES[name]())
    async with asking(name, Response(gzip.compress(body), headers={"content-encoding": "gzip"})) as (provider, _):
        assert (await provider.now(53.5, 10.0, NOON)).value.temperature == 11.8
    for coding in ("br", "gzip"):
        async with asking(name, Response(body, headers={"content-encoding": coding})) as (provider, _):
            with pytest.raises(SignalError):
                await provider.now(53.5, 10.0, NOON)


async def test_a_service_that_is_not_there():
    provider = load("weather", "open-meteo")(Outside("", time.time, fresh=1.0), "http://127.0.0.1:1", KEY)
    with pytest.raises(SignalError, match="could not be reached") as caught:
        await provider.now(53.5, 10.0, NOON)
    assert KEY not in repr(caught.value)
    await provider.close()


async def test_a_service_that_hangs_ends_with_its_callers_patience(name):
    async with asking(name, SHAPES[name]()) as (provider, there):
        there.hang = True
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await provider.now(53.5, 10.0, NOON)


@pytest.mark.parametrize(("latitude", "up"), [(90.0, False), (-90.0, True)])
async def test_the_poles_have_weather_and_half_a_year_of_night(name, latitude, up):
    answer = SHAPES[name]()
    answer.get("current", {}).pop("is_day", None)
    async with asking(name, answer) as (provider, _):
        found = (await provider.now(latitude, -180.0, NOON)).value
    assert found.daylight is up, "it is the second of October"


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"expires": formatdate(NOON + 1800, usegmt=True), "date": formatdate(NOON, usegmt=True)}, 1800.0),
        ({"expires": formatdate(NOON + 9e6 + 1800, usegmt=True), "date": formatdate(NOON + 9e6, usegmt=True)}, 1800.0),
        ({"cache-control": "public, max-age=300", "expires": formatdate(NOON, usegmt=True)}, 300.0),
        ({"cache-control": "max-age=300", "age": "100"}, 200.0),
        ({"cache-control": "max-age=" + "9" * 30}, outside.MOST),
        ({"cache-control": "max-age=1"}, 1.0),
        ({"cache-control": "no-store, max-age=0"}, None),
        ({"cache-control": "max-age=x", "expires": "0"}, None),
    ],
)
async def test_it_says_itself_how_long_it_holds(name, headers, fresh):
    async with asking(name, JSONResponse(SHAPES[name](), headers=headers)) as (provider, _):
        fetched = await provider.now(53.5, 10.0, NOON)
    assert fetched.fresh == (provider.fresh if fresh is None else fresh)


async def test_what_is_unchanged_is_not_sent_again(name):
    def answer(request):
        if request.headers.get("if-modified-since") == "Fri, 02 Oct 2026 11:24:05 GMT":
            return Response(status_code=304, headers={"cache-control": "max-age=60"})
        return JSONResponse(SHAPES[name](), headers={"last-modified": "Fri, 02 Oct 2026 11:24:05 GMT"})

    async with asking(name, answer) as (provider, there):
        first = await provider.now(53.5, 10.0, NOON)
        again = await provider.now(53.5, 10.0, NOON + 60)
        elsewhere = await provider.now(48.1, 11.6, NOON)
    assert first.value == again.value == elsewhere.value
    assert again.fresh == 60.0
    assert ["if-modified-since" in request.headers for request in there.asked] == [False, True, False]


async def test_nothing_of_us_is_kept_or_told(name, caplog):
    caplog.set_level("INFO")
    answer = JSONResponse(SHAPES[name](), headers={"set-cookie": "who=us; Path=/"})
    async with asking(name, answer) as (provider, there):
        await provider.now(53.5, 10.0, NOON)
        await provider.now(53.5, 10.0, NOON)
    assert [set(request.headers) for request in there.asked] == [
        {"host", "connection", "user-agent", "accept", "accept-encoding"}
    ] * 2
    assert KEY not in caplog.text
    assert "53.5" not in caplog.text
