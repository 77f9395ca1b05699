"""The operator's desk on a real gateway: what is published shows in the storefront, and can be taken back at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from personalize.domain.strategy import Mode, Strategy
from personalize.errors import StoreError
from personalize.gateway.published import POLL_SECONDS
from tests.desk_world import PAGE, PUBLISH, REVERT, SEARCH, DeskWorld, desk_world, pins
from tests.gateway_world import GATEWAY_URL, ask, demo_shop, request_of

KILL = 'mutation($name: String) { kill(name: $name, why: "something is wrong") }'
REVIVE = 'mutation($name: String) { revive(name: $name, why: "mended") }'
AUDIT = """query($before: Int) { audit(before: $before, first: 2) {
  before items { number actor action name version why before after } } }"""


async def test_a_pin_shows_and_goes_and_the_audit_has_it_all() -> None:
    async with desk_world("reversing") as world:
        shop = await world.shops()
        turned = await world.page()
        assert turned != shop
        first = await world.publish(pins(turned[5], turned[3]))
        both = await world.page()
        assert both[:2] == [turned[5], turned[3]]
        assert sorted(both) == sorted(turned)
        second = await world.publish(pins(turned[7]))
        assert (await world.page())[0] == turned[7]
        reverted = await world.told(REVERT, {"name": "autumn", "number": first})
        assert reverted["revert"]["version"] == {"number": first, "state": "PUBLISHED"}
        assert await world.page() == both

        assert (await world.told(KILL, {"name": "autumn"}))["kill"] == ["autumn"]
        assert await world.page() == turned
        assert (await world.told(KILL))["kill"] == ["*", "autumn"]
        assert await world.page() == shop
        assert (await world.told(REVIVE))["revive"] == ["autumn"]
        assert (await world.told(REVIVE, {"name": "autumn"}))["revive"] == []
        assert await world.page() == both

        lines: list[dict[str, Any]] = []
        before = None
        while page := (await world.told(AUDIT, {"before": before}))["audit"]:
            lines += page["items"]
            before = page["before"]
            if before is None:
                break
        assert [(one["action"], one["name"], one["version"]) for one in reversed(lines)] == [
            ("draft", "autumn", 1), ("publish", "autumn", 1), ("draft", "autumn", 2), ("publish", "autumn", 2),
            ("revert", "autumn", 1), ("kill", "autumn", 0), ("kill", "*", 0), ("revive", "*", 0),
            ("revive", "autumn", 0),
        ]  # fmt: skip
        assert [one["number"] for one in lines] == list(range(9, 0, -1))
        assert {one["actor"] for one in lines} == {"token"}
        assert all(one["why"] for one in lines)
        revert = lines[4]
        assert revert["before"]["parameters"]["rules"][0]["item"] == turned[7]
        assert revert["after"]["parameters"]["rules"][0]["item"] == turned[5]
        assert [v["state"] for v in (await world.told('{ versions(name: "autumn") { state } }'))["versions"]] == [
            "SUPERSEDED", "PUBLISHED",
        ]  # fmt: skip
        assert second == 2


async def test_gateways_on_one_file_follow_each_other(tmp_path: Path) -> None:
    shop, url = demo_shop(), f"sqlite:///{tmp_path}/store.sqlite"
    async with desk_world(shop=shop, store_url=url) as one, desk_world(shop=shop, store_url=url) as other:
        plain = await other.page()
        await one.publish(pins(plain[4]))
        assert (await one.page())[0] == plain[4]
        await follows(other)
        assert (await other.page())[0] == plain[4]
        await other.told(KILL)
        await follows(one)
        assert await one.page() == plain == await one.shops()
    async with desk_world(shop=shop, store_url=url) as later:  # a restart forgets nothing
        assert await later.page() == plain
        await later.told(REVIVE)
        assert (await later.page())[0] == plain[4]


async def follows(world: DeskWorld) -> None:
    """Wait until a gateway serves by the store's revision; its own polling gets it there."""
    for _ in range(200):
        if world.gateway.programmes.programme.revision == await world.gateway.store.desk.revision():
            return
        await asyncio.sleep(POLL_SECONDS / 10)
    pytest.fail("the other gateway did not follow")


async def test_a_schedule_begins_and_ends_by_itself() -> None:
    now = [1_790_000_000.0]
    async with desk_world(clock=lambda: now[0]) as world:
        plain = await world.page()
        schedule = {"from": "2026-12-01T00:00", "until": "2026-12-02T00:00", "zone": "Europe/Berlin"}
        await world.publish(pins(plain[3], schedule=schedule))
        assert await world.page() == plain
        for at, pinned in ((1796079599.0, False), (1796079600.0, True), (1796165999.0, True), (1796166000.0, False)):
            now[0] = at
            await world.gateway.programmes.poll()
            assert ((await world.page())[0] == plain[3]) is pinned


async def test_a_scope_holds_for_its_listings_only() -> None:
    async with desk_world() as world:
        plain, lamps = await world.page(), await world.page(term="lamp")
        await world.publish(pins(lamps[2], scope={"search": "  LAMP "}))
        assert await world.page() == plain
        assert (await world.page(term="lamp"))[0] == lamps[2]
        await world.publish(pins(plain[2], scope={"collection": "nowhere"}))
        assert await world.page() == plain
        await world.publish(pins(plain[2], scope={"listing": "Query.products"}))
        assert await world.page() == plain
        await world.publish(pins(plain[2], scope={"audience": "KNOWN"}))
        assert await world.page() == plain
        await world.publish(pins(plain[2], scope={"audience": "NEW", "listing": "Query.search"}))
        assert (await world.page())[0] == plain[2]


async def test_strategies_off_in_the_settings_wins_over_what_is_published() -> None:
    async with desk_world() as world:
        plain = await world.page()
        await world.publish(pins(plain[3]))
        settings = world.gateway.settings
        world.gateway.use(type(settings)(**{name: getattr(settings, name) for name in settings.__struct_fields__} | {
            "strategies": (),
        }))  # fmt: skip
        assert await world.page() == plain
        world.gateway.use(settings)
        assert (await world.page())[0] == plain[3]


async def test_a_kill_holds_here_while_the_store_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_world("reversing") as world:
        shop, turned = await world.shops(), await world.page()
        await world.publish(pins(turned[5]))
        pinned = await world.page()

        async def down(*_: object, **__: object) -> int:
            raise StoreError("the disk is gone")

        for name, then in (("autumn", turned), (None, shop)):
            with monkeypatch.context() as patch:
                patch.setattr(world.gateway.store.desk, "revision", down)
                told = await world.refused(KILL, {"name": name})
                assert (told["code"], "in this process only" in told["message"]) == ("STOPPED_HERE", True)
                assert await world.page() == then
            await world.publish({"name": "later", "decision": "situation", "mode": "OFF"})  # what is read anew keeps it
            assert await world.page() == then
        await world.told(REVIVE)
        assert await world.page() == turned
        assert (await world.told(KILL, {"name": "autumn"}))["kill"] == ["autumn"]
        assert world.gateway.programmes.here == frozenset()
        await world.told(REVIVE, {"name": "autumn"})
        assert await world.page() == pinned


async def test_what_is_published_replaces_the_switch_of_that_name() -> None:
    async with desk_world("reversing") as world:
        shop, turned = await world.shops(), await world.page()
        assert turned != shop
        await world.publish({"name": "reversing", "decision": "reversing", "mode": "OFF"})
        assert await world.page() == shop
        await world.publish({"name": "reversing", "decision": "reversing", "mode": "ON"})
        assert await world.page() == turned
        running = {one.name: one for one in world.gateway.listings.settings.strategies}
        assert running == {"reversing": Strategy("reversing", Mode.ON)}


async def test_no_request_waits_for_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_world() as world:
        plain = await world.page()
        await world.publish(pins(plain[3]))

        async def silent(*_: object, **__: object) -> int:
            await asyncio.sleep(3600)
            return 0

        monkeypatch.setattr(world.gateway.store.desk, "revision", silent)
        monkeypatch.setattr("personalize.gateway.published.DEADLINE", 0.01)
        assert not await world.gateway.programmes.poll()
        assert (await world.page())[0] == plain[3]


async def test_a_draft_that_others_overtook_is_not_published() -> None:
    async with desk_world() as world:
        plain = await world.page()
        await world.publish(pins(plain[1]))
        first = (await world.told(DRAFT, {"s": pins(plain[2])}))["draft"]["number"]
        await world.told(DRAFT, {"s": pins(plain[3])})
        told = await world.refused(PUBLISH, {"name": "autumn", "number": first, "why": "late"})
        assert told["code"] == "DRAFT_STALE"
        told = await world.refused(PUBLISH, {"name": "autumn", "number": first + 1, "why": "late", "over": 0})
        assert told["code"] == "DRAFT_STALE"
        assert (await world.refused(DRAFT_SEEN, {"s": pins(plain[4]), "seen": 1}))["code"] == "DRAFT_STALE"
        await world.told(PUBLISH, {"name": "autumn", "number": first + 1, "why": "now", "over": 1})
        assert (await world.page())[0] == plain[3]


DRAFT = 'mutation($s: StrategyInput!) { draft(strategy: $s, why: "a try") { number } }'
DRAFT_SEEN = 'mutation($s: StrategyInput!, $seen: Int) { draft(strategy: $s, why: "a try", seen: $seen) { number } }'


async def test_a_response_path_is_told_apart_from_the_same_list_elsewhere() -> None:
    query = "query($i: SearchInput!) { %s: search(input: $i) { items { productId } } }"
    async with desk_world() as world:
        plain = await world.page()
        await world.publish(pins(plain[3], scope={"listing": "home"}))
        for _ in range(3):
            found = {}
            for path in ("home", "other"):
                request = request_of(GATEWAY_URL, query % path, {"i": PAGE})
                data = (await ask(world.storefront, request)).json()["data"]
                found[path] = [item["productId"] for item in data[path]["items"]]
                await asyncio.gather(*world.gateway.windows.fills.values())
            world.gateway.runs.clear()
        assert found["home"][0] == plain[3]
        assert found["other"] == plain


async def test_a_channel_is_the_store_of_the_visit_and_no_order_of_one_store_is_served_in_another() -> None:
    async with desk_world() as world:
        plain = await world.page()
        await world.publish(pins(plain[3], scope={"channel": "hamburg"}))
        for store, first in (("hamburg", plain[3]), ("berlin", plain[0]), ("hamburg", plain[3])):
            headers = {"x-personalize-context": f"store={store}"}
            request = request_of(GATEWAY_URL, SEARCH, {"i": PAGE}, headers=headers)
            data = (await ask(world.storefront, request)).json()["data"]
            assert data["search"]["items"][0]["productId"] == first
        assert await world.page() == plain
