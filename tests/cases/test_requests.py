"""Requests of every shape over HTTP: what we do not understand reaches the shop as it came, and its answer us."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.gateway_world import Bench, Counting, World, ask, demo_shop, request_of, world
from tests.laws.likeness import differences

QUERY = '{ search(input: {term: "terracotta", groupByProduct: true}) { items { productId } } }'
ADD = "mutation { addItemToOrder(productVariantId: 1, quantity: 1) { __typename } }"
FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One shop and its gateways."""
    made = Bench()
    yield made
    made.close()


def same(bench: Bench, **request: Any) -> httpx.Response:
    """The answer, which is the shop's own to that request."""
    one = bench.world("reversing")
    direct, through = bench.run(one.direct(**request)), bench.run(one.send(**request))
    found = differences(direct, through)
    assert not found, "\n".join(found)
    return through


SHAPES: dict[str, dict[str, Any]] = {
    "a batch": {"content": orjson.dumps([{"query": QUERY}, {"query": QUERY}]), "headers": [JSON]},
    "no object": {"content": b'"query"', "headers": [JSON]},
    "no query": {"content": b'{"variables": {}}', "headers": [JSON]},
    "a query of another type": {"content": b'{"query": 3}', "headers": [JSON]},
    "variables of another type": {"content": orjson.dumps({"query": QUERY, "variables": [1]}), "headers": [JSON]},
    "a name of another type": {"content": orjson.dumps({"query": QUERY, "operationName": 1}), "headers": [JSON]},
    "broken JSON": {"content": b'{"query": "{ me', "headers": [JSON]},
    "broken text": {"content": b'{"query": "\xff\xfe"}', "headers": [JSON]},
    "empty": {"content": b"", "headers": [JSON]},
    "no content type": {"content": orjson.dumps({"query": QUERY})},
    "plain text": {"content": QUERY.encode(), "headers": [("content-type", "text/plain")]},
    "application/graphql": {"content": QUERY.encode(), "headers": [("content-type", "application/graphql")]},
    "a form": {"content": urlencode({"query": QUERY}).encode(), "headers": [FORM]},
    "a form with a mutation": {"content": urlencode({"query": "mutation { logout { success } }"}).encode(),
                               "headers": [FORM]},
    "too large for the shop": {"content": b'{"query": "' + b" " * 200_000 + b'"}', "headers": [JSON]},
    "multipart": {
        "content": b'--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--\r\n',
        "headers": [("content-type", "multipart/form-data; boundary=x")],
    },
    "GET without a query": {"method": "GET"},
    "GET with a mutation": {"method": "GET", "params": urlencode({"query": ADD})},
    "GET with broken variables": {"method": "GET", "params": urlencode({"query": QUERY, "variables": "{"})},
    "PUT": {"method": "PUT", "query": QUERY},
    "PATCH": {"method": "PATCH", "query": QUERY},
    "DELETE": {"method": "DELETE"},
    "HEAD": {"method": "HEAD"},
    "a currency the shop has not": {"query": QUERY, "params": "currencyCode=USD"},
    "an unknown hash": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    "a wrong hash": {"query": QUERY, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    "a hash of another type": {"query": QUERY, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": 3}}},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shops_own_answer(bench: Bench, shape: str) -> None:
    """Nothing of ours is in it."""
    assert b"turned" not in same(bench, **SHAPES[shape]).content


@pytest.mark.parametrize("as_variables", [False, True])
def test_get(bench: Bench, as_variables: bool) -> None:
    """A query by GET is turned like any other; its other parameters reach the shop."""
    one = bench.world("reversing")
    fields = {"query": QUERY}
    if as_variables:
        fields["query"] = (
            "query S($t: String) { search(input: {term: $t, groupByProduct: true}) { items { productId } } }"
        )
        fields["variables"] = '{"t": "terracotta"}'
    params = urlencode({**fields, "languageCode": "en"})
    direct = bench.run(one.direct(method="GET", params=params)).json()["data"]["search"]["items"]
    through = bench.run(one.send(method="GET", params=params))
    assert through.json()["data"]["search"]["items"] == direct[::-1]
    assert through.headers["cache-control"] == "private, no-store"


def test_query_method(bench: Bench) -> None:
    """HTTP QUERY works, whatever the shop makes of it."""
    one = bench.world("reversing")
    through = bench.run(one.send(QUERY, method="QUERY"))
    assert through.status_code == 200
    assert len(through.json()["data"]["search"]["items"]) == 6


def test_the_query_string_reaches_the_shop() -> None:
    """As it came, for what is read and what is not; GraphQL's own parameters of a GET are not repeated."""
    with closing(Bench()) as bench:
        one = bench.world("reversing")
        upstream = one.upstream
        assert upstream is not None
        bench.run(one.send(QUERY, params="languageCode=de&x=a%20b+c&y=1%2B1"))
        assert upstream.of_visitors[-1].url.query == b"languageCode=de&x=a%20b+c&y=1%2B1"
        bench.run(one.send("{ me { id } }", params="languageCode=de"))
        assert upstream.of_visitors[-1].url.query == b"languageCode=de"
        bench.run(one.send(method="GET", params=urlencode({"query": QUERY, "languageCode": "de"})))
        assert upstream.of_visitors[-1].url.query == b"languageCode=de"


def persisted(query: str) -> dict[str, Any]:
    """The `extensions` of an automatic persisted query."""
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}


def test_persisted_queries() -> None:
    """Registered with us once, a hash is enough; also by GET."""
    with closing(Bench()) as bench:
        one = bench.world("reversing")
        same_ = persisted(QUERY)
        missing = bench.run(one.send(extensions=same_))
        assert missing.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        first = bench.run(one.send(QUERY, extensions=same_)).json()["data"]["search"]["items"]
        again = bench.run(one.send(extensions=same_)).json()["data"]["search"]["items"]
        params = urlencode({"extensions": orjson.dumps(same_).decode()})
        by_get = bench.run(one.send(method="GET", params=params)).json()["data"]["search"]["items"]
        assert first == again == by_get
        direct = bench.run(one.direct(QUERY)).json()["data"]["search"]["items"]
        assert first == direct[::-1]


def test_a_wrong_hash_is_not_registered(bench: Bench) -> None:
    """Nobody can put another document under a hash."""
    one = bench.world("reversing")
    wanted = persisted("{ me { id } }")
    bench.run(one.send(QUERY, extensions=wanted))
    assert "PersistedQueryNotFound" in bench.run(one.send(extensions=wanted)).text


# -- limits ----------------------------------------------------------------------------------------------------------


def refused(one: World, bench: Bench, **request: Any) -> httpx.Response:
    """An answer of ours that the shop had no part in."""
    assert one.upstream is not None
    before = len(one.upstream.of_visitors)
    answer = bench.run(one.send(**request))
    assert len(one.upstream.of_visitors) == before
    return answer


def test_a_body_over_the_limit(bench: Bench) -> None:
    """413, whether the length was said or not."""
    one = bench.world("reversing", body_limit=2048)
    answer = refused(one, bench, content=b"{" * 3000, headers=[JSON])
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
    status = bench.run(_chunked(one.storefront, [b"{" * 1500, b"{" * 1500]))
    assert status == 413


async def _chunked(app: ASGIApp, chunks: list[bytes]) -> int:
    statuses: list[int] = []
    queue = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    queue.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return queue.pop(0) if queue else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/graphql",
        "raw_path": b"/graphql", "root_path": "", "scheme": "http", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("gateway.test", 80), "headers": [(b"host", b"gateway.test"), (b"content-type", b"application/json")],
    }  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize(
    "query",
    ["{" * 21 + "a" + "}" * 21, "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}", "{" + " a" * 5000 + "}"],
    ids=["levels", "aliases", "tokens"],
)
def test_documents_over_the_limits(bench: Bench, query: str) -> None:
    """400 and a code, before any parser sees them."""
    answer = refused(bench.world("reversing"), bench, query=query)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "LIMIT_EXCEEDED")


def test_a_fragment_bomb_passes(bench: Bench) -> None:
    """Fragments that double at each of 20 steps are the shop's to refuse or to bear; here they are invalid."""
    bomb = "{ ...F0 }" + "".join(
        f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(20)
    ) + " fragment F20 on Query { search(input: {}) { items { nope } } }"  # fmt: skip
    same(bench, query=bomb)


# -- answers of every kind -------------------------------------------------------------------------------------------

BODY = b'{"data":{"search":{"items":[{"productId":"1"},{"productId":"2"}]}}}'
ANSWERS: dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]] = {
    "a page of HTML": (503, [(b"content-type", b"text/html")], b"<h1>Back soon</h1>"),
    "HTML that says 200": (200, [(b"content-type", b"text/html; charset=utf-8")], b"<h1>Log in</h1>"),
    "broken JSON": (200, [(b"content-type", b"application/json")], b'{"data": {"search": '),
    "no JSON": (200, [(b"content-type", b"application/json")], b"oops"),
    "nothing": (204, [], b""),
    "an empty body": (200, [(b"content-type", b"application/json")], b""),
    "a list": (200, [(b"content-type", b"application/json")], b"[1, 2]"),
    "a string": (200, [(b"content-type", b"application/json")], b'"x"'),
    "null": (200, [(b"content-type", b"application/json")], b"null"),
    "data that is a list": (200, [(b"content-type", b"application/json")], b'{"data": [1]}'),
    "items without our fields": (200, [(b"content-type", b"application/json")], BODY),
    "no content type": (200, [], BODY),
    "a code nobody asked for": (
        200,
        [(b"content-type", b"application/json"), (b"content-encoding", b"br")],
        b"\x8b\x00",
    ),
    "a redirect": (302, [(b"location", b"/login")], b""),
    "too many requests": (429, [(b"retry-after", b"7"), (b"content-type", b"text/plain")], b"slow down"),
    "UTF-16": (200, [(b"content-type", b"application/json; charset=utf-16")], '{"data": null}'.encode("utf-16")),
}


class Scripted:
    """A demo shop that answers everything but introspection with one canned answer; `asked` counts those."""

    def __init__(self) -> None:
        self.shop, self.asked = demo_shop(), 0
        self.canned: tuple[int, list[tuple[bytes, bytes]], bytes] = (200, [], b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message["body"]
            if not message.get("more_body"):
                break
        if b"__schema" in body:
            sent = [{"type": "http.request", "body": body, "more_body": False}]

            async def again() -> Message:
                return sent.pop() if sent else {"type": "http.disconnect"}

            await self.shop(scope, again, send)
            return
        self.asked += 1
        status, headers, content = self.canned
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@pytest.mark.parametrize("kind", ANSWERS)
async def test_odd_answers(kind: str) -> None:
    """Passed on unchanged; a mutation reached the shop once."""
    shop = Scripted()
    shop.canned = ANSWERS[kind]
    async with world(shop=shop) as one:
        for query in (QUERY, ADD):
            direct = await one.direct(query)
            shop.asked = 0
            through = await one.send(query)
            assert not differences(direct, through)
            assert query == QUERY or shop.asked == 1
        assert not [fault for fault in one.faults() if not fault.startswith("gave_up")]


async def test_gzip() -> None:
    """A compressed answer is read; what passes untouched stays compressed."""
    shop = Scripted()
    packed = gzip.compress(b'{"data":{"addItemToOrder":{"__typename":"Order","_pz_t":"Order"}}}')
    shop.canned = (200, [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")], packed)
    async with world(shop=shop) as one:
        through = await one.send(ADD, headers=[("accept-encoding", "gzip, br")])
        assert through.content == b'{"data":{"addItemToOrder":{"__typename":"Order"}}}'
        assert "content-encoding" not in through.headers
        assert one.upstream is not None
        assert one.upstream.of_visitors[-1].headers["accept-encoding"] == "gzip"
        raw = await httpx.ASGITransport(app=one.storefront).handle_async_request(
            request_of("http://gateway.test/graphql", "{ me { id } }", headers=[("accept-encoding", "gzip, br")])
        )
        assert raw.headers["content-encoding"] == "gzip"
        assert b"".join([chunk async for chunk in raw.aiter_raw()]) == packed
        assert one.upstream.of_visitors[-1].headers["accept-encoding"] == "gzip, br"


async def test_headers_on_the_way() -> None:
    """Hop-by-hop headers and ours stop here; the shop learns whom it answers; cookies of equal rank stay apart."""
    shop = Scripted()
    cookies = [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT")]
    hops = [(b"connection", b"x-hop"), (b"x-hop", b"1"), (b"keep-alive", b"timeout=5"), (b"proxy-authenticate", b"x")]
    for query in (ADD, "{ me { id } }"):
        shop.canned = (200, [(b"content-type", b"application/json"), *cookies, *hops], b'{"data":{"me":null}}')
        async with world(shop=shop) as one:
            answer = await one.send(query, headers=[
                ("connection", "close, x-mine"), ("x-mine", "1"), ("te", "trailers"),
                ("x-personalize-context", "mood=x"),
                ("cookie", "session=abc"), ("cookie", "theme=dark"), ("x-forwarded-for", "203.0.113.9"),
                ("if-none-match", '"x"'), ("x-channel", "de"), ("host", "shop.example"),
            ])  # fmt: skip
            assert answer.headers.get_list("set-cookie") == [value.decode() for _, value in cookies]
            assert not {"x-hop", "keep-alive", "proxy-authenticate", "connection"} & set(answer.headers)
            assert isinstance(one.upstream, Counting)
            sent = one.upstream.of_visitors[-1].headers
            assert not {"x-mine", "te", "x-personalize-context", "connection"} & set(sent)
            assert sent["cookie"] == "session=abc; theme=dark"
            assert sent["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
            assert sent["x-forwarded-host"] == "shop.example"
            assert sent["x-forwarded-proto"] == "http"
            assert (sent["host"], sent["x-channel"]) == ("shop.test", "de")


async def test_a_base_query_of_the_shops_url() -> None:
    """What `shop_url` itself asks for stays in front."""
    async with world(shop_url="http://shop.test/shop-api?channel=b2b") as one:
        assert one.upstream is not None
        await one.send(QUERY, params="languageCode=de")
        assert one.upstream.of_visitors[-1].url.query == b"channel=b2b&languageCode=de"
        await ask(one.storefront, request_of("http://gateway.test/graphql", "{ me { id } }"))
        assert one.upstream.of_visitors[-1].url.query == b"channel=b2b"
