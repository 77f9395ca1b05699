"""docs/first-hour.md as a team follows it: a shop, a gateway, visitors over HTTP, and a result that can be read."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from personalize.experiments.assign import bucket
from tests.e2e.served import Served, served
from tests.e2e.shop import demo_shop_served
from tests.vendure import purchase as steps

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-hour.md"
LIST = """query List($take: Int!) { search(input: { collectionSlug: "women", take: $take, groupByProduct: true }) {
  items { productId slug } } }"""
AGREED = "personalization, experiments"
VISITORS = 260
SECRET = "sixteen or more characters of your own"


@pytest.fixture
def shop() -> Iterator[str]:
    """A demo shop in its own process."""
    with demo_shop_served() as url:
        yield url


def blocks(kind: str) -> list[str]:
    """The page's code blocks of that kind, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)


class Visitor:
    """Somebody who looks at a list, at what they like in it, and sometimes buys it."""

    def __init__(self, road: httpx.AsyncHTTPTransport, url: str, name: str, consent: str) -> None:
        self.road, self.url, self.random = road, url, Random(name)
        self.headers = {"X-Personalize-Visitor": name, "X-Personalize-Consent": consent, "User-Agent": "storefront"}

    async def ask(self, query: str, **variables: Any) -> Any:
        """The one root field of an operation."""
        body = {"query": query, "variables": variables}
        request = httpx.Request("POST", self.url, json=body, headers=self.headers)
        answer = await self.road.handle_async_request(request)  # no client: its cookies would be one person's
        await answer.aread()
        if token := answer.headers.get("vendure-auth-token"):
            self.headers["Authorization"] = f"Bearer {token}"
        (value,) = answer.json()["data"].values()
        return value

    async def visit(self, liked: set[str], take: int = 12) -> None:
        """Who finds what they like nearly always looks at it, and buys it more often than anything else."""
        listed = (await self.ask(LIST, take=take))["items"]
        found = [item for item in listed if item["productId"] in liked]
        chance, buys = (0.95, 0.6) if found else (0.5, 0.45)
        if self.random.random() < chance:
            item = self.random.choice(found or listed[:4])
            product = await self.ask(steps.DETAIL, slug=item["slug"])
            if self.random.random() < buys:
                await self.buy(product["variants"][0]["id"])

    async def buy(self, variant: str) -> None:
        """A whole order, unless it is sold out."""
        added = await self.ask(steps.ADD, variant=variant, quantity=1)
        if added["__typename"] == "InsufficientStockError":
            return
        assert added["__typename"] == "Order", added
        guest = {"firstName": "A", "lastName": "Guest", "emailAddress": "guest@shop.example"}
        await self.ask(steps.CUSTOMER, input=guest)
        home = {"fullName": "A", "streetLine1": "Weg 1", "city": "Berlin", "postalCode": "1", "countryCode": "DE"}
        await self.ask(steps.ADDRESS, input=home)
        methods = await self.ask(steps.METHODS)
        await self.ask(steps.SHIPPING, ids=[methods[0]["id"]])
        arranged = await self.ask(steps.ARRANGE)
        assert arranged["__typename"] == "Order", arranged
        paid = await self.ask(steps.PAY, input={"method": "standard-payment", "metadata": {}})
        assert paid["__typename"] == "Order", paid


async def crowd(url: str, names: list[str], consent: str, liked: set[str], take: int) -> None:
    """Visitors, eight at a time."""
    gate = asyncio.Semaphore(8)

    async def one(road: httpx.AsyncHTTPTransport, name: str) -> None:
        async with gate:
            await Visitor(road, url, name, consent).visit(liked, take)

    async with httpx.AsyncHTTPTransport() as road:
        await asyncio.gather(*(one(road, name) for name in names))


def shell(text: str, gateway: Served) -> str:
    """What the commands of a block print."""
    text = text.replace("http://127.0.0.1:8000/graphql", gateway.url)
    found = subprocess.run(
        ["bash", "-ec", f'personalize() {{ "{sys.executable}" -m personalize "$@"; }}\n{text}'], cwd=gateway.folder,
        env={**gateway.environ, "COLUMNS": "100"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def words(table: str) -> list[str]:
    """The first word of each line: what stays the same while figures change."""
    firsts = [line.split()[0] for line in table.splitlines() if line.strip() and not line.startswith(" ")]
    return [word for word in firsts if not word.isdigit()]


def test_the_page_holds(shop: str, tmp_path: Path) -> None:
    (settings,) = blocks("toml")
    (tmp_path / "personalize.toml").write_text(settings.replace("http://127.0.0.1:3100/shop-api", shop), "utf-8")
    look, token, read = blocks("sh run")
    with served(shop, tmp_path, {"PERSONALIZE_SECRET": SECRET}) as gateway:
        listed = httpx.post(shop, json={"query": LIST, "variables": {"take": 48}}).json()["data"]["search"]["items"]
        liked = {item["productId"] for item in listed[20:26]}
        # Who came before the experiment looked further, and found it: from them popularity knows.
        before = [f"earlier-{number}" for number in range(80)]
        asyncio.run(crowd(gateway.url, before, "personalization", liked, 48))
        assert shell(look, gateway).strip() == "x-personalize-experiment: order=popular"
        assert shell(token, gateway).startswith('X-Personalize-Experiment: order=control;token="')
        names = [f"visitor-{number:04}" for number in range(VISITORS)]
        asyncio.run(crowd(gateway.url, names, AGREED, liked, 12))
        gateway.stop()
        told = shell(read, gateway)
    if os.environ.get("SHOW"):
        print(told)
    (shown,) = blocks("text result")
    assert words(told) == words(shown)
    dealt = sum(bucket("order", name) < 0.5 for name in names)
    assert f"control {dealt}" in told  # everybody met the difference, and anna is among the others
    assert "popular: better" in told.splitlines()
