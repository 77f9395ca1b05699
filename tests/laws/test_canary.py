"""Laws 5 and 8 for two visitors: nothing of one is in what the other gets, nor in what moves the other's orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

import orjson
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import Author, Patch, Reason, Reorder
from personalize.domain.reason import AFFINITY
from personalize.domain.visit import Trust, Visit, VisitorId
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

PAGE = """query P($i: SearchInput!) {
  search(input: $i) { totalItems items { productId personalization { bought } } }
  personalization { visit { consent identified context { name value label saidBy source } }
    listings { personalized strategy items { itemId position reason { code text } } } rankingParameters { code } } }"""
LOOK = "query L($id: ID!) { product(id: $id) { id name personalization { bought } } }"
ADD = "mutation A($v: ID!) { addItemToOrder(productVariantId: $v, quantity: 1) { __typename } }"
CLOCK = ("daypart", "weekday")
"""What may change between two runs of the test."""

PATIENCE = 30.0
"""Seconds that profiles and corrections may take here."""

ACTS = ("list", "list", "deeper", "search", "look", "add", "not", "again", "mood", "mode", "store", "sent", "reset",
        "forget", "export", "track")  # fmt: skip
ITEMS = ("5", "7", "664", "1278", "16")


class Telltale:
    """A decision that all there is of a visitor moves, and whose reasons say it out loud."""

    name, version = "telltale", "1"

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """An order drawn from everything that is known, and a reason that names it."""
        known = [f"{name}={value}" for name, value in sorted(visit.context.items()) if name not in CLOCK]
        if (profile := visit.profile) is not None:
            known += [*profile.rejected, *profile.history, *profile.bought, str(profile.behaviour)]
            known += [profile.session.last_term or "", *(said.value for said in profile.said.values())]
        order = list(range(len(listing)))
        Random(repr(known)).shuffle(order)
        why = Reason(AFFINITY, {"name": "x", "value": " ".join(["x", *known])})
        return Patch((Reorder(target, tuple(order), Author(self.name, self.version), why, dict.fromkeys(order, why)),))


@dataclass
class Shopper:
    """One of the two: what they agreed to, whom they are known as, and the words that are theirs alone."""

    name: str
    consent: str
    signed: bool
    acts: Sequence[tuple[str, int]]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Canaries."""
        return [f"canary-{self.name}-store", f"canary{self.name}term", f"canary-{self.name}-sent", self.id]

    @property
    def id(self) -> str:
        """An id that is the same in every run."""
        return f"canary-{self.name}-visitor-id"

    async def enter(self, world: Turned) -> None:
        """Come with a signed id, or with a session of the shop."""
        self.headers = {CONSENT: self.consent}
        if self.signed:
            self.headers[VISITOR] = world.gateway.reception.who.sign(VisitorId(self.id, Trust.SIGNED))
        else:
            told = await world.send("{ activeOrder { code } }", headers=self.headers)
            self.headers["authorization"] = f"Bearer {told.headers['vendure-auth-token']}"

    async def act(self, world: Turned, act: str, number: int) -> tuple[str, str]:
        """Do one thing; the body, and body and headers as one text."""
        item = ITEMS[number % len(ITEMS)]
        headers = dict(self.headers)
        variables: dict[str, Any] = {}
        if act in ("list", "deeper", "search", "sent"):
            query, page = PAGE, {"take": 6, "skip": 6 * (act == "deeper"), "groupByProduct": True}
            variables = {"i": {**page, "term": f"canary{self.name}term"} if act == "search" else page}
            if act == "sent":
                headers["x-personalize-context"] = f"store=canary-{self.name}-sent, occasion=gift"
        elif act in ("look", "add"):
            query, variables = (LOOK, {"id": item}) if act == "look" else (ADD, {"v": item})
        else:
            query = f"mutation {{ personalization {{ {self.mutation(act, item, number)} }} }}"
        response = await world.send(query, variables, headers=headers)
        assert response.status_code == 200
        return response.text, response.text + repr(response.headers.multi_items())

    def mutation(self, act: str, item: str, number: int) -> str:
        """A correction."""
        return {
            "not": f'notInterested(itemId: "{item}")',
            "again": f'interestedAgain(itemId: "{item}") {{ done code message }}',
            "mood": f"setMood(mood: {('CALM', 'SAD', 'null')[number % 3]}) {{ done code }}",
            "mode": f"setMode(mode: {('GIFT', 'MISSION', 'null')[number % 3]}) {{ done code }}",
            "store": f'setStore(store: "canary-{self.name}-store") {{ done code }}',
            "track": f'track(events: [{{name: VIEW_ITEM, items: [{{itemId: "{item}"}}]}}]) {{ recorded refused }}',
            "reset": "reset { done code message }",
            "forget": "forget",
            "export": "exportData { data next code }",
        }[act]


async def lived(shoppers: Sequence[Shopper]) -> list[list[str]]:
    """What each shopper is answered, step by step, both at a time; checks each answer for the other's words."""
    async with turned_world(decisions={"telltale": Telltale()}, strategies=("telltale",)) as world:
        world.gateway.profiles._deadline = PATIENCE  # on a busy machine a late profile would be told from one in time
        world.gateway.popularity.apply = lambda event: None  # type: ignore[method-assign]  # what is shared on purpose
        for skip in (0, 0, 6):  # windows at hand from the start: who comes first makes them
            await world.send(PAGE, {"i": {"take": 6, "skip": skip, "groupByProduct": True}}, headers={CONSENT: "none"})
            await world.settle()
        for shopper in shoppers:
            await shopper.enter(world)
        answers: list[list[str]] = [[] for _ in shoppers]
        for step in range(max(len(shopper.acts) for shopper in shoppers)):
            doing = [(n, one, one.acts[step]) for n, one in enumerate(shoppers) if step < len(one.acts)]
            told = await asyncio.gather(*(one.act(world, *act) for _, one, act in doing))
            for (number, one, (act, _)), (body, whole) in zip(doing, told, strict=True):
                for other in shoppers:
                    leaked = [word for word in other.words if other is not one and word in whole]
                    assert not leaked, (act, leaked)
                if act == "export":
                    _own_only(one, body)
                answers[number].append("" if act == "export" else _steady(body))
            await world.settle()
            await world.gateway.outbox.flush()
        metrics = world.gateway.telemetry.render().decode()
        assert not [word for one in shoppers for word in one.words if word in metrics]
        assert not world.faults()
        return answers


def _own_only(shopper: Shopper, body: str) -> None:
    """An export tells of nothing that its visitor did not do."""
    data = orjson.loads(body)["data"]["personalization"]["exportData"]["data"]
    for kept in (orjson.loads(data).get(name) for name in ("profile", "session_profile")) if data else ():
        touched = {ITEMS[number % len(ITEMS)] for _, number in shopper.acts}
        assert {one["item_id"] for one in kept["not_interested"]} <= touched if kept else True


def _steady(body: str) -> str:
    """A body without what the clock changes."""
    told = orjson.loads(body)
    visit = ((told.get("data") or {}).get("personalization") or {}).get("visit")
    if visit:
        visit["context"] = [fact for fact in visit["context"] if fact["name"] not in CLOCK]
    return orjson.dumps(told).decode()


@st.composite
def shoppers(draw: st.DrawFn, name: str) -> Shopper:
    """A shopper with any consent, known in any way, who does anything."""
    acts = draw(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 14)), min_size=4, max_size=14))
    consent = draw(st.sampled_from(["personalization", "personalization", "session", "none"]))
    return Shopper(name, consent, draw(st.booleans()), [("list", 0), *acts, ("list", 0), ("export", 0)])


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(shoppers("anna"), shoppers("ben"))
def test_one_visitor_leaves_no_trace_with_the_other(anna: Shopper, ben: Shopper) -> None:
    """Law: what Ben is answered is what he would have been had Anna never been there, to the letter."""
    with patch("personalize.events.outbox.SETTLE_SECONDS", PATIENCE):
        with_anna = asyncio.run(lived([anna, ben]))[1]
        alone = asyncio.run(lived([ben]))[0]
    assert with_anna == alone


def test_the_canary_sings() -> None:
    """The decision of this test does show a visitor's words, to that visitor: without that it would prove nothing."""
    anna = Shopper("anna", "personalization", True, [("list", 0), ("store", 0), ("search", 0), ("list", 0), ("not", 3)])
    shown = asyncio.run(lived([anna]))[0]
    assert "canary-anna-store" in shown[3]
    assert "canaryannaterm" in shown[3]
    assert shown[0] != shown[3]
