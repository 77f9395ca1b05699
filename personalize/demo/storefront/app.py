"""Serves the storefront's page and what it has to be told: addresses, stores, and the simulated people to look as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from personalize.demo.catalogue import Catalogue
from personalize.demo.storefront.people import Person
from personalize.visitors.identity import Identity

SHOWN = "shown"
"""The experiment by which the page asks for the shop's own order."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {pictures}; connect-src 'self' {asked}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may do: nothing inline, no other host."""


def create_storefront(
    catalogue: Catalogue, people: Sequence[Person], identity: Identity, *, gateway: str, weather: str, pictures: str
) -> Starlette:
    """The page over a gateway (its GraphQL address), the scripted weather, and the origin of the shop's pictures.

    `identity` signs the ids of `people`, as a storefront that shares the gateway's secret may.
    """
    told: dict[str, Any] = {
        "gateway": gateway,
        "weather": weather,
        "experiment": SHOWN,
        "stores": [{"code": store.code, "city": store.city} for store in catalogue.stores],
        "people": [
            {"id": identity.sign(one.visitor), "name": one.name, "likes": one.likes._asdict()} for one in people
        ],
    }

    policy = {
        "content-security-policy": POLICY.format(
            pictures=_origin(pictures), asked=" ".join({_origin(gateway), _origin(weather)})
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-cache",
    }

    async def config(request: Request) -> Response:
        return JSONResponse(told, headers=policy)

    return Starlette(routes=[Route("/config.json", config), Mount("/", _Page(policy))])


class _Page(StaticFiles):
    """The page's files, each with the page's headers."""

    def __init__(self, policy: Mapping[str, str]) -> None:
        super().__init__(packages=[("personalize.demo.storefront", "page")], html=True)
        self._policy = policy

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or the answer that there is none."""
        response = await super().get_response(path, scope)
        response.headers.update(self._policy)
        return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
