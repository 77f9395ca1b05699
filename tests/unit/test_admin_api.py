"""The Admin API that misbehaves: down, slow, garbage, forbidden, too many, too large, sessions that end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from personalize.domain.offers.money import Money
from personalize.domain.offers.offer import Percent
from personalize.domain.offers.promise import Coupon, Grant
from personalize.errors import AdminError, CouponError, SettingsError
from personalize.settings import Settings
from personalize.shops.desk import open_desk
from personalize.shops.vendure.admin import Admin
from personalize.shops.vendure.coupons import VendureCoupons
from tests.gateway_world import listening

PASSWORD = "a-password-nobody-sees"
FORBIDDEN = {"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}], "data": None}


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Faulty:
    """An Admin API with sessions; `fault` answers in its place where it is set."""

    def __init__(self, *, cookies: bool = False) -> None:
        self.cookies = cookies
        self.fault: Callable[[Request], Awaitable[Response]] | None = None
        self.data: dict[str, Any] = {"ok": True}
        self.sessions: set[str] = set()
        self.logins = 0
        self.asked: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.readable = True

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.headers.append(request.headers)
        if self.fault is not None:
            return await self.fault(request)
        if "login" in body["query"]:
            return self._login(body["variables"])
        known = request.headers.get("authorization", "").removeprefix("Bearer ") in self.sessions
        known = known or request.cookies.get("session") in self.sessions
        known = known or request.headers.get("vendure-api-key") == "id:key"
        if "me {" in body["query"] and "channels" not in body["query"]:
            return JSONResponse({"data": {"me": {"id": "1"}}} if known else FORBIDDEN)
        if not known or not self.readable:
            answer = JSONResponse(FORBIDDEN)
            answer.set_cookie("session", "a-guest")  # as Vendure does
            return answer
        self.asked.append(body)
        return JSONResponse({"data": self.data})

    def _login(self, who: dict[str, str]) -> Response:
        self.logins += 1
        if who != {"name": "admin", "password": PASSWORD}:
            answer = {"__typename": "InvalidCredentialsError", "errorCode": "INVALID_CREDENTIALS_ERROR"}
            return JSONResponse({"data": {"login": answer}})
        token = f"session-{self.logins}"
        self.sessions.add(token)
        done = JSONResponse({"data": {"login": {"__typename": "CurrentUser"}}})
        if self.cookies:
            done.set_cookie("session", token)
        else:
            done.headers["vendure-auth-token"] = token
            done.set_cookie("session", "a-cookie-that-would-go-first")
        return done


@asynccontextmanager
async def served(faulty: Faulty, **given: Any):
    app = Starlette(routes=[Route("/admin-api", faulty.answer, methods=["POST"])])
    async with listening(app) as base:
        given = {"user": "admin", "password": PASSWORD, "seconds": 2.0, **given}
        admin = Admin(f"{base}/admin-api", **given)
        try:
            yield admin
        finally:
            await admin.close()


async def code_of(asking: Awaitable[Any]) -> str:
    with pytest.raises(AdminError) as caught:
        await asking
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__!r}"
    return caught.value.code


@pytest.mark.parametrize("cookies", [False, True])
async def test_a_session_that_ended_is_opened_again_once(cookies: bool) -> None:
    faulty = Faulty(cookies=cookies)
    async with served(faulty) as admin:
        assert await admin.ask("{ ok }") == {"ok": True}
        await admin.ask("{ ok }")
        assert faulty.logins == 1
        faulty.sessions.clear()
        answers = await asyncio.gather(*(admin.ask("{ ok }") for _ in range(5)))
        assert answers == [{"ok": True}] * 5
        assert faulty.logins == 2, "five who were put out wait for one login"


async def test_what_is_forbidden_is_not_tried_with_another_login() -> None:
    faulty = Faulty()
    async with served(faulty) as admin:
        await admin.ask("{ ok }")
        faulty.readable = False
        assert await code_of(admin.ask("{ ok }")) == "ADMIN_FORBIDDEN"
        assert faulty.logins == 1


async def test_a_token_is_sent_in_place_of_a_login() -> None:
    faulty = Faulty()
    faulty.sessions.add("given")
    for token in ("given", "id:key"):
        async with served(faulty, token=token, channel="second") as admin:
            assert await admin.ask("{ ok }") == {"ok": True}
            assert faulty.headers[-1]["vendure-token"] == "second"
            faulty.readable = False
            assert await code_of(admin.ask("{ ok }")) == "ADMIN_FORBIDDEN"
            faulty.readable = True
            assert await admin.ask("{ ok }") == {"ok": True}, "a guest's cookie does not stick"
    assert faulty.logins == 0


async def test_a_refused_login_rests_before_the_next() -> None:
    faulty, clock = Faulty(), Clock()
    async with served(faulty, password="wrong", clock=clock) as admin:
        assert await code_of(admin.ask("{ ok }")) == "ADMIN_LOGIN"
        assert await code_of(admin.ask("{ ok }")) == "ADMIN_RESTING"
        assert faulty.logins == 1
        clock.now += 60
        assert await code_of(admin.ask("{ ok }")) == "ADMIN_LOGIN"


def answering(body: bytes | str = b"", status: int = 200, **headers: str) -> Callable[[Request], Awaitable[Response]]:
    async def fault(request: Request) -> Response:
        return Response(body, status, headers, media_type="application/json")

    return fault


async def slow(request: Request) -> Response:
    await asyncio.sleep(3)
    return Response()


async def huge(request: Request) -> Response:
    async def flood():
        for _ in range(200):  # 13 MB
            yield b" " * 65_536

    return StreamingResponse(flood())


async def trickling(request: Request) -> Response:
    async def drops():
        for _ in range(60):
            yield b" "
            await asyncio.sleep(0.05)

    return StreamingResponse(drops())


DEEP = b"[" * 100_000
FAULTS = {
    "500": (answering(b"oops", 500), "ADMIN_REFUSED"),
    "502 with errors": (answering(b'{"errors": [{"message": "x"}]}', 502), "ADMIN_ANSWER"),
    "404": (answering(b"<html>", 404), "ADMIN_REFUSED"),
    "401": (answering(b"", 401), "ADMIN_FORBIDDEN"),
    "429": (answering(b"", 429, **{"retry-after": "7"}), "ADMIN_TOO_MANY"),
    "503": (answering(b"", 503, **{"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}), "ADMIN_TOO_MANY"),
    "moved": (answering(b"", 302, location="http://127.0.0.1:9/"), "ADMIN_REDIRECT"),
    "html": (answering("<html>"), "ADMIN_GARBAGE"),
    "null": (answering("null"), "ADMIN_GARBAGE"),
    "list": (answering("[]"), "ADMIN_GARBAGE"),
    "no data": (answering("{}"), "ADMIN_GARBAGE"),
    "data null": (answering('{"data": null}'), "ADMIN_GARBAGE"),
    "deep": (answering(DEEP), "ADMIN_GARBAGE"),
    "errors odd": (answering('{"errors": 5}'), "ADMIN_ANSWER"),
    "errors odder": (answering('{"errors": [{"extensions": []}]}'), "ADMIN_ANSWER"),
    "gzip": (answering(b"\x1f\x8b", **{"content-encoding": "gzip"}), "ADMIN_GARBAGE"),
    "huge": (huge, "ADMIN_OVERSIZED"),
    "slow": (slow, "ADMIN_UNREACHABLE"),
    "trickling": (trickling, "ADMIN_UNREACHABLE"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=FAULTS.keys())
async def test_faults_are_named(fault: str) -> None:
    faulty = Faulty()
    async with served(faulty, seconds=1.0) as admin:
        await admin.ask("{ ok }")
        faulty.fault, expected = FAULTS[fault]
        assert await code_of(admin.ask("{ ok }")) == expected


async def test_nobody_there(unused_tcp_port: int) -> None:
    admin = Admin(f"http://127.0.0.1:{unused_tcp_port}/admin-api", user="admin", password=PASSWORD)
    codes = [await code_of(admin.ask("{ ok }")) for _ in range(4)]
    assert codes == ["ADMIN_UNREACHABLE"] * 3 + ["ADMIN_RESTING"]
    await admin.close()


async def test_who_asks_to_be_left_alone_is() -> None:
    faulty, clock = Faulty(), Clock()
    async with served(faulty, clock=clock) as admin:
        await admin.ask("{ ok }")
        faulty.fault = answering(b"", 429, **{"retry-after": "7"})
        with pytest.raises(AdminError) as caught:
            await admin.ask("{ ok }")
        assert caught.value.retry_after == 7
        faulty.fault = None
        assert await code_of(admin.ask("{ ok }")) == "ADMIN_RESTING"
        clock.now += 7
        assert await admin.ask("{ ok }") == {"ok": True}


async def test_lists_have_an_end() -> None:
    faulty = Faulty()
    async with served(faulty) as admin:
        faulty.data = {"things": {"totalItems": 3, "items": [1, 2, 3]}}
        assert await admin.listed("query($options: X) { things }", "things") == [1, 2, 3]
        assert faulty.asked[-1]["variables"]["options"] == {"skip": 0, "take": 200, "sort": {"id": "ASC"}}
        faulty.data = {"things": {"totalItems": 200, "items": [1] * 200}}  # a shop that gives the same page for ever
        assert await code_of(admin.listed("{}", "things", most=1_000)) == "ADMIN_OVERSIZED"
        faulty.data = {"things": {"totalItems": 5_000, "items": [1] * 200}}
        assert await code_of(admin.listed("{}", "things", most=1_000)) == "ADMIN_OVERSIZED"
        for odd in (None, [], {"items": None}, {"items": [1] * 201}):
            faulty.data = {"things": odd}
            assert await code_of(admin.listed("{}", "things")) == "ADMIN_GARBAGE"


async def test_a_desk_says_it_in_its_own_tree() -> None:
    faulty = Faulty()
    coupon = Coupon("CODE", "offer", "1", time.time() + 60)
    async with served(faulty) as admin:
        desk = VendureCoupons(admin)
        assert desk.charged(Percent(Decimal(10)), Money(100, "EUR")) is None, "before it knows the channel"
        faulty.data = {"promotion": {"id": 1}, "promotions": None, "activeChannel": {}, "made": {"errorCode": "X"}}
        grants = [Grant("o", Percent(Decimal(1)), (), 1.0)] * 3
        for ask in (desk.check, lambda: desk.standing(coupon), desk.ours, lambda: desk.mint(grants)):
            with pytest.raises(CouponError) as caught:
                await ask()
            assert caught.value.code == "ADMIN_GARBAGE"
        faulty.fault = answering(json.dumps({"errors": [{"extensions": {"code": "ENTITY_NOT_FOUND"}}]}))
        await desk.withdraw(coupon)
        faulty.fault = answering(b"", 500)
        with pytest.raises(CouponError):
            await desk.withdraw(coupon)


async def test_no_log_line_holds_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    faulty = Faulty()
    async with served(faulty, token="the-secret-token") as admin:
        await code_of(admin.ask("{ ok }", {"code": "A-CODE-OF-OURS"}))
    assert "the-secret-token" not in caplog.text
    assert "A-CODE-OF-OURS" not in caplog.text


def test_the_settings_name_the_desk() -> None:
    assert open_desk(Settings(), "vendure") is None
    assert isinstance(open_desk(Settings(admin_url="http://127.0.0.1:9/admin-api"), "vendure"), VendureCoupons)
    with pytest.raises(SettingsError, match="saleor"):
        open_desk(Settings(admin_url="http://127.0.0.1:9/admin-api"), "saleor")
    settings = Settings(admin_password="hidden-1", admin_token="hidden-2")
    assert {"hidden-1", "hidden-2"} <= set(settings.secrets())
    assert "hidden" not in repr(settings)
