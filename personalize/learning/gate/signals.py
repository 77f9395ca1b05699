"""Which keys of the context make up which signal: they are measured, and switched, together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from personalize.features.schema import Schema

SIGNALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "weather": (
            "weather", "temperature", "rain", "rain_24h", "temperature_deviation", "wind", "daylight",
        ),
        "time": ("daypart", "weekday", "season", "holiday"),
        "place": ("country", "region", "city", "store", "in_store", "place"),
        "device": ("device", "save_data", "referrer"),
        "mood": ("mood",),
        "mode": ("mode", "occasion"),
        "behaviour": ("behaviour",),
    }
)  # fmt: skip
"""A key that stands in no row is a signal of its own."""

_OF = {key: signal for signal, keys in SIGNALS.items() for key in keys}


def grouped(keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The signals that some keys of the context belong to, in the order of `SIGNALS`, unknown keys after them."""
    found: dict[str, list[str]] = {signal: [] for signal in SIGNALS}
    for key in sorted(set(keys)):
        found.setdefault(_OF.get(key, key), []).append(key)
    return {signal: tuple(held) for signal, held in found.items() if held}


def present(schema: Schema) -> dict[str, tuple[str, ...]]:
    """The signals whose keys a schema has features of."""
    return grouped(schema.context)
