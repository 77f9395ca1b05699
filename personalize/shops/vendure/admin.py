"""Vendure's Admin API: one operation at a time, signed in, within a deadline, and never more than a bound."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson

from personalize.domain.breaker import Breaker
from personalize.errors import AdminError
from personalize.shops.vendure.answers import read, refusal, refused, whole

SECONDS = 10.0
PAGE, MOST = 200, 20_000
"""Rows of one page, and of all pages together, that `listed` reads."""
LOGIN_PAUSE = 30.0
"""Seconds that a refused login is left alone."""
KEEPALIVE = 4.0  # under the 5 s after which Node servers close an idle connection
logging.getLogger("httpx").setLevel(logging.WARNING)  # below it says each address

_LOGIN = """mutation Login($name: String!, $password: String!) {
  login(username: $name, password: $password) { __typename ... on ErrorResult { errorCode } } }"""
_ME = "{ me { id } }"


class Admin:
    """A client of one Admin API; every method raises `AdminError`, within `seconds` or a little more.

    Signs in with `user` and `password` when it has to, once more where a session ran out; or sends `token` with
    everything: an API key (`id:key`, Vendure 3.6) or a session token. `channel` is a channel's token. Neither name,
    password nor token is in any error or log line.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        token: str = "",
        channel: str = "",
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url, self.seconds = httpx.URL(url), seconds
        self.host = self.url.netloc.decode("ascii")
        self._who = {"name": user, "password": password} if user and not token else None
        self._breaker = Breaker(clock, failures=3, pause=10.0)
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            timeout=seconds,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=KEEPALIVE),
            headers={"accept": "application/json", "accept-encoding": "identity", **_sent(token, channel)},
        )
        self._logins = 0
        self._by_cookie = False
        self._login = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(self, query: str, variables: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """`data` of one operation, complete. An answer with `errors` is an AdminError, as is a broken one.

        Union members that are errors (`... on ErrorResult { errorCode message }`) are data: see `answers.refusal`.
        """
        if self._breaker.open:
            raise AdminError(
                f"{self.host} failed a few times in a row and is left alone for a moment", code="ADMIN_RESTING"
            )
        try:
            async with asyncio.timeout(self.seconds):
                return await self._asked(query, variables or {})
        except TimeoutError as error:
            self._breaker.failed()
            raise AdminError(
                f"{self.host} did not answer within {self.seconds:g} s",
                code="ADMIN_UNREACHABLE", hint="is `admin_url` the Admin API, and is it up?",
            ) from error  # fmt: skip

    async def listed(
        self, query: str, field: str, variables: Mapping[str, object] | None = None, *, most: int = MOST,
        options: Mapping[str, object] | None = None,
    ) -> list[Any]:  # fmt: skip
        """All items of a list field, page by page in the order of their ids.

        `query` passes `$options` on and selects `totalItems` and `items` of `field`; `options` may filter. Where there
        are more than `most`, AdminError (ADMIN_OVERSIZED): a part of a list is not the list.
        """
        found: list[Any] = []
        while True:
            page = {**(options or {}), "skip": len(found), "take": PAGE, "sort": {"id": "ASC"}}
            answer = (await self.ask(query, {**(variables or {}), "options": page})).get(field)
            rows = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(answer, dict) or not isinstance(rows, list) or len(rows) > PAGE:
                raise AdminError(f"{self.host} answered no list as {field}", code="ADMIN_GARBAGE")
            found += rows
            total = answer.get("totalItems")
            if len(found) > most or (isinstance(total, int) and total > most):
                raise AdminError(
                    f"{self.host} has more than {most} {field}", code="ADMIN_OVERSIZED", hint="ask for fewer of them"
                )
            if len(rows) < PAGE:
                return found

    async def _asked(self, query: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
        if self._who and not self._logins:
            await self._sign_in(0)
        used = self._logins
        try:
            return await self._post(query, variables)
        except AdminError as error:
            if error.code != "ADMIN_FORBIDDEN" or self._who is None or await self._known():
                raise
        await self._sign_in(used)
        return await self._post(query, variables)

    async def _known(self) -> bool:
        """Whether the shop still knows who we are: then what it forbids is forbidden, and no login helps."""
        try:
            return bool((await self._post(_ME, {})).get("me"))
        except AdminError as error:
            if error.code == "ADMIN_FORBIDDEN":
                return False
            raise

    async def _sign_in(self, used: int) -> None:
        """A session in place of login number `used`; who waited for another's login uses that."""
        async with self._login:
            if self._logins != used:
                return
            self._client.cookies.clear()
            self._client.headers.pop("authorization", None)
            self._by_cookie = True
            body, headers = await self._exchange(_LOGIN, self._who or {})
            answer = read(self.host, body).get("login")
            if not isinstance(answer, dict) or answer.get("__typename") != "CurrentUser":
                self._breaker.rest(LOGIN_PAUSE)
                raise AdminError(
                    f"{self.host} does not let us in ({refusal(answer)})", code="ADMIN_LOGIN",
                    hint="set `admin_user` and `admin_password` (or `admin_token`) of an administrator of the shop",
                )  # fmt: skip
            if token := headers.get("vendure-auth-token"):
                self._by_cookie = False
                self._client.headers["authorization"] = f"Bearer {token}"
            self._logins += 1

    async def _post(self, query: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
        body, _ = await self._exchange(query, variables)
        return read(self.host, body)

    async def _exchange(self, query: str, variables: Mapping[str, object]) -> tuple[bytes, httpx.Headers]:
        """Body and headers of a whole answer with a GraphQL body in it, whatever that says."""
        content = orjson.dumps({"query": query, "variables": variables})
        if not self._by_cookie:  # a guest's cookie, handed out with a refusal, would go before our token
            self._client.cookies.clear()
        try:
            async with self._client.stream(
                "POST", self.url, content=content, headers={"content-type": "application/json"}
            ) as response:
                body = await whole(self.host, response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._breaker.failed()
            raise AdminError(
                f"{self.host} could not be reached: {type(error).__name__}",
                code="ADMIN_UNREACHABLE", hint="is `admin_url` the Admin API, and is it up?",
            ) from error  # fmt: skip
        if (fault := refused(self.host, response.status_code, response.headers, body)) is not None:
            if fault.retry_after:
                self._breaker.rest(fault.retry_after)
            elif response.status_code >= 500:
                self._breaker.failed()
            raise fault
        self._breaker.worked()
        return body, response.headers


def _sent(token: str, channel: str) -> dict[str, str]:
    headers = {"vendure-token": channel} if channel else {}
    if token:  # an API key is `id:key`; anything else is a session
        headers |= {"vendure-api-key": token} if ":" in token else {"authorization": f"Bearer {token}"}
    return headers
