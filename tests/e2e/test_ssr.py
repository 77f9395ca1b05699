"""A storefront server renders for many visitors from one address, over one connection: headers decide, nothing else."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

from personalize.app import Gateway
from personalize.domain.visit import Consent
from personalize.events.log import parse
from tests.clients.front import Taste, ordered
from tests.gateway_world import demo_shop, listening, settings_of

VISITORS = 20
PAGE = 12
LISTING = """query L($skip: Int!) { search(input: {take: 12, skip: $skip, groupByProduct: true}) { totalItems
  items { productId personalization { itemId bought } } } personalization { visit { identified consent
  context { name value } } } }"""
DETAIL = "query P($id: ID!) { product(id: $id) { id } }"
ADD = "mutation A($v: ID!) { addItemToOrder(productVariantId: $v, quantity: 1) { __typename ... on Order { code } } }"
TRACK = """mutation T($events: [PersonalizationEventInput!]!) { personalization { track(events: $events) {
  recorded duplicates } } }"""


class OneConnection:
    """A server's keep-alive connection: one socket, whoever it asks for."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        self.connection.connect()
        self.socket = self.connection.sock

    async def ask(self, query: str, variables: dict[str, Any], headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """The data of an answer without errors, and its headers."""
        body = json.dumps({"query": query, "variables": variables})
        return await asyncio.to_thread(self._ask, body, {"content-type": "application/json", **headers})

    def _ask(self, body: str, headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        self.connection.request("POST", "/graphql", body, {"user-agent": "node", **headers})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        assert self.connection.sock is self.socket, "the connection was not kept"
        assert response.status == 200, answer
        assert "errors" not in answer, answer
        return answer["data"], {name.lower(): value for name, value in response.getheaders()}


@dataclass
class Visitor:
    """One of many whom the server renders for: what it keeps of them in their cookies, and what was told to them."""

    number: int
    consent: str
    id: str | None = None
    token: str | None = None
    told: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)
    did: list[tuple[str, str]] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """What the server sends for this visitor."""
        found = {"x-personalize-consent": self.consent, "x-personalize-context": f"occasion=m{self.number}"}
        if self.id:
            found["x-personalize-visitor"] = self.id
        if self.token:
            found["authorization"] = f"Bearer {self.token}"
        return found

    def keep(self, headers: dict[str, str], data: Any) -> None:
        """What the server puts into this visitor's cookies."""
        self.id = headers.get("x-personalize-visitor", self.id)
        self.token = headers.get("vendure-auth-token", self.token)
        order = (data.get("addItemToOrder") or {}).get("code")
        self.told |= {one for one in (self.id, self.token, order) if one}


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Gateway, OneConnection]]:
    """A gateway on a port, and a server's one connection to it."""
    async with listening(demo_shop()) as shop:
        settings = settings_of(("taste",), f"{shop}/shop-api", consent_default=Consent.NONE)
        gateway = Gateway(settings, decisions={"taste": Taste()})
        gateway.audit.share = 0.0
        async with gateway.running():
            assert await gateway.knowledge.wait(60)
            async with listening(gateway.storefront()) as base:
                server = OneConnection(base)
                yield gateway, server
                server.connection.close()


async def test_twenty_visitors_over_one_connection() -> None:
    random = Random(20)
    modes = ["personalization", "personalization", "session", "none"]
    crowd = [Visitor(number, modes[number % 4]) for number in range(VISITORS)]
    async with serving() as (gateway, server):

        async def one(visitor: Visitor, step: str) -> None:
            variables: dict[str, Any] = {}
            query = {"detail": DETAIL, "add": ADD, "tell": TRACK}.get(step, LISTING)
            item = random.choice(visitor.shown[-PAGE:]) if visitor.shown else "1"
            if step == "detail":
                variables = {"id": item}
                visitor.did.append(("view_item", item))
            elif step == "add":
                variables = {"v": str(visitor.number + 1)}
            elif step == "tell":
                wish = f"wish-{visitor.number}"
                variables = {"events": [{"name": "ADD_TO_WISHLIST", "items": [{"itemId": wish}]}]}
            else:
                variables = {"skip": len(visitor.shown)}
            data, headers = await server.ask(query, variables, visitor.headers)
            visitor.keep(headers, data)
            whole = json.dumps(data) + repr(headers)
            for other in crowd:
                assert other is visitor or not [secret for secret in other.told - visitor.told if secret in whole]
            if query is LISTING:
                page(visitor, data, headers)

        def page(visitor: Visitor, data: Any, headers: dict[str, str]) -> None:
            assert headers["cache-control"] == "private, no-store"
            visit = data["personalization"]["visit"]
            assert {"name": "occasion", "value": f"m{visitor.number}"} in visit["context"]
            known = visitor.token is not None and visitor.consent != "none"
            assert visit["identified"] is (known or visitor.id is not None)
            assert (visitor.id is not None) is (visitor.consent == "personalization")
            shown = [item["productId"] for item in data["search"]["items"]]
            assert not set(shown) & set(visitor.shown)
            visitor.shown += shown

        for step in ("page", "page", "detail", "add", "tell", "page", "detail", "page"):
            random.shuffle(crowd)
            for visitor in crowd:
                await one(visitor, step)
            while fills := list(gateway.windows.fills.values()):
                await asyncio.gather(*fills)
        await gateway.outbox.flush()
        lines = defaultdict(list)
        async for row in gateway.store.events():
            event = parse(row.line)
            lines[event.visitor].append(event)
    agreed = [visitor for visitor in crowd if visitor.consent == "personalization"]
    assert len({visitor.id for visitor in agreed}) == len(agreed) == VISITORS // 2
    for visitor in agreed:
        assert visitor.id is not None
        named = visitor.id.rpartition(".")[0]
        mine = lines.pop(f"s:{named}")
        assert visitor.shown[:PAGE] == ordered(visitor.shown[:PAGE], named)  # cold: within the shop's page
        assert [e.items[0].item_id for e in mine if e.event == "view_item"] == [item for _, item in visitor.did]
        assert [e.items[0].item_id for e in mine if e.event == "add_to_wishlist"] == [f"wish-{visitor.number}"]
        lists = [[item.item_id for item in e.items] for e in mine if e.event == "view_item_list"]
        assert [item for page in lists for item in page] == visitor.shown
        assert {e.context["occasion"] for e in mine} == {f"m{visitor.number}"}
        assert len({e.session for e in mine}) == 1
    assert set(lines) == {None}
    assert not [event for event in lines[None] if event.event == "add_to_wishlist" and event.session is None]


async def test_many_at_once_each_get_their_own() -> None:
    """The same crowd without waiting for each other."""
    async with serving() as (gateway, server):
        who = gateway.reception.who
        crowd = [Visitor(number, "personalization", who.sign(who.issue())) for number in range(VISITORS)]
        base = f"http://{server.connection.host}:{server.connection.port}"
        await server.ask(LISTING, {"skip": 0}, {})
        while fills := list(gateway.windows.fills.values()):
            await asyncio.gather(*fills)

        async def read(visitor: Visitor) -> None:
            mine = OneConnection(base)
            for _ in range(3):
                data, headers = await mine.ask(LISTING, {"skip": len(visitor.shown)}, visitor.headers)
                assert "x-personalize-visitor" not in headers  # known: nothing new to keep
                visitor.shown += [item["productId"] for item in data["search"]["items"]]
            mine.connection.close()

        await asyncio.gather(*(read(visitor) for visitor in crowd))
        orders = set()
        for visitor in crowd:
            assert visitor.id is not None
            assert visitor.shown == ordered(visitor.shown, visitor.id.rpartition(".")[0])
            assert len(set(visitor.shown)) == 3 * PAGE
            orders.add(tuple(visitor.shown))
        assert len(orders) == VISITORS
