"""The store socket: where profiles, events and links stay; one file a plug, named by the scheme of its address."""

from __future__ import annotations

from personalize.domain.store import Store
from personalize.registry import load


def open_store(url: str) -> Store:
    """The store an address names (`memory://`, `sqlite:///path`), not connected yet; its scheme is the plug's name."""
    store: Store = load("stores", url.partition("://")[0]).from_url(url)
    return store
