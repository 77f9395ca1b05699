"""What the storefront says of the situation: `X-Personalize-Context: mood=calm, store=berlin, in_store=?1`."""

from __future__ import annotations

from personalize.telemetry import Count
from personalize.visitors.fields import FieldError, read_dictionary

HEADER = "X-Personalize-Context"
TEXTS = ("mood", "occasion", "store")
FLAGS = ("in_store",)
TEXT_MAX = 64

RENDER, STATIC, PREFETCH = "render", "static", "prefetch"


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


def read_context(header: str | None, count: Count) -> dict[str, object]:
    """The known keys of the header: texts of up to `TEXT_MAX` characters, and `in_store` as a boolean.

    `render` is no fact of the situation and is left out (`read_render`). Keys we do not know, values of the wrong kind
    and malformed or oversized headers are ignored and counted.
    """
    if not header:
        return {}
    try:
        members = read_dictionary(header)
    except FieldError as error:
        count("context_header", error.reason)
        return {}
    context: dict[str, object] = {}
    for name, value in members.items():
        if name == RENDER:
            if value not in (STATIC, PREFETCH):
                count("context_header", "bad_value")
            continue
        text = name in TEXTS and isinstance(value, str) and 0 < len(value) <= TEXT_MAX
        if text or (name in FLAGS and isinstance(value, bool)):
            context[name] = value
        else:
            count("context_header", "bad_value" if name in TEXTS + FLAGS else "unknown_key")
    return context
