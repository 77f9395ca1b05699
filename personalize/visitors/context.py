"""What the storefront says of the situation: `X-Personalize-Context: mood=calm, mode=gift, in_store=?1`."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

from personalize.domain.situation import MOODS, REFERRERS, SHOPPING
from personalize.telemetry import Count
from personalize.visitors.fields import LENGTH_MAX, FieldError, read_dictionary

HEADER = "X-Personalize-Context"
WORDS = {"mood": frozenset(MOODS), "mode": frozenset(SHOPPING), "referrer": frozenset(REFERRERS)}
"""Keys that take one of a few words, and nothing else."""

TEXTS = ("occasion", "store")
FLAGS = ("in_store",)
TEXT_MAX = 64

RENDER, STATIC, PREFETCH = "render", "static", "prefetch"
KEYS = frozenset({*WORDS, *TEXTS, *FLAGS, RENDER})
CACHED = 4096


def read_render(header: str | None) -> str | None:
    """What the answer is rendered into, where the header says so: `static` (a page for everybody, made ahead) or
    `prefetch` (this visitor's, fetched ahead); None is a page that is looked at now.
    """
    if not header or RENDER not in header:
        return None
    try:
        said = read_dictionary(header).get(RENDER)
    except FieldError:
        return None
    return said if isinstance(said, str) and said in (STATIC, PREFETCH) else None


def read_context(header: str | None, count: Count) -> MappingProxyType[str, object]:
    """The known keys of the header: words of `WORDS`, texts of up to `TEXT_MAX` printable characters, `in_store`
    as a boolean.

    It is what somebody said and nothing is derived from it. `render` is no fact of the situation and is left out
    (`read_render`). Keys and words we do not know, values of the wrong kind and malformed or oversized headers are
    ignored and counted.
    """
    if not header:
        return NOTHING
    if len(header) > LENGTH_MAX:
        count("context_header", "oversized")
        return NOTHING
    context, faults = _read(header)
    for fault in faults:
        count("context_header", fault)
    return context


NOTHING: MappingProxyType[str, object] = MappingProxyType({})


# Storefronts send the same few headers all day.
@lru_cache(CACHED)
def _read(header: str) -> tuple[MappingProxyType[str, object], tuple[str, ...]]:
    try:
        members = read_dictionary(header)
    except FieldError as error:
        return NOTHING, (error.reason,)
    context: dict[str, object] = {}
    faults = []
    for name, value in members.items():
        fault = _fault(name, value)
        if fault is not None:
            faults.append(fault)
        elif name != RENDER:
            context[name] = value
    return MappingProxyType(context), tuple(faults)


def _fault(name: str, value: str | bool | int) -> str | None:
    """Why a member is ignored, None where it is not."""
    if name in WORDS:
        return "bad_value" if not isinstance(value, str) else None if value in WORDS[name] else "unknown_word"
    if name in TEXTS:
        return None if isinstance(value, str) and 0 < len(value) <= TEXT_MAX and value.isprintable() else "bad_value"
    if name in FLAGS:
        return None if isinstance(value, bool) else "bad_value"
    if name == RENDER:
        return None if value in (STATIC, PREFETCH) else "bad_value"
    return "unknown_key"
