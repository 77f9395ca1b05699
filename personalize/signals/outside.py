"""One GET to a service outside: no redirect followed, no more read than a limit, and its word on when to ask again."""

from __future__ import annotations

import logging
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx
import orjson
from cachetools import LRUCache

from personalize.domain.clock import Clock
from personalize.errors import SignalError

MAX_BYTES = 2 * 1024 * 1024
KEPT_BYTES = 8 * 1024 * 1024
LEAST, MOST = 1.0, 6 * 3_600.0
"""Seconds: no answer is asked for again sooner, and none is believed for longer, whatever its headers say."""
WAIT, LONGEST_WAIT = 60.0, 86_400.0
"""Seconds that a 429 or 503 without a usable Retry-After is given, and the longest that is believed."""
SECONDS = 10.0
NOTHING = (404, 422)
logging.getLogger("httpx").setLevel(logging.WARNING)  # below it says each address, and with it a key


@dataclass(frozen=True, slots=True)
class Reply:
    """Parsed JSON, None where the service has nothing there (404, 422), and how long that holds (seconds)."""

    json: Any
    fresh: float


class Outside:
    """A client of one service. Keeps the last bodies that came with Last-Modified, for a 304 brings none."""

    def __init__(self, contact: str, clock: Clock, *, fresh: float) -> None:
        self.clock, self.default = clock, fresh
        self.client = httpx.AsyncClient(
            follow_redirects=False,
            timeout=SECONDS,
            verify=_trusted(),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is taken, so none is sent
            headers={"User-Agent": user_agent(contact), "Accept": "application/json", "Accept-Encoding": "gzip"},
        )
        self.kept: LRUCache[str, tuple[str, bytes]] = LRUCache(KEPT_BYTES, getsizeof=lambda one: 256 + len(one[1]))

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()

    async def get(self, url: str, params: Mapping[str, str]) -> Reply:
        """Ask. Raises SignalError for whatever is not usable; its message names the host and never the parameters."""
        address = httpx.URL(url).copy_merge_params(params)
        kept = self.kept.get(str(address))
        headers = {} if kept is None else {"If-Modified-Since": kept[0]}
        try:
            async with self.client.stream("GET", address, headers=headers) as response:
                status, body = response.status_code, await _read(response)
        except httpx.TimeoutException as error:
            raise TimeoutError(f"{address.host} did not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SignalError(f"{address.host} could not be reached: {type(error).__name__}") from error
        fresh = freshness(response.headers, self.clock(), self.default)
        if status in NOTHING:
            return Reply(None, fresh)
        if status == 304 and kept is not None:
            body = kept[1]
        elif status not in (200, 203):
            raise _refused(address.host, status, response.headers, self.clock())
        try:
            json = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise SignalError(f"{address.host} answered no JSON", code="SIGNAL_GARBAGE") from error
        if json is None:
            raise SignalError(f"{address.host} answered null", code="SIGNAL_GARBAGE")
        modified = response.headers.get("last-modified")
        if status != 304 and modified and len(body) < KEPT_BYTES // 4:
            self.kept[str(address)] = (modified, body)
        return Reply(json, fresh)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust, read once: it takes longer than everything else about a client."""
    return httpx.create_ssl_context()


def user_agent(contact: str) -> str:
    """Who asks, and how to reach them, as MET Norway's terms want it (docs.api.met.no/doc/TermsOfService)."""
    try:
        number = version("personalize")
    except PackageNotFoundError:  # run from a checkout
        number = "0"
    told = "".join(letter for letter in contact if letter.isascii() and letter.isprintable())
    return f"personalize/{number} {told}".strip()


async def _read(response: httpx.Response) -> bytes:
    """The body, unpacked by ourselves: what is packed small may be large, and is cut off in time."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise SignalError(f"an answer in coding {coding[:20]!r}, which nobody asked for", code="SIGNAL_GARBAGE")
    unpack = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    body = bytearray()
    async for chunk in response.aiter_raw(64 * 1024):
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, MAX_BYTES + 1 - len(body))
        except zlib.error as error:
            raise SignalError("an answer that is not in the coding it names", code="SIGNAL_GARBAGE") from error
        if len(body) > MAX_BYTES:
            raise SignalError(f"an answer of more than {MAX_BYTES} bytes", code="SIGNAL_OVERSIZED")
    return bytes(body)


def _refused(host: str, status: int, headers: httpx.Headers, now: float) -> SignalError:
    if 300 <= status < 400:
        hint = "redirects are not followed: put the address it leads to into `weather_url`"
        return SignalError(f"{host} answered {status}", code="SIGNAL_REDIRECT", hint=hint)
    if status == 429 or (status == 503 and "retry-after" in headers):
        wait = _retry_after(headers, now)
        return SignalError(f"{host} answered {status}", code="SIGNAL_TOO_MANY", retry_after=wait)
    hint = "is the key right, and are we allowed to ask?" if status in (401, 403) else ""
    return SignalError(f"{host} answered {status}", code="SIGNAL_REFUSED", hint=hint)


def _retry_after(headers: httpx.Headers, now: float) -> float:
    """Seconds to wait (RFC 9110, 10.2.3): a number, or a date by the service's own clock."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        seconds = float(told[:9])
    else:
        until = _moment(told)
        seconds = WAIT if until is None else until - (_moment(headers.get("date")) or now)
    return min(max(seconds, LEAST), LONGEST_WAIT)


def freshness(headers: httpx.Headers, now: float, default: float) -> float:
    """Seconds until the answer may be asked for again (RFC 9111, 4.2): max-age, else Expires, else `default`.

    Expires is read against the answer's own Date, so that clocks need not agree.
    """
    age = headers.get("age", "").strip()
    spent = float(age[:9]) if age.isascii() and age.isdigit() else 0.0
    for word in headers.get("cache-control", "").lower().split(","):
        name, _, value = word.strip().partition("=")
        if name == "max-age" and value.strip('"').isdigit() and int(value.strip('"')[:9]) > 0:
            return min(max(int(value.strip('"')[:9]) - spent, LEAST), MOST)
    expires = _moment(headers.get("expires"))
    if expires is None:
        return default
    left = expires - (_moment(headers.get("date")) or now) - spent
    return min(max(left, LEAST), MOST) if left > 0 else default


def _moment(text: str | None) -> float | None:
    """An HTTP date in epoch seconds."""
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def iso(text: object) -> float | None:
    """A moment in ISO 8601 in epoch seconds; one without a zone is UTC. None for what is none."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
