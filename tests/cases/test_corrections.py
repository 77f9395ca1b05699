"""What a visit assumes, and how its shopper corrects it: at the next request, by consent, in their language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.offers.ledger import Limits, Shown, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon
from personalize.domain.offers.tariff import Tariff
from personalize.domain.patch import Author, Patch, Reason, Reorder
from personalize.domain.store import EventRow
from personalize.domain.visit import Consent, Visit
from personalize.visitors.identity import profile_key
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

CONTEXT, LANGUAGE = "x-personalize-context", "accept-language"
FACTS = """{ personalization { visit { context {
  name value label saidBy source observedAt stale attribution } } } }"""
PAGE = "query P($i: SearchInput!) { search(input: $i) { items { productId } } }"
ANSWER = "{ done code message }"
NOT = "mutation N($id: ID!) { personalization { notInterested(itemId: $id) } }"
AGAIN = "mutation N($id: ID!) { personalization { interestedAgain(itemId: $id) { done code } } }"
EXPORT = "mutation E($since: String) { personalization { exportData(since: $since) { data next code message } } }"
CALMLY = f"mutation {{ personalization {{ setMood(mood: CALM) {ANSWER} }} }}"


class Situated:
    """A decision that all it may know of a visitor moves: what they refused, and the context."""

    name, version = "situated", "1"

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """Refused items last; turned round for a mood, moved by one for a store."""
        refused = visit.profile.rejected if visit.profile is not None else {}
        order = sorted(range(len(listing)), key=lambda row: listing.ids[row] in refused)
        if "mood" in visit.context:
            order.reverse()
        if "store" in visit.context:
            order = [*order[1:], order[0]]
        return Patch((Reorder(target, tuple(order), Author(self.name, self.version), Reason("popular")),))


def situated(**changes: Any) -> Any:
    return turned_world(decisions={"situated": Situated()}, strategies=("situated",), **changes)


async def said(world: Turned, field: str, headers: dict[str, str]) -> dict[str, Any]:
    """What a correction answers."""
    response = await world.send(f"mutation {{ personalization {{ it: {field} {ANSWER} }} }}", headers=headers)
    found: dict[str, Any] = data_of(response)["personalization"]["it"]
    return found


def data_of(response: httpx.Response) -> dict[str, Any]:
    told = response.json()
    assert "errors" not in told, told
    found: dict[str, Any] = told["data"]
    return found


async def facts(world: Turned, headers: dict[str, str]) -> dict[str, dict[str, Any]]:
    found = data_of(await world.send(FACTS, headers=headers))["personalization"]["visit"]["context"]
    return {fact["name"]: fact for fact in found}


async def page(world: Turned, headers: dict[str, str], skip: int = 0) -> list[str]:
    response = await world.send(PAGE, {"i": {"take": 6, "skip": skip, "groupByProduct": True}}, headers=headers)
    return [item["productId"] for item in data_of(response)["search"]["items"]]


async def warmed(world: Turned) -> list[str]:
    """The shop's own first page, its window at hand from now on."""
    await page(world, {CONSENT: "none"})
    await world.settle()
    return await page(world, {CONSENT: "none"})


async def session_of(world: Turned) -> dict[str, str]:
    """Headers of a guest of the shop who agreed for this session."""
    response = await world.send("{ activeOrder { code } }", headers={CONSENT: "session"})
    return {CONSENT: "session", "authorization": f"Bearer {response.headers['vendure-auth-token']}"}


# -- what is assumed -------------------------------------------------------------------------------------------------


async def test_each_fact_says_where_it_is_from_and_who_says_so() -> None:
    async with turned_world() as world:
        anna = world.signed()
        await said(world, 'setStore(store: "hamburg-mitte")', anna)
        found = await facts(world, {**anna, CONTEXT: "mood=calm, in_store=?1"})
        assert {"daypart", "weekday", "mood", "store", "in_store"} <= set(found)
        mood, store, daypart = found["mood"], found["store"], found["daypart"]
        assert (mood["saidBy"], mood["source"], mood["observedAt"]) == ("STOREFRONT", "header", None)
        assert mood["label"] == "Mood: calm"
        assert (store["saidBy"], store["source"], store["value"]) == ("SHOPPER", "shopper", "hamburg-mitte")
        assert store["observedAt"].endswith("Z")
        assert (daypart["saidBy"], daypart["source"]) == ("GATEWAY", "clock")
        assert found["in_store"]["label"] == "In the store: yes"
        assert all(fact["stale"] is False and fact["attribution"] is None for fact in found.values())


async def test_facts_are_told_in_the_language_of_the_page() -> None:
    async with turned_world() as world:
        anna = {**world.signed(), LANGUAGE: "de-AT"}
        await said(world, "setMode(mode: GIFT)", anna)
        found = await facts(world, {**anna, CONTEXT: "mood=tired"})
        assert found["mood"]["label"] == "Stimmung: müde"
        assert found["mode"]["label"] == "Einkauf: für jemand anderen"


# -- corrections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "name", "value", "back"),
    [
        ("setMood(mood: STRESSED)", "mood", "stressed", "setMood(mood: null)"),
        ("setMode(mode: INSPIRE)", "mode", "inspire", "setMode"),
        ('setStore(store: "Köln Süd")', "store", "Köln Süd", "setStore(store: null)"),
    ],
)
@pytest.mark.parametrize("consent", ["personalization", "session"])
async def test_what_is_said_holds_from_the_next_request_until_it_is_taken_back(
    field: str, name: str, value: str, back: str, consent: str
) -> None:
    async with turned_world() as world:
        visitor = world.signed() if consent == "personalization" else await session_of(world)
        other = world.signed()
        assert await said(world, field, visitor) == {"done": True, "code": None, "message": None}
        found = (await facts(world, visitor))[name]
        assert (found["value"], found["saidBy"]) == (value, "SHOPPER")
        assert name not in await facts(world, other)
        assert (await said(world, back, visitor))["done"] is True
        assert name not in await facts(world, visitor)


async def test_a_word_of_the_request_goes_before_what_was_said() -> None:
    async with turned_world() as world:
        anna = world.signed()
        await world.send(CALMLY, headers=anna)
        assert (await facts(world, {**anna, CONTEXT: "mood=happy"}))["mood"]["value"] == "happy"
        assert (await facts(world, anna))["mood"]["value"] == "calm"


CORRECTIONS = ("setMood(mood: SAD)", "setMode", 'setStore(store: "x")', 'interestedAgain(itemId: "1")', "reset")


@pytest.mark.parametrize("field", CORRECTIONS)
async def test_without_consent_nothing_is_kept_and_it_is_said_why(field: str) -> None:
    async with turned_world(consent_default=Consent.NONE) as world:
        for headers in ({}, {CONSENT: "none"}, {**world.signed(), "sec-gpc": "1"}):
            told = await said(world, field, headers)
            assert (told["done"], told["code"]) == (False, "CONSENT")
            assert "agree" in told["message"]
            told = await said(world, field, {**headers, LANGUAGE: "de"})
            assert "zugestimmt" in told["message"]
        assert (await said(world, field, {CONSENT: "session"}))["code"] == "NO_VISITOR"
        assert len(world.gateway.outbox) == 0
        assert not world.gateway.profiles._dirty


@pytest.mark.parametrize("store", ["", "x" * 65, "line\\nbreak"])
async def test_a_store_is_a_short_printable_name(store: str) -> None:
    async with turned_world() as world:
        assert (await said(world, f'setStore(store: "{store}")', world.signed()))["code"] == "INVALID"


async def test_a_store_said_lasts_beyond_the_process_and_ends_nowhere_else(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/store.sqlite"
    async with turned_world(store_url=address) as world:
        anna = world.signed()
        await said(world, 'setStore(store: "bremen")', anna)
    async with turned_world(store_url=address) as world:
        assert (await facts(world, anna))["store"]["value"] == "bremen"


async def test_what_is_said_for_a_session_is_in_memory_only(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    async with turned_world(store_url=f"sqlite:///{file}") as world:
        guest = await session_of(world)
        await said(world, 'setStore(store: "canary-store")', guest)
        await page(world, guest)
        await world.gateway.outbox.flush()
        assert await world.gateway.store.get_profile("h:", 0.0) is None
    import sqlite3

    with sqlite3.connect(file) as database:
        assert database.execute("SELECT * FROM profile").fetchall() == []


# -- orders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["setMood(mood: TIRED)", 'setStore(store: "x")'])
async def test_a_corrected_context_starts_afresh_at_page_one_and_leaves_deeper_pages(field: str) -> None:
    async with situated() as world:
        await warmed(world)
        anna = world.signed()
        first, second = await page(world, anna), await page(world, anna, 6)
        assert (await said(world, field, anna))["done"] is True
        assert not set(await page(world, anna, 6)) & set(first)  # what was shown is not shown again
        fresh = await page(world, anna)
        assert fresh != first
        assert not set(fresh) & set(await page(world, anna, 6))
        assert (await said(world, field.partition("(")[0], anna))["done"] is True
        assert await page(world, anna) == first
        assert await page(world, anna, 6) == second


async def test_not_this_and_its_undo_each_start_afresh_at_page_one_at_once() -> None:
    """Nothing waits for a background task here: the very next request knows it."""
    async with situated() as world:
        await warmed(world)
        anna = world.signed()
        before = await page(world, anna)
        data_of(await world.send(NOT, {"id": before[0]}, headers=anna))
        assert not set(await page(world, anna, 6)) & set(before)  # a deeper page goes on with what was shown
        assert before[0] not in await page(world, anna)
        told = data_of(await world.send(AGAIN, {"id": before[0]}, headers=anna))
        assert told["personalization"]["interestedAgain"] == {"done": True, "code": None}
        assert await page(world, anna) == before
        await world.gateway.outbox.flush()
        lines = [orjson.loads(row.line) async for row in world.gateway.store.events() if b"not_int" in row.line]
        assert [line.get("undone") for line in lines] == [None, True]
        assert [line["items"][0]["item_id"] for line in lines] == [before[0]] * 2


async def test_starting_afresh_needs_rights_and_forgets_what_was_assumed() -> None:
    async with situated() as world:
        await warmed(world)
        anna, bare = world.signed(), {CONSENT: "personalization", VISITOR: "a-bare-opaque-id"}
        before = await page(world, anna)
        for headers in (anna, bare):
            data_of(await world.send(NOT, {"id": before[0]}, headers=headers))
            await said(world, 'setStore(store: "x")', headers)
        assert (await said(world, "reset", bare))["code"] == "NOT_VOUCHED"
        assert "store" in await facts(world, bare)
        assert (await said(world, "reset", anna))["done"] is True
        assert "store" not in await facts(world, anna)
        assert await page(world, anna) == before
        assert VISITOR not in (await world.send(PAGE, {"i": {"take": 2}}, headers=anna)).headers  # still known


# -- the data of a visitor -------------------------------------------------------------------------------------------


async def exported(world: Turned, headers: dict[str, str], since: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = data_of(await world.send(EXPORT, {"since": since}, headers=headers))["personalization"]
    return found["exportData"]  # type: ignore[no-any-return]


async def test_an_export_tells_everything_kept_of_this_visitor_and_nothing_of_others() -> None:
    async with turned_world() as world:
        anna, ben = world.signed(), world.signed()
        for headers, store in ((anna, "annas-store"), (ben, "bens-store")):
            await page(world, headers)
            await said(world, f'setStore(store: "{store}")', headers)
            data_of(await world.send(NOT, {"id": "7"}, headers=headers))
        told = await exported(world, anna)
        assert (told["next"], told["code"]) == (None, None)
        found = orjson.loads(told["data"])
        assert found["profile"]["said"][0]["value"] == "annas-store"
        assert [one["item_id"] for one in found["profile"]["not_interested"]] == ["7"]
        assert {line["event"] for line in found["events"]} == {"view_item_list", "not_interested"}
        assert {line["visitor"] for line in found["events"]} == {found["visitor"]}
        assert any(":" in name for known in found["profile"]["items_known"] for name in known["properties"])
        assert (found["links"], found["session_profile"], found["session_events"]) == ([], None, [])
        assert "bens-store" not in told["data"]
        assert ben[VISITOR].partition(".")[0] not in told["data"]


async def test_promises_and_prices_shown_are_in_the_export_and_forgotten_but_the_money_stays_counted() -> None:
    def eur(minor: int) -> Money:
        return Money(minor, "EUR")

    async with turned_world() as world:
        anna, offers = world.signed(), world.gateway.store.offers
        assert offers is not None
        key = "s:" + anna[VISITOR].rpartition(".")[0]
        tariff = Tariff({"v1": (eur(1000), eur(900))})
        await offers.add_coupons([Coupon("CODE", "ten", "r", 1e10, tariff)])
        wish = Wish("p1", "ten", tariff, eur(100), 4e9, Limits("2026-11-22"))
        assert await offers.promise(key, [wish], 3e9)
        await offers.record([Shown("p1", "v1", key, 3e9, b'{"price": "9.00", "valid_until": 4e9}')])
        found = orjson.loads((await exported(world, anna))["data"])
        (promise,), (shown,) = found["promises"], found["prices_shown"]
        assert (promise["offer"], promise["code"], promise["state"], promise["saved"]) == ("ten", "CODE", "open", None)
        assert (shown["variant"], shown["price"], shown["valid_until"]) == ("v1", "9.00", promise["valid_until"])
        data_of(await world.send("mutation { personalization { forget } }", headers=anna))
        found = orjson.loads((await exported(world, anna))["data"])
        assert (found["promises"], found["prices_shown"]) == ([], [])
        assert (await offers.spent("ten", "EUR")).reserved == eur(100)


async def test_data_first_and_forgotten_then_in_one_operation() -> None:
    """Root fields of a mutation are done one after the other."""
    async with turned_world() as world:
        anna = world.signed()
        await said(world, 'setStore(store: "annas-store")', anna)
        query = """mutation { first: personalization { exportData { data } } then: personalization { forget }
          last: personalization { exportData { data } } }"""
        found = data_of(await world.send(query, headers=anna))
        assert found["then"] == {"forget": True}
        assert "annas-store" in found["first"]["exportData"]["data"]
        assert orjson.loads(found["last"]["exportData"]["data"])["profile"] is None


async def test_a_session_may_have_its_data_too_and_after_consent_is_withdrawn() -> None:
    async with turned_world() as world:
        guest = await session_of(world)
        await page(world, guest)
        await said(world, 'setStore(store: "x")', guest)
        for headers in (guest, {**guest, CONSENT: "none"}):
            found = orjson.loads((await exported(world, headers))["data"])
            assert found["session_profile"]["said"][0]["value"] == "x"
            assert [line["event"] for line in found["session_events"]] == ["view_item_list"]
            assert "visitor" not in found["session_events"][0]
            assert found["events"] == []


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "NO_VISITOR"),
        ({VISITOR: "a-bare-opaque-id"}, "NOT_VOUCHED"),
        ({VISITOR: "a-bare-opaque-id", CONSENT: "personalization"}, "NOT_VOUCHED"),
        ({VISITOR: f"a-bare-opaque-id.{'x' * 43}"}, "NO_VISITOR"),
    ],
)
async def test_an_export_needs_rights(headers: dict[str, str], code: str) -> None:
    async with turned_world(consent_default=Consent.NONE) as world:
        told = await exported(world, headers)
        assert (told["data"], told["code"]) == (None, code)
        assert told["message"]


async def test_a_long_export_comes_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize.gateway.ours.exporting.MAX_LINES", 3)
    async with turned_world() as world:
        anna = world.signed()
        who = world.gateway.reception.who.resolve(anna[VISITOR], None)
        assert who is not None
        rows = [EventRow(f"e{n}", 1_700_000_000.0 + n, profile_key(who), b'{"n":%d}\n' % n) for n in range(8)]
        await world.gateway.store.append_events(rows)
        seen, since = [], None
        for _ in range(5):
            told = await exported(world, anna, since)
            seen += [line["n"] for line in orjson.loads(told["data"])["events"]]
            since = told["next"]
            if since is None:
                break
        assert seen == list(range(8))
        assert (await exported(world, anna, "yesterday"))["code"] == "INVALID"


async def test_forgetting_erases_what_was_said_the_runs_and_the_lines_of_the_session() -> None:
    async with situated() as world:
        await warmed(world)
        guest = await session_of(world)
        for headers in (world.signed(), guest):
            before = await page(world, headers)
            data_of(await world.send(NOT, {"id": before[0]}, headers=headers))
            await said(world, 'setStore(store: "x")', headers)
            await world.gateway.outbox.flush()
            told = data_of(await world.send("mutation { personalization { forget } }", headers=headers))
            assert told["personalization"]["forget"] is True
            found = orjson.loads((await exported(world, headers))["data"])
            assert not any(found[name] for name in ("profile", "session_profile", "events", "session_events", "links"))
            assert "store" not in await facts(world, headers)
            assert await page(world, headers) == before
