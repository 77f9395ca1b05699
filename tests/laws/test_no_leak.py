"""Laws 5 and 8: nothing of one visitor reaches another, and without consent nothing is kept."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from personalize.domain.permission import Keep
from personalize.domain.visit import Consent, Trust, VisitorId
from personalize.gateway.edge.call import Call
from tests.gateway_world import catalogue
from tests.toy_world import CONSENT, VISITOR, Turned, turned_world

SEARCH = """query S($i: SearchInput!) { search(input: $i) { totalItems items { productId personalization { bought } } }
  personalization { visit { identified consent } listings { strategy items { itemId position } } } }"""
BESIDE = """query B($i: SearchInput!) { activeOrder { code lines { productVariant { id } } }
  search(input: $i) { items { productId } } }"""
LOOK = "query P($id: ID!) { product(id: $id) { id name personalization { bought } } }"
ADD = """mutation A($v: ID!) { addItemToOrder(productVariantId: $v, quantity: 1) { __typename
  ... on Order { code lines { id } } ... on ErrorResult { errorCode } } }"""
FORGET = "mutation { personalization { forget } }"
PLAIN = {"take": 12, "groupByProduct": True}
TOKEN = re.compile(r"[0-9a-f]{64}")


class Guest:
    """A storefront client: keeps its own tokens, and knows all secrets that were ever told to it."""

    def __init__(self, consent: str, *, cookies: bool = False) -> None:
        self.headers = {CONSENT: consent}
        self.cookies = cookies
        self.told: set[str] = set()

    def take_in(self, response: httpx.Response) -> None:
        """Go on with the session and the id of this answer."""
        if value := response.headers.get(VISITOR):
            self.headers[VISITOR] = value
            self.told.add(value)
        token = response.headers.get("vendure-auth-token")
        self.told |= set(TOKEN.findall(" ".join(response.headers.values())))
        pairs = [value.partition(";")[0] for name, value in response.headers.multi_items() if name == "set-cookie"]
        self.told |= set(pairs)
        if self.cookies and pairs:
            self.headers["cookie"] = "; ".join(pairs)
        elif token:
            self.headers["authorization"] = f"Bearer {token}"
        code = re.search(r'"code":"(\w{16})"', response.text)
        if code:
            self.told.add(code[1])


async def act(world: Turned, guest: Guest, random: Random) -> httpx.Response:
    """One thing that a shopper does."""
    product = random.choice(catalogue().products)
    query, variables = random.choice(
        [
            (SEARCH, {"i": PLAIN}), (SEARCH, {"i": {**PLAIN, "skip": 12}}), (BESIDE, {"i": PLAIN}),
            (LOOK, {"id": product.id}), (ADD, {"v": product.variants[0].id}), ("{ activeOrder { code } }", {}),
        ]
    )  # fmt: skip
    response = await world.send(query, variables, headers=guest.headers)
    assert response.status_code == 200, response.text
    return response


@settings(max_examples=2, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32))
def test_no_answer_holds_what_another_visitor_was_told(seed):
    """Canaries: tokens, cookies, visitor ids and order codes of many visitors on shared, private and cold pages."""
    random = Random(seed)

    async def example() -> None:
        async with turned_world() as world:
            modes = ["personalization", "session", "none"]
            guests = [Guest(modes[n % 3], cookies=n % 2 == 0) for n in range(8)]
            for _ in range(90):
                crowd = random.sample(guests, 3)
                answers = await asyncio.gather(*(act(world, guest, random) for guest in crowd))
                for guest, response in zip(crowd, answers, strict=True):
                    whole = response.text + repr(response.headers.multi_items())
                    for other in guests:
                        leaked = [secret for secret in other.told - guest.told if secret in whole]
                        assert other is guest or not leaked, leaked
                    guest.take_in(response)
                if random.random() < 0.2:
                    world.now[0] += random.choice([6, 61])
                await world.gateway.outbox.flush()
            assert not set(world.faults()) - {"profile late"}

    asyncio.run(example())


async def listed(world: Turned, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    response = await world.send(SEARCH, {"i": {**PLAIN, **more}}, headers=headers)
    data: dict[str, Any] = response.json()["data"]
    return data


async def test_what_one_visitor_did_moves_nobody_else():
    async with turned_world() as world:
        anna, ben, nobody = world.signed(), world.signed(), {CONSENT: "none"}

        async def shown(headers: dict[str, str]) -> list[str]:
            return [item["productId"] for item in (await listed(world, headers))["search"]["items"]]

        await shown(nobody)
        await world.settle()
        before = await shown(anna)
        assert before == await shown(ben)
        for number in range(5):
            await world.behave(anna, str(number))
        assert await shown(anna) != before
        assert await shown(ben) == before


async def test_logged_out_cookies_make_nobody_the_same_visitor():
    """After a logout Vendure leaves the same emptied cookie with everybody."""
    async with turned_world() as world:
        emptied = {CONSENT: "session", "cookie": "session=eyJ0b2tlbiI6IiJ9"}
        data = await listed(world, emptied)
        assert data["personalization"]["visit"] == {"identified": False, "consent": "SESSION"}
        for header in ("Bearer null", "Bearer undefined"):
            data = await listed(world, {CONSENT: "session", "authorization": header})
            assert data["personalization"]["visit"]["identified"] is False


async def test_a_session_is_the_visitor_before_and_after_login_and_nobody_after_logout():
    login = """mutation { login(username: "alma@morgenfels.example", password: "demo-demo") {
      __typename ... on CurrentUser { id } } }"""
    for cookies in (False, True):
        async with turned_world() as world:
            guest = Guest("session", cookies=cookies)
            guest.take_in(await world.send("{ activeOrder { code } }", headers=guest.headers))
            await world.behave(guest.headers, "77")
            before = dict(guest.headers)
            guest.take_in(await world.send(login, headers=guest.headers))
            assert guest.headers != before
            assert await key_of(world, guest.headers) == await key_of(world, before)
            guest.take_in(await world.send("mutation { logout { success } }", headers=guest.headers))
            guest.headers.pop("authorization", None)
            guest.take_in(await world.send("{ activeOrder { code } }", headers=guest.headers))
            assert await key_of(world, guest.headers) != await key_of(world, before)


async def key_of(world: Turned, headers: dict[str, str]) -> str | None:
    call = Call("POST", "", list(headers.items()), "127.0.0.1", "http", b"")
    return (await world.gateway.reception.receive(call)).key


@pytest.mark.parametrize("objection", [{}, {"sec-gpc": "1"}, {CONSENT: "none"}, {CONSENT: "((("}])
async def test_without_consent_nothing_is_read_kept_or_given_out(tmp_path: Path, objection: dict[str, str]):
    """A default of none, an objection, a refusal, a malformed header: also where the client sends an id of ours."""
    default = Consent.CONSENTED if objection else Consent.NONE
    file = tmp_path / "store.sqlite"
    async with turned_world(store_url=f"sqlite:///{file}", consent_default=default) as world:
        known = world.signed()
        await world.behave(known, "5")  # a profile that must not be read now
        reads: list[str] = []
        store = world.gateway.store
        read = store.get_profile

        async def watched(key: str, at: float) -> bytes | None:
            reads.append(key)
            return await read(key, at)

        store.get_profile = watched  # type: ignore[method-assign]
        headers = {VISITOR: known[VISITOR], **objection}
        if not objection:
            headers.pop(CONSENT, None)
        stranger = dict(objection)
        answers = []
        for sent in (headers, stranger):
            answers += [await world.send(SEARCH, {"i": PLAIN}, headers=sent)]
            for query, variables in ((LOOK, {"id": "5"}), (ADD, {"v": "9"}), (SEARCH, {"i": {**PLAIN, "skip": 12}})):
                answers += [await world.send(query, variables, headers=sent)]
        forgets = await world.send("mutation N { personalization { notInterested(itemId: 3) } }", headers=headers)
        assert forgets.json()["data"]["personalization"]["notInterested"] is False
        assert all(VISITOR not in answer.headers for answer in answers)
        visit = answers[0].json()["data"]["personalization"]["visit"]
        assert visit == {"identified": False, "consent": "NONE"}
        assert answers[0].json()["data"]["search"] == answers[4].json()["data"]["search"]
        assert reads == []
        await world.gateway.outbox.flush()
    with sqlite3.connect(file) as database:
        profiles = database.execute("SELECT key FROM profile").fetchall()
        assert len(profiles) == 1  # of the consented moment before
        assert database.execute("SELECT * FROM link").fetchall() == []
        lines = database.execute("SELECT visitor, line FROM event").fetchall()
    anonymous = [line for visitor, line in lines if visitor is None]
    assert anonymous
    assert not any(b'"visitor"' in line or b'"session"' in line for line in anonymous)
    assert len(lines) - len(anonymous) == 1


async def test_a_session_only_profile_never_reaches_the_store(tmp_path):
    file = tmp_path / "store.sqlite"
    async with turned_world(store_url=f"sqlite:///{file}") as world:
        guest = Guest("session")
        guest.take_in(await world.send("{ activeOrder { code } }", headers=guest.headers))
        await world.send(SEARCH, {"i": PLAIN}, headers=guest.headers)
        await world.behave(guest.headers, "5")
        assert VISITOR not in guest.headers
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT * FROM profile").fetchall() == []
        assert not any(b'"visitor"' in line for (line,) in database.execute("SELECT line FROM event"))


async def test_a_bare_id_forgets_nobody():
    async with turned_world() as world:
        bare = {CONSENT: "personalization", VISITOR: "somebody-elses-id"}
        await world.send(SEARCH, {"i": PLAIN}, headers=bare)
        assert len(world.gateway.outbox) > 0
        waiting = len(world.gateway.outbox)
        response = await world.send(FORGET, headers=bare)
        assert "signed" in response.json()["errors"][0]["message"]
        assert len(world.gateway.outbox) >= waiting
        await world.gateway.outbox.flush()
        profiles = world.gateway.profiles
        found = await profiles.find(VisitorId("somebody-elses-id", Trust.BARE), Keep.STORE)
        assert found.profile is not None
        assert found.profile.version > 0


@pytest.mark.parametrize("withdrawn", [{}, {CONSENT: "none"}, {"sec-gpc": "1"}])
async def test_a_signed_id_forgets_itself_and_nobody_else(withdrawn: dict[str, str]):
    """Also after consent was withdrawn: then most of all."""
    async with turned_world() as world:
        anna, ben = world.signed(), world.signed()
        for headers in (anna, ben):
            await world.send(SEARCH, {"i": PLAIN}, headers=headers)
            await world.behave(headers, "5")
        response = await world.send(FORGET, headers={**anna, **withdrawn})
        assert response.json()["data"]["personalization"]["forget"] is True
        await world.gateway.outbox.flush()
        keys = [row.visitor async for row in world.gateway.store.events()]
        assert await key_of(world, anna) not in keys
        assert await key_of(world, ben) in keys


async def test_a_forged_signature_is_nobodys():
    async with turned_world() as world:
        anna = world.signed()
        await world.behave(anna, "5")
        identity, _, signature = anna[VISITOR].rpartition(".")
        forged = {CONSENT: "personalization", VISITOR: f"{identity}.{signature[::-1]}"}
        response = await world.send(SEARCH, {"i": PLAIN}, headers=forged)
        assert response.headers[VISITOR].rpartition(".")[0] != identity
