"""Raw JSON: objects and lists taken apart one level deep, and put together again, with every value left as bytes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Json = bytes | msgspec.Raw
Raws = dict[str, msgspec.Raw]

_OBJECT = msgspec.json.Decoder(Raws)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def fields(raw: Json) -> Raws:
    """The fields of a JSON object. Raises msgspec.DecodeError where it is none."""
    return _OBJECT.decode(raw)


def elements(raw: Json) -> list[msgspec.Raw]:
    """The elements of a JSON list. Raises msgspec.DecodeError where it is none."""
    return _LIST.decode(raw)


def is_object(raw: Json | None) -> bool:
    """Whether this is a JSON object (and not null, for one)."""
    return raw is not None and bytes(memoryview(raw)[:1]) == b"{"


def is_list(raw: Json | None) -> bool:
    """Whether this is a JSON list."""
    return raw is not None and bytes(memoryview(raw)[:1]) == b"["


def joined(node: Mapping[str, Json]) -> bytes:
    """A JSON object of raw values. Keys are GraphQL names, which need no escaping."""
    return b"{" + b",".join([b'"%s":%s' % (key.encode(), memoryview(raw)) for key, raw in node.items()]) + b"}"
