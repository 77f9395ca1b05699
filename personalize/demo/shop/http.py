"""Reads a GraphQL request off HTTP, and refuses bad ones with the status and the words of Vendure's server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from cachetools import LRUCache
from starlette.requests import Request

from personalize.demo.shop.answer import Answer, request_error

MAX_BODY = 100 * 1024
"""Bytes of the largest body taken."""
MAX_PERSISTED = 1_000
STILL = "2026-02-01T00:00:00.000Z"
"""The moment that error bodies name, so that the same request has the same answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One GraphQL request."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None
    get: bool


class Reader:
    """Reads requests; keeps the last `MAX_PERSISTED` documents sent with a hash."""

    def __init__(self) -> None:
        self._persisted: LRUCache[str, str] = LRUCache(MAX_PERSISTED)

    async def read(self, request: Request) -> Asked | Answer:
        """The request, or the answer that refuses it."""
        fields: Any
        if request.method == "POST":
            fields = await self._body(request)
            if isinstance(fields, Answer):
                return fields
        elif request.method == "GET":
            fields = _from_query_string(request)
        else:
            message = "Apollo Server supports only GET/POST requests."
            return _plain(405, message, allow="GET, POST")
        if not _acceptable(request):
            return _plain(
                406,
                "An 'accept' header was provided for this request which does not accept "
                "application/json; charset=utf-8 or application/graphql-response+json; charset=utf-8",
            )
        return self._asked(fields, get=request.method == "GET")

    async def _body(self, request: Request) -> Any:
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BODY:
                return _express(500, "", request.url.path)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        fields: Any = None
        if kind == "application/json" and raw:
            try:
                fields = orjson.loads(raw)
            except orjson.JSONDecodeError as error:
                return _express(400, str(error), request.url.path)
        elif kind == "application/x-www-form-urlencoded":
            fields = dict(parse_qsl(raw.decode("utf-8", "replace")))
            fields["variables"] = _json(fields.get("variables"))
        if isinstance(fields, list):
            return _plain(400, "Operation batching disabled.")
        if not isinstance(fields, dict) or not fields:
            return _plain(400, "POST body missing, invalid Content-Type, or JSON object has no keys.")
        return fields

    def _asked(self, fields: dict[str, Any], *, get: bool) -> Asked | Answer:
        query, variables, name = fields.get("query"), fields.get("variables"), fields.get("operationName")
        extensions = fields.get("extensions")
        for key, kinds in (("query", str), ("variables", dict), ("operationName", str), ("extensions", dict)):
            if fields.get(key) is not None and not isinstance(fields[key], kinds):
                return _plain(400, f"`{key}` in a GraphQL request is of the wrong type.")
        persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
        if isinstance(persisted, dict) and isinstance(persisted.get("sha256Hash"), str):
            digest = persisted["sha256Hash"]
            if not query:
                query = self._persisted.get(digest)
                if query is None:
                    return request_error(200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            elif hashlib.sha256(query.encode()).hexdigest() != digest:
                return request_error(400, None, "provided sha does not match query")
            else:
                self._persisted[digest] = query
        if not query:
            message = "GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension."
            return request_error(400, "BAD_REQUEST", message)
        return Asked(query, variables, name, get)


def _json(text: object) -> Any:
    try:
        return orjson.loads(text) if isinstance(text, str) and text else None
    except orjson.JSONDecodeError:
        return text


def _from_query_string(request: Request) -> dict[str, Any]:
    found = request.query_params
    return {
        "query": found.get("query"),
        "variables": _json(found.get("variables")),
        "operationName": found.get("operationName"),
        "extensions": _json(found.get("extensions")),
    }


def _acceptable(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*")
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return bool(kinds & {"*/*", "application/*", "application/json", "application/graphql-response+json"})


def _plain(status: int, message: str, *, allow: str | None = None) -> Answer:
    return Answer(status, {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}, allow)


def _express(status: int, message: str, path: str) -> Answer:
    return Answer(status, {"statusCode": status, "message": message, "timestamp": STILL, "path": path})
