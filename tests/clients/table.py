"""The table of clients: a row is a client and how it behaves; adding one is a line here and a script in `js/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.clients.install import node
from tests.clients.python_gql import take_through

Run = Callable[[str, str, str], Awaitable[Any]]
"""Takes the gateway's URL, the file of operations and the scenario as JSON; gives what the client got."""


@dataclass(frozen=True, slots=True)
class Client:
    """A row. `methods` are those it sends; `cache` says that it can be read from without the network."""

    name: str
    methods: tuple[str, ...] = ("POST",)
    cache: bool = False
    run: Run | None = None

    async def take_through(self, url: str, operations: str, scenario: str) -> Any:
        """What the client got on its way through the scenario."""
        if self.run is not None:
            return await self.run(url, operations, scenario)
        return await node("run.mjs", self.name, url, operations, scenario)


CLIENTS = (
    Client("fetch"),
    Client("graphql-request"),
    Client("apollo", cache=True),
    Client("apollo-persisted", methods=("GET", "POST"), cache=True),
    Client("urql", methods=("GET", "POST"), cache=True),
    Client("graphcache", methods=("GET", "POST"), cache=True),
    Client("relay", cache=True),
    Client("gql", run=take_through),
)
