"""The shop behind us: sends requests on, with deadlines and without keeping anything of a visitor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import httpx
import orjson
from httpx_aiohttp import AiohttpTransport

from personalize.errors import UpstreamError
from personalize.gateway.edge.call import GRAPHQL_PARAMETERS, Call

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "proxy-connection", "expect",
    }
)  # fmt: skip
OURS = "x-personalize-"
MAX_READ = 32 * 1024 * 1024
CONDITIONAL = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"})
MAX_HEADER = 64 * 1024
DECODED = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
KEEPALIVE_SECONDS = 4.0  # under the 5 s after which Node servers close an idle connection

FAILED = (httpx.HTTPError, aiohttp.ClientError, OSError)
"""What a broken connection or an answer that is no HTTP raises."""

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Answer:
    """What the shop said: status, end-to-end headers, and the body either whole or as a stream."""

    status: int
    headers: Headers
    body: bytes | None
    stream: AsyncIterator[bytes] | None = None

    def header(self, name: str) -> str | None:
        """The first value of a header (lower-case name)."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def json(self) -> bool:
        """Whether the body says it is a GraphQL answer in one piece, in plain text."""
        if self.header("content-encoding") not in (None, "identity"):
            return False
        kind = (self.header("content-type") or "").partition(";")[0].strip().lower()
        return kind in ("application/json", "application/graphql-response+json")


class Upstream:
    """A client of one shop. Uses httpx's transport interface directly: a client would keep cookies across visitors."""

    def __init__(self, url: str, deadline: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url, self.deadline = httpx.URL(url), deadline
        self.transport = transport or AiohttpTransport(client=_session)
        self.host = self.url.netloc.decode("ascii")

    async def close(self) -> None:
        """Close all connections."""
        await self.transport.aclose()

    async def forward(self, call: Call) -> Answer:
        """Send a call on as it is, and hand its answer back as a stream of raw bytes. Raises UpstreamError.

        Raises LimitError where the call's own stream turns out to be too large.
        """
        upload = _Upload(call.stream, self.deadline) if call.stream is not None else None
        content = upload if upload is not None else call.body or None
        method = "POST" if call.method == "QUERY" else call.method
        request = _request(method, self.url_for(call.query_string), self._headers(call), content)
        try:
            response = await self._send(request, upload)
        except UpstreamError:
            if upload is not None and upload.error is not None:
                raise upload.error from None
            raise
        return Answer(response.status_code, _end_to_end(response), None, self._stream(response))

    async def ask(
        self, call: Call, payload: dict[str, object], *, again: bool = False, within: float | None = None
    ) -> Answer:
        """Send a GraphQL payload with the call's headers and query string; the body is read and decoded.

        `again`: it may be sent once more where a kept connection was closed under it (queries only). `within` so many
        seconds in place of the deadline. Raises UpstreamError; also where the body is larger than MAX_READ.
        """
        dropped = CONDITIONAL | {"content-type", "content-length", "content-encoding", "accept-encoding"}
        headers = [(key, value) for key, value in self._headers(call) if key not in dropped]
        coding = "gzip" if "gzip" in (call.header("accept-encoding") or "") else "identity"
        headers += [("content-type", "application/json"), ("accept-encoding", coding)]
        query = call.query_string
        if call.method == "GET":
            query = urlencode([pair for pair in parse_qsl(query) if pair[0] not in GRAPHQL_PARAMETERS])
        return await self.post(self.url_for(query), headers, payload, again=again, within=within)

    async def post(
        self, url: httpx.URL, headers: Headers, payload: dict[str, object], *, again: bool = False,
        within: float | None = None,
    ) -> Answer:  # fmt: skip
        """POST a GraphQL payload and read the answer whole within the deadline. Raises UpstreamError."""
        content = orjson.dumps(payload)
        seconds = self.deadline if within is None else within
        until = asyncio.get_running_loop().time() + seconds
        response = await self._send(_request("POST", url, headers, content), again=again, seconds=seconds)
        # A coding that nobody asked for is passed on as it is.
        coded = (response.headers.get("content-encoding") or "").strip().lower() not in DECODED
        chunks, size = [], 0
        try:
            async with asyncio.timeout_at(until):
                async for chunk in response.aiter_raw() if coded else response.aiter_bytes():
                    size += len(chunk)
                    if size > MAX_READ:
                        raise UpstreamError(f"the shop's answer is larger than {MAX_READ} bytes", code="TOO_LARGE")
                    chunks.append(chunk)
        except TimeoutError as error:
            raise _late() from error
        except httpx.DecodingError as error:
            raise UpstreamError("the shop's answer is not in the coding it names", code="UNDECODABLE") from error
        except FAILED as error:
            raise _refused(error) from error
        finally:
            await response.aclose()
        dropped = ("content-length",) if coded else ("content-encoding", "content-length")
        return Answer(
            response.status_code,
            [pair for pair in _end_to_end(response) if pair[0] not in dropped],
            b"".join(chunks),
        )

    def url_for(self, query_string: str) -> httpx.URL:
        """The shop's URL with a query string; what the URL itself asks for stays in front."""
        if not query_string:
            return self.url
        query = query_string.encode("latin-1")
        return self.url.copy_with(query=self.url.query + b"&" + query if self.url.query else query)

    def _headers(self, call: Call) -> Headers:
        named = {part.strip().lower() for part in (call.header("connection") or "").split(",")}
        kept = [
            (key, value)
            for key, value in call.headers
            if key not in HOP_BY_HOP and key not in named and key != "host" and not key.startswith(OURS)
        ]
        forwarded = [value for key, value in kept if key == "x-forwarded-for"]
        kept = [pair for pair in kept if pair[0] != "x-forwarded-for"]
        if call.client:
            forwarded.append(call.client)
        if forwarded:
            kept.append(("x-forwarded-for", ", ".join(forwarded)))
        if call.header("x-forwarded-host") is None and (host := call.header("host")):
            kept += [("x-forwarded-host", host), ("x-forwarded-proto", call.scheme)]
        kept.append(("host", self.host))
        return kept

    async def _send(
        self, request: httpx.Request, upload: _Upload | None = None, *, again: bool = False,
        seconds: float | None = None,
    ) -> httpx.Response:  # fmt: skip
        request.extensions["timeout"] = {"connect": self.deadline, "pool": self.deadline}
        try:
            async with asyncio.timeout(self.deadline if seconds is None else seconds) as scope:
                if upload is not None:
                    upload.scope = scope
                try:
                    response = await self.transport.handle_async_request(request)
                except FAILED as error:
                    if not (again and _hung_up(error.__cause__)):
                        raise
                    response = await self.transport.handle_async_request(request)
                response.headers.encoding = "latin-1"  # said, it need not be guessed at every look
                return response
        except TimeoutError as error:
            raise _late() from error
        except FAILED as error:
            raise _refused(error) from error

    async def _stream(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """Raw chunks; a chunk may take as long as the deadline (event streams send heartbeats), the whole any time."""
        chunks = response.aiter_raw()
        try:
            while True:
                try:
                    async with asyncio.timeout(max(self.deadline, 60.0)):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                yield chunk
        finally:
            await response.aclose()


class _Upload:
    """A client's own stream on its way to the shop: each chunk puts the deadline off; a failure of it is kept."""

    def __init__(self, chunks: AsyncIterator[bytes], seconds: float) -> None:
        self.chunks, self.seconds = chunks, seconds
        self.scope: asyncio.Timeout | None = None
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.chunks:
                if self.scope is not None:
                    self.scope.reschedule(asyncio.get_running_loop().time() + self.seconds)
                yield chunk
        except Exception as error:
            self.error = error
            raise


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=256, keepalive_timeout=KEEPALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
    )


def _request(method: str, url: httpx.URL, headers: Headers, content: bytes | _Upload | None) -> httpx.Request:
    """A request with these headers and no others: what httpx would add or guess, we know."""
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers]
    stream: Any = httpx.ByteStream(content or b"") if not isinstance(content, _Upload) else content
    request = httpx.Request(method, url, headers=raw, stream=stream)
    if isinstance(stream, httpx.ByteStream):
        request.read()
    if all(value.isascii() for _, value in headers):
        request.headers.encoding = "ascii"  # said, it need not be guessed
    return request


def _end_to_end(response: httpx.Response) -> Headers:
    pairs = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in response.headers.raw]
    connection = ",".join([value for key, value in pairs if key == "connection"])
    named = {part.strip().lower() for part in connection.split(",")}
    return [(key, value) for key, value in pairs if key not in HOP_BY_HOP and key not in named]


def _hung_up(error: BaseException | None) -> bool:
    """Whether a connection was closed under a request, as happens to one that was kept open."""
    closed = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
    return closed and not isinstance(error, aiohttp.ClientConnectorError)


def _late() -> UpstreamError:
    return UpstreamError("the shop did not answer in time", code="UPSTREAM_TIMEOUT", hint="see `upstream_deadline`")


def _refused(error: Exception) -> UpstreamError:
    cause = error.__cause__ or error
    said = f"the shop could not be reached: {type(cause).__name__}"
    if isinstance(cause, aiohttp.ClientConnectorError):
        number = cause.os_error.errno or 0  # its own text would tell where the shop is
        said = f"the shop could not be reached: {os.strerror(number) if number > 0 else 'no connection'}"
    elif _hung_up(cause):  # a mutation may have run: nobody should be told that the shop was never reached
        said = "the shop closed the connection before it had answered"
    return UpstreamError(said, code="UPSTREAM_UNAVAILABLE", hint="see `shop_url`")
