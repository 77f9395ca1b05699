"""Descriptions, care and options of the demo products, in English and German."""

from __future__ import annotations

from personalize.demo import wording
from personalize.demo.catalogue import Text
from personalize.demo.draft import Draft
from personalize.demo.source import read

WEATHER = {
    "warming": Text("Keeps you warm on cold days.", "Hält an kalten Tagen warm."),
    "airy": Text("Light and airy on warm days.", "Leicht und luftig an warmen Tagen."),
    "rainproof": Text("Good company in the rain.", "Ein guter Begleiter bei Regen."),
}
COLOUR_OPTION = Text("Colour", "Farbe")
SIZE_OPTION = Text("Size", "Größe")


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
    colours, washing = wording.colour_names(draft.colours), care(draft)
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
