"""Caching: who may keep an answer, and which request headers it depends on (RFC 9111, RFC 9213)."""

from __future__ import annotations

from collections.abc import Iterable

from personalize.gateway.edge.upstream import Headers
from personalize.shops.map import ShopMap
from personalize.visitors import consent, context, experiments, identity

PRIVATE = ("cache-control", "private, no-store")
ASKED = (identity.HEADER, consent.HEADER, experiments.HEADER, context.HEADER, consent.OBJECTION)
"""The request headers that decide what is personalised, and for whom."""

_LIFETIMES = frozenset({"cache-control", "expires", "age", "pragma", "surrogate-control", "edge-control",
                        "x-accel-expires"})  # fmt: skip
_TARGETED = "cdn-cache-control"


def kept_by_nobody(headers: Headers) -> Headers:
    """The headers of an answer that no cache may keep, whatever the shop allows for its own.

    What speaks to one cache or a group of them counts more to these than `Cache-Control`, so it goes, too.
    """
    return [*(pair for pair in headers if pair[0] not in _LIFETIMES and not pair[0].endswith(_TARGETED)), PRIVATE]


def varied(headers: Headers, names: Iterable[str]) -> Headers:
    """The headers with `Vary` naming these request headers beside the shop's own; `*` stays."""
    told = [part.strip() for name, value in headers if name == "vary" for part in value.split(",") if part.strip()]
    if "*" in told:
        return headers
    known = {part.lower() for part in told}
    told += [name for name in names if name.lower() not in known]
    return [*(pair for pair in headers if pair[0] != "vary"), ("vary", ", ".join(told))]


def asked_of(shop: ShopMap) -> tuple[str, ...]:
    """The request headers that decide where a session of the shop may stand for a visitor."""
    header = (shop.session_header.title(),) if shop.session_header else ()
    return (*ASKED, *header, *(("Cookie",) if shop.session_cookies else ()))
