"""The stores that an operator names in the settings, and where they are: `[stores] berlin = "52.5,13.4"`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from personalize.domain.places.shop_store import ShopStore
from personalize.domain.situation import read_place
from personalize.errors import SettingsError

STORES_MAX = 1_000
# A name travels in a request header as a token (RFC 9651).
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)


def parse_stores(raw: object) -> dict[str, ShopStore]:
    """The stores by name; raises `SettingsError` that names the store and what was expected."""
    if not isinstance(raw, Mapping) or len(raw) > STORES_MAX:
        raise SettingsError(f"stores has to be a table of at most {STORES_MAX} names and coordinates")
    found = {}
    for name, text in raw.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise SettingsError(
                f"stores holds {name!r}: a name is lower-case letters, digits, '_', '-', '.' and begins with a letter"
            )
        if not isinstance(text, str) or read_place(text) is None:
            raise SettingsError(f'stores.{name} is {text!r}, expected latitude and longitude like "52.5,13.4"')
        north, _, east = text.partition(",")
        words = re.sub(r"[_.-]+", " ", name).strip()
        found[name] = ShopStore(name, words.title(), float(north), float(east))
    return found
