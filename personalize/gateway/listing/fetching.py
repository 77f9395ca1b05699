"""Fetching windows: the shared one without credentials, and one gathered for a single visitor, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from personalize.errors import PersonalizeError
from personalize.gateway.document.payload import payload
from personalize.gateway.document.plan import Plan
from personalize.gateway.document.raw import fields, is_list, is_object
from personalize.gateway.document.slots import ListingSlot
from personalize.gateway.edge.call import Call, Operation
from personalize.gateway.edge.upstream import Answer, Headers, Upstream
from personalize.gateway.listing.ask import Ask
from personalize.gateway.listing.asked import query_of
from personalize.gateway.listing.paging import page_size, search_term, with_paging
from personalize.gateway.listing.part import Part, Unreadable, check_served, read_part
from personalize.gateway.listing.window import Window, build
from personalize.shops.map import Numbers, ShopMap

Post = Callable[[dict[str, Any]], Awaitable[Answer]]
"""Sends the window's document with these paging variables."""


class Fetcher:
    """Asks the shop for windows."""

    def __init__(self, shop: ShopMap, upstream: Upstream) -> None:
        self.shop, self.upstream = shop, upstream

    def shared(self, plan: Plan, ask: Ask, call: Call, used: dict[str, Any]) -> Callable[[], Awaitable[Window]]:
        """A fetch of the shared window: no credentials, only the headers the map says answers vary by."""
        headers: Headers = [(name, value) for name in self.shop.vary_headers if (value := call.header(name))]
        headers += [("content-type", "application/json"), ("accept", "application/json")]
        headers += [("host", self.upstream.host)]
        url, text = self.upstream.url_for(query_of(call.query_string)), plan.window(ask.slot).text

        async def post(paged: dict[str, Any]) -> Answer:
            return await self.upstream.post(url, headers, {"query": text, "variables": {**used, **paged}})

        async def fill() -> Window:
            window, answer = await _pages(plan, ask, ask.slot.map.window, post)
            window.headers = tuple(pair for pair in answer.headers if _shareable_header(pair[0]))
            return window

        return fill

    async def gathered(self, plan: Plan, ask: Ask, call: Call, operation: Operation, rows: int) -> Window | None:
        """A window for this visitor alone, in as many pages as the shop's limit asks for; None where it fails."""
        composed = plan.window(ask.slot)

        async def post(paged: dict[str, Any]) -> Answer:
            return await self.upstream.ask(call, payload(plan, operation, composed, paged))

        try:
            window, answer = await _pages(plan, ask, rows, post)
        except (PersonalizeError, Unreadable, msgspec.DecodeError):
            return None
        window.headers = tuple(pair for pair in answer.headers if not _of_this_body(pair[0]))
        return window


async def _pages(plan: Plan, ask: Ask, rows: int, post: Post) -> tuple[Window, Answer]:
    """The first `rows` rows of a listing in pages that the shop serves, and its first answer."""
    listing, names = ask.slot.map, plan.paging_variables(ask.slot)
    parts: list[Part] = []
    first: Answer | None = None
    asked = 0
    after: str | None = None
    size = page_size(listing, rows)
    while asked < rows:
        take = size if isinstance(listing.paged, Numbers) else min(size, rows - asked)
        paged = with_paging(listing, ask.arguments, asked, take, after)
        answer = await post({variable: paged[root] for root, variable in names.items() if root in paged})
        first = first or answer
        part = _container(answer.body or b"", ask.slot)
        check_served(part, asked, take, listing)
        parts.append(part)
        asked += take
        if len(part.items) < take or (part.total is not None and asked >= part.total) or part.more is False:
            break
        after = part.cursors[-1] if part.cursors else None
    assert first is not None
    term = search_term(listing, ask.arguments)
    return build(parts, list_id=ask.list_id, term=term, asked=asked, about=ask.about), first


def _container(body: bytes, slot: ListingSlot) -> Part:
    data = fields(body)
    if "errors" in data:
        raise Unreadable(f"{slot.map.coordinates}: the shop refuses a window (`limit: {slot.map.limit}`)")
    here = data.get("data")
    for step in slot.path:
        if here is None or not is_object(here):
            raise Unreadable("the listing is null")
        here = fields(here).get(step)
    if here is None or not (is_list(here) if slot.map.bare else is_object(here)):
        raise Unreadable("the listing is null")
    return read_part(here, slot)


_OF_BODY = frozenset({"etag", "content-length", "last-modified"})
_OF_ONE_ANSWER = _OF_BODY | {"set-cookie", "date", "age", "cache-control", "expires", "vary"}


def _of_this_body(name: str) -> bool:
    """Whether a header is about that one body, or for that one origin."""
    return name in _OF_BODY or name.startswith("access-control-")


def _shareable_header(name: str) -> bool:
    """Whether a header of a guest's answer holds for all guests."""
    return name not in _OF_ONE_ANSWER and not name.startswith("access-control-") and "token" not in name
