"""The load: a bounded number of requests over a few kept connections, with the time each one took."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httptools
import numpy as np

from bench.cores import Cores
from bench.servers import Server, settle

DEADLINE = 120.0  # seconds a whole pass may take
ACCEPT_SECONDS = 0.05  # a server that is busy with the first connections is late to accept the last


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: a body and headers."""

    body: bytes
    headers: dict[str, str]

    def rendered(self, host: str, path: str) -> bytes:
        """The request as it goes over the wire."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds per request of each watched process; latencies in milliseconds; requests a second.

    `sustained` counts the seconds until the servers were idle again, too: who answers at once and puts work off may not
    be able to go on like that.
    `asked` is the share of answers with a `Date`: behind our gateway, which gives none itself, the shop was asked.
    `failed` is the share that is no 200 with data; they count in nothing else.
    `personal` is the share of answers that no cache may keep, as the gateway says of pages that it personalised.
    """

    cpu: dict[str, float]
    p50: float
    p99: float
    rate: float
    sustained: float
    asked: float
    personal: float
    failed: float
    memory: dict[str, int]


@dataclass(slots=True)
class _Pass:
    """What the connections of one pass share."""

    waiting: Iterator[bytes]
    limit: float
    done: asyncio.Future[None]
    latencies: list[float] = field(default_factory=list)
    started: float = 0.0
    seconds: float = 0.0
    dated: int = 0
    personal: int = 0
    failures: list[str] = field(default_factory=list)
    strict: bool = True
    transports: list[asyncio.Transport] = field(default_factory=list)
    under_way: int = 0

    def next(self) -> bytes | None:
        """The next request; None after the last, or when the time is over."""
        if time.perf_counter() - self.started < self.limit and (found := next(self.waiting, None)) is not None:
            self.under_way += 1
            return found
        if not self.under_way and not self.done.done():
            self.seconds = time.perf_counter() - self.started
            self.done.set_result(None)
        return None

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


def measure(
    url: str, requests: Sequence[Request], connections: int, watched: dict[str, Server], cores: Cores,
    seconds: float = math.inf, strict: bool = True,
) -> Measured:  # fmt: skip
    """Send all requests once, `connections` at a time, and read the CPU time of the watched processes around it.

    After `seconds` no more are sent. RuntimeError where an answer is no 200 with data (unless failures are counted:
    `strict` is False), TimeoutError after `DEADLINE`.
    """
    before = {name: server.cpu() for name, server in watched.items()}
    with cores.sending():
        sent = _run(_send(url, requests, connections, seconds, strict))
    drained = settle(list(watched.values())) if watched else 0.0
    count = len(sent.latencies)
    p50, p99 = np.percentile(np.array(sent.latencies) * 1000, [50, 99])
    return Measured(
        cpu={name: (server.cpu() - before[name]) / count * 1000 for name, server in watched.items()},
        p50=float(p50), p99=float(p99), rate=count / sent.seconds, sustained=count / (sent.seconds + drained),
        asked=sent.dated / count, personal=sent.personal / count,
        failed=len(sent.failures) / (count + len(sent.failures)),
        memory={name: server.memory() for name, server in watched.items()},
    )  # fmt: skip


def _run(work: Coroutine[Any, Any, _Pass]) -> _Pass:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)


async def _send(url: str, requests: Sequence[Request], connections: int, seconds: float, strict: bool) -> _Pass:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    rendered = [request.rendered(parts.netloc, path) for request in requests]
    loop = asyncio.get_running_loop()
    shared = _Pass(iter(rendered), seconds, loop.create_future(), strict=strict)
    opened = [_Connection(shared, host, port) for _ in range(min(connections, len(rendered)))]
    try:
        async with asyncio.timeout(DEADLINE):
            for one in opened:
                await loop.create_connection(one.itself, host, port)
            await asyncio.sleep(ACCEPT_SECONDS)
            shared.started = time.perf_counter()
            for one in opened:
                one.pending = shared.next()
                one.send()
            await shared.done
    finally:
        for transport in shared.transports:
            transport.abort()
        await asyncio.sleep(0)  # the loop closes them in its next turn
    return shared


class _Connection(asyncio.Protocol):
    """Sends one request after the other; opens anew where the server closes, and sends again what was cut off."""

    def __init__(self, shared: _Pass, host: str, port: int, pending: bytes | None = None) -> None:
        self.shared, self.host, self.port, self.pending = shared, host, port, pending
        self.parser = httptools.HttpResponseParser(self)
        self.chunks: list[bytes] = []
        self.started = 0.0
        self.transport: asyncio.Transport
        self.task: asyncio.Task[Any] | None = None

    def itself(self) -> _Connection:
        """For `create_connection`, which wants a factory."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self.shared.transports.append(self.transport)
        if self.pending is not None:  # this one takes over from another that was closed
            self.send()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except Exception as error:
            self.shared.fail(error)

    def connection_lost(self, error: Exception | None) -> None:
        if self.shared.done.done() or self.pending is None:
            return
        loop = asyncio.get_running_loop()
        fresh = _Connection(self.shared, self.host, self.port, self.pending)
        self.task = loop.create_task(loop.create_connection(fresh.itself, self.host, self.port))
        self.task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.shared.fail(error)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"date":
            self.shared.dated += 1
        elif name.lower() == b"cache-control" and value.startswith(b"private"):
            self.shared.personal += 1

    def on_body(self, body: bytes) -> None:
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        shared = self.shared
        status, body = self.parser.get_status_code(), b"".join(self.chunks)
        if status == 200 and b'"data"' in body and b'"errors"' not in body:
            shared.latencies.append(time.perf_counter() - self.started)
        else:
            shared.failures.append(f"{status}: {body[:300]!r}")
            if shared.strict:
                shared.fail(RuntimeError(shared.failures[0]))
                return
        shared.under_way -= 1
        self.pending = shared.next()
        if not self.parser.should_keep_alive():
            self.transport.close()  # the next one goes over a new connection
            return
        self.parser = httptools.HttpResponseParser(self)
        self.send()

    def send(self) -> None:
        """Send what is pending; close where nothing is."""
        if self.pending is None:
            self.transport.close()
            return
        self.chunks.clear()
        self.started = time.perf_counter()
        self.transport.write(self.pending)
