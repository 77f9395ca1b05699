"""The cache socket: short-lived things that processes may share, one file a plug, named by its address' scheme."""

from __future__ import annotations

from personalize.domain.cache import Cache
from personalize.registry import load


def open_cache(url: str) -> Cache:
    """The cache an address names (`memory://`), not connected yet; its scheme is the plug's name."""
    cache: Cache = load("caches", url.partition("://")[0]).from_url(url)
    return cache
