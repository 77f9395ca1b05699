"""Python's `gql` on its httpx transport, taken through the scenario of `js/run.mjs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from gql import Client, GraphQLRequest
from gql.transport.httpx import HTTPXAsyncTransport
from graphql import OperationDefinitionNode, parse, print_ast


def read_documents(operations: str) -> dict[str, str]:
    """The operations of a file by name."""
    found = parse(Path(operations).read_text("utf-8")).definitions
    return {one.name.value: print_ast(one) for one in found if isinstance(one, OperationDefinitionNode) and one.name}


async def take_through(url: str, operations: str, scenario: str) -> Any:
    """What the client got: see `js/run.mjs`."""
    given, documents = json.loads(scenario), read_documents(operations)
    seen: dict[str, list[str]] = {"visitors": [], "methods": [], "accepts": []}
    bearer: dict[str, str] = {}

    async def sent(request: httpx.Request) -> None:
        request.headers["X-Personalize-Consent"] = "personalization"
        if seen["visitors"]:
            request.headers["X-Personalize-Visitor"] = seen["visitors"][-1]
        request.headers.update(bearer)
        _note(seen["methods"], request.method)
        _note(seen["accepts"], request.headers["accept"])

    async def came(response: httpx.Response) -> None:
        if "x-personalize-visitor" in response.headers:
            _note(seen["visitors"], response.headers["x-personalize-visitor"])
        if "vendure-auth-token" in response.headers:
            bearer["authorization"] = f"Bearer {response.headers['vendure-auth-token']}"

    transport = HTTPXAsyncTransport(url, event_hooks={"request": [sent], "response": [came]}, timeout=30)
    cached: list[dict[str, Any]] = []
    async with Client(transport=transport) as session:

        async def ask(operation: str, **variables: Any) -> Any:
            return await session.execute(GraphQLRequest(documents[operation], variable_values=variables))

        async def remember(operation: str, **variables: Any) -> Any:
            data = await ask(operation, **variables)
            cached.append({"operation": operation, "variables": variables, "fetched": data})
            return data

        first = await remember("Listing", input={**given["list"], "skip": 0})
        read: list[str] = []
        total = 1
        while len(read) < total:
            page = (await ask("Listing", input={**given["list"], "skip": len(read)}))["search"]
            total = page["totalItems"]
            read += [item["productId"] for item in page["items"]]
            if not page["items"]:
                break
        added = await ask("Add", variant=given["variant"], quantity=2)
        refused = await ask("Add", variant=given["variant"], quantity=given["tooMany"])
        await remember("Narrow", input={**given["other"], "skip": 0})
        shelf = await remember("Products", options=given["products"])
        await remember("Detail", id=shelf["products"]["items"][0]["id"])
    return {**seen, "first": first, "read": read, "added": added, "refused": refused, "cached": cached}


def _note(seen: list[str], what: str) -> None:
    if what not in seen:
        seen.append(what)
