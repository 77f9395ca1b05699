"""The stores that a visitor may choose, as the settings name them."""

from __future__ import annotations

from starlette.responses import Response

from personalize.console.pages.asked import Asked


async def places(asked: Asked) -> Response:
    """Names and places."""
    return asked.show("stores.html", stores=sorted(asked.house.settings().stores.items()))
