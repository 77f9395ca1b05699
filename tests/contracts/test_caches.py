"""What every cache of the registry has to do."""

import asyncio

import pytest

from personalize.caches import open_cache
from personalize.registry import names

NOW = 1_700_000_000.0


def _url(scheme):
    """An address for a plug of ours; a plug that is not embedded brings its own server's address here."""
    return f"{scheme}://"


@pytest.fixture(params=names("caches"))
async def cache(request):
    cache = open_cache(_url(request.param))
    await cache.open()
    yield cache
    await cache.close()


async def test_what_is_put_is_there_until_it_expires(cache):
    assert await cache.get("a", NOW) is None
    await cache.put("a", b"\x00one", NOW + 10, NOW)
    await cache.put("b", b"", NOW + 20, NOW)
    assert await cache.get("a", NOW + 9) == b"\x00one"
    assert await cache.get("a", NOW + 10) is None
    assert await cache.get("b", NOW + 10) == b""


async def test_the_last_one_wins_and_keys_are_exact(cache):
    for key in ("a", "A", "a ", "ä", "a/b"):
        await cache.put(key, b"old", NOW + 10, NOW)
        await cache.put(key, key.encode(), NOW + 10, NOW)
    for key in ("a", "A", "a ", "ä", "a/b"):
        assert await cache.get(key, NOW) == key.encode()


async def test_of_many_one_is_told_that_it_was_first(cache):
    told = await asyncio.gather(*(cache.add("claim", b"1", NOW + 10, NOW) for _ in range(50)))
    assert sum(told) == 1
    assert await cache.add("claim", b"2", NOW + 20, NOW + 10), "an expired one is nobody's"
    await cache.drop("claim")
    await cache.drop("claim")
    assert await cache.get("claim", NOW + 10) is None
    assert await cache.add("claim", b"3", NOW + 20, NOW + 10)


async def test_it_is_bounded(cache):
    body = bytes(1_000_000)
    for number in range(80):
        await cache.put(f"k{number}", body, NOW + 10, NOW)
    assert await cache.get("k79", NOW) == body
    kept = [await cache.get(f"k{number}", NOW) for number in range(80)]
    assert sum(one is not None for one in kept) < 80
    await cache.put("huge", bytes(64 * 1024 * 1024), NOW + 10, NOW)
    assert await cache.get("huge", NOW) is None


async def test_closing_twice_is_allowed(cache):
    await cache.close()
    await cache.close()
