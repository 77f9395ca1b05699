"""Wording: the facts of a visit and their sources, and why a correction was not kept, for people (en, de)."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]

NAMES: Mapping[str, Words] = {
    "en": {
        "daypart": "Time of day", "weekday": "Weekday", "season": "Season", "holiday": "Holiday",
        "country": "Country", "region": "Region", "city": "City", "store": "Store", "in_store": "In the store",
        "device": "Device", "save_data": "Saving data", "referrer": "Came by",
        "mood": "Mood", "mode": "Shopping", "occasion": "Occasion", "behaviour": "Going about it",
        "weather": "Weather", "temperature": "Feels like", "rain_24h": "Rain or snow in the next 24 hours",
        "temperature_deviation": "Compared with the season", "wind": "Wind", "daylight": "Daylight",
    },
    "de": {
        "daypart": "Tageszeit", "weekday": "Wochentag", "season": "Jahreszeit", "holiday": "Feiertag",
        "country": "Land", "region": "Region", "city": "Ort", "store": "Filiale", "in_store": "In der Filiale",
        "device": "Gerät", "save_data": "Daten sparen", "referrer": "Gekommen über",
        "mood": "Stimmung", "mode": "Einkauf", "occasion": "Anlass", "behaviour": "Vorgehen",
        "weather": "Wetter", "temperature": "Gefühlte Temperatur",
        "rain_24h": "Regen oder Schnee in den nächsten 24 Stunden",
        "temperature_deviation": "Gegenüber der Jahreszeit", "wind": "Wind", "daylight": "Tageslicht",
    },
}  # fmt: skip

VALUES: Mapping[str, Mapping[str, Words]] = {
    "en": {
        "holiday": {"today": "today", "tomorrow": "tomorrow", "soon": "in a few days"},
        "referrer": {"search": "a search engine", "social": "a social network", "email": "an e-mail",
                     "ads": "an advertisement", "site": "another site", "direct": "the address itself"},
        "mode": {"mission": "with a clear aim", "browse": "looking around", "inspire": "open to ideas",
                 "gift": "for somebody else", "bargain": "looking for a good price"},
        "behaviour": {"directed": "straight to it", "searching": "comparing", "browsing": "looking around",
                      "learning": "reading up"},
        "weather": {"clear": "clear sky"},
    },
    "de": {
        "daypart": {"night": "Nacht", "morning": "Vormittag", "afternoon": "Nachmittag", "evening": "Abend"},
        "weekday": {"monday": "Montag", "tuesday": "Dienstag", "wednesday": "Mittwoch", "thursday": "Donnerstag",
                    "friday": "Freitag", "saturday": "Samstag", "sunday": "Sonntag"},
        "season": {"spring": "Frühling", "summer": "Sommer", "autumn": "Herbst", "winter": "Winter"},
        "holiday": {"today": "heute", "tomorrow": "morgen", "soon": "in den nächsten Tagen"},
        "device": {"phone": "Telefon", "tablet": "Tablet", "desktop": "Computer"},
        "referrer": {"search": "eine Suchmaschine", "social": "ein soziales Netzwerk", "email": "eine E-Mail",
                     "ads": "eine Anzeige", "site": "eine andere Seite", "direct": "die Adresse selbst"},
        "mood": {"excited": "aufgeregt", "happy": "froh", "calm": "ruhig", "stressed": "gestresst",
                 "sad": "traurig", "tired": "müde"},
        "mode": {"mission": "mit klarem Ziel", "browse": "zum Stöbern", "inspire": "offen für Ideen",
                 "gift": "für jemand anderen", "bargain": "auf der Suche nach einem guten Preis"},
        "behaviour": {"directed": "geradewegs", "searching": "vergleichend", "browsing": "stöbernd",
                      "learning": "sich einlesend"},
        "weather": {"clear": "klar", "cloudy": "bewölkt", "fog": "Nebel", "rain": "Regen", "snow": "Schnee",
                    "storm": "Gewitter"},
    },
}  # fmt: skip
"""Values whose own word would not do; the others are told as they are."""

UNITS: Words = {"temperature": "°C", "temperature_deviation": "°C", "rain_24h": "mm", "wind": "km/h"}
SIGNED = frozenset({"temperature_deviation"})
YES_NO: Mapping[str, tuple[str, str]] = {"en": ("no", "yes"), "de": ("nein", "ja")}

REFUSALS: Mapping[str, Words] = {
    "en": {
        "CONSENT": "You did not agree that anything is remembered, so this was not kept.",
        "NO_VISITOR": "We do not know who you are, so there is nothing to keep this with.",
        "NOT_VOUCHED": "This needs proof that it is you: a signed visitor id or the shop's session.",
        "INVALID": "This is nothing that can be said here.",
    },
    "de": {
        "CONSENT": "Sie haben nicht zugestimmt, dass etwas gemerkt wird; deshalb wurde das nicht behalten.",
        "NO_VISITOR": "Wir wissen nicht, wer Sie sind; deshalb lässt sich das niemandem zuordnen.",
        "NOT_VOUCHED": "Dafür braucht es einen Nachweis, dass Sie es sind: eine signierte Kennung oder die Sitzung.",
        "INVALID": "Das lässt sich hier nicht angeben.",
    },
}
BUSY: Words = {"en": "That did not work just now; please try again.",
               "de": "Das ging gerade nicht; bitte versuchen Sie es noch einmal."}  # fmt: skip


SOURCES: Mapping[str, str] = {
    **dict.fromkeys(("daypart", "season", "holiday"), "clock"),
    "location": "place",
    "device": "request",
    "behaviour": "session",
}
"""Where our own signals have their facts from."""

UNKNOWN = "gateway"


def label(name: str, value: object, language: str) -> str:
    """A fact in words: `Weather: rain`, `Gefühlte Temperatur: 6,5 °C`; what has no words is told as it is."""
    language = language if language in NAMES else "en"
    return f"{NAMES[language].get(name, name)}: {_value(name, value, language)}"


def refusal(code: str, language: str) -> str:
    """Why a correction was not kept, in words."""
    language = language if language in REFUSALS else "en"
    return REFUSALS[language].get(code, BUSY[language])


def _value(name: str, value: object, language: str) -> str:
    if isinstance(value, bool):
        return YES_NO[language][value]
    if isinstance(value, int | float):
        number = f"{value:+.1f}" if name in SIGNED else f"{value:.1f}"
        number = number.removesuffix(".0")
        unit = UNITS.get(name)
        return (number.replace(".", ",") if language == "de" else number) + (f" {unit}" if unit else "")
    text = str(value)
    return VALUES[language].get(name, {}).get(text, text)
