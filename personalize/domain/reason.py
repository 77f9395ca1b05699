"""Reasons in words: each code a decision may name, as a sentence that a shopper understands (en, de)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from personalize.domain.patch import Reason

RECENTLY_VIEWED = "recently_viewed"
SEEN_BEFORE = "seen_before"
AFFINITY = "affinity"  # parameters: name and value of the property
PRICE_FITS = "price_fits"
POPULAR = "popular"
BOUGHT_BEFORE = "bought_before"
BOUGHT_ONCE = "bought_once"
BOUGHT_TOGETHER = "bought_together"
BOUGHT_NEXT = "bought_next"
SEEN_TOGETHER = "seen_together"
BESIDE_SEEN = "beside_seen"
GOES_WITH = "goes_with"
GOES_WITH_CART = "goes_with_cart"
MATCHES = "matches"
SUITS_NOW = "suits_now"
FAR_UP = "far_up"
LOW_PRICE = "low_price"
PRICE = "price"
WEIGHED = "weighed"  # many facts, none that stands out and can be told
BOUGHT_RECENTLY = "bought_recently"
NOT_INTERESTED = "not_interested"
ORDERED_FOR_YOU = "ordered_for_you"
OFTEN_CHOSEN = "often_chosen"
MADE_ROOM = "made_room"
MOVED_UP = "moved_up"  # others gave way
SHOP_ORDER = "shop_order"  # it stands where the shop has it
VARIETY = "variety"
TRIED_OUT = "tried_out"  # a small move that chance drew
# What the shop's people arranged by hand.
PICKED = "picked"
FAVOURED = "favoured"
SET_BACK = "set_back"
ARRANGED = "arranged"
# Of the situation. Parameters, where they are known: city (a name), daypart (a word of the context).
RAIN = "rain"
RAIN_SOON = "rain_soon"
SNOW = "snow"
HOT = "hot"
WARM = "warm"
COOL = "cool"
COLD = "cold"
SUN = "sun"
WIND = "wind"
MOMENT = "moment"
SEASON = "season"
GIFT = "gift"
OCCASION = "occasion"
CALM = "calm"
LIVELY = "lively"
REDUCED = "reduced"
LESS_COSTLY = "less_costly"
FOCUS = "focus"
MISFIT = "misfit"
OTHERS_FIT_LESS = "others_fit_less"
OFFERED = "offered"  # a price; the offer's name is for the operator
# Of channels. Parameter: store (a name).
IN_THE_STORE = "in_the_store"
SOONEST = "soonest"
STAY_DRY = "stay_dry"
STORE_HAS_IT = "store_has_it"
NOT_IN_STORE = "not_in_store"
USUAL_WAY = "usual_way"

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
            BOUGHT_ONCE: "You bought this before",
            BOUGHT_TOGETHER: "Bought by others who bought what you bought",
            BOUGHT_NEXT: "Others bought this after what you bought",
            SEEN_TOGETHER: "Others looked at this and at what you looked at",
            BESIDE_SEEN: "Stands in the shop next to what you looked at",
            GOES_WITH: "Others bought this together with what you looked at",
            GOES_WITH_CART: "Goes with what you put into your cart",
            MATCHES: "Matches what you searched for",
            SUITS_NOW: "Items like this are chosen more often in this situation",
            FAR_UP: "Far up in the shop's own order, too",
            LOW_PRICE: "Costs less than most of this list",
            PRICE: "Its price, compared with this list",
            WEIGHED: "Many facts taken together put it here",
            MADE_ROOM: "Made room for what may fit you better",
            MOVED_UP: "Moved up as others made room",
            SHOP_ORDER: "At its place in the shop's own order",
            VARIETY: "Stands here for variety",
            TRIED_OUT: "We are trying out another place for this",
            PICKED: "Picked by the shop",
            FAVOURED: "Favoured by the shop",
            SET_BACK: "The shop shows other items first",
            ARRANGED: "Arranged by the shop",
            RAIN: "Because rain is expected{ city}{ daypart}",
            RAIN_SOON: "Because rain is expected{ city} within 24 hours",
            SNOW: "Because snow is expected{ city}{ daypart}",
            HOT: "Because it is hot{ city}{ daypart}",
            WARM: "Because it is warm{ city}{ daypart}",
            COOL: "Because it is cool{ city}{ daypart}",
            COLD: "Because it is cold{ city}{ daypart}",
            SUN: "Because the sun is shining{ city}{ daypart}",
            WIND: "Because it is windy{ city}{ daypart}",
            MOMENT: "Something for{ daypart}",
            SEASON: "Fits the season",
            GIFT: "Because you are looking for a gift",
            OCCASION: "Fits the occasion you told us",
            CALM: "Something calm, as you told us your mood",
            LIVELY: "Something lively, as you told us your mood",
            REDUCED: "Reduced, as you are looking for a bargain",
            LESS_COSTLY: "Costs less than similar items in this list",
            FOCUS: "Similar to what stands first in this list",
            MISFIT: "Fits the situation less",
            OTHERS_FIT_LESS: "Others fit the situation less",
            OFFERED: "An offer of the shop for you",
            IN_THE_STORE: "Because you are in the store",
            SOONEST: "The quickest way, as you know what you need",
            STAY_DRY: "Because of the weather: it comes to you",
            STORE_HAS_IT: "In stock in {store}",
            NOT_IN_STORE: "The store may not have it now",
            USUAL_WAY: "The shop's usual way",
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
            BOUGHT_ONCE: "Das haben Sie schon einmal gekauft",
            BOUGHT_TOGETHER: "Haben andere gekauft, die dasselbe gekauft haben wie Sie",
            BOUGHT_NEXT: "Haben andere nach dem gekauft, was Sie gekauft haben",
            SEEN_TOGETHER: "Haben andere angesehen, die dasselbe angesehen haben wie Sie",
            BESIDE_SEEN: "Steht im Shop neben dem, was Sie sich angesehen haben",
            GOES_WITH: "Haben andere zusammen mit dem gekauft, was Sie sich angesehen haben",
            GOES_WITH_CART: "Passt zu dem, was Sie in den Warenkorb gelegt haben",
            MATCHES: "Passt zu Ihrer Suche",
            SUITS_NOW: "Ähnliches wird in dieser Situation öfter gewählt",
            FAR_UP: "Steht auch im Shop weit oben",
            LOW_PRICE: "Kostet weniger als das meiste in dieser Liste",
            PRICE: "Der Preis im Vergleich mit dieser Liste",
            WEIGHED: "Viele Angaben zusammen haben es hierher gestellt",
            MADE_ROOM: "Macht Platz für das, was besser passen könnte",
            MOVED_UP: "Rückt auf, weil anderes Platz macht",
            SHOP_ORDER: "An seinem Platz in der Reihenfolge des Shops",
            VARIETY: "Steht hier der Abwechslung wegen",
            TRIED_OUT: "Wir probieren dafür einen anderen Platz aus",
            PICKED: "Vom Shop ausgewählt",
            FAVOURED: "Vom Shop bevorzugt",
            SET_BACK: "Der Shop zeigt anderes zuerst",
            ARRANGED: "Vom Shop angeordnet",
            RAIN: "Weil{ daypart}{ city} Regen erwartet wird",
            RAIN_SOON: "Weil{ city} in den nächsten 24 Stunden Regen erwartet wird",
            SNOW: "Weil{ daypart}{ city} Schnee erwartet wird",
            HOT: "Weil es{ daypart}{ city} heiß ist",
            WARM: "Weil es{ daypart}{ city} warm ist",
            COOL: "Weil es{ daypart}{ city} kühl ist",
            COLD: "Weil es{ daypart}{ city} kalt ist",
            SUN: "Weil{ daypart}{ city} die Sonne scheint",
            WIND: "Weil es{ daypart}{ city} windig ist",
            MOMENT: "Etwas für{ daypart}",
            SEASON: "Passt zur Jahreszeit",
            GIFT: "Weil Sie ein Geschenk suchen",
            OCCASION: "Passt zu dem Anlass, den Sie genannt haben",
            CALM: "Etwas Ruhiges, weil Sie uns Ihre Stimmung genannt haben",
            LIVELY: "Etwas Lebhaftes, weil Sie uns Ihre Stimmung genannt haben",
            REDUCED: "Reduziert, weil Sie ein Schnäppchen suchen",
            LESS_COSTLY: "Kostet weniger als ähnliche Artikel in dieser Liste",
            FOCUS: "Ähnlich wie die ersten Artikel dieser Liste",
            MISFIT: "Passt gerade weniger zur Situation",
            OTHERS_FIT_LESS: "Anderes passt gerade weniger zur Situation",
            OFFERED: "Ein Angebot des Shops für Sie",
            IN_THE_STORE: "Weil Sie im Geschäft sind",
            SOONEST: "Der schnellste Weg, da Sie wissen, was Sie brauchen",
            STAY_DRY: "Wegen des Wetters: es kommt zu Ihnen",
            STORE_HAS_IT: "Vorrätig in {store}",
            NOT_IN_STORE: "Im Geschäft ist es vielleicht gerade nicht da",
            USUAL_WAY: "Der übliche Weg des Shops",
        },
    }
)


PARTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "city": " in {}", "morning": " this morning", "afternoon": " this afternoon", "evening": " this evening",
            "night": " tonight",
        },
        "de": {
            "city": " in {}", "morning": " heute Vormittag", "afternoon": " heute Nachmittag",
            "evening": " heute Abend", "night": " heute Nacht",
        },
    }
)  # fmt: skip
"""Parts of a sentence that stand there only where their parameter is known."""

_HOLE = re.compile(r"\{( ?)(\w+)\}")


def words(reason: Reason, language: str = "en") -> str:
    """The sentence of a reason; English where the language is not known, the code itself where the code is not.

    `language` may bear a region ("de-AT"). Parameters that a sentence does not name are left out; so are its parts
    that begin with a blank, `{ city}`, where their parameter is not known.
    """
    spoken = language.replace("_", "-").split("-")[0].lower()
    texts, parts = TEXTS.get(spoken, TEXTS["en"]), PARTS.get(spoken, PARTS["en"])
    text = texts.get(reason.code, TEXTS["en"].get(reason.code, reason.code))

    def fill(hole: re.Match[str]) -> str:
        value = reason.parameters.get(hole[2])
        if not hole[1]:
            return hole[0] if value is None else value
        return "" if value is None else parts.get("city" if hole[2] == "city" else value, "").replace("{}", value)

    return _HOLE.sub(fill, text)
