"""The storefront endpoint over HTTP: calls in, answers out, faults as GraphQL errors with the right status."""

from __future__ import annotations

import time
from contextlib import aclosing

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html

from personalize.errors import LimitError, PersonalizeError, UpstreamError
from personalize.gateway.edge.call import Call, read_call
from personalize.gateway.edge.conform import conform
from personalize.gateway.edge.upstream import Answer
from personalize.gateway.pipeline import Pipeline
from personalize.gateway.safe import only_reads
from personalize.settings import Settings
from personalize.telemetry import Telemetry

STATUS = {"BODY_TOO_LARGE": 413, "UPSTREAM_TIMEOUT": 504, "QUERY_UNREADABLE": 400, "QUERY_UNSAFE": 405}


class Storefront:
    """An ASGI app for `/graphql`."""

    def __init__(self, pipeline: Pipeline, telemetry: Telemetry, settings: Settings) -> None:
        self.pipeline, self.telemetry = pipeline, telemetry
        self.body_limit, self.dev = settings.body_limit, settings.dev

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(scope, receive)
        call: Call | None = None
        try:
            call = await read_call(request, self.body_limit)
            answer = await self._answer(call)
            outcome = "streamed" if answer.body is None else "answered"
        except ClientDisconnect:
            return
        except Exception as fault:
            error = fault if isinstance(fault, PersonalizeError) else self._unforeseen(fault)
            answer, outcome = _fault(error), error.code.lower()
            if call is not None:  # so that scripts of other origins can read what went wrong
                cors = self.pipeline.cors
                known = [pair for pair in cors.headers(call) if pair[0] != "content-type"]
                answer.headers = cors.finish(call, [*answer.headers, *known])
        self.telemetry.requests.labels(outcome).inc()
        if answer.body is None:
            await _stream(answer)(scope, receive, send)
            return
        timing = (b"server-timing", b"personalize;dur=%.2f" % ((time.perf_counter() - started) * 1000))
        size = (b"content-length", b"%d" % len(answer.body))
        headers = [*[pair for pair in _raw(answer) if pair[0] != b"content-length"], timing, size]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _unforeseen(self, fault: Exception) -> PersonalizeError:
        """A bug of ours that nothing caught on the way: said without what it was, which is in the log."""
        self.telemetry.fault("storefront", type(fault).__name__, fault)
        return PersonalizeError("the gateway failed", code="INTERNAL")

    async def _answer(self, call: Call) -> Answer:
        if self.dev and call.method == "GET" and not call.query_string and "text/html" in (call.header("accept") or ""):
            page = get_graphql_ide_html(graphql_ide="graphiql")
            return Answer(200, [("content-type", "text/html; charset=utf-8")], page.encode())
        if call.method == "QUERY":
            only_reads(call, self.pipeline.reader, self.pipeline.knowledge)
        if call.method != "OPTIONS":
            answer = await self.pipeline.respond(call)
            return await conform(call, self.pipeline.reader, answer) if self.dev else answer
        cors = self.pipeline.cors
        if (own := cors.preflight(call)) is not None:
            return Answer(204, own, b"")
        cors.without_ours(call)
        answer = await self.pipeline.upstream.forward(call)
        answer.headers = cors.allow_ours(answer.headers)
        return answer


def _fault(error: PersonalizeError) -> Answer:
    status = STATUS.get(
        error.code, 502 if isinstance(error, UpstreamError) else 400 if isinstance(error, LimitError) else 500
    )
    told: dict[str, object] = {"code": error.code}
    if error.hint and not isinstance(error, UpstreamError):
        told["hint"] = error.hint
    body = orjson.dumps({"errors": [{"message": error.message, "extensions": told}]})
    allow = [("allow", "POST")] if status == 405 else []
    allow.append(("cache-control", "no-store"))  # a 405 may be kept else, as if it held for every body
    return Answer(status, [("content-type", "application/json; charset=utf-8"), *allow], body)


class _Measured(StreamingResponse):
    """A stream of known length: it ends by itself, so nobody has to watch for the client meanwhile."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        left = int(dict(self.raw_headers)[b"content-length"])
        async with aclosing(self.body_iterator) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                left -= len(chunk)
                if left <= 0:
                    await send({"type": "http.response.body", "body": chunk})
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _stream(answer: Answer) -> StreamingResponse:
    assert answer.stream is not None
    length = answer.header("content-length") or ""
    kind = _Measured if length.isdigit() else StreamingResponse
    response = kind(answer.stream, status_code=answer.status)
    response.raw_headers = _raw(answer)
    return response


def _raw(answer: Answer) -> list[tuple[bytes, bytes]]:
    return [(key.encode("latin-1"), value.encode("latin-1")) for key, value in answer.headers]
