"""A model goes live while requests flow: none fails, a page is of one model, a bad one is refused, paging goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from personalize import artefact
from personalize.app import Gateway
from personalize.demo.generate import generate
from personalize.demo.shoppers import simulate
from personalize.domain.clock import Clock
from personalize.domain.learned.popularity import Popularity
from personalize.events.log import write
from personalize.gateway import health
from personalize.learning.train import train
from personalize.learning.versions import Shelf
from personalize.settings import Settings
from tests.gateway_world import demo_shop, listening

SWAPS = 20
PAGE = """query ($skip: Int!) { search(input: { take: 24, skip: $skip, groupByProduct: true }) { items { productId } }
  personalization { listings { strategy items { reason { text } } }
  rankingParameters { code text weight strategy } } }"""
CONSENT = {"X-Personalize-Consent": "personalization", "User-Agent": "storefront"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models that order differently: one of few, one of other shoppers."""
    folder = tmp_path_factory.mktemp("models")
    made = []
    for seed in (3, 4):
        write(folder / f"{seed}.jsonl.gz", simulate(generate(7), shoppers=60, seed=seed, days=7, explore=0.5))
        train(folder / f"{seed}.jsonl.gz", None, folder / f"model-{seed}", seed=seed)
        made.append(folder / f"model-{seed}")
    return made[0], made[1]


@asynccontextmanager
async def serving(
    folder: Path, clock: Clock = time.time, **changes: Any
) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    """A gateway on a real socket in front of a real shop, that looks for newer models every few milliseconds."""
    async with listening(demo_shop()) as shop:
        settings = Settings(
            shop_url=f"{shop}/shop-api", store_url="memory://", model=str(folder), secret=("a-secret-for-tests",),
            **changes,
        )  # fmt: skip
        gateway = Gateway(settings, clock=clock)
        gateway.renew_seconds = 0.02
        gateway.audit.share = 0.0
        async with gateway.running(), listening(gateway.storefront()) as front:
            assert await gateway.knowledge.wait(60)
            async with httpx.AsyncClient(base_url=front, timeout=30) as client:
                yield gateway, client


async def page(client: httpx.AsyncClient, skip: int = 0, **headers: str) -> tuple[list[str], httpx.Response]:
    """The ids of one page, and the answer."""
    response = await client.post(
        "/graphql", json={"query": PAGE, "variables": {"skip": skip}}, headers={"User-Agent": "storefront", **headers}
    )
    assert response.status_code == 200, response.text
    told = response.json()
    assert "errors" not in told, told
    return [item["productId"] for item in told["data"]["search"]["items"]], response


async def until(holds: Callable[[], bool]) -> None:
    """Wait until that holds."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def taken(gateway: Gateway, version: str) -> None:
    """Wait until that version is served."""
    await until(lambda: gateway.decider.decisions["ranker"].version == version)


async def settled(gateway: Gateway, client: httpx.AsyncClient) -> list[str]:
    """Page one once its window is there."""
    await page(client)
    while fills := list(gateway.windows.fills.values()):
        await asyncio.gather(*fills)
    gateway.runs.clear()  # the order of the page that was ranked before its window was there
    return (await page(client))[0]


async def test_requests_flow_while_models_are_swapped(models: tuple[Path, Path], tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "live")
    versions = [artefact.load(model).version for model in models]
    shelf.publish(models[0])
    # Guests of whom nothing is known get one order a model, as long as nothing else changes.
    async with serving(shelf.folder, lambda: 1_900_000_000.0, share_ttl=3600.0) as (gateway, client):
        gateway.decider.popularity = Popularity()  # of which nothing is learned
        orders = [await settled(gateway, client)]
        shelf.publish(models[1])
        await taken(gateway, versions[1])
        orders.append((await page(client))[0])
        assert sorted(orders[0]) != orders[0] != orders[1]
        seen: list[list[str]] = []
        done = asyncio.Event()

        async def shop() -> None:
            while not done.is_set():
                ids, _ = await page(client)
                seen.append(ids)

        shoppers = [asyncio.create_task(shop()) for _ in range(3)]
        for swap in range(SWAPS):
            await asyncio.to_thread(shelf.publish, models[swap % 2])
            await taken(gateway, versions[swap % 2])
            enough = len(seen) + 3  # some are served by it
            await until(lambda enough=enough: len(seen) >= enough)
        done.set()
        await asyncio.gather(*shoppers)
        assert len(seen) >= 3 * SWAPS
        assert all(ids in orders for ids in seen), "a page of two models"
        assert all(order in seen for order in orders)
        assert gateway.health.reloads.labels("taken")._value.get() == SWAPS + 1
        assert gateway.telemetry.counted("decision", "ranker") == 0


async def test_a_run_keeps_its_order_until_page_one(models: tuple[Path, Path], tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "live")
    shelf.publish(models[0])
    async with serving(shelf.folder) as (gateway, client):
        await settled(gateway, client)
        _, first = await page(client, **CONSENT)
        headers = {**CONSENT, "X-Personalize-Visitor": first.headers["X-Personalize-Visitor"]}
        whole = [one for skip in range(0, 96, 24) for one in (await page(client, skip, **headers))[0]]
        assert len(set(whole)) == 96
        shelf.publish(models[1])
        await taken(gateway, artefact.load(models[1]).version)
        rest = [one for skip in range(24, 96, 24) for one in (await page(client, skip, **headers))[0]]
        assert rest == whole[24:]  # the run goes on
        afresh, answer = await page(client, 0, **headers)
        assert afresh != whole[:24]
        assert any(item["reason"] for item in answer.json()["data"]["personalization"]["listings"][0]["items"])


async def test_a_bad_model_is_refused_and_the_old_one_goes_on(models: tuple[Path, Path], tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "live")
    good = shelf.publish(models[0])
    bad = shelf.publish(models[1])
    shelf.rollback()
    (shelf.folder / bad / artefact.MODEL).write_bytes(b"tree\nno trees\n")
    async with serving(shelf.folder) as (gateway, client):
        order = await settled(gateway, client)
        (shelf.folder / artefact.LIVE).write_text(f"{bad}\n")
        await until(lambda: gateway.telemetry.counted("model_reload", "ARTEFACT_CHECKSUM") > 0)
        await asyncio.sleep(0.1)
        assert gateway.telemetry.counted("model_reload", "ARTEFACT_CHECKSUM") == 1  # not tried again and again
        assert (await page(client))[0] == order
        ranker = gateway.decider.decisions["ranker"]
        assert good.endswith(ranker.version)
        (shelf.folder / artefact.LIVE).write_text(f"{good}\n")  # and back: nothing is stuck
        await until(lambda: gateway.health.reloads.labels("taken")._value.get() > 0)
        assert gateway.telemetry.counted("decision", "ranker") == 0


async def test_a_gateway_without_a_model_takes_the_first_one(models: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    async with serving(folder) as (gateway, client):
        await settled(gateway, client)
        assert gateway.telemetry.counted("decision", "ranker")
        model = artefact.load(models[0])
        artefact.save(folder, (models[0] / artefact.MODEL).read_text("utf-8"), model.schema, dict(model.card))
        await taken(gateway, model.version)
        _, answer = await page(client)
        told = answer.json()["data"]["personalization"]["rankingParameters"]
        assert {one["strategy"] for one in told} == {"ranker"}
        assert sum(one["weight"] for one in told) == pytest.approx(1.0, abs=0.05)
        assert [one["weight"] for one in told] == sorted((one["weight"] for one in told), reverse=True)
        _, german = await page(client, **{"Accept-Language": "de"})
        texts = {one["text"] for one in german.json()["data"]["personalization"]["rankingParameters"]}
        assert "Die Reihenfolge des Shops" in texts


@pytest.mark.parametrize(
    ("strategies", "codes"),
    [({}, {"popularity", "shop_order"}), ({"strategies": ()}, {"shop_order"})],
)
async def test_parameters_of_strategies_that_are_no_model(
    tmp_path: Path, strategies: dict[str, Any], codes: set[str]
) -> None:
    async with serving(tmp_path / "none", **strategies) as (_, client):
        _, answer = await page(client)
        told = answer.json()["data"]["personalization"]["rankingParameters"]
        assert {one["code"] for one in told} == codes
        assert sum(one["weight"] for one in told) == pytest.approx(1.0)


async def test_the_cap_holds_at_the_door_and_health_is_told(
    models: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PAGES", 3)
    async with serving(models[0], displacement_up=3, displacement_down=2) as (gateway, client):
        await settled(gateway, client)
        assert "personalize_distinct_top_items" not in gateway.telemetry.render().decode()  # unknown is not 0
        query = """{ search(input: {take: 24, groupByProduct: true}) { items { productId } }
          personalization { listings { items { position shopPosition } } } }"""
        told = (await client.post("/graphql", json={"query": query}, headers={"User-Agent": "storefront"})).json()
        moves = [
            one["shopPosition"] - one["position"] for one in told["data"]["personalization"]["listings"][0]["items"]
        ]
        assert max(moves) <= 3
        assert min(moves) >= -2
        assert any(moves)
        text = gateway.telemetry.render().decode()
        assert "personalize_displacement_places_count 3.0" in text
        assert "personalize_distinct_top_items 1" in text  # one visitor thrice: ten items, and what the window changed
        nothing = '{ search(input: {term: "no such thing at all", take: 24}) { items { productId } } }'
        await client.post("/graphql", json={"query": nothing}, headers={"User-Agent": "storefront"})
        await gateway.outbox.flush()
        rows = [row.line async for row in gateway.store.events()]
        assert any(b'"search_term":"no such thing at all"' in line and b'"items"' not in line for line in rows)
