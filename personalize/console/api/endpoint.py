"""The operator API over HTTP: the token at the door, bounds on what comes in, errors with code and hint."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    execute,
    get_operation_ast,
    parse,
    validate,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from personalize.console.api.schema import Context, operator_schema
from personalize.console.api.told import HouseTold
from personalize.console.desk import Desk
from personalize.console.offers import OfferDesk
from personalize.console.stock import StoreBoard
from personalize.domain.clock import Clock
from personalize.domain.desk.actor import TOKEN
from personalize.domain.desk.finding import Refused
from personalize.domain.store import Store
from personalize.errors import LimitError, PersonalizeError
from personalize.gateway.document import limits
from personalize.telemetry import Telemetry

BODY = 256 * 1024
"""Bytes of a request."""
SECONDS = 30.0
MAX_ROOTS = 10
"""Fields of one operation's root: each may ask the shop or the store."""
NO_STORE = {"cache-control": "no-store"}


class OperatorApi:
    """An ASGI app for `/operator/graphql`."""

    def __init__(
        self, desk: Desk, told: Callable[[], HouseTold], store: Store, offers: OfferDesk, stock: StoreBoard, token: str,
        telemetry: Telemetry, clock: Clock,
    ) -> None:  # fmt: skip
        self.desk, self.told, self.store, self.telemetry, self.clock = desk, told, store, telemetry, clock
        self.offers, self.stock = offers, stock
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = self._stopped(request) or await self._answer(request)
        except ClientDisconnect:
            return
        except LimitError as error:
            response = _errors(413 if error.code == "BODY_TOO_LARGE" else 400, error)
        await response(scope, receive, send)

    def _stopped(self, request: Request) -> Response | None:
        """Why a request goes no further, None where it may."""
        if not self._token:
            return _refusal(403, "API_OFF", "the operator API is off: no token is set",
                            "set PERSONALIZE_OPERATOR_TOKEN (16 characters or more) and restart")  # fmt: skip
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Both are always compared: how long it takes tells nothing of how much was right.
        if not hmac.compare_digest(given.strip().encode(), self._token) or scheme.lower() != "bearer":
            self.telemetry.count("operator_api", "unauthorized")
            refused = _refusal(401, "UNAUTHORIZED", "the operator API needs its token",
                               "send Authorization: Bearer and the setting operator_token")  # fmt: skip
            refused.headers["www-authenticate"] = "Bearer"
            return refused
        if request.method != "POST":
            refused = _refusal(405, "POST_ONLY", "the operator API takes POST")
            refused.headers["allow"] = "POST"
            return refused
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("application/json", "application/graphql-response+json"):
            return _refusal(415, "JSON_ONLY", "the operator API takes JSON", "send Content-Type: application/json")
        return None

    async def _answer(self, request: Request) -> Response:
        try:
            asked = orjson.loads(await _body(request))
        except orjson.JSONDecodeError:
            return _refusal(400, "JSON_BROKEN", "the body is no JSON")
        query = asked.get("query") if isinstance(asked, dict) else None
        variables = asked.get("variables") or {} if isinstance(asked, dict) else {}
        name = asked.get("operationName") if isinstance(asked, dict) else None
        if not isinstance(query, str) or not isinstance(variables, dict) or not (name is None or isinstance(name, str)):
            return _refusal(400, "REQUEST_INVALID", "expected an object with `query`, and `variables` as an object")
        try:
            async with asyncio.timeout(SECONDS):
                result = await self._execute(query, variables, name)
        except TimeoutError:
            return _refusal(504, "TOO_SLOW", f"the operation took more than {SECONDS:g} seconds")
        told: dict[str, Any] = {}
        if result.errors:
            told["errors"] = [self._told(error) for error in result.errors]
        if result.data is not None or not result.errors:
            told["data"] = result.data
        body = orjson.dumps(told, default=str)
        return Response(body, 200 if "data" in told else 400, NO_STORE, "application/json; charset=utf-8")

    async def _execute(self, query: str, variables: Mapping[str, Any], name: str | None) -> ExecutionResult:
        limits.check(query)
        schema = operator_schema()._schema
        try:
            document = parse(query, max_tokens=limits.MAX_TOKENS)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        operation = get_operation_ast(document, name)
        if operation is not None:
            fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
            _few(operation, fragments)
        if faults := validate(schema, document, max_errors=20):
            return ExecutionResult(None, faults)
        context = Context(self.desk, TOKEN, self.told, self.store, self.offers, self.stock)
        result = execute(schema, document, context_value=context, variable_values=dict(variables), operation_name=name)
        return result if isinstance(result, ExecutionResult) else await result

    def _told(self, error: GraphQLError) -> dict[str, Any]:
        """An error for the client: ours with code and hint, GraphQL's own as it is, a bug without what it was."""
        told: dict[str, Any] = dict(error.formatted)
        cause = error.original_error
        if isinstance(cause, PersonalizeError):
            told["message"] = cause.message
            told["extensions"] = {"code": cause.code, "hint": cause.hint}
            if isinstance(cause, Refused):
                told["extensions"]["findings"] = [
                    {"level": one.level, "code": one.code, "message": one.message, "hint": one.hint, "where": one.where}
                    for one in cause.findings
                ]
        elif cause is not None and not isinstance(cause, GraphQLError):
            self.telemetry.fault("operator_api", type(cause).__name__, cause)
            told["message"], told["extensions"] = "the gateway failed", {"code": "INTERNAL"}
        else:
            told["extensions"] = {"code": "GRAPHQL_INVALID"}
        return told


def _few(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
    """Raises LimitError for more than `MAX_ROOTS` fields at the root, those of fragments included."""
    count, met, waiting = 0, set[str](), list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        if isinstance(node, InlineFragmentNode):
            waiting += node.selection_set.selections
        elif isinstance(node, FragmentSpreadNode):
            found = fragments.get(node.name.value)
            if found is not None and node.name.value not in met:
                met.add(node.name.value)
                waiting += found.selection_set.selections
        else:
            count += 1
    if count > MAX_ROOTS:
        raise LimitError(f"the operation has more than {MAX_ROOTS} fields at its root", hint="send several operations")


async def _body(request: Request) -> bytes:
    """The body, read no further than `BODY` bytes. Raises LimitError."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY:
            raise LimitError(f"the request body is larger than {BODY} bytes", code="BODY_TOO_LARGE")
        chunks.append(chunk)
    return b"".join(chunks)


def _errors(status: int, error: PersonalizeError) -> Response:
    return _refusal(status, error.code, error.message, error.hint)


def _refusal(status: int, code: str, message: str, hint: str = "") -> Response:
    told = {"code": code} | ({"hint": hint} if hint else {})
    body = orjson.dumps({"errors": [{"message": message, "extensions": told}]})
    return Response(body, status, NO_STORE, "application/json; charset=utf-8")
