"""What no offer may depend on: columns named for country, device, age, health, or what equal treatment protects."""

from __future__ import annotations

import re

from personalize.domain.denied import denied as special

_SINGLE = {
    "country": "country countries land nation nationality citizenship citizen locale language lang sprache timezone tz "
    "currency waehrung ip geoip continent residence region state province city town zip zipcode postcode postal plz "
    "latitude longitude lat lon lng geo vat roaming",
    "device": "device devices geraet os platform browser useragent ua mobile smartphone tablet desktop iphone ipad ios "
    "android handset screen resolution viewport touchscreen user-agent operatingsystem",
    "age": "age ages alter agegroup ageband birth birthday birthdate birthyear dob geburtstag geburtsdatum generation "
    "senior seniors pensioner retired retirement student minor adult",
    "health": "health gesundheit medical medicine medication diagnosis disease illness disability disabled pregnant "
    "pregnancy bmi prescription patient drug drugs therapy symptom symptoms allergy allergies",
    "equal treatment": "gender sex geschlecht ethnicity ethnic race religion religious belief sexuality "
    "political union",
}  # fmt: skip
_JOINED = {
    "country": "ip address|postal code|zip code|time zone|geo location",
    "device": "user agent|operating system|screen size|screen width|screen height|device type",
    "age": "date of birth|year of birth|birth year|birth date|years old",
    "health": "body mass|body weight",
    "equal treatment": "sexual orientation",
}
_WORDS = {word: kind for kind, words in _SINGLE.items() for word in words.split()}
_PAIRS = [(pair, kind) for kind, pairs in _JOINED.items() for pair in pairs.split("|") if pair]


def denied(name: str) -> str | None:
    """The kind that a column's name tells of (country, device, age, health, equal treatment), or None.

    What may not be learned from at all (`domain/denied.py`) may not decide on an offer either.

    Names are read word by word (`customerAge`, `age_group`, `AGE2`), so that `page` and `average` pass.
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]
    for word in words:
        if word in _WORDS:
            return _WORDS[word]
    joined = f" {' '.join(words)} "
    return next((kind for pair, kind in _PAIRS if f" {pair} " in joined), None) or special(name)
