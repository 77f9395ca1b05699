"""Watching: whether somebody looks at what is asked for, or a machine makes it ready and nobody may ever see it."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.visitors.context import PREFETCH
from personalize.visitors.crawlers import is_crawler, is_library

SAID = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Browsers say `prefetch` in one of them (`Sec-Purpose: prefetch;prerender`)."""

ROUTERS = ("next-router-prefetch", "next-router-segment-prefetch", "x-middleware-prefetch")
"""Headers of Next.js that are only there where its router fetches ahead."""


def is_watched(headers: Mapping[str, str], render: str | None, *, named: bool) -> bool:
    """Whether a request leaves events. Header names are lower case.

    It does not where `render` (of `X-Personalize-Context`) or a header says that it is fetched ahead, where a known
    crawler asks, or where an HTTP library asks and names nobody (`named`: a visitor, an agreement, a session of the
    shop): so do builds, sitemaps and monitors.
    """
    if render is not None:
        return False
    if any(PREFETCH in headers[name].lower() for name in SAID if name in headers):
        return False
    agent = headers.get("user-agent")
    return not any(name in headers for name in ROUTERS) and not is_crawler(agent) and (named or not is_library(agent))
