"""`python -m bench.replay`: repeats what a real shop said, as cheaply as Python can, for all proxies alike."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

import click
import httptools
import httpx

MAX_ANSWERS = 256
MAX_BODY = 1 << 20


class Recorder:
    """Answers by request body: asked of the real shop once, repeated from then on. Bounded in number."""

    def __init__(self, shop: str) -> None:
        self.shop, self.client = shop, httpx.AsyncClient(timeout=30.0)
        self.answers: dict[bytes, bytes] = {}

    async def record(self, body: bytes) -> bytes:
        """The shop's answer to this body as bytes for the wire."""
        found = await self.client.post(self.shop, content=body, headers={"Content-Type": "application/json"})
        head = (
            f"HTTP/1.1 {found.status_code} {found.reason_phrase}\r\n"
            f"Content-Type: {found.headers.get('content-type', 'application/json')}\r\n"
            "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            f"Content-Length: {len(found.content)}\r\n\r\n"
        )
        answer = head.encode("latin-1") + found.content
        if len(self.answers) < MAX_ANSWERS:
            self.answers[body] = answer
        return answer


class Connection(asyncio.Protocol):
    """Reads requests one after the other and answers each; the connection is kept."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.parser = httptools.HttpRequestParser(self)
        self.chunks: list[bytes] = []
        self.size = 0
        self.transport: asyncio.Transport
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        self.size += len(body)
        if self.size > MAX_BODY:
            self.transport.close()
            return
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self.chunks)
        self.chunks.clear()
        self.size = 0
        if (answer := self.recorder.answers.get(body)) is not None:
            self.transport.write(answer)
        else:
            self.task = asyncio.get_running_loop().create_task(self._ask(body))

    async def _ask(self, body: bytes) -> None:
        try:
            self.transport.write(await self.recorder.record(body or b'{"query":"{__typename}"}'))
        except httpx.HTTPError:
            self.transport.close()


async def serve(shop: str, port: int) -> None:
    """Serve on localhost until the process is stopped."""
    loop = asyncio.get_running_loop()
    recorder = Recorder(shop)
    server: Any = await loop.create_server(lambda: Connection(recorder), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


@click.command()
@click.option("--shop", required=True, help="The GraphQL endpoint that is asked once for each distinct request.")
@click.option("--port", required=True, type=int)
def main(shop: str, port: int) -> None:
    """Repeat the answers of a shop."""
    if sys.platform == "win32":
        asyncio.run(serve(shop, port))
    else:
        import uvloop

        uvloop.run(serve(shop, port))


if __name__ == "__main__":
    main()
