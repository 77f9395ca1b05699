"""Denied names: attributes and facts that would tell of what nobody may be sorted by, in German and English.

The special categories of personal data (GDPR Art. 9(1)) and the inputs of emotion recognition (AI Act, Regulation
2024/1689, Art. 3(39) and 5(1)(f)): what bears such a name becomes neither a feature nor a property that tastes are
learned from. Names are all that is known here: a brand, a size or a postal code may stand for any of it (a proxy), and
no list of words finds that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

HEALTH, RELIGION, POLITICS, SEXUALITY = "health", "religion or belief", "political opinions", "sexual orientation"
ETHNICITY, UNION, BIOMETRY, EMOTION = "ethnic origin", "trade union", "biometric or genetic data", "emotion recognition"

STEMS: Mapping[str, str] = {
    **dict.fromkeys(
        ("health", "diagnos", "disease", "illness", "disabilit", "medical", "medication", "medicin", "symptom",
         "therap", "pregnan", "allerg", "diabet", "gesundheit", "krankheit", "erkrankung", "behinder", "medizin",
         "medikament", "arznei", "schwanger", "patient"), HEALTH),
    **dict.fromkeys(("religio", "konfession", "kosher", "koscher", "denomination", "weltanschau", "glaubens"),
                    RELIGION),
    **dict.fromkeys(("politic", "politisch", "ideolog", "parteizugehor", "parteimitglied"), POLITICS),
    **dict.fromkeys(("sexual", "sexuell", "sexlife", "sexleben", "homosex", "transgender"), SEXUALITY),
    **dict.fromkeys(("ethnic", "ethnisch", "ethnie", "hautfarbe", "skincolor", "skincolour", "migrationshinter"),
                    ETHNICITY),
    **dict.fromkeys(("tradeunion", "labourunion", "laborunion", "unionmember", "gewerkschaft"), UNION),
    **dict.fromkeys(("biometr", "genetic", "genetisch", "genome", "genom", "fingerprint", "fingerabdruck", "faceid",
                     "irisscan", "voiceprint"), BIOMETRY),
    **dict.fromkeys(("facialexpression", "gesichtsausdruck", "faceemotion", "emotion", "heartrate", "herzfrequenz",
                     "pulsschlag", "eyetracking", "blickverfolg", "gazepoint", "keystroke", "typingspeed",
                     "typingrhythm", "tippverhalten", "mousemovement", "mousespeed", "mausbeweg", "voicepitch",
                     "voicetone", "stimmlage", "skinconductance"), EMOTION),
}  # fmt: skip
"""Found anywhere in a name, its separators taken out."""

WORDS: Mapping[str, str] = {
    **dict.fromkeys(("hiv", "aids", "bmi", "krank", "blutgruppe"), HEALTH),
    **dict.fromkeys(("faith", "belief", "glaube", "halal", "church", "kirche"), RELIGION),
    **dict.fromkeys(("partei", "voting", "wahlverhalten"), POLITICS),
    **dict.fromkeys(("lgbt", "lgbtq", "gay", "lesbian", "schwul", "lesbisch"), SEXUALITY),
    **dict.fromkeys(("race", "rasse", "caste", "kaste", "ancestry", "abstammung", "ethnos"), ETHNICITY),
    **dict.fromkeys(("dna", "dns"), BIOMETRY),
    **dict.fromkeys(("gaze",), EMOTION),
}
"""Found as a word of a name: too short to be looked for inside others."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@lru_cache(maxsize=4_096)  # a shop has few names, and asks for each of them with every item
def denied(name: str) -> str | None:
    """The category a name tells of; None where it may be learned from. `skinColor`, `skin_color`, `Hautfarbe`: one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [word.lower() for word in _WORD.findall(plain)]
    joined = "".join(words)
    found = next((category for stem, category in STEMS.items() if stem in joined), None)
    return found or next((WORDS[word] for word in words if word in WORDS), None)
