"""Ranking parameters in words: what an order is made from, and with what weight (en, de)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

SHOP_ORDER = "shop_order"
POPULARITY = "popularity"
BEHAVIOUR = "behaviour"
TASTE = "taste"
PURCHASES = "purchases"
PRICE = "price"
PROPERTIES = "properties"
SITUATION = "situation"
MATCH = "match"
BASKET = "basket"
MERCHANDISING = "merchandising"
OTHER = "other"


class Parameter(NamedTuple):
    """A group of what an order is made from, and its share of the whole, 0 to 1."""

    code: str
    weight: float


TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            SHOP_ORDER: "The shop's own order",
            POPULARITY: "What other shoppers look at and buy",
            BEHAVIOUR: "What you looked at and clicked",
            TASTE: "Properties and prices you often choose",
            PURCHASES: "What you bought before",
            PRICE: "The price, also compared with the rest of the list",
            PROPERTIES: "Properties of the item",
            SITUATION: "The situation: weather, time, place, device",
            MATCH: "How well the item matches what you searched for",
            BASKET: "What is bought together with what is in your cart or you looked at",
            MERCHANDISING: "What the shop's people arranged by hand",
            OTHER: "Further facts about the item and the list",
        },
        "de": {
            SHOP_ORDER: "Die Reihenfolge des Shops",
            POPULARITY: "Was andere ansehen und kaufen",
            BEHAVIOUR: "Was Sie angesehen und angeklickt haben",
            TASTE: "Eigenschaften und Preise, die Sie oft wählen",
            PURCHASES: "Was Sie früher gekauft haben",
            PRICE: "Der Preis, auch im Vergleich mit der übrigen Liste",
            PROPERTIES: "Eigenschaften des Artikels",
            SITUATION: "Die Situation: Wetter, Zeit, Ort, Gerät",
            MATCH: "Wie gut der Artikel zu Ihrer Suche passt",
            BASKET: "Was zusammen mit dem gekauft wird, was im Warenkorb liegt oder Sie angesehen haben",
            MERCHANDISING: "Was der Shop von Hand angeordnet hat",
            OTHER: "Weitere Angaben zu Artikel und Liste",
        },
    }
)


def told(code: str, language: str = "en") -> str:
    """The words of a parameter; English where the language is not known, the code itself where the code is not."""
    texts = TEXTS.get(language.replace("_", "-").split("-")[0].lower(), TEXTS["en"])
    return texts.get(code, TEXTS["en"].get(code, code))
