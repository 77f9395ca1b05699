"""Reasons in words: each code a decision may name, as a sentence that a shopper understands (en, de)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from personalize.domain.patch import Reason

RECENTLY_VIEWED = "recently_viewed"
SEEN_BEFORE = "seen_before"
AFFINITY = "affinity"  # parameters: name and value of the property
PRICE_FITS = "price_fits"
POPULAR = "popular"
BOUGHT_BEFORE = "bought_before"
BOUGHT_RECENTLY = "bought_recently"
NOT_INTERESTED = "not_interested"
ORDERED_FOR_YOU = "ordered_for_you"
OFTEN_CHOSEN = "often_chosen"
MADE_ROOM = "made_room"
VARIETY = "variety"
TRIED_OUT = "tried_out"  # a small move that chance drew

TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            RECENTLY_VIEWED: "You looked at this recently",
            SEEN_BEFORE: "You looked at this before",
            AFFINITY: "You often choose {value}",
            PRICE_FITS: "Near the price of what you looked at",
            POPULAR: "Popular with other shoppers",
            BOUGHT_BEFORE: "You buy this from time to time",
            BOUGHT_RECENTLY: "You bought this not long ago",
            NOT_INTERESTED: "You said this is not for you",
            OFTEN_CHOSEN: "Often chosen by other shoppers",
            ORDERED_FOR_YOU: "Fits what you looked at",
            MADE_ROOM: "Made room for what may fit you better",
            VARIETY: "Stands here for variety",
            TRIED_OUT: "We are trying out another place for this",
        },
        "de": {
            RECENTLY_VIEWED: "Sie haben sich das kürzlich angesehen",
            SEEN_BEFORE: "Sie haben sich das schon einmal angesehen",
            AFFINITY: "Sie wählen oft {value}",
            PRICE_FITS: "Preislich nah an dem, was Sie angesehen haben",
            POPULAR: "Bei anderen beliebt",
            BOUGHT_BEFORE: "Das kaufen Sie von Zeit zu Zeit",
            BOUGHT_RECENTLY: "Das haben Sie vor Kurzem gekauft",
            NOT_INTERESTED: "Sie haben gesagt, dass es nichts für Sie ist",
            OFTEN_CHOSEN: "Wird von anderen oft gewählt",
            ORDERED_FOR_YOU: "Passt zu dem, was Sie sich angesehen haben",
            MADE_ROOM: "Macht Platz für das, was besser passen könnte",
            VARIETY: "Steht hier der Abwechslung wegen",
            TRIED_OUT: "Wir probieren dafür einen anderen Platz aus",
        },
    }
)


def words(reason: Reason, language: str = "en") -> str:
    """The sentence of a reason; English where the language is not known, the code itself where the code is not.

    `language` may bear a region ("de-AT"). Parameters that a sentence does not name are left out.
    """
    texts = TEXTS.get(language.replace("_", "-").split("-")[0].lower(), TEXTS["en"])
    text = texts.get(reason.code, TEXTS["en"].get(reason.code, reason.code))
    for name, value in reason.parameters.items():
        text = text.replace("{" + name + "}", value)
    return text
