"""Where facts come from, as it has to be said where they are shown."""

from __future__ import annotations

from functools import lru_cache

from personalize.registry import load, names


@lru_cache(maxsize=64)
def attribution(source: str) -> str | None:
    """What the service behind an `Origin.source` wants to be said of its data; None for those that ask for nothing."""
    return str(load("weather", source).attribution) if source in names("weather") else None
