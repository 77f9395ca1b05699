"""The table of consent, cell by cell against a running gateway: id, run, profile, experiment, log lines; no cookie."""

from __future__ import annotations

import sqlite3
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pytest

from personalize.domain.experiment import Experiment, Variant
from personalize.domain.permission import Agreement, Keep, Permissions, Trace
from personalize.domain.visit import Consent
from personalize.visitors.consent import allowed
from personalize.visitors.identity import profile_key
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

EXPERIMENT = "x-personalize-experiment"
EXPERIMENTS = (Experiment("order", (Variant("control", 0.5), Variant("new", 0.5))),)
PAGE = "query P($i: SearchInput!) { search(input: $i) { items { productId } } }"
LOOK = "query L($id: ID!) { product(id: $id) { id name } }"
ADD = "mutation A($v: ID!) { addItemToOrder(productVariantId: $v, quantity: 1) { __typename } }"
SAY = 'mutation { personalization { setStore(store: "a-store") { done } } }'
HERE = {"i": {"take": 6, "groupByProduct": True}}
NONE, SESSION, CONSENTED = Consent.NONE, Consent.SESSION, Consent.CONSENTED


class Cell(NamedTuple):
    """What is said by header (None: nothing), the operator's default, an objection, and what follows."""

    header: str | None
    default: Consent
    objects: bool
    mode: Consent
    experiments: bool


def cells() -> list[Any]:
    """Every mode by header and by default, with and without `Sec-GPC: 1`."""
    by_header = [
        ("none", NONE, False), ("experiments", NONE, True), ("session", SESSION, False),
        ("session, experiments", SESSION, True), ("personalization", CONSENTED, False),
        ("personalization, experiments", CONSENTED, True),
    ]  # fmt: skip
    found = []
    for (header, mode, experiments), objects in product(by_header, (False, True)):
        default = NONE if mode is CONSENTED else CONSENTED  # the header is what counts
        found.append(Cell(header, default, objects, NONE if objects else mode, experiments))
    for default, objects in product(Consent, (False, True)):
        mode = NONE if objects else default
        found.append(Cell(None, default, objects, mode, default is CONSENTED and not objects))
    return [pytest.param(cell, id=f"{cell.header}-{cell.default}-{'gpc' if cell.objects else ''}") for cell in found]


async def acted(world: Turned, headers: dict[str, str]) -> list[httpx.Response]:
    """A list, its next page, a product, a word, a cart."""
    answers = [
        await world.send(PAGE, HERE, headers=headers),
        await world.send(PAGE, {"i": {**HERE["i"], "skip": 6}}, headers=headers),
        await world.send(LOOK, {"id": "7"}, headers=headers),
        await world.send(SAY, headers=headers),
        await world.send(ADD, {"v": "9"}, headers=headers),
    ]
    await world.gateway.outbox.flush()
    return answers


@pytest.mark.parametrize("cell", cells())
async def test_a_cell(cell: Cell, tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    holds = allowed_by(cell)
    sent = ({CONSENT: cell.header} if cell.header is not None else {}) | ({"sec-gpc": "1"} if cell.objects else {})
    async with turned_world(
        store_url=f"sqlite:///{file}", consent_default=cell.default, experiments=EXPERIMENTS
    ) as world:
        gateway = world.gateway
        stranger = await world.send(PAGE, HERE, headers=sent)
        assert (VISITOR in stranger.headers) is holds.id

        who = gateway.reception.who.issue()
        key = profile_key(who)
        answers = await acted(world, {**sent, VISITOR: gateway.reception.who.sign(who)})
        assert all((EXPERIMENT in one.headers) is holds.experiment for one in answers)
        assert not any(VISITOR in one.headers for one in answers)  # it is known already, or nobody's business
        assert answers[3].json()["data"]["personalization"]["setStore"]["done"] is (holds.profile is not Keep.NOWHERE)

        runs = [run for run in (*gateway.runs.runs, *gateway.runs.newborn) if run[0] == key]
        assert bool(runs) is holds.run
        assert (key in gateway.profiles._memory) is (holds.profile is Keep.MEMORY)
        stored = await gateway.store.get_profile(key, gateway.clock())
        assert (stored is not None) is (holds.profile is Keep.STORE)

        cookies = [value for one in (stranger, *answers) for value in one.headers.get_list("set-cookie")]
        assert all(value.startswith("session") for value in cookies)  # the shop's own, which comes with a cart
        assert not any(one.headers.get_list("set-cookie") for one in (stranger, *answers[:4]))
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT visitor, line FROM event").fetchall()
        keys = [name for (name,) in database.execute("SELECT key FROM profile")]
        assert database.execute("SELECT * FROM link").fetchall() == []
    assert (key in keys) is (holds.profile is Keep.STORE)
    lines = [(owner, orjson.loads(line)) for owner, line in rows]
    mine = [(owner, line) for owner, line in lines if line["event"] in ("view_item", "add_to_cart")]
    assert len(mine) == 2
    for owner, line in mine:
        named = ("visitor" in line, "session" in line)
        assert (
            named
            == {Trace.NOBODY: (False, False), Trace.SESSION: (False, True), Trace.VISITOR: (True, True)}[holds.log]
        )
        if holds.log is Trace.VISITOR:
            assert owner == line["visitor"] == key
        else:  # not even beside the line
            assert who.value not in f"{owner}{line}"
            assert owner == (f"n:{line['session']}" if holds.log is Trace.SESSION else None)


def allowed_by(cell: Cell) -> Permissions:
    """What the table says of a cell."""
    return allowed(Agreement(cell.mode, cell.experiments))


# -- consent that is withdrawn ---------------------------------------------------------------------------------------

FACTS = "{ personalization { visit { identified context { name value } } } }"
WITHDRAWN = [{CONSENT: "none"}, {"sec-gpc": "1"}, {CONSENT: "session"}]


@pytest.mark.parametrize("withdrawn", WITHDRAWN)
async def test_what_was_kept_under_consent_is_neither_read_nor_added_to_without_it_and_stays_until_forgotten(
    withdrawn: dict[str, str],
) -> None:
    """A `none` may come from any page of the storefront, from another device, from a header of the browser: it ends
    what is done, and erases nothing by itself. The dialogue that takes consent back asks for `forget`.
    """
    async with turned_world() as world:
        anna = world.signed()
        await acted(world, anna)
        store = world.gateway.store
        key = (await store_keys(world))[0]
        before = [row.event_id async for row in store.events(visitor=key)]
        body = await store.get_profile(key, world.gateway.clock())
        await acted(world, {**anna, **withdrawn})
        told = (await world.send(FACTS, headers={**anna, **withdrawn})).json()["data"]["personalization"]["visit"]
        said = [fact["value"] for fact in told["context"] if fact["name"] == "store"]
        assert said == (["a-store"] if withdrawn.get(CONSENT) == "session" else [])  # said anew, for the session
        assert [row.event_id async for row in store.events(visitor=key)] == before
        assert await store.get_profile(key, world.gateway.clock()) == body is not None
        answer = await world.send("mutation { personalization { forget } }", headers={**anna, **withdrawn})
        assert answer.json()["data"]["personalization"]["forget"] is True
        assert [row.event_id async for row in store.events(visitor=key)] == []
        assert await store.get_profile(key, world.gateway.clock()) is None


async def store_keys(world: Turned) -> list[str]:
    return sorted({row.visitor async for row in world.gateway.store.events() if row.visitor is not None})
