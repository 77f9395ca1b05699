"""One listing of a real Vendure, seen by two visitors with different histories and by one who agreed to nothing."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import httpx
import pytest

from personalize.demo.generate import generate
from personalize.demo.shoppers import simulate
from personalize.events.log import write
from personalize.learning.train import train
from tests.e2e.served import Served, served
from tests.vendure.server import Vendure

pytestmark = pytest.mark.vendure

LISTING = """query Listing($take: Int!) { search(input: { take: $take, groupByProduct: true }) {
  totalItems items { productId productName collectionIds } }
  personalization { visit { consent identified } listings { personalized strategy
    items { itemId position shopPosition reason { code text } } } } }"""
PLAIN = "query { search(input: { take: 24, groupByProduct: true }) { items { productId } } }"
MEMBERS = """query Members($slug: String!) { search(input: { collectionSlug: $slug, take: 24, groupByProduct: true }) {
  items { productId } } }"""
DETAIL = "query Detail($id: ID!) { product(id: $id) { id name } }"
CONSENT = {"X-Personalize-Consent": "personalization", "User-Agent": "storefront"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learned from simulated shoppers of the demo shop: its features know no shop."""
    folder = tmp_path_factory.mktemp("model")
    write(folder / "events.jsonl.gz", simulate(generate(), shoppers=150, seed=11, days=7, explore=0.5))
    train(folder / "events.jsonl.gz", None, folder / "model")
    return folder / "model"


@pytest.fixture
def gateway(vendure: Vendure, model: Path, tmp_path: Path) -> Iterator[Served]:
    """A gateway with that model in front of Vendure."""
    with served(vendure.shop_url, tmp_path, {"PERSONALIZE_MODEL": str(model)}) as gateway:
        yield gateway


def ask(url: str, query: str, headers: dict[str, str], **variables: object) -> httpx.Response:
    """One operation; its answer holds data and no errors."""
    response = httpx.post(url, json={"query": query, "variables": variables}, headers=headers, timeout=30)
    assert response.status_code == 200, response.text
    assert "errors" not in response.json(), response.text
    return response


def browse(gateway: Served, slug: str) -> tuple[list[str], dict[str, object]]:
    """A visitor looks at products of one collection, then lists everything: the ids in order, and the report."""
    headers = dict(CONSENT)
    first = ask(gateway.url, LISTING, headers, take=24)
    headers["X-Personalize-Visitor"] = first.headers["X-Personalize-Visitor"]
    for product in members(gateway, slug)[:5]:
        ask(gateway.url, DETAIL, headers, id=product)
    time.sleep(0.6)  # events travel by the side door
    data = ask(gateway.url, LISTING, headers, take=24).json()["data"]
    return [item["productId"] for item in data["search"]["items"]], data["personalization"]["listings"][0]


def members(gateway: Served, slug: str) -> list[str]:
    """The products of a collection."""
    data = ask(gateway.url, MEMBERS, {}, slug=slug).json()["data"]
    return [item["productId"] for item in data["search"]["items"]]


def test_two_histories_two_orders(gateway: Served, vendure: Vendure) -> None:
    shop = [item["productId"] for item in ask(vendure.shop_url, PLAIN, {}).json()["data"]["search"]["items"]]
    footwear, furniture = set(members(gateway, "footwear")), set(members(gateway, "furniture"))
    runner, told = browse(gateway, "footwear")
    dweller, _ = browse(gateway, "furniture")
    assert runner != dweller
    assert told["personalized"] is True
    assert told["strategy"] == "ranker"
    assert any(item["reason"] and item["reason"]["text"] for item in told["items"])  # type: ignore[attr-defined]

    def place(ids: list[str], of: set[str]) -> float:
        return mean([ids.index(one) if one in ids else len(ids) for one in of])

    # What a visitor looked at comes nearer to them than to the other, and than the shop has it.
    assert place(runner, footwear) < place(dweller, footwear)
    assert place(dweller, furniture) < place(runner, furniture)
    assert place(runner, footwear) < place(shop, footwear)


def test_without_consent_nothing_is_remembered(gateway: Served, vendure: Vendure, tmp_path: Path) -> None:
    headers = {"User-Agent": "storefront", "X-Personalize-Visitor": "somebody-without-consent"}
    for product in members(gateway, "footwear")[:5]:
        ask(gateway.url, DETAIL, headers, id=product)
    time.sleep(0.6)
    mine = ask(gateway.url, LISTING, headers, take=24)
    other = ask(gateway.url, LISTING, {"User-Agent": "storefront"}, take=24)
    assert mine.json()["data"]["search"] == other.json()["data"]["search"]  # context alone decides
    assert mine.json()["data"]["personalization"]["visit"] == {"consent": "NONE", "identified": False}
    assert "X-Personalize-Visitor" not in mine.headers
    gateway.stop()
    with sqlite3.connect(tmp_path / "events.sqlite") as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
        assert "profile" in tables
        assert store.execute("select count(*) from profile").fetchone() == (0,)
    gateway.run("export", "log.jsonl")
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert log
    assert not any("visitor" in event or "session" in event for event in log)
    assert "somebody-without-consent" not in (tmp_path / "log.jsonl").read_text("utf-8")
