"""The demo shop as an ASGI application: `/shop-api` and `/admin-api` like Vendure's, and its products' pictures."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable

import orjson
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from personalize.demo.catalogue import CURRENCY, LANGUAGES, Catalogue
from personalize.demo.shop.admin.call import AdminCall, Administrators
from personalize.demo.shop.admin.schema import make_admin_schema
from personalize.demo.shop.answer import Answer, answerer, make_schema
from personalize.demo.shop.call import Call
from personalize.demo.shop.find import Finder
from personalize.demo.shop.http import Asked, Reader
from personalize.demo.shop.picture import draw
from personalize.demo.shop.session import TOKEN_HEADER, Cookies
from personalize.demo.shop.shelf import Shelf
from personalize.demo.shop.state import ShopState

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"]


def create_shop(
    catalogue: Catalogue, *, introspection: bool = True, asset_base: str = "", clock: Callable[[], float] = time.time
) -> Starlette:
    """The shop over `catalogue`, with a memory of its own; `clock` (epoch seconds) says when codes are over.

    `introspection=False` refuses `__schema` and `__type`. `asset_base` (e.g. "http://127.0.0.1:3100") is put before
    the paths of pictures, which are relative otherwise.
    """
    shop = Shop(catalogue, introspection=introspection, asset_base=asset_base, clock=clock)
    return Starlette(
        routes=[
            Route("/shop-api", shop.graphql, methods=METHODS),
            Route("/shop-api/{rest:path}", shop.graphql, methods=METHODS),
            Route("/admin-api", shop.admin, methods=METHODS),
            Route("/assets/preview/{identity}.svg", shop.picture, methods=["GET"]),
        ]
    )


class Shop:
    """Ties the parts together: reads a request, opens its situation, answers, and sends the answer."""

    def __init__(
        self, catalogue: Catalogue, *, introspection: bool, asset_base: str, clock: Callable[[], float]
    ) -> None:
        self.state = ShopState(catalogue, clock)
        self._finders = {language: Finder(Shelf(catalogue, language, asset_base)) for language in LANGUAGES}
        self._answerer = answerer(make_schema, introspection=introspection)
        self._reader = Reader()
        self._cookies = Cookies()
        self._administrators = Administrators()
        self._admin = answerer(make_admin_schema, introspection=introspection)

    async def graphql(self, request: Request) -> Response:
        """One request of the shop API."""
        if request.method == "OPTIONS":
            return _preflight(request)
        language = _language(request)
        asked = await self._reader.read(request)
        if isinstance(asked, Answer):
            return _response(request, asked, language, [])
        call = Call(self.state, self._finders[language], language, self._cookies.token(request))
        currency = request.query_params.get("currencyCode", CURRENCY)
        if currency != CURRENCY:
            answer = _wrong_currency(currency, asked)
        else:
            answer = self._answerer.answer(call, asked.query, asked.variables, asked.operation_name, get=asked.get)
        headers: list[tuple[str, str]] = []
        if call.token_out is not None:
            headers = self._cookies.headers(call.token_out, remember=call.remember)
        elif call.stale:
            headers = self._cookies.headers("", remember=False)
        return _response(request, answer, language, headers)

    async def admin(self, request: Request) -> Response:
        """One request of the Admin API; its sessions are its own."""
        asked = await self._reader.read(request)
        if isinstance(asked, Answer):
            return _response(request, asked, LANGUAGES[0], [])
        shelf = self._finders[LANGUAGES[0]].shelf
        call = AdminCall(self.state, shelf, self._administrators, self._cookies.token(request))
        currency = request.query_params.get("currencyCode", CURRENCY)
        if currency != CURRENCY:
            answer = _wrong_currency(currency, asked)
        else:
            answer = self._admin.answer(call, asked.query, asked.variables, asked.operation_name, get=asked.get)
        token = call.token_out
        headers = [] if token is None else self._cookies.headers(token, remember=False)
        return _response(request, answer, LANGUAGES[0], headers)

    async def picture(self, request: Request) -> Response:
        """A product's picture; 404 for an unknown product."""
        product = self.state.catalogue.product_by_id.get(request.path_params["identity"])
        if product is None:
            return Response(status_code=404)
        return Response(draw(product), media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})


def _language(request: Request) -> str:
    """`?languageCode=` first, then `Accept-Language`, then English; unknown ones are passed over."""
    wanted = [request.query_params.get("languageCode", "")]
    wanted += [part.partition(";")[0].strip()[:2] for part in request.headers.get("accept-language", "").split(",")]
    return next((code for code in wanted if code in LANGUAGES), LANGUAGES[0])


def _wrong_currency(currency: str, asked: Asked) -> Answer:
    """The error of the first field, as every field of the request would give it."""
    path: list[str] = []
    try:
        for definition in parse(asked.query, max_tokens=20_000).definitions:
            if isinstance(definition, OperationDefinitionNode):
                path = [
                    (node.alias or node.name).value
                    for node in definition.selection_set.selections[:1]
                    if isinstance(node, FieldNode)
                ]
                break
    except GraphQLError:  # only the path of an error body is at stake
        pass
    message = f'The currency "{currency}" is not available in the current Channel'
    error = {"message": message, "path": path, "extensions": {"code": "USER_INPUT_ERROR"}}
    return Answer(200, {"errors": [error], "data": None})


def _cross_origin(request: Request) -> dict[str, str]:
    headers = {"vary": "Origin", "access-control-allow-credentials": "true"}
    if "origin" in request.headers:
        headers["access-control-allow-origin"] = request.headers["origin"]
    return headers


def _preflight(request: Request) -> Response:
    asked = request.headers.get("access-control-request-headers", "")
    headers = _cross_origin(request) | {
        "vary": "Origin, Access-Control-Request-Headers",
        "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "content-length": "0",
    }
    if asked:
        headers["access-control-allow-headers"] = asked
    return Response(status_code=204, headers=headers)


def _response(request: Request, answer: Answer, language: str, extra: list[tuple[str, str]]) -> Response:
    body = orjson.dumps(answer.body) + (b"" if "statusCode" in answer.body else b"\n")
    kind = "application/json"
    if request.headers.get("accept", "").strip().startswith("application/graphql-response+json"):
        kind = "application/graphql-response+json"
    tag = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()[:27]
    headers = _cross_origin(request) | {
        "access-control-expose-headers": TOKEN_HEADER,
        "content-language": language,
        "cache-control": "no-store",
        "content-type": f"{kind}; charset=utf-8",
        "etag": f'W/"{len(body):x}-{tag}"',
    }
    if answer.allow:
        headers["allow"] = answer.allow
    response = Response(body, status_code=answer.status, headers=headers)
    for name, value in extra:
        response.headers.append(name, value)
    return response
