"""The desk of a request: what a storefront is told of its visit and its lists, and the shopper's last word."""

from __future__ import annotations

import pytest

from personalize.domain.visit import Consent
from tests.gateway_world import world
from tests.toy_world import CONSENT, VISITOR, turned_world

REPORT = """query S($i: SearchInput!) { one: search(input: $i) { items { productId } } personalization {
  visit { consent identified strategies context { name value } }
  listings(path: "one") { path personalized strategy
    items { itemId position shopPosition reason { code text } } } } }"""
PAGE = {"take": 4, "groupByProduct": True}
NOT = "mutation N($id: ID!) { personalization { notInterested(itemId: $id) } }"


async def test_a_report_on_the_list_of_the_same_operation():
    async with world() as running:
        response = await running.send(REPORT, {"i": PAGE}, headers={"x-personalize-context": "mood=calm"})
        data = response.json()["data"]
        visit = data["personalization"]["visit"]
        assert visit["consent"] == "CONSENTED"
        assert visit["identified"] is True
        assert visit["strategies"] == ["reversing"]
        assert {"name": "mood", "value": "calm"} in visit["context"]
        (report,) = data["personalization"]["listings"]
        assert (report["path"], report["personalized"], report["strategy"]) == ("one", True, "reversing")
        assert [item["itemId"] for item in report["items"]] == [item["productId"] for item in data["one"]["items"]]
        assert [item["position"] for item in report["items"]] == [0, 1, 2, 3]
        assert [item["shopPosition"] for item in report["items"]] == [3, 2, 1, 0]
        assert all(item["reason"]["code"] == "popular" and item["reason"]["text"] for item in report["items"])


async def test_reasons_are_told_in_the_language_of_the_page():
    async with world() as running:
        texts = set()
        for language in ("en", "de-DE"):
            response = await running.send(REPORT, {"i": PAGE}, headers={"accept-language": language})
            items = response.json()["data"]["personalization"]["listings"][0]["items"]
            texts |= {item["reason"]["text"] for item in items}
        assert len(texts) == 2


async def test_a_list_in_the_shops_order_says_so():
    async with world(("nothing",)) as running:
        response = await running.send(REPORT, {"i": PAGE})
        (report,) = response.json()["data"]["personalization"]["listings"]
        assert (report["personalized"], report["strategy"]) == (False, None)
        assert {item["reason"]["code"] for item in report["items"]} == {"shop_order"}


async def test_a_list_that_nobody_orders_has_no_reasons():
    async with world(()) as running:
        response = await running.send(REPORT, {"i": PAGE})
        for report in response.json()["data"]["personalization"]["listings"]:
            assert all(item["reason"] is None for item in report["items"])


@pytest.mark.parametrize("item", ["", "x" * 300])
async def test_no_interest_in_what_is_no_item(item):
    async with world() as running:
        response = await running.send(NOT, {"id": item})
        assert response.json()["data"]["personalization"]["notInterested"] is False
        assert len(running.gateway.outbox) == 0


async def test_no_interest_is_remembered_only_where_something_may_be():
    async with turned_world(consent_default=Consent.NONE) as running:
        response = await running.send(NOT, {"id": "5"})
        assert response.json()["data"]["personalization"]["notInterested"] is False
        anna = running.signed()
        response = await running.send(NOT, {"id": "5"}, headers=anna)
        assert response.json()["data"]["personalization"]["notInterested"] is True


async def test_forgetting_nobody_and_a_bare_id():
    async with turned_world(consent_default=Consent.NONE) as running:
        forget = "mutation { personalization { forget } }"
        response = await running.send(forget)
        assert response.json()["data"]["personalization"]["forget"] is False
        response = await running.send(forget, headers={CONSENT: "personalization", VISITOR: "a-bare-opaque-id"})
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": "NOT_VOUCHED"}
        assert "a-bare-opaque-id" not in response.text
        german = {CONSENT: "personalization", VISITOR: "a-bare-opaque-id", "accept-language": "de"}
        (error,) = (await running.send(forget, headers=german)).json()["errors"]
        assert error["message"].startswith("Dafür braucht es einen Nachweis")
