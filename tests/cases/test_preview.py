"""The preview: both orders side by side, as the storefront would get them, and no trace of it anywhere."""

from __future__ import annotations

from typing import Any

from tests.desk_world import DRAFT, SEARCH, DeskWorld, desk_world, pins

PREVIEW = """query($look: LookInput!, $s: StrategyInput, $v: VersionInput, $sw: [SwitchInput!], $rows: Int = 8) {
  preview(look: $look, strategy: $s, version: $v, switches: $sw, rows: $rows) {
    listing total window strategies troubles cuts { strategy itemId wanted place }
    shop { itemId title price currency picture place shopPlace moved reason }
    ours { itemId place shopPlace moved reason reasonCode picture } } }"""
GROUPED = {"input": {"groupByProduct": True}}


async def seen(world: DeskWorld, **variables: Any) -> dict[str, Any]:
    """A preview of the search."""
    look = {"arguments": GROUPED} | variables.pop("look", {})
    preview: dict[str, Any] = (await world.told(PREVIEW, {"look": look} | variables))["preview"]
    return preview


async def test_a_draft_is_seen_as_it_would_be_shown_and_nothing_is_kept_of_it() -> None:
    async with desk_world() as world:
        shop = await world.shops()
        strategy = pins(shop[5], mode="OFF")
        told = await seen(world, s=strategy, look={"language": "de", "arguments": GROUPED})
        assert (told["listing"], told["window"], told["strategies"]) == ("Query.search", 200, ["nothing", "autumn"])
        assert [item["itemId"] for item in told["shop"]] == shop
        first, second = told["ours"][:2]
        assert (first["itemId"], first["place"], first["shopPlace"], first["moved"]) == (shop[5], 1, 6, 5)
        assert (first["reasonCode"], first["reason"]) == ("picked", "Vom Shop ausgewählt")
        assert (second["itemId"], second["moved"]) == (shop[0], -1)
        assert told["shop"][0]["title"]
        assert told["shop"][0]["price"] > 0
        assert told["shop"][0]["picture"].startswith(("http", "/"))
        assert await world.page() == shop
        await world.gateway.outbox.flush()
        log = "{ events(last: 200) { event } }"
        before = await world.told(log)
        sent = len(world.upstream.of_visitors)
        await seen(world, s=strategy, look={"known": True, "context": {"weather": "rain", "store": "hamburg"}})
        await world.gateway.outbox.flush()
        assert await world.told(log) == before
        assert len(world.upstream.of_visitors) == sent  # asked for as a guest, of nobody in particular

        drafted = (await world.told(DRAFT, {"s": strategy, "why": "a test"}))["draft"]
        again = await seen(world, v={"name": "autumn", "number": drafted["number"]})
        assert [item["itemId"] for item in again["ours"]] == [item["itemId"] for item in told["ours"]]
        await world.publish(strategy | {"mode": "SHARE", "share": 0.5})
        assert (await seen(world))["ours"][0]["itemId"] == shop[5]  # a share counts as on
        assert (await seen(world, sw=[{"name": "autumn", "mode": "OFF"}]))["ours"][0]["itemId"] == shop[0]


async def test_a_storefronts_document_is_taken_as_it_is() -> None:
    async with desk_world("reversing") as world:
        page = await world.page()
        look = {"document": SEARCH, "variables": {"i": {"take": 8, "groupByProduct": True}}}
        told = await seen(world, look=look)
        assert [item["itemId"] for item in told["ours"]] == page
        sorted_by_price = {"i": {"take": 8, "sort": {"price": "ASC"}}}
        kept = await seen(world, look=look | {"variables": sorted_by_price})
        assert [item["moved"] for item in kept["ours"]] == [0] * 8
        assert kept["strategies"] == []


async def test_what_guardrails_cut_is_told() -> None:
    async with desk_world() as world:
        shop = await world.shops()
        told = await seen(world, s=pins(shop[6], guardrails={"maxUp": 2}))
        assert {"strategy": "autumn", "itemId": shop[6], "wanted": 1, "place": 5} in told["cuts"]
        assert next(item for item in told["ours"] if item["itemId"] == shop[6])["place"] == 5


async def test_what_fails_is_told_and_the_shops_order_stays() -> None:
    async with desk_world("failing") as world:
        told = await seen(world)
        assert told["troubles"] == ["failing: RuntimeError: a decision failed on purpose"]
        assert [item["moved"] for item in told["ours"]] == [0] * 8
        assert not any(
            "decision" in kind for kind in world.gateway.telemetry.render().decode().split("\n") if kind[:1] != "#"
        )


async def test_what_cannot_be_looked_at_is_refused_with_the_reason() -> None:
    async with desk_world() as world:
        for look, code in (
            ({"listing": "Query.serch"}, "SCOPE_UNKNOWN"),
            ({"listing": "Collection.productVariants"}, "DOCUMENT_NEEDED"),
            ({"arguments": {"inputs": {}}}, "ARGUMENT_UNKNOWN"),
            ({"arguments": {"input": {"take": "x"}}}, ""),
            ({"arguments": {"input": {"nothing": 1}}}, "LISTING_UNREADABLE"),
            ({"document": "{ nothing }"}, "DOCUMENT_INVALID"),
            ({"document": "{ product(id: 1) { id } }"}, "DOCUMENT_INVALID"),
            ({"document": SEARCH, "variables": {"i": {}}, "path": "serch"}, "DOCUMENT_INVALID"),
            ({"context": [1]}, "FIELD_INVALID"),
        ):
            answer = (await world.operate(PREVIEW, {"look": look})).json()
            if code:
                assert answer["errors"][0]["extensions"]["code"] == code, (look, answer)
            else:  # paging is ours
                assert "errors" not in answer
        told = await world.refused(PREVIEW, {"look": {}, "s": pins() | {"decision": "x"}})
        assert told["code"] == "DECISION_UNKNOWN"
        told = await world.refused(PREVIEW, {"look": {}, "sw": [{"name": "x", "mode": "ON"}]})
        assert told["code"] == "STRATEGY_UNKNOWN"
