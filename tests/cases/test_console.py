"""The console over HTTP: who gets in, what every answer bears, what forms may do, and what pages never tell."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from argon2 import PasswordHasher

from personalize.app import Gateway
from personalize.console.accounts.door import Door
from personalize.console.accounts.passwords import Passwords
from personalize.console.pages.app import PLACES
from personalize.console.pages.forms import BODY_MAX, FIELDS_MAX
from personalize.domain.desk.actor import Actor, Role
from personalize.domain.store import EventRow
from tests.gateway_world import Counting, demo_shop, settings_of

PASSWORD = "a rather long sentence"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
URL = "http://console.test"
ADA = Actor("ada", Role.ADMIN)


@asynccontextmanager
async def running(**changes: object) -> AsyncIterator[SimpleNamespace]:
    """A gateway before the demo shop, with one account of each role: `client(role)` is a browser of theirs."""
    gateway = Gateway(settings_of(("shop_order",), **changes), transport=Counting(demo_shop()))
    async with gateway.running():
        assert await gateway.knowledge.wait(60)
        app = gateway.operator()
        door = Door(gateway.accounts, passwords=Passwords(QUICK))
        for role in Role:
            await door.add(f"{role}s", PASSWORD, role)

        async def client(role: Role | None, peer: str = "192.0.2.1", base: str = URL) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app=app, client=(peer, 123))
            made = httpx.AsyncClient(transport=transport, base_url=base)
            if role is not None:
                made.cookies.set("personalize_session", await door.log_in(f"{role}s", PASSWORD, peer), path="/console")
            return made

        yield SimpleNamespace(gateway=gateway, client=client, door=door)


@pytest.fixture
async def world() -> AsyncIterator[SimpleNamespace]:
    async with running() as made:
        yield made


def csrf(page: httpx.Response) -> str:
    """The token of the forms on a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """A form of the console, sent as a browser would."""
    page = await client.get("/console/account")
    if page.status_code == 303:
        page = await client.get("/console/login")
    return await client.post(f"/console{path}", data={"csrf": csrf(page), **fields})


def path_of(place) -> str:
    """A path that leads to a place."""
    return "/console" + place.path.replace("{name}", "rainy_week").replace("{rest:path}", "nowhere")


async def test_every_page_lets_in_whom_it_is_for(world: SimpleNamespace) -> None:
    clients = {role: await world.client(role) for role in (None, *Role)}
    for place in PLACES:
        for role, client in clients.items():
            form = {"a": "b"} if place.method == "POST" else None
            answer = await client.request(place.method, path_of(place), data=form)
            if place.role is not None and role is None:
                assert answer.status_code == 303, place
                assert answer.headers["location"].startswith("/console/login?next=%2Fconsole")
            elif place.role is not None and not Actor("x", role).may(place.role):
                assert answer.status_code == 403, (place, role)
                assert "Not allowed" in answer.text
            elif place.method == "POST":
                assert answer.status_code == 403, (place, role)  # no token of a form
                assert "not taken" in answer.text
            else:
                assert answer.status_code in (200, 303, 404, 409), (place, role)


async def test_no_form_of_another_session_or_site_is_taken(world: SimpleNamespace) -> None:
    client, other = await world.client(Role.ADMIN), await world.client(Role.ADMIN)
    token = csrf(await client.get("/console"))
    foreign = csrf(await other.get("/console"))
    fields = {"name": "x", "why": "y", "act": "remove"}
    for place in (one for one in PLACES if one.method == "POST"):
        for headers, sent in (
            ({}, foreign), ({}, ""), ({}, "ä"), ({"origin": "https://evil.example"}, token),
            ({"origin": "null"}, token), ({"sec-fetch-site": "cross-site"}, token),
            ({"sec-fetch-site": "same-site"}, token),
        ):  # fmt: skip
            answer = await client.post(path_of(place), data={**fields, "csrf": sent}, headers=headers)
            assert answer.status_code == 403, (place, headers, sent)
        answer = await client.post(path_of(place), json={**fields, "csrf": token})
        assert answer.status_code == 400


async def test_what_every_answer_bears(world: SimpleNamespace) -> None:
    client = await world.client(Role.ADMIN)
    paths = [path_of(place) for place in PLACES if place.method == "GET"] + ["/console/static/console.css"]
    for path in [*paths, "/console/static/nothing.css"]:
        answer = await client.get(path)
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if "static" not in path:
            assert answer.headers["cache-control"] == "no-store"
            assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", answer.text)
            assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", answer.text))
            for address in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
                assert address.startswith(("/console", "#", "http://shop.test/")), address


async def test_log_in_and_out(world: SimpleNamespace) -> None:
    client = await world.client(None)
    page = await client.get("/console/preview", params={"term": "boots"})
    assert page.headers["location"] == "/console/login?next=%2Fconsole%2Fpreview%3Fterm%3Dboots"
    page = await client.get(page.headers["location"])
    onward = re.search(r'name="next" value="([^"]*)"', page.text)[1]
    fields = {"csrf": csrf(page), "name": "admins", "password": PASSWORD, "next": onward}
    answer = await client.post("/console/login", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/preview?term=boots")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("personalize_session=", "httponly", "samesite=strict", "path=/console"))
    assert "secure" not in cookie  # plain http on this machine
    assert "admins" in (await client.get("/console")).text
    token = client.cookies["personalize_session"]
    answer = await send(client, "/logout")
    assert answer.headers["location"] == "/console/login?done=left"
    client.cookies.set("personalize_session", token, path="/console")
    assert (await client.get("/console")).status_code == 303  # it ended here, not only in the browser


async def test_log_in_leads_nowhere_else(world: SimpleNamespace) -> None:
    for onward in ("//evil.example", "https://evil.example", "/\\evil.example", "/console/../x"):
        client = await world.client(None)
        answer = await send(client, "/login", name="admins", password=PASSWORD, next=onward)
        assert answer.headers["location"] == "/console"
        answer = await send(client, "/preferences", language="de", back=onward)
        assert answer.headers["location"] == "/console"
        assert (await client.get("/console/login", params={"next": onward})).headers["location"] == "/console"


async def test_cookies_are_secure_behind_a_trusted_proxy_that_speaks_https() -> None:
    async with running(trusted_proxies=("10.0.0.0/8",)) as world:
        for peer, secure in (("10.0.0.1", True), ("192.0.2.1", False)):
            client = await world.client(None, peer)
            client.headers["x-forwarded-proto"] = "https"
            client.headers["x-forwarded-for"] = "203.0.113.7, 10.0.0.9"
            answer = await client.get("/console/login")
            assert ("secure" in answer.headers["set-cookie"].lower()) is secure
            assert ("strict-transport-security" in answer.headers) is secure


async def test_many_failures_wait_and_say_so(world: SimpleNamespace) -> None:
    client = await world.client(None)
    codes = [(await send(client, "/login", name="admins", password="wrong wrong wrong")).status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]
    answer = await send(client, "/login", name="admins", password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert PASSWORD not in answer.text
    nobody = [(await send(client, "/login", name="nobody", password="wrong wrong wrong")) for _ in range(6)]
    assert [one.status_code for one in nobody] == codes


async def test_without_an_account_it_says_how_to_make_one() -> None:
    gateway = Gateway(settings_of(()), transport=Counting(demo_shop()))
    async with gateway.running():
        transport = httpx.ASGITransport(app=gateway.operator())
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            assert "only the demo makes one" in (await client.get("/console/login")).text
            gateway.settings = settings_of((), store_url="sqlite:///x.sqlite")
            assert "personalize console --add" in (await client.get("/console/login")).text
            assert (await client.get("/")).headers["location"] == "/console"


async def test_bodies_have_a_bound(world: SimpleNamespace) -> None:
    client = await world.client(Role.ADMIN)
    token = csrf(await client.get("/console"))
    for fields in (
        {"csrf": token, "name": "x" * (BODY_MAX + 1)},
        {"csrf": token, **{f"f{n}": "1" for n in range(FIELDS_MAX + 1)}},
    ):
        answer = await client.post("/console/people", data=fields)
        assert answer.status_code == 400


async def test_language_and_light_are_kept(world: SimpleNamespace) -> None:
    client = await world.client(Role.VIEWER)
    client.headers["accept-language"] = "de-AT, en;q=0.5"
    page = (await client.get("/console/strategies")).text
    assert '<html lang="de" data-theme="auto">' in page
    await send(client, "/preferences", language="en", theme="dark", back="/console/strategies")
    assert '<html lang="en" data-theme="dark">' in (await client.get("/console/strategies")).text
    await send(client, "/preferences", language="xx", theme="<b>", back="/console")
    assert '<html lang="en" data-theme="dark">' in (await client.get("/console")).text


async def test_from_preview_by_pin_and_publishing_to_a_trial_and_back(world: SimpleNamespace) -> None:
    client = await world.client(Role.OPERATOR)
    looked = {"listing": "Query.search", "collection": "women", "weather": "rain"}
    page = (await client.get("/console/preview", params=looked)).text
    places = re.findall(r'<li[^>]*>\s*<span class="place">(\d+)</span>.*?name="item" value="([^"]+)"', page, re.S)
    assert len(places) == 48
    item = places[20][1]
    pinned = await send(client, "/preview/pin", item=item, place="1", **looked)
    assert pinned.headers["location"].startswith("/console/preview?")
    assert "strategy=pins_women" in pinned.headers["location"]
    page = (await client.get(pinned.headers["location"])).text
    assert "The pin is in a draft" in page
    ours = page[page.index('id="ours"') :]
    assert re.search(r'name="item" value="([^"]+)"', ours)[1] == item
    again = await send(client, "/preview/pin", item=places[21][1], place="2", strategy="pins_women", **looked)
    assert again.status_code == 303
    await send(client, "/preview/pin", item=places[21][1], place="3", strategy="pins_women", **looked)

    desk = world.gateway.desk
    standing = await desk.strategy("pins_women")
    rules = [{"kind": "pin", "item": item, "place": 1}, {"kind": "pin", "item": places[21][1], "place": 3}]
    assert standing.draft.draft.parameters["rules"] == rules
    assert standing.published is None
    page = (await client.get("/console/strategies/pins_women/draft")).text
    assert item in page
    told = {"mode": "share", "share": "50", "scope.collection": "women", "scope.listing": "Query.search", "save": "1"}
    told |= {"p.rules.0.kind": "pin", "p.rules.0.item": item, "p.rules.0.place": "1"}
    seen = {"seen": str(standing.draft.number), "decision": "merchandising"}
    saved = await send(client, "/strategies/pins_women/draft", **told, **seen, why="half of them")
    assert saved.headers["location"] == "/console/strategies/pins_women?done=drafted"
    stale = await send(client, "/strategies/pins_women/draft", **told, **seen, why="again")
    assert stale.status_code == 422
    assert "at version 4 by now" in stale.text
    missing = await send(client, "/strategies/pins_women/publish", number="4", over="0", why=" ")
    assert missing.status_code == 409
    assert "needs a reason" in missing.text
    published = await send(client, "/strategies/pins_women/publish", number="4", over="0", why="women first")
    assert published.headers["location"].endswith("done=published")
    names = [one.name for one in world.gateway.listings.settings.experiments]
    assert names == ["pins_women-50-v4"]
    assert "pins_women-50-v4" in (await client.get("/console/experiments")).text
    assert (await client.get("/console/experiments/pins_women-50-v4")).status_code == 200
    wider = await send(client, "/strategies/pins_women/reach", mode="on", share="50", why="it helps")
    assert wider.headers["location"].endswith("done=published")
    assert world.gateway.listings.settings.experiments == ()
    back = await send(client, "/strategies/pins_women/revert", number="4", over="5", why="not for all")
    assert back.headers["location"].endswith("done=reverted")
    stopped = await send(client, "/stop", name="pins_women", why="odd")
    assert stopped.status_code == 303
    assert world.gateway.listings.settings.experiments == ()
    await send(client, "/release", name="pins_women", why="it was nothing")
    audit = (await client.get("/console/audit")).text
    for why in ("women first", "it helps", "not for all", "odd", "it was nothing"):
        assert why in audit


async def test_what_speaks_against_publishing_is_told(world: SimpleNamespace) -> None:
    client = await world.client(Role.OPERATOR)
    document = {"decision": "merchandising", "mode": "on", "seen": "0", "save": "1", "name": "odd"}
    document |= {"p.rules.0.kind": "pin", "p.rules.0.item": "nothing-like-it", "p.rules.0.place": "1"}
    assert (await send(client, "/strategies/new", **document, why="x")).status_code == 303
    page = (await client.get("/console/strategies/odd")).text
    assert "the shop has no item" in page
    refused = await send(client, "/strategies/odd/publish", number="1", over="0", why="x")
    assert refused.status_code == 422
    assert "It was not published" in refused.text
    assert (await world.gateway.desk.strategy("odd")).published is None


async def test_what_guardrails_stopped_is_told_and_goes_on_with_a_reason(world: SimpleNamespace) -> None:
    gateway = world.gateway
    document = {"name": "calm_week", "decision": "situation", "mode": "share", "share": 0.5}
    made = await gateway.desk.draft(ADA, document, "a try")
    await gateway.desk.publish(ADA, "calm_week", made.number, "a try")
    name = "calm_week-50-v1"
    paths = (f"/console/experiments/{name}", "/console/strategies/calm_week", "/console/experiments", "/console")
    operator, viewer = await world.client(Role.OPERATOR), await world.client(Role.VIEWER)
    for path in paths:
        assert "guardrails" not in (await operator.get(path)).text
    await gateway.store.put_trial(name, b'{"form": "", "since": 0, "halted": "GUARDRAIL: <i>conversion</i>"}')
    await gateway.watchman.recall()
    for path in paths:
        assert "guardrails" in (await viewer.get(path)).text
    assert "GUARDRAIL: &lt;i&gt;conversion" in (await viewer.get(paths[0])).text
    assert "Let it go on" not in (await viewer.get(paths[0])).text
    assert "Let it go on" in (await operator.get(paths[1])).text
    assert (await send(viewer, f"/experiments/{name}/resume", why="x")).status_code == 403
    assert (await send(operator, f"/experiments/{name}/resume", why=" ")).status_code == 409
    assert list(gateway.halted) == [name]
    resumed = await send(operator, f"/experiments/{name}/resume", why="it was the sale")
    assert resumed.headers["location"] == f"/console/experiments/{name}?done=resumed"
    assert dict(gateway.halted) == {}
    await send(operator, f"/experiments/{name}/resume", why="once more")
    audit = (await viewer.get("/console/audit")).text
    assert "it was the sale" in audit
    assert "once more" not in audit


async def test_everything_is_stopped_and_started_again(world: SimpleNamespace) -> None:
    client = await world.client(Role.OPERATOR)
    assert "Stop everything?" in (await client.get("/console/stop")).text
    assert (await send(client, "/stop", name="", why="fire")).headers["location"] == "/console?done=killed"
    assert world.gateway.programmes.programme.stopped
    assert "Everything is stopped" in (await client.get("/console")).text
    viewer = await world.client(Role.VIEWER)
    assert "Let everything run again" not in (await viewer.get("/console")).text
    await send(client, "/release", name="", why="false alarm")
    assert not world.gateway.programmes.programme.stopped


async def test_accounts_are_kept_by_administrators(world: SimpleNamespace) -> None:
    client = await world.client(Role.ADMIN)
    made = await send(client, "/people", act="add", name="Mona", role="viewer", password=PASSWORD, again=PASSWORD)
    assert made.headers["location"] == "/console/people?done=account_add"
    assert (await send(client, "/people", act="role", name="mona", role="operator")).status_code == 303
    assert (await world.gateway.accounts.account("mona")).role is Role.OPERATOR
    for fields, told in (
        ({"act": "add", "name": "eve", "role": "viewer", "password": PASSWORD, "again": "x"}, "not the same"),
        ({"act": "role", "name": "admins", "role": "viewer"}, "has to be administrator"),
        ({"act": "remove", "name": "nobody"}, "no account of that name"),
        ({"act": "odd", "name": "mona"}, "no such change"),
        ({"act": "role", "name": "mona", "role": "king"}, "no such role"),
    ):
        answer = await send(client, "/people", **fields)
        assert answer.status_code == 422
        assert told in answer.text
    assert (await send(client, "/people", act="remove", name="mona")).status_code == 303
    audit = (await client.get("/console/audit")).text
    assert audit.count("account mona") == 3
    assert PASSWORD not in audit


async def test_what_is_typed_is_shown_and_never_run(world: SimpleNamespace) -> None:
    odd = "<img src=x onerror=alert(1)>\"'"
    client = await world.client(Role.OPERATOR)
    for path in ("/preview", "/events", "/audit", "/strategies/new", "/login", "/nowhere/"):
        params = dict.fromkeys(("term", "more", "who", "event", "name", "next", "strategy", "arm", "done", "mood"), odd)
        page = (await client.get(f"/console{path}", params=params)).text
        assert "<img src=x" not in page
    row = b'{"event":"search","event_id":"e","at":"2026-01-01T00:00:00Z","visitor":"somebody-secret",'
    row += b'"search_term":"<script>alert(1)</script>","strategy":"<b>","assignments":{"<i>":"<u>"}}\n'
    await world.gateway.store.append_events([EventRow("e", 1_767_225_600.0, "somebody-secret", row)])
    page = (await client.get("/console/events")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "somebody-secret" not in page


async def test_pages_hold_no_secret() -> None:
    async with running(
        operator_token="an operator token of 30 signs",
        secret=("a-secret-of-the-tests-here",),
        weather_key="weather-key-1",
    ) as world:
        client = await world.client(Role.ADMIN)
        for place in PLACES:
            if place.method == "GET":
                page = (await client.get(path_of(place))).text
                assert not any(word in page for word in ("an operator token", "a-secret-of", "weather-key", "argon2"))


async def test_a_store_that_fails_is_told_and_nothing_else_breaks(world: SimpleNamespace) -> None:
    from personalize.errors import StoreError

    client = await world.client(Role.VIEWER)

    async def broken(*_: object, **__: object) -> None:
        raise StoreError("the disk is full", code="STORE_FULL", hint="free some")

    world.gateway.store.newest = broken
    page = await client.get("/console/events")
    assert (page.status_code, "the disk is full" in page.text) == (503, True)
    assert (await client.get("/console")).status_code == 200


async def test_readings_of_the_log_are_shared_and_kept(world: SimpleNamespace) -> None:
    asked = []
    newest = world.gateway.store.newest

    async def counting(*arguments: object, **named: object) -> list[EventRow]:
        asked.append(arguments)
        return await newest(*arguments, **named)

    world.gateway.store.newest = counting
    clients = [await world.client(Role.VIEWER) for _ in range(4)]
    await asyncio.gather(*(client.get("/console/experiments") for client in clients))
    await clients[0].get("/console")
    assert len(asked) == 1
