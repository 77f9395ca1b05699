"""Shared windows through the gateway: who may have them, what tells them apart, and how often the shop is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.toy_shop import Toy, numbered
from tests.toy_world import CONSENT, Turned, turned_world

ROWS = "query R($f: Int, $s: Int) { rows(from: $f, size: $s) { total items { id title } } }"
NONE = {CONSENT: "none"}
UNKNOWN = {CONSENT: "none", "authorization": "Bearer " + "a" * 32}


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[Turned]:
    async with turned_world(toy=Toy(numbered(60)), folder=tmp_path) as world:
        yield world


async def rows(world: Turned, skip: int = 0, headers: dict[str, str] = NONE, **more) -> list[str]:
    response = await world.send(ROWS, {"f": skip, "s": 6}, headers=headers, **more)
    assert "errors" not in response.json()
    return [item["title"] for item in response.json()["data"]["rows"]["items"]]


async def warm(world: Turned, headers: dict[str, str] = NONE, **more) -> None:
    """The document is known to the shop, and the window is there."""
    await rows(world, headers=headers, **more)
    await world.settle()
    await rows(world, headers=headers, **more)
    await world.settle()
    world.upstream.clear()


async def test_a_warm_page_needs_no_shop(world):
    await warm(world)
    assert len(await rows(world)) == 6
    assert len(await rows(world, 18)) == 6
    assert world.upstream.count == 0


async def test_a_window_is_asked_for_without_credentials(world):
    response = await world.send("{ cart }", headers=NONE)
    guest = {**NONE, "authorization": "Bearer " + response.headers["x-token"]}
    world.upstream.clear()
    await warm_without_clearing(world, guest)
    fills = [r for r in world.upstream.requests if b"_pz_v" in r.content]
    assert fills
    for request in fills:
        assert not {"authorization", "cookie", "x-personalize-visitor", "x-forwarded-for"} & set(request.headers)


async def warm_without_clearing(world: Turned, headers: dict[str, str]) -> None:
    for _ in range(2):
        await rows(world, headers=headers)
        await world.settle()


async def enter(world: Turned, field: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The headers a bearer client goes on with after a mutation."""
    selection = {"enter": "enter { who }", "leave": "leave { done }"}.get(field, field)
    sent = {**NONE, **(headers or {})}
    response = await world.send(f"mutation {{ {selection} }}", headers=sent)
    token = response.headers.get("x-token")
    if token is not None:
        sent.pop("authorization", None)
    return {**sent, **({"authorization": f"Bearer {token}"} if token else {})}


@pytest.mark.parametrize("cookie", [False, True])
async def test_a_guest_with_a_cart_is_served_from_the_shared_window(world, cookie):
    """The session was opened by a query that we understand, so nobody signed in with it."""
    await warm(world)
    response = await world.send("{ cart }", headers=NONE)
    token = response.headers["x-token"]
    guest = {**NONE, "cookie": f"sid={token}"} if cookie else {**NONE, "authorization": f"Bearer {token}"}
    world.upstream.clear()
    await rows(world, headers=guest)
    assert world.upstream.count == 0


async def test_signing_in_makes_windows_private_and_signing_out_shared_again(world):
    await warm(world)
    response = await world.send("{ cart }", headers=NONE)
    guest = {**NONE, "authorization": "Bearer " + response.headers["x-token"]}
    customer = await enter(world, "enter", guest)
    assert customer["authorization"] != guest["authorization"]
    world.upstream.clear()
    world.shop.rows.insert(0, ("mine", "mine"))  # what the shop says now, unlike the shared window
    await rows(world, headers=customer)
    assert world.upstream.count == 1
    assert world.upstream.requests[0].headers["authorization"] == customer["authorization"]
    assert await rows(world, headers=NONE) is not None
    assert world.upstream.count == 1
    out = await enter(world, "leave", customer)
    assert "authorization" not in out
    world.upstream.clear()
    await rows(world, headers=out)
    assert world.upstream.count == 0
    await rows(world, headers=customer)  # the old token is not a guest's
    assert world.upstream.count == 1


async def test_an_emptied_cookie_is_a_guests_and_nobodys_id(world):
    customer = await enter(world, "enter")
    await enter(world, "leave", customer)
    await warm(world)
    response = await world.send(ROWS, {"f": 0, "s": 6}, headers={CONSENT: "session", "cookie": "sid="})
    assert response.status_code == 200
    assert world.upstream.count == 0


@pytest.mark.parametrize("mutation", ["wave", "enter: fill wave"])
async def test_a_token_from_an_operation_we_did_not_understand_stays_unknown(world, mutation):
    await warm(world)
    response = await world.send(f"mutation {{ {mutation} }}", headers=NONE)
    stranger = {**NONE, "authorization": "Bearer " + response.headers["x-token"]}
    world.upstream.clear()
    await rows(world, headers=stranger)
    assert world.upstream.count == 1


async def test_unknown_sessions_neither_get_nor_fill_shared_windows(world):
    for _ in range(3):
        await rows(world, headers=UNKNOWN)
        await world.settle()
    assert world.upstream.count == 3
    assert not world.gateway.windows.entries
    await warm(world)
    world.shop.rows[:] = numbered(60)[::-1]
    await rows(world, headers=UNKNOWN)
    assert world.upstream.count == 1


async def test_who_makes_up_lists_gets_no_windows(world):
    await warm(world)
    for number in range(80):
        await rows(world, params=f"z={number}")
        await world.settle()
    assert len(world.gateway.windows.entries) == 60  # filled at first sight within ten seconds
    for _ in range(2):  # asked for twice, it is a list like others
        await rows(world, params="z=79")
        await world.settle()
    assert len(world.gateway.windows.entries) == 61


async def test_what_answers_vary_by_keeps_windows_apart(world):
    await warm(world)
    for more in (
        {"headers": {**NONE, "x-channel": "berlin"}},
        {"params": "languageCode=de"},
        {"params": "currencyCode=USD"},
    ):
        world.upstream.clear()
        first = await rows(world, **more)
        assert world.upstream.count >= 1, more  # not from the other window
        await world.settle()
        world.upstream.clear()
        assert sorted(await rows(world, **more)) == sorted(first)
        assert world.upstream.count == 0
    assert len(world.gateway.windows.entries) == 4
    words = "query W($w: String) { rows(word: $w, size: 6) { total items { id } } }"
    for filled in (4, 6):  # what was searched once may never be searched again: the shop is not asked for its window
        for word in ("red", "blue"):
            await world.send(words, {"w": word}, headers=NONE)
            await world.settle()
        assert len(world.gateway.windows.entries) == filled


async def test_a_thousand_requests_on_a_cold_window_fill_it_once(world):
    await warm(world)
    world.gateway.windows.clear()
    pages = await asyncio.gather(*(rows(world, headers={**NONE, "x-channel": "new"}) for _ in range(1_000)))
    await world.settle()
    assert len({tuple(page) for page in pages}) == 1
    assert sum(b"_pz_v" in request.content for request in world.upstream.requests) == 1
    world.upstream.clear()
    await asyncio.gather(*(rows(world, headers={**NONE, "x-channel": "new"}) for _ in range(1_000)))
    assert world.upstream.count == 0


async def test_a_stale_window_is_served_while_a_new_one_is_fetched(world):
    await warm(world)
    before = await rows(world)
    world.shop.rows[0] = ("new", "new")
    world.now[0] += 6
    assert await rows(world) == before
    await world.settle()
    assert world.upstream.count == 1
    assert await rows(world) != before
    assert world.upstream.count == 1


async def test_a_window_that_cannot_be_refreshed_is_kept_while_it_is_good(world):
    await warm(world)
    world.shop.fails.add("rows")
    for seconds in (6, 6, 6):
        world.now[0] += seconds
        assert len(await rows(world)) == 6
        await world.settle()
    world.now[0] += 61
    response = await world.send(ROWS, {"f": 0, "s": 6}, headers=NONE)
    assert response.json()["errors"][0]["message"] == "out of order"
    world.shop.fails.clear()
    world.now[0] += 3
    await warm(world)
    assert len(await rows(world)) == 6


async def test_no_time_to_share_switches_sharing_off(tmp_path):
    async with turned_world(toy=Toy(numbered(60)), folder=tmp_path, share_ttl=0.0) as world:
        for _ in range(3):
            await rows(world)
            await world.settle()
        assert world.upstream.count == 3, world.upstream.documents
        assert not world.gateway.windows.entries


async def test_fields_beside_the_list_are_asked_as_a_smaller_operation(world):
    query = "query B($f: Int) { cart rows(from: $f, size: 6) { total items { id } } mood }"
    for _ in range(2):
        await world.send(query, {"f": 0}, headers=NONE)
        await world.settle()
    world.upstream.clear()
    response = await world.send(query, {"f": 6}, headers=NONE)
    data = response.json()["data"]
    assert list(data) == ["cart", "rows", "mood"]
    assert len(data["rows"]["items"]) == 6
    assert world.upstream.count == 1
    assert "rows" not in world.upstream.documents[0]
    assert "$f" not in world.upstream.documents[0]
    assert response.headers["x-token"]  # the visitor's own session still comes through


async def test_answers_without_the_shop_carry_its_cross_origin_headers(world):
    await warm(world)
    origin = {**NONE, "origin": "https://store.example"}
    first = await world.send(ROWS, {"f": 0, "s": 6}, headers=origin)
    assert world.upstream.count == 1  # the shop's word on this origin was not known
    second = await world.send(ROWS, {"f": 0, "s": 6}, headers=origin)
    assert world.upstream.count == 1
    for response in (first, second):
        assert response.headers["access-control-allow-origin"] == "https://store.example"
        assert "X-Personalize-Visitor" in response.headers["access-control-expose-headers"]
    assert first.json() == second.json()  # served from the window even so: no order is broken
    assert second.headers["content-type"].startswith("application/json")
    assert second.headers["cache-control"] == "private, no-store"


async def test_what_one_guest_was_told_beside_the_list_stays_with_them(world):
    world.shop.extra += [("set-cookie", "seen=1"), ("x-token", "t" * 32), ("x-powered-by", "toy")]
    await warm(world)
    response = await world.send(ROWS, {"f": 0, "s": 6}, headers=NONE)
    assert world.upstream.count == 0
    assert response.headers["x-powered-by"] == "toy"
    assert "set-cookie" not in response.headers
    assert "x-token" not in response.headers
