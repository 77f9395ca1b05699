"""Names, slugs, descriptions and dates of the demo products, in English and German."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from personalize.demo.catalogue import Text
from personalize.demo.source import read

if TYPE_CHECKING:
    from personalize.demo.draft import Draft

NEWEST_DAY = datetime(2026, 2, 1, tzinfo=UTC)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"})
WEATHER = {
    "warming": Text("Keeps you warm on cold days.", "Hält an kalten Tagen warm."),
    "airy": Text("Light and airy on warm days.", "Leicht und luftig an warmen Tagen."),
    "rainproof": Text("Good company in the rain.", "Ein guter Begleiter bei Regen."),
}
COLOUR_OPTION = Text("Colour", "Farbe")
SIZE_OPTION = Text("Size", "Größe")


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


def care(draft: Draft) -> Text:
    """How to care for the draft's material."""
    row = read("brand")["care"][read("materials")[draft.material]["care"]]
    return Text(row["en"], row["de"])


def option_name(draft: Draft) -> Text | None:
    """What the variants of the draft differ in."""
    return {"colours": COLOUR_OPTION, "single": None}.get(draft.vary, SIZE_OPTION)


def description(draft: Draft) -> Text:
    """Three or four plain sentences: what it is made of, what it is good for, its line, its care."""
    cloth = read("materials")[draft.material]
    line = next(row["name"] for row in read("brand")["line"] if row["code"] == draft.line)
    occasions = [row for row in read("brand")["occasion"] if row["code"] in draft.occasions]
    colours, washing = colour_names(draft.colours), care(draft)
    weather = [WEATHER["warming"]] if (draft.warmth or 0) >= 0.65 else []
    if draft.warmth is not None and draft.warmth <= 0.25:
        weather.append(WEATHER["airy"])
    if (draft.rain or 0) >= 0.6:
        weather.append(WEATHER["rainproof"])
    english = [
        f"Made of {cloth['en'].lower()} in {colours.en}, from the line {line}.",
        *(words.en for words in weather),
        f"For: {', '.join(row['en'].lower() for row in occasions)}.",
        f"{washing.en}.",
    ]
    german = [
        f"Aus {cloth.get('facet_de', cloth['de'])}, Farbe {colours.de}, aus der Linie {line}.",
        *(words.de for words in weather),
        f"Für: {', '.join(row['de'] for row in occasions)}.",
        f"{washing.de}.",
    ]
    return Text(" ".join(english), " ".join(german))


def date(age: int) -> str:
    """The fixed moment a product `age` days older than the newest came into the shop (RFC 3339, UTC)."""
    return (NEWEST_DAY - timedelta(days=age)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
