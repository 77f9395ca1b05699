"""Cross-origin answers: the shop's policy with our headers, own origins, and answers without the shop."""

from __future__ import annotations

import httpx

from tests.gateway_world import World, ask, request_of, world
from tests.laws.likeness import differences

ORIGIN = "https://storefront.example"
QUERY = '{ search(input: {term: "terracotta", groupByProduct: true}) { items { productId } } }'


async def preflight(one: World, asked: str = "content-type, x-personalize-consent, X-Personalize-Visitor",
                    origin: str = ORIGIN) -> httpx.Response:  # fmt: skip
    """A browser's question."""
    headers = [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", asked)]
    return await ask(one.storefront, request_of("http://gateway.test/graphql", method="OPTIONS", headers=headers))


def words(response: httpx.Response, header: str) -> set[str]:
    """The parts of a list header, in lower case."""
    return {part.strip().lower() for part in response.headers.get(header, "").split(",")}


async def test_preflight_by_the_shop() -> None:
    """The shop is asked without our header names, and ours are allowed in its answer."""
    async with world() as one:
        answer = await preflight(one)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert {"content-type", "x-personalize-consent", "x-personalize-visitor", "x-personalize-context"} <= words(
            answer, "access-control-allow-headers"
        )
        assert one.upstream is not None
        assert one.upstream.requests[-1].headers["access-control-request-headers"] == "content-type"


async def test_preflight_for_ours_alone() -> None:
    """Where only our headers are asked for, the shop's question has none."""
    async with world() as one:
        answer = await preflight(one, "x-personalize-consent")
        assert "x-personalize-consent" in words(answer, "access-control-allow-headers")
        assert one.upstream is not None
        assert "access-control-request-headers" not in one.upstream.requests[-1].headers


async def test_own_origins() -> None:
    """The operator's origins are answered without the shop, others by it."""
    async with world(cors_origins=(ORIGIN,)) as one:
        assert one.upstream is not None
        answer = await preflight(one)
        assert (answer.status_code, one.upstream.count) == (204, 0)
        assert answer.headers["access-control-allow-credentials"] == "true"
        await preflight(one, origin="https://other.example")
        assert one.upstream.count == 1
        answer = await one.send(QUERY, headers=[("origin", ORIGIN)])
        assert answer.headers.get_list("access-control-allow-origin") == [ORIGIN]


async def test_any_origin() -> None:
    """`*` allows all, without credentials."""
    async with world(cors_origins=("*",)) as one:
        answer = await preflight(one, origin="https://anybody.example")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_ours_are_exposed() -> None:
    """Scripts may read the shop's and our response headers."""
    async with world() as one:
        answer = await one.send(QUERY, headers=[("origin", ORIGIN)])
        exposed = words(answer, "access-control-expose-headers")
        assert {"vendure-auth-token", "x-personalize-visitor", "x-personalize-experiment"} <= exposed


async def test_an_answer_without_the_shop() -> None:
    """From a shared window each origin and media type gets what the shop would have said; it is asked where unknown."""
    media = "application/graphql-response+json"
    async with world(("nothing",), share_ttl=600.0) as one:
        assert one.upstream is not None
        await one.send(QUERY)
        await one.settle()
        await one.send(QUERY)
        await one.settle()
        for headers in ([], [("origin", ORIGIN)], [("accept", media)], [("origin", ORIGIN), ("accept", media)]):
            direct = await one.direct(QUERY, headers=headers)
            for _ in range(2):
                assert not differences(direct, await one.send(QUERY, headers=headers))
            before = one.upstream.count
            assert not differences(direct, await one.send(QUERY, headers=headers))
            assert one.upstream.count == before


async def test_an_accept_the_shop_refuses() -> None:
    """406 stays 406, also when the window is at hand."""
    async with world(("nothing",)) as one:
        for _ in range(3):
            await one.send(QUERY)
            await one.settle()
        for accept in ("text/html", "text/event-stream", "application/xml+json-not"):
            headers = [("accept", accept)]
            for _ in range(2):
                direct = await one.direct(QUERY, headers=headers)
                assert direct.status_code == 406
                assert not differences(direct, await one.send(QUERY, headers=headers))


async def test_faults_can_be_read() -> None:
    """An error of ours carries the origin's headers, too."""
    async with world() as one:
        await one.send(QUERY, headers=[("origin", ORIGIN)])
        for query in ("{" * 30, "{ personalization { nope } }"):
            answer = await one.send(query, headers=[("origin", ORIGIN)])
            assert answer.status_code == 400
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert answer.headers["content-type"] == "application/json; charset=utf-8"
