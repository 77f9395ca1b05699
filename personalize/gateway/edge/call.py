"""One call as it came in: the HTTP request, and the GraphQL operation read from it into typed values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs

import orjson
from cachetools import LRUCache
from starlette.requests import Request

from personalize.errors import LimitError
from personalize.visitors import consent, context, experiments

UPLOAD_LIMIT = 100 * 1024 * 1024
MAX_REGISTERED = 8 * 1024 * 1024
"""Characters of all registered documents together."""
MAX_DOCUMENT = 64 * 1024
GRAPHQL_PARAMETERS = frozenset({"query", "variables", "operationName", "extensions"})

LISTS = frozenset(one.HEADER.lower() for one in (consent, context, experiments))
"""Our own headers that are lists or dictionaries."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A GraphQL request: the document and what goes with it. `hash` is its automatic-persisted-query hash, if any."""

    query: str
    variables: dict[str, Any]
    name: str | None
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """An HTTP request to the storefront endpoint. Header names are lower case; `body` is whole, or None if streamed.

    `started` is when it came in, in seconds of `perf_counter`.
    """

    method: str
    query_string: str
    headers: list[tuple[str, str]]
    client: str
    scheme: str
    body: bytes | None
    stream: AsyncIterator[bytes] | None = None
    first: dict[str, str] = field(init=False)
    started: float = field(default_factory=perf_counter)

    def __post_init__(self) -> None:
        self.first = dict(reversed(self.headers))
        if len(self.first) < len(self.headers):
            for name in LISTS & self.first.keys():  # several lines of one are one (RFC 9651, 3)
                self.first[name] = ", ".join(value for key, value in self.headers if key == name)

    def header(self, name: str) -> str | None:
        """The first value of a header as it came in, of `LISTS` all of them; None where it is absent."""
        return self.first.get(name)

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name; the first of equal names wins."""
        pairs = [part.strip().partition("=") for part in (self.header("cookie") or "").split(";")]
        return {name: value for name, sep, value in reversed(pairs) if sep}


async def read_call(request: Request, body_limit: int) -> Call:
    """Take in a request. JSON bodies are read whole up to `body_limit`, others are streamed up to UPLOAD_LIMIT.

    Raises LimitError (the answer is 413) and ClientDisconnect.
    """
    scope = request.scope
    headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]]
    cookies = [value for key, value in headers if key == "cookie"]
    if len(cookies) > 1:  # HTTP/2 may send them apart (RFC 9113, 8.2.3)
        headers = [*(pair for pair in headers if pair[0] != "cookie"), ("cookie", "; ".join(cookies))]
    client = scope.get("client")
    call = Call(
        method=scope["method"],
        query_string=scope["query_string"].decode("latin-1"),
        headers=headers,
        client=client[0] if client else "",
        scheme=scope.get("scheme", "http"),
        body=None,
    )
    streamed = (call.header("content-type") or "").startswith("multipart/")
    limit = UPLOAD_LIMIT if streamed else body_limit
    declared = call.header("content-length") or ""
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    if streamed:
        call.stream = _bounded(request, limit)
    elif call.method in ("GET", "HEAD", "OPTIONS") and not declared:
        call.body = b""
    else:
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
        call.body = b"".join(chunks)
    return call


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> LimitError:
    return LimitError(f"the request body is larger than {limit} bytes", code="BODY_TOO_LARGE", hint="send less at once")


class Reader:
    """Reads the operation of a call; remembers documents registered as automatic persisted queries (by SHA-256)."""

    def __init__(self) -> None:
        self.registered: LRUCache[str, str] = LRUCache(MAX_REGISTERED, getsizeof=len)

    def read(self, call: Call) -> Operation | None:
        """The operation, or None where the call is none that we can read: the shop will answer it."""
        if not _takes_json(call.header("accept")):
            return None
        try:
            raw = self._parameters(call)
        except (ValueError, UnicodeError):
            return None
        if not isinstance(raw, dict):
            return None
        query, variables = raw.get("query"), raw.get("variables")
        name, extensions = raw.get("operationName"), raw.get("extensions")
        variables = {} if variables is None else variables
        extensions = {} if extensions is None else extensions
        if not isinstance(variables, dict) or not isinstance(extensions, dict):
            return None
        if name == "" or not (name is None or isinstance(name, str)):
            return None
        query = self._persisted(query, extensions)
        if not isinstance(query, str):
            return None
        return Operation(query, variables, name, extensions)

    def _persisted(self, query: object, extensions: dict[str, Any]) -> object:
        """The document itself, or the one registered under the hash; None where the hash is the shop's to judge."""
        if "persistedQuery" not in extensions:
            return query
        persisted = extensions["persistedQuery"]
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            return None
        digest = persisted.get("sha256Hash")
        if query is None:
            return self.registered.get(digest) if isinstance(digest, str) else None
        if not isinstance(query, str) or sha256(query.encode()).hexdigest() != digest:
            return None
        if len(query) <= MAX_DOCUMENT:
            self.registered[digest] = query
        return query

    @staticmethod
    def _parameters(call: Call) -> Any:
        if call.method == "GET":
            fields = parse_qs(call.query_string, max_num_fields=100)
            if any(len(values) > 1 for values in fields.values()):
                return None  # which of them counts is the shop's to say
            raw: dict[str, Any] = {key: values[0] for key, values in fields.items()}
            for key in ("variables", "extensions"):
                if key in raw:
                    raw[key] = orjson.loads(raw[key])
            return raw
        if call.method not in ("POST", "QUERY") or not call.body:
            return None
        if call.query_string and GRAPHQL_PARAMETERS & parse_qs(call.query_string, keep_blank_values=True).keys():
            return None  # some shops run the URL's document, some the body's
        kind = (call.header("content-type") or "").partition(";")[0].strip().lower()
        if kind not in ("application/json", "application/graphql-response+json"):
            return None
        return orjson.loads(call.body)


def _takes_json(accept: str | None) -> bool:
    """Whether a client that sends this `Accept` takes an answer in one piece of JSON."""
    return accept is None or any(part in accept for part in ("json", "*/*", "application/*"))
