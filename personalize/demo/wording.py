"""Names, slugs and dates of the demo products, in English and German."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from personalize.demo.catalogue import Text
from personalize.demo.source import read

NEWEST_DAY = datetime(2026, 2, 1, tzinfo=UTC)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"})


def product_name(kind: dict[str, Any], material: str, style: str, colours: tuple[str, ...]) -> Text:
    """E.g. "Linen shirt Alma, sand" and "Leinenhemd Alma, sand"; no colour where colours are the variants."""
    cloth = read("materials")[material]
    english = kind["en"] if "whole" in kind else f"{cloth['en']} {kind['en']}"
    german = kind.get("whole") or f"{cloth['de']}{kind['de']}"
    tail = colour_names(colours)
    return Text(
        f"{english[0].upper()}{english[1:]} {style}" + (f", {tail.en}" if colours else ""),
        f"{german} {style}" + (f", {tail.de}" if colours else ""),
    )


def colour_names(colours: tuple[str, ...]) -> Text:
    """The names of `colours`, joined by commas."""
    table = read("colours")["colours"]
    return Text(", ".join(table[c]["en"] for c in colours), ", ".join(table[c]["de"] for c in colours))


def slug(name: str) -> str:
    """Lower-case letters, digits and hyphens, German letters written out."""
    plain = unicodedata.normalize("NFKD", name.translate(UMLAUTS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def slugs(name: Text, used: set[str]) -> Text:
    """Slugs for both languages that no other product has; remembers them in `used`."""
    found = []
    for words in name:
        base = slug(words)
        candidate, number = base, 1
        while candidate in used:
            number += 1
            candidate = f"{base}-{number}"
        found.append(candidate)
    used.update(found)
    return Text(found[0], found[1])


def date(age: int) -> str:
    """The fixed moment a product `age` days older than the newest came into the shop (RFC 3339, UTC)."""
    return (NEWEST_DAY - timedelta(days=age)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
