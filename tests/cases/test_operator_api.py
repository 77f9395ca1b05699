"""The operator API at its door and in what it refuses: tokens, bounds, and publishing with the reason."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.desk_world import DRAFT, PUBLISH, TOKEN, URL, DeskWorld, desk_world, pins
from tests.gateway_world import ask, request_of

HEALTH = "{ health { ready revision stopped killed running { name mode share } } }"


async def test_without_a_token_in_the_settings_it_is_off() -> None:
    async with desk_world(operator_token="") as world:
        for token in (None, "", TOKEN):
            answer = await world.operate(HEALTH, token=token)
            assert answer.status_code == 403
            (error,) = answer.json()["errors"]
            assert error["extensions"]["code"] == "API_OFF"
            assert "PERSONALIZE_OPERATOR_TOKEN" in error["extensions"]["hint"]


async def test_the_token_is_wanted_whole() -> None:
    async with desk_world() as world:
        for given in (None, "", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä"):
            headers = [] if given is None else [("authorization", f"Bearer {given}")]
            raw = [(key.encode(), value.encode()) for key, value in headers]
            request = httpx.Request("POST", URL, json={"query": HEALTH}, headers=raw)
            answer = await ask(world.operator, request)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "data" not in answer.json()
        basic = request_of(URL, HEALTH, headers={"authorization": f"Basic {TOKEN}"})
        assert (await ask(world.operator, basic)).status_code == 401
        good = await world.operate(HEALTH)
        assert good.status_code == 200
        assert good.headers["cache-control"] == "no-store"


async def test_what_comes_in_is_bounded() -> None:
    async with desk_world() as world:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}

        async def status(**more: Any) -> tuple[int, str]:
            answer = await ask(world.operator, request_of(URL, headers=headers | more.pop("headers", {}), **more))
            return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]

        assert await status(content=b" " * 300_000) == (413, "BODY_TOO_LARGE")
        assert await status(content=b"{") == (400, "JSON_BROKEN")
        assert await status(content=b"[]") == (400, "REQUEST_INVALID")
        assert await status(query=HEALTH, method="GET") == (405, "POST_ONLY")
        assert await status(query=HEALTH, headers={"content-type": "text/plain"}) == (415, "JSON_ONLY")
        deep = "{ " + "strategies { items { published { scope { " * 8 + "x" + " } } } }" * 8 + " }"
        assert await status(query=deep) == (400, "LIMIT_EXCEEDED")
        many = "{ " + " ".join(f"a{n}: decisions {{ name }}" for n in range(11)) + " }"
        assert await status(query=many) == (400, "LIMIT_EXCEEDED")
        spread = "{ ...F ...F } fragment F on Query { " + many[2:-2] + " }"
        assert await status(query=spread) == (400, "LIMIT_EXCEEDED")
        assert await status(query="{ nothing }") == (400, "GRAPHQL_INVALID")
        assert await status(query="{") == (400, "GRAPHQL_INVALID")


async def test_what_it_tells() -> None:
    async with desk_world("reversing") as world:
        plain = await world.page()
        await world.publish(pins(plain[0]))
        told = await world.told(
            "{ decisions { name parameters { name kind low high default } } experiments { name } strategies(first: 1)"
            " { after items { name killed draft { number } published { number mode scope { listing audience }"
            " parameters schedule { from until zone } } } } " + HEALTH[2:]
        )
        decisions = {one["name"]: one["parameters"] for one in told["decisions"]}
        assert [one["name"] for one in decisions["merchandising"]] == ["rules", "max_displacement"]
        assert decisions["reversing"] == []
        (autumn,) = told["strategies"]["items"]
        assert (autumn["name"], autumn["killed"], autumn["draft"]) == ("autumn", False, None)
        assert autumn["published"]["scope"] == {"listing": None, "audience": "ALL"}
        assert told["strategies"]["after"] is None
        assert told["health"]["running"] == [
            {"name": "reversing", "mode": "ON", "share": 1.0}, {"name": "autumn", "mode": "ON", "share": 1.0},
        ]  # fmt: skip
        assert told["health"]["revision"] == 2
        assert (await world.refused('{ strategy(name: "autum") { name } }'))["hint"] == "did you mean 'autumn'?"


async def test_the_tail_of_the_events_names_nobody() -> None:
    async with desk_world("reversing") as world:
        headers = {"x-personalize-visitor": "a-visitor-with-a-name"}
        query = "query($i: SearchInput!) { search(input: $i) { items { productId } } }"
        await ask(
            world.storefront,
            request_of(
                "http://gateway.test/graphql", query, {"i": {"take": 4, "groupByProduct": True}}, headers=headers
            ),
        )
        await world.gateway.outbox.flush()
        answer = await world.operate("{ events(last: 3) { event at who items strategy } }")
        (line,) = answer.json()["data"]["events"]
        assert (line["event"], len(line["items"]), line["strategy"]) == ("view_item_list", 4, "reversing@1")
        assert "a-visitor-with-a-name" not in answer.text


async def publishing(world: DeskWorld, strategy: dict[str, Any]) -> dict[str, Any]:
    """The refusal of a strategy that can be drafted."""
    number = (await world.told(DRAFT, {"s": strategy, "why": "a test"}))["draft"]["number"]
    return await world.refused(PUBLISH, {"name": strategy["name"], "number": number, "why": "a test"})


def ruled(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A strategy of these rules."""
    return pins() | {"parameters": {"rules": [*rules]}} | more


PIN = {"kind": "pin", "item": "1", "place": 1}


async def test_what_may_not_be_published_is_refused_with_the_reason() -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        (pins() | {"decision": "merchandize"}, "DECISION_UNKNOWN", "did you mean 'merchandising'?"),
        (pins() | {"parameters": {"rule": []}}, "PARAMETER_UNKNOWN", "did you mean 'rules'?"),
        (pins() | {"parameters": {"max_displacement": -1}}, "PARAMETER_INVALID", ""),
        (pins() | {"parameters": {"max_displacement": True}}, "PARAMETER_INVALID", ""),
        (ruled({"kind": "pinn", "item": "1", "place": 1}), "RULE_INVALID", "did you mean 'pin'?"),
        (ruled({"kind": "pin", "itm": "1", "place": 1}), "RULE_INVALID", "did you mean 'item'?"),
        (ruled({"kind": "pin", "item": "1", "place": 0}), "RULE_INVALID", ""),
        (ruled({"kind": "boost"}), "RULE_INVALID", ""),
        (pins("1", share=1.5), "SHARE_INVALID", ""),
        (pins("1", share=-0.1), "SHARE_INVALID", ""),
        (pins("1", schedule={"from": "2026-12-02T00:00", "until": "2026-12-01T00:00"}), "SCHEDULE_INVALID", ""),
        (pins("1", schedule={"from": "tomorrow"}), "SCHEDULE_INVALID", ""),
        (pins("1", schedule={"zone": "Europe/Nowhere"}), "SCHEDULE_INVALID", ""),
        (pins("1", schedule={"from": "2026-12-02T00:00+01:00"}), "SCHEDULE_INVALID", ""),
        (pins("1", scope={"listing": "Query.serch"}), "SCOPE_UNKNOWN", "did you mean 'Query.search'?"),
        (ruled(PIN, PIN | {"item": "2"}), "PINS_CONFLICT", ""),
        (ruled(PIN, PIN | {"place": 2}), "PINS_CONFLICT", ""),
        (ruled(PIN, {"kind": "sequence", "items": ["2", "3"]}), "PINS_CONFLICT", ""),
        (pins("no-such-item"), "ITEM_UNKNOWN", ""),
        (pins("1") | {"name": "situation"}, "NAME_TAKEN", ""),
    ]  # fmt: skip
    async with desk_world() as world:
        plain = await world.page()
        for strategy, code, hint in cases:
            told = await publishing(world, strategy)
            assert told["code"] == code, (strategy, told)
            assert hint in told["hint"]
            assert told["findings"][0]["level"] == "error"
            assert await world.page() == plain
        audit = (await world.told("{ audit(first: 200) { items { action } } }"))["audit"]["items"]
        assert {one["action"] for one in audit} == {"draft"}


@pytest.mark.parametrize(
    ("strategy", "code"),
    [
        (pins() | {"name": "Autumn"}, "NAME_INVALID"),
        (pins() | {"parameters": [1]}, "FIELD_INVALID"),
        (pins() | {"guardrails": {"maxUp": -1}}, "FIELD_INVALID"),
        (pins() | {"scope": {"listing": "x" * 201}}, "FIELD_INVALID"),
        (pins() | {"parameters": {"rules": ["x" * 70_000]}}, "TOO_LARGE"),
        (pins() | {"scope": {"listings": "x"}}, "GRAPHQL_INVALID"),
    ],
)
async def test_what_cannot_be_read_is_no_draft(strategy: dict[str, Any], code: str) -> None:
    async with desk_world() as world:
        assert (await world.refused(DRAFT, {"s": strategy, "why": "a test"}))["code"] == code
        assert (await world.refused(DRAFT, {"s": pins("1"), "why": "  "}))["code"] == "WHY_MISSING"


async def test_two_strategies_do_not_contradict_each_other() -> None:
    async with desk_world() as world:
        ids = await world.page()
        await world.publish(pins(ids[2], schedule={"until": "2026-12-01T00:00"}))
        same = pins(ids[3], schedule={"from": "2026-11-30T00:00"}) | {"name": "winter"}
        assert (await publishing(world, same))["code"] == "SCHEDULE_OVERLAP"
        narrow = same | {"scope": {"search": "lamp"}}
        await world.publish(narrow | {"name": "rugs", "scope": {"search": "rug"}, "priority": 7})
        loud = narrow | {"name": "loud", "scope": {"search": " RUG"}, "priority": 8}
        assert (await publishing(world, loud))["code"] == "SCHEDULE_OVERLAP"
        told = await publishing(world, narrow)
        assert (told["code"], "autumn" in told["message"]) == ("PINS_CONFLICT", True)
        await world.publish(narrow | {"mode": "OFF"})
        await world.publish(narrow | {"priority": 1})
        await world.publish(same | {"schedule": {"from": "2026-12-01T00:00"}, "scope": None})


async def test_a_shop_that_cannot_be_asked_is_a_warning() -> None:
    async with desk_world() as world:

        async def down(*_: object, **__: object) -> None:
            raise httpx.ConnectError("refused")

        number = (await world.told(DRAFT, {"s": pins("anything"), "why": "a test"}))["draft"]["number"]
        world.upstream.handle_async_request = down  # type: ignore[assignment, method-assign]
        told = await world.told(PUBLISH, {"name": "autumn", "number": number, "why": "a test"})
        assert [one["code"] for one in told["publish"]["warnings"]] == ["SHOP_UNREACHED"]


VALIDATE = "query($s: StrategyInput!) { validate(strategy: $s) { level code message } }"


async def test_what_would_change_nothing_is_a_warning() -> None:
    async with desk_world() as world:

        async def found(strategy: dict[str, Any]) -> list[tuple[str, str]]:
            told = await world.told(VALIDATE, {"s": strategy})
            return [(one["level"], one["code"]) for one in told["validate"]]

        women = await world.shops(collectionSlug="women")
        men = await world.shops(collectionSlug="men")
        assert await found(pins(women[3], scope={"collection": "women"})) == []
        assert await found(pins(women[3], scope={"collection": "collectionSlug=women"})) == []
        assert await found(pins(men[3], scope={"collection": "women"})) == [("WARNING", "ITEM_DEEP")]
        assert await found(pins(men[3], scope={"collection": "womn"})) == [("WARNING", "SCOPE_EMPTY")]
        assert await found(pins(men[3], scope={"search": "no such word"})) == [("WARNING", "SCOPE_EMPTY")]
        assert await found(pins()) == [("WARNING", "RULES_MISSING")]
        assert await found(pins(men[3], mode="SHARE", share=0.0)) == [("WARNING", "SHARE_NOBODY")]
        assert await found(pins(men[3], schedule={"until": "2020-01-01T00:00"})) == [("WARNING", "SCHEDULE_OVER")]


async def test_a_shop_of_many_items_does_not_have_them_all_told() -> None:
    async with desk_world() as world:
        (told,) = (await world.told("query($s: StrategyInput!) { validate(strategy: $s) { code hint } }",
                                    {"s": pins("9999999")}))["validate"]  # fmt: skip
        assert told == {"code": "ITEM_UNKNOWN", "hint": ""}


async def test_an_attribute_that_no_item_has_is_a_warning() -> None:
    async with desk_world() as world:
        rule = {"kind": "bury", "attribute": "facets", "value": "1"}
        told = await world.told("query($s: StrategyInput!) { validate(strategy: $s) { level code hint } }",
                                {"s": ruled(rule)})  # fmt: skip
        assert told["validate"] == [{"level": "WARNING", "code": "ATTRIBUTE_UNSEEN", "hint": "did you mean 'facet'?"}]
