"""Caching: who may keep an answer, and which request headers it depends on (RFC 9111, RFC 9213)."""

from __future__ import annotations

from functools import lru_cache

from personalize.gateway.edge.upstream import Headers
from personalize.shops.map import ShopMap
from personalize.visitors import account, consent, context, experiments, identity

PRIVATE = ("cache-control", "private, no-store")
ASKED = (identity.HEADER, consent.HEADER, experiments.HEADER, context.HEADER, account.HEADER,
         consent.OBJECTION)  # fmt: skip
"""The request headers that decide what is personalised, and for whom.

Those that tell of place and device are none of them: they change an order, and an answer with a list that we may order
is kept by nobody; whether we may, and every other answer, does not depend on them.
"""

_LIFETIMES = frozenset({"cache-control", "expires", "age", "pragma", "surrogate-control", "edge-control",
                        "x-accel-expires"})  # fmt: skip
_TARGETED = "cdn-cache-control"


def kept_by_nobody(headers: Headers) -> Headers:
    """The headers of an answer that no cache may keep, whatever the shop allows for its own.

    What speaks to one cache or a group of them counts more to these than `Cache-Control`, so it goes, too.
    """
    return [*[pair for pair in headers if pair[0] not in _LIFETIMES and not pair[0].endswith(_TARGETED)], PRIVATE]


def varied(headers: Headers, names: tuple[str, ...]) -> Headers:
    """The headers with `Vary` naming these request headers beside the shop's own; `*` stays."""
    told = ", ".join([value for name, value in headers if name == "vary"])
    return [*[pair for pair in headers if pair[0] != "vary"], ("vary", _joined(told, names))]


@lru_cache(1_024)  # shops say the same few all day
def _joined(told: str, names: tuple[str, ...]) -> str:
    parts = [part.strip() for part in told.split(",") if part.strip()]
    if "*" in parts:
        return "*"
    known = {part.lower() for part in parts}
    return ", ".join([*parts, *(name for name in names if name.lower() not in known)])


def asked_of(shop: ShopMap) -> tuple[str, ...]:
    """The request headers that decide where a session of the shop may stand for a visitor."""
    header = (shop.session_header.title(),) if shop.session_header else ()
    return (*ASKED, *header, *(("Cookie",) if shop.session_cookies else ()))
