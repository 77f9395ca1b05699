"""Watching: whether somebody looks at what is asked for, or a machine makes it ready and nobody may ever see it."""

from __future__ import annotations

from collections.abc import Iterable

from personalize.visitors.context import PREFETCH
from personalize.visitors.crawlers import is_crawler, is_library

SAID = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})
"""Browsers say `prefetch` in one of them (`Sec-Purpose: prefetch;prerender`)."""

ROUTERS = frozenset({"next-router-prefetch", "next-router-segment-prefetch", "x-middleware-prefetch"})
"""Headers of Next.js that are only there where its router fetches ahead."""


def is_watched(headers: Iterable[tuple[str, str]], render: str | None, *, named: bool) -> bool:
    """Whether a request leaves events. Header names are lower case.

    It does not where `render` (of `X-Personalize-Context`) or a header says that it is fetched ahead, where a known
    crawler asks, or where an HTTP library asks and names nobody (`named`: a visitor, an agreement, a session of the
    shop): so do builds, sitemaps and monitors.
    """
    if render is not None:
        return False
    agent = ""
    for name, value in headers:
        if name == "user-agent":
            agent = value
        elif (name in SAID and PREFETCH in value.lower()) or name in ROUTERS:
            return False
    return not is_crawler(agent) and (named or not is_library(agent))
