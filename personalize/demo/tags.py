"""The tags of a draft: which line it belongs to, its weather, and its facet values."""

from __future__ import annotations

import random
from typing import Any

from personalize.demo.draft import Draft
from personalize.demo.source import read

HOME_LINES = ("lichthof", "salon-gruen", "werkstueck", "kleine-pause", "tagwerk")
FASHION_LINES = ("kuestenwind", "atelier-nord", "feldweg", "kleine-pause", "salon-gruen", "tagwerk")


def pick_line(home: bool, kind: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A line that fits: those sharing an occasion with the kind are three times as likely."""
    lines = [line for line in read("brand")["line"] if line["code"] in (HOME_LINES if home else FASHION_LINES)]
    weights = [3.0 if set(line["occasions"]) & set(kind["occasions"]) else 1.0 for line in lines]
    picked: dict[str, Any] = rng.choices(lines, weights)[0]
    return picked


def weather(draft: Draft) -> tuple[str, ...]:
    """The codes of the weather facet that hold for the draft."""
    found = []
    if draft.warmth is not None and draft.warmth >= 0.65:
        found.append("warming")
    if draft.warmth is not None and draft.warmth <= 0.25:
        found.append("airy")
    if draft.rain is not None and draft.rain >= 0.6:
        found.append("rainproof")
    return tuple(found)


def facet_codes(draft: Draft) -> list[tuple[str, str]]:
    """(facet code, value code) of every tag of the draft."""
    return [
        ("category", draft.category),
        ("line", draft.line),
        *(("colour", colour) for colour in draft.colours),
        ("material", draft.material),
        ("season", draft.season),
        *(("occasion", occasion) for occasion in draft.occasions),
        *(("weather", code) for code in weather(draft)),
    ]
