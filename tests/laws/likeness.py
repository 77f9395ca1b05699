"""Compares a shop's own answer with the one through the gateway: JSON, status, end-to-end headers."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import httpx
import orjson

from personalize.gateway.edge.caching import asked_of
from personalize.shops import reader

LENGTH_AND_TAG = frozenset({"etag", "last-modified", "content-length"})
OURS = frozenset({"server-timing", "x-personalize-visitor", "x-personalize-experiment"})
EXPOSE = "access-control-expose-headers"
VARY = {name.lower() for name in asked_of(reader.load("vendure"))}
_TOKEN = re.compile(r"\b[0-9a-f]{64}\b|session(\.sig)?=[^;]{20,}|expires=[^;]*")

_RANDOM = re.compile(rb'"[A-Z0-9]{16}"|"20\d\d-\d\d-\d\dT[0-9:.]+Z"')


def differences(direct: httpx.Response, through: httpx.Response) -> list[str]:
    """What an answer through the gateway has otherwise than the shop's own; nothing, where the law holds.

    Left out, as documented: our own headers, tag and length of a body, `cache-control` where we made it private, our
    names in `vary`; and random tokens, which no two answers of a shop share.
    """
    found = []
    if direct.status_code != through.status_code:
        found.append(f"status {direct.status_code} became {through.status_code}")
    if body_of(direct) != body_of(through):
        found.append(f"body {direct.text[:1500]}\n  became {through.text[:1500]}")
    theirs, ours = headers_of(direct), headers_of(through)
    if ("cache-control", "private, no-store") in ours:
        theirs, ours = ([pair for pair in pairs if pair[0] != "cache-control"] for pairs in (theirs, ours))
    if theirs != ours:
        lost, won = Counter(theirs) - Counter(ours), Counter(ours) - Counter(theirs)
        found.append(f"headers {sorted(lost)} became {sorted(won)}, or {theirs} another order than {ours}")
    return found


def body_of(response: httpx.Response) -> Any:
    """The body as JSON, with random order codes and moments masked; else as bytes."""
    try:
        return orjson.loads(_RANDOM.sub(b'"(random)"', response.content))
    except orjson.JSONDecodeError:
        return response.content


def headers_of(response: httpx.Response) -> list[tuple[str, str]]:
    """The end-to-end headers that have to be the same, in order within a name."""
    pairs = []
    for name, value in response.headers.multi_items():
        if name in LENGTH_AND_TAG or name in OURS:
            continue
        if name == EXPOSE:  # ours are added for scripts of other origins
            value = ", ".join(part for part in value.split(", ") if part.lower() not in OURS)
        if name == "vary":
            value = ", ".join(part for part in value.split(", ") if part.lower() not in VARY)
            if not value:
                continue
        pairs.append((name, _TOKEN.sub("(random)", value)))
    return sorted(pairs, key=lambda pair: pair[0])
