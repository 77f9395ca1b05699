"""A shared cache between clients and the gateway, as a CDN is one: hishel (RFC 9111) on a port of its own."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from hishel import AsyncSqliteStorage, CacheOptions
from hishel.httpx import AsyncCacheTransport
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.gateway_world import listening

OPTIONS = CacheOptions(shared=True, supported_methods=["GET", "HEAD", "QUERY"])
SAYS = "x-cache"


class CachingProxy:
    """Passes requests on to `origin`, keeps what may be kept, and says `hit`, `stored` or `passed` in `x-cache`."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = httpx.URL(origin)
        storage = AsyncSqliteStorage(database_path=folder / "cache.db")
        self.transport = AsyncCacheTransport(httpx.AsyncHTTPTransport(), storage, rfc=OPTIONS)
        self.storage = storage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Request(scope, receive)
        body = await asked.body()
        query = scope["query_string"]
        url = self.origin.copy_with(query=query or None)
        headers = [(name, value) for name, value in asked.headers.raw if name not in (b"host", b"connection")]
        # The body of a QUERY is part of what was asked for (RFC 9110 leaves this to the method's definition).
        key = f"{asked.method == 'QUERY'} {url} {hashlib.sha256(body).hexdigest()}"
        request = httpx.Request(asked.method, url, headers=headers, content=body, extensions={"caching": {"key": key}})
        found = await self.transport.handle_async_request(request)
        content = b"".join([chunk async for chunk in found.aiter_raw()])
        await found.aclose()
        status = found.extensions["caching"]
        says = "hit" if status["from_cache"] else "stored" if status["stored"] else "passed"
        response = Response(content, found.status_code)
        kept = [(name, value) for name, value in found.headers.raw if name.lower() not in (b"content-length", SAYS)]
        response.raw_headers = [*kept, (b"content-length", b"%d" % len(content)), (SAYS.encode(), says.encode())]
        await response(scope, receive, send)


@asynccontextmanager
async def cached(origin: str, folder: Path) -> AsyncIterator[str]:
    """A caching proxy before `origin` while the block runs: its URL."""
    proxy = CachingProxy(origin, folder)
    async with listening(proxy) as base:
        yield base + proxy.origin.path
    await proxy.transport.aclose()
