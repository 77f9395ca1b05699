"""Affinity: what an item is for (rain, heat, a gift), read off the shop's own tags or declared in its map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from personalize.domain.tokens import MAX_WORD

WEATHER_WORDS = ("rain", "snow", "cold", "heat", "sun", "wind")
CLOCK_WORDS = ("morning", "afternoon", "evening", "night", "spring", "summer", "autumn", "winter")
"""Matter only where a map declares them: a tag "Evening" means a dress, not an hour, and "Winter" is a collection."""
MOOD_WORDS = ("calm", "lively")
OCCASIONS = ("gift", "travel", "work", "party", "outdoors", "home", "everyday", "guests", "sport")
WORDS = (*WEATHER_WORDS, *CLOCK_WORDS, *MOOD_WORDS, "reduced", *OCCASIONS)
"""What an item may be for. `cold` and `heat` are the weather it is made for, so a tag "keeps warm" says `cold`."""
COLUMN: Mapping[str, int] = {word: column for column, word in enumerate(WORDS)}

NOTHING = "none"
"""What a map says of a value that only sounds like one of the words."""

MAX_KNOWN = 50_000  # properties whose words are remembered

_SAID: Mapping[str, str] = {
    "rain": r"rain(?!bow)\w*|waterproof|showerproof|umbrellas?|wellingtons?"
            r"|regen(?!er|bogen|sburg)\w*|wasserdicht\w*",
    "snow": r"snow ?(?:proof|boots?|wear|suits?)|in snow"
            r"|bei schnee|schnee(?:fest|stiefel|anzug|anzüge|schuhe?)|wintersport\w*",
    "cold": r"warm(?! (?:weather|days))|warming|warms|insulated|thermal|winter\w*|cold (?:weather|days)"
            r"|wärmend\w*|wärmt|gefüttert\w*|kalte[sn]? (?:wetter|tagen?)",
    "heat": r"airy|summer\w*|cooling|(?:warm|hot) (?:weather|days)"
            r"|luftig\w*|sommer\w*|kühlend\w*|(?:warme|heisse)[sn]? (?:wetter|tagen?)",
    "sun": r"sunny|sun (?:protection|hats?)|sunglasses|sunscreen|swimwear|beachwear"
           r"|sonnen(?:schutz|brillen?|hüte?|hut|creme)|bademode|strandmode",
    "wind": r"windproof|windbreakers?|winddicht\w*|windabweisend\w*",
    "calm": r"at home|cosy|cozy|relax\w*|loungewear|zuhause|zu hause|gemütlich\w*|entspann\w*|wellness",
    "lively": r"party|festive|celebrat\w*|festlich\w*|feier(?!abend)\w*|tanz\w*",
    "reduced": r"sale|reduced|discount\w*|special offers?|reduziert\w*|sonderangebote?|angebote?",
    "gift": r"gifts?|presents?|geschenk\w*",
    "travel": r"travel\w*|reise\w*|urlaub\w*|vacation",
    "work": r"office|work|business|büro\w*|arbeit\w*|beruf\w*",
    "party": r"party|festive|evening|abend|abendmode|festlich\w*|wedding|hochzeit\w*",
    "outdoors": r"outdoors?|draussen|wander\w*|hiking|camping",
    "home": r"at home|zuhause|zu hause",
    "everyday": r"everyday|alltag\w*",
    "guests": r"guests?|gäste\w*",
    "sport": r"sports?|sportlich\w*|fitness|running",
}  # fmt: skip
_PATTERNS = tuple((COLUMN[word], re.compile(rf"\b(?:{said})\b")) for word, said in _SAID.items())


@dataclass(frozen=True, slots=True)
class Affinity:
    """One declaration of a shop's map: items whose `attribute` has one of `values` are for `to` (`WORDS` or `NOTHING`).

    Values are ids or names. Without values the attribute is a number, 0 to 1: how much an item is for it.
    """

    to: str
    attribute: str
    values: tuple[str, ...] = ()


@lru_cache(maxsize=4_096)
def said(text: str) -> tuple[int, ...]:
    """The columns of `WORDS` that a tag's name or an occasion speaks of (en, de); () of most."""
    folded = text[:MAX_WORD].casefold()
    return tuple(column for column, pattern in _PATTERNS if pattern.search(folded))


class Affinities:
    """What the properties of items are for: by the map's declarations, else by their names in words."""

    def __init__(self, declared: tuple[Affinity, ...] = ()) -> None:
        self.version = 0
        self.numbers = tuple((one.attribute, COLUMN[one.to]) for one in declared if not one.values and one.to in COLUMN)
        self._declared: dict[tuple[str, str], tuple[int, ...]] = {}
        for one in declared:
            for value in one.values:
                key = one.attribute, value.casefold()
                held = self._declared.get(key, ())
                self._declared[key] = (*held, COLUMN[one.to]) if one.to in COLUMN else held
        used = {one.to for one in declared}
        self.silent = tuple(COLUMN[word] for word in CLOCK_WORDS if word not in used)
        """Columns that no item will ever have: what the clock says matters only where the map speaks of it."""
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}
        self._known: dict[tuple[str, str], tuple[int, ...]] = {}

    def learn(self, names: Mapping[tuple[str, str, str], str]) -> bool:
        """Take the names of ids, by (language, attribute, id); whether anything is new in them."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for (_, attribute, identity), name in names.items():
            found[attribute, identity] = (*found.get((attribute, identity), ()), name)
        if found == self._names:
            return False
        self._names, self._known = found, {}
        self.version += 1
        return True

    def of(self, attribute: str, value: str) -> tuple[int, ...]:
        """The columns of `WORDS` that the property `attribute = value` is for."""
        key = attribute, value
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            found = self._known[key] = self._read(key)
        return found

    def degrees(self, attributes: Mapping[str, object]) -> list[tuple[int, float]]:
        """(column, how much: 0 to 1) of the numbers that the map declares."""
        found = []
        for attribute, column in self.numbers:
            value = attributes.get(attribute)
            if isinstance(value, (int, float)) and value == value:
                found.append((column, min(max(float(value), 0.0), 1.0)))
        return found

    def _read(self, key: tuple[str, str]) -> tuple[int, ...]:
        attribute, value = key
        names = self._names.get(key, ())
        declared = [
            self._declared[one] for text in (value, *names) if (one := (attribute, text.casefold())) in self._declared
        ]
        if declared:
            return tuple(dict.fromkeys(column for columns in declared for column in columns))
        return tuple(dict.fromkeys(column for text in (value, *names) for column in said(text)))
