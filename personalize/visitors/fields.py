"""Reads structured header fields (RFC 9651) under a length bound; what is malformed is as if it were not sent."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Any

import http_sf

LENGTH_MAX = 1024
"""Longest header value that is looked at, in characters."""

CACHED = 2048


class FieldError(ValueError):
    """A header value that is too long or not what RFC 9651 allows; `reason` is `oversized` or `malformed`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_list(value: str) -> tuple[str, ...]:
    """The tokens and strings of a list; inner lists, numbers and bytes are left out. Raises `FieldError`."""
    return _list(_bounded(value))


def read_dictionary(value: str) -> MappingProxyType[str, str | bool | int]:
    """The tokens, strings, integers and booleans of a dictionary by name. Raises `FieldError`."""
    return _dictionary(_bounded(value))


def read_tokens(value: str) -> MappingProxyType[str, str]:
    """The parameter `token` of each member of a dictionary that has one, by name. Raises `FieldError`."""
    return _tokens(_bounded(value))


def write_dictionary(values: dict[str, str]) -> str:
    """A dictionary of names to tokens; the caller's names are valid keys and tokens already."""
    return str(http_sf.ser({name: (http_sf.Token(value), {}) for name, value in values.items()}))


def _bounded(value: str) -> str:
    if len(value) > LENGTH_MAX:
        raise FieldError("oversized")
    return value


_TEXT = (str, http_sf.Token, http_sf.DisplayString)


# Storefronts send the same few values all day, and the parser is pure Python.
@lru_cache(CACHED)
def _list(value: str) -> tuple[str, ...]:
    return tuple(str(item) for item, _ in _parse(value, "list") if isinstance(item, _TEXT))


@lru_cache(CACHED)
def _dictionary(value: str) -> MappingProxyType[str, str | bool | int]:
    members = _parse(value, "dictionary").items()
    plain = {
        name: item if isinstance(item, bool | int) else str(item)
        for name, (item, _) in members
        if isinstance(item, (*_TEXT, bool, int))
    }
    return MappingProxyType(plain)


@lru_cache(CACHED)
def _tokens(value: str) -> MappingProxyType[str, str]:
    found = {}
    for name, (_, parameters) in _parse(value, "dictionary").items():
        token = parameters.get("token")
        if isinstance(token, _TEXT):
            found[name] = str(token)
    return MappingProxyType(found)


def _parse(value: str, kind: str) -> Any:
    try:
        return http_sf.parse(value.encode("ascii"), tltype=kind)
    except (ValueError, http_sf.StructuredFieldError):
        raise FieldError("malformed") from None
