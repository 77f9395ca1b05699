"""A server that does with a connection whatever a test wants, and keeps the requests it saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Seen:
    """One request: its head and body as bytes, and the connection it came on (numbered from 0)."""

    head: bytes
    body: bytes
    connection: int

    def header(self, name: str) -> str | None:
        """A header's first value."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.encode():
                return value.strip().decode("latin-1")
        return None


Script = Callable[[Seen, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; False closes the connection."""


@dataclass
class RawServer:
    """Requests that ask for the schema are answered with null and not kept."""

    script: Script
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        number, self.connections = self.connections, self.connections + 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request = Seen(head, b"", number)
                if length := request.header("content-length"):
                    request.body = await reader.readexactly(int(length))
                if b"__schema" in request.body:
                    writer.write(answer(b'{"data":null}'))
                    continue
                self.seen.append(request)
                if not await self.script(request, reader, writer):
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole HTTP answer."""
    lines = (b"content-type: application/json", *headers, b"content-length: %d" % len(body))
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


@asynccontextmanager
async def raw_server(script: Script) -> AsyncIterator[RawServer]:
    """A running server."""
    made = RawServer(script)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/shop-api"
    try:
        yield made
    finally:
        server.close()
