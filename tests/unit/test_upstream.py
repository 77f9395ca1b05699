"""A shop that fails over real connections: named errors in time, no mutation sent twice, streams in step."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import get_introspection_query

from personalize.demo.shop.answer import make_schema
from personalize.gateway.edge import call, upstream
from tests.gateway_world import World, listening, world
from tests.unit.raw_server import RawServer, Script, Seen, answer, raw_server

QUERY = "{ products(options: {take: 2}) { items { id } } }"
PLAIN = "{ me { id } }"
ADD = "mutation { addItemToOrder(productVariantId: 1, quantity: 1) { __typename } }"
LOGOUT = "mutation { removeCouponCode(couponCode: 1) { id } }"
SHORT = {"upstream_deadline": 0.3}
"""For servers that never answer."""


@pytest.fixture(scope="module")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The demo shop's schema, so that plans are made without asking."""
    path: Path = tmp_path_factory.mktemp("schema") / "shop.json"
    result = make_schema().execute_sync(get_introspection_query())
    path.write_bytes(orjson.dumps({"data": result.data}))
    return str(path)


@asynccontextmanager
async def before(script: Script, schema_file: str, **changes: Any) -> AsyncIterator[tuple[World, RawServer]]:
    """A gateway in front of a scripted server."""
    async with (
        raw_server(script) as server,
        world(shop_url=server.url, sockets=True, schema_file=schema_file, **changes) as one,
    ):
        assert one.gateway.knowledge._task is not None
        await one.gateway.knowledge._task  # it asks whether the shop lets itself be introspected
        yield one, server


def told(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an error of ours."""
    (error,) = response.json()["errors"]
    assert "127.0.0.1" not in response.text
    return response.status_code, error["extensions"]["code"]


@pytest.mark.parametrize("query", [QUERY, PLAIN, ADD, LOGOUT])
async def test_refused(schema_file: str, query: str) -> None:
    """502, a code, and nothing of our machinery."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    url = f"http://127.0.0.1:{port}/shop-api"
    async with world(shop_url=url, sockets=True, schema_file=schema_file) as one:
        assert told(await one.send(query)) == (502, "UPSTREAM_UNAVAILABLE")


@pytest.mark.parametrize("query", [QUERY, PLAIN, ADD, LOGOUT])
async def test_hung(schema_file: str, query: str) -> None:
    """504 at the deadline; the shop saw it once."""

    async def hang(*_: Any) -> bool:
        await asyncio.sleep(30)
        return False

    async with before(hang, schema_file, **SHORT) as (one, server):
        assert told(await one.send(query)) == (504, "UPSTREAM_TIMEOUT")
        assert len(server.seen) == 1


@pytest.mark.parametrize("query", [QUERY, ADD])
async def test_half_an_answer_and_silence(schema_file: str, query: str) -> None:
    """One deadline for the whole answer."""

    async def half(_: Seen, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer(b'{"data": null}')[:-5])
        await asyncio.sleep(30)
        return False

    async with before(half, schema_file, **SHORT) as (one, server):
        assert told(await one.send(query)) == (504, "UPSTREAM_TIMEOUT")
        assert len(server.seen) == 1


@pytest.mark.parametrize("query", [QUERY, ADD])
@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\ncontent-le", answer(b'{"data": null}')[:-5], b"\x00\xff!!\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
async def test_hung_up(schema_file: str, query: str, sent: bytes) -> None:
    """A broken answer is 502; a mutation that may have run is never sent again."""

    async def hang_up(_: Seen, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(sent)
        await writer.drain()
        return False

    async with before(hang_up, schema_file) as (one, server):
        assert told(await one.send(query)) == (502, "UPSTREAM_UNAVAILABLE")
        assert query == QUERY or len(server.seen) == 1


async def test_a_kept_connection_that_closes(schema_file: str) -> None:
    """A query is sent again on a new connection; a mutation is not: the shop saw it once, and the client is told."""

    async def once(request: Seen, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if sum(one.connection == request.connection for one in server.seen) > 1:
            return False  # the second request of a connection is read, and never answered
        writer.write(answer(b'{"data":{"products":{"items":[]},"addItemToOrder":null}}'))
        return True

    async with before(once, schema_file, share_ttl=0.0) as (one, server):
        for _ in range(2):
            assert (await one.send(QUERY)).status_code == 200
        assert [request.connection for request in server.seen] == [0, 0, 1]
        assert told(await one.send(ADD)) == (502, "UPSTREAM_UNAVAILABLE")
        assert [b"addItemToOrder" in request.body for request in server.seen].count(True) == 1


async def test_a_fault_of_ours_after_a_mutation(schema_file: str) -> None:
    """Whatever we cannot read of its answer is passed on; it is not sent again."""

    async def odd(_: Seen, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer(b'{"data": {"addItemToOrder": [1, {"_pz_lines": 3}]}}'))
        return True

    async with before(odd, schema_file) as (one, server):
        for _ in range(2):
            assert (await one.send(ADD)).json() == {"data": {"addItemToOrder": [1, {}]}}
        assert len(server.seen) == 2


async def test_too_large(schema_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end is not read to its end."""
    monkeypatch.setattr(upstream, "MAX_READ", 1000)

    async def endless(_: Seen, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer(b'{"data": "' + b"x" * 5000 + b'"}'))
        return True

    async with before(endless, schema_file) as (one, _):
        assert told(await one.send(QUERY)) == (502, "TOO_LARGE")


async def test_cookies_and_headers(schema_file: str) -> None:
    """Cookies pass in order and are kept for nobody; long headers pass; `Expect` ends here."""
    long = b"x" * 20_000

    async def bake(_: Seen, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        cookies = (b"set-cookie: session=s; Path=/", b"set-cookie: session.sig=t; Path=/", b"x-long: " + long)
        writer.write(answer(b'{"data":{"me":null,"products":{"items":[]}}}', *cookies))
        return True

    async with before(bake, schema_file, share_ttl=0.0) as (one, server):
        for query in (QUERY, PLAIN):
            first = await one.send(query, headers=[("expect", "100-continue")])
            assert first.headers.get_list("set-cookie") == ["session=s; Path=/", "session.sig=t; Path=/"]
            assert first.headers["x-long"] == long.decode()
            await one.send(query)
        assert all(request.header("cookie") is None and request.header("expect") is None for request in server.seen)
        assert all(request.header("x-forwarded-for") == "127.0.0.1" for request in server.seen)
        assert all(request.header("x-forwarded-host") == "gateway.test" for request in server.seen)


@asynccontextmanager
async def streaming(one: World) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """The storefront on a port, and a client of it."""
    async with listening(one.storefront) as url, httpx.AsyncClient() as client:
        yield url + "/graphql", client


# -- streams ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("subscription { news }", "text/event-stream"),
        ("{ products { items { ... @defer { id } } } }", "multipart/mixed; boundary=-"),
    ],
)
async def test_a_stream_passes_chunk_by_chunk(schema_file: str, query: str, kind: str) -> None:
    """The shop sends its second chunk only when the client has the first."""
    read = asyncio.Event()

    async def stream(_: Seen, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n" % kind.encode())
        writer.write(b"4\r\none\n\r\n")
        await read.wait()
        writer.write(b"4\r\ntwo\n\r\n0\r\n\r\n")
        return True

    async with before(stream, schema_file) as (one, _), streaming(one) as (url, client):
        body = {"query": query}
        async with client.stream("POST", url, json=body, headers={"accept": kind}) as answered:
            assert answered.headers["content-type"] == kind
            chunks = answered.aiter_raw()
            assert await anext(chunks) == b"one\n"
            read.set()
            assert [chunk async for chunk in chunks] == [b"two\n"]


async def test_a_client_that_leaves_a_stream(schema_file: str) -> None:
    """The shop's connection is closed with it."""
    left = asyncio.Event()

    async def forever(_: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(b"4\r\none\n\r\n")
        await reader.read()
        left.set()
        return False

    async with before(forever, schema_file) as (one, _), streaming(one) as (url, client):
        body = {"query": "subscription { news }"}
        async with client.stream("POST", url, json=body) as answered:
            assert await anext(answered.aiter_raw()) == b"one\n"
        async with asyncio.timeout(60):
            await left.wait()


BOUNDARY = [("content-type", "multipart/form-data; boundary=x")]


async def test_an_upload_passes_chunk_by_chunk(schema_file: str) -> None:
    """The client sends its second chunk only when the shop has the first; longer than the deadline in all."""
    arrived = asyncio.Event()
    got = b""

    async def take(_: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        nonlocal got
        while not got.endswith(b"0\r\n\r\n"):
            got += await reader.read(100)
            if b"one" in got:
                arrived.set()
        writer.write(answer(b'{"data":{"upload":true}}'))
        return True

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        await arrived.wait()
        for number in range(3):
            await asyncio.sleep(0.8)
            yield b"%d" % number

    async with before(take, schema_file, upstream_deadline=2.0) as (one, _), streaming(one) as (url, client):
        answered = await client.post(url, content=parts(), headers=dict(BOUNDARY))
        assert answered.json() == {"data": {"upload": True}}


async def test_an_upload_over_the_limit(schema_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """413, and the shop does not get it all."""
    monkeypatch.setattr(call, "UPLOAD_LIMIT", 1000)

    async def take(_: Seen, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> bool:
        await reader.read()
        return False

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with before(take, schema_file) as (one, _), streaming(one) as (url, client):
        answered = await client.post(url, content=parts(), headers=dict(BOUNDARY))
        assert told(answered) == (413, "BODY_TOO_LARGE")
        answered = await client.post(url, content=b"x" * 2000, headers=dict(BOUNDARY))
        assert told(answered) == (413, "BODY_TOO_LARGE")
