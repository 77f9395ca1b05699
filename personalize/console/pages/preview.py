"""The preview: a listing as the shop has it and as we would show it, in a situation one picks; pins go into a draft."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urljoin

import orjson
from starlette.responses import Response

from personalize.console.desk import Standing
from personalize.console.pages import drafting
from personalize.console.pages.asked import Asked
from personalize.domain.desk.reading import as_document
from personalize.domain.desk.rules import Pin
from personalize.domain.desk.strategy import ANY_SEARCH, Scope, term_of
from personalize.domain.reason import SHOP_ORDER
from personalize.domain.reason import words as reason_words
from personalize.domain.situation import MOODS
from personalize.errors import DeskError
from personalize.gateway.document.values import with_path
from personalize.gateway.preview import Looked, Previewed, Shown
from personalize.gateway.ways import collection_ways, term_way
from personalize.shops.map import ArgumentPath

ROWS = 24
PLACE_MAX = 500
CUTS = 20
MERCHANDISING = "merchandising"

WEATHER: Mapping[str, Mapping[str, object]] = {
    "rain": {"weather": "rain", "rain_24h": 10.0, "temperature": 9.0, "temperature_deviation": -4.0},
    "snow": {"weather": "snow", "rain_24h": 3.0, "temperature": -3.0, "temperature_deviation": -4.0},
    "hot": {"weather": "clear", "rain_24h": 0.0, "temperature": 31.0, "temperature_deviation": 8.0},
    "cold": {"weather": "clear", "rain_24h": 0.0, "temperature": -6.0, "temperature_deviation": -8.0},
    "wind": {"weather": "cloudy", "rain_24h": 0.0, "wind": 60.0, "temperature": 12.0},
}
"""Weathers to look at, in the facts that signals tell."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What the form says; every part may be empty."""

    listing: str
    term: str
    collection: str
    more: str
    visitor: str
    weather: str
    mood: str
    store: str
    arm: str
    strategy: str

    @property
    def query(self) -> str:
        """The same as a query string."""
        return urlencode({key: value for key in self.__slots__ if (value := getattr(self, key))})


def picked(read: Any) -> Picked:
    """What was picked, out of a query string or a form."""
    parts = {key: read(key) for key in Picked.__slots__}
    return Picked(**parts)


async def preview(asked: Asked) -> Response:
    """Both orders side by side; without a shop or with an odd wish, the form and what is wrong."""
    desk = asked.house.desk
    pick = picked(lambda key: asked.query(key, 2_000 if key == "more" else 200))
    listings = [*desk.shelf.listings()]
    standings, _ = await desk.strategies(limit=100)
    made: Previewed | None = None
    fault: DeskError | None = None
    try:
        made = await desk.preview(_looked(asked, pick, listings), rows=ROWS, **_over(pick, standings))
    except DeskError as error:
        fault = error
    base = asked.house.settings().shop_url
    pictures = {
        one.item_id: urljoin(base, one.picture) for one in (made.shop + made.ours if made else ()) if one.picture
    }
    return asked.show(
        "preview.html", pick=pick, listings=listings, made=made, fault=fault, pictures=pictures,
        images=pictures.values(), weathers=list(WEATHER), moods=sorted(MOODS), cuts=_cuts(made),
        stores=sorted(asked.house.settings().stores), experiments=asked.house.effective().experiments,
        drafts=standings, reason=lambda one: _told(one, asked.language),
        terms=_terms(asked, listings), collections=_collections(asked, listings),
        lost=[] if made is None else _lost(made),
    )  # fmt: skip


def _told(one: Shown, language: str) -> str:
    """The reason of a row; "" where nothing but the shop's order put it there, since most rows of a page are such."""
    return reason_words(one.reason, language) if one.reason and one.reason.code != SHOP_ORDER else ""


def _cuts(made: Previewed | None) -> list[Any]:
    return list(made.cuts[:CUTS]) if made is not None else []


def _lost(made: Previewed) -> list[Shown]:
    """What the shop has on this page and ours has not: it moved behind."""
    there = {one.item_id for one in made.ours}
    return [one for one in made.shop if one.item_id not in there]


def _looked(asked: Asked, pick: Picked, listings: list[str]) -> Looked:
    listing = pick.listing or (listings[0] if listings else "")
    arguments = _json(pick.more)
    for way, value in ((_term(asked, listing), pick.term), (_collection(asked, listing), pick.collection)):
        if value and way is None:
            raise DeskError(f"{listing} cannot be asked for {value!r}", code="ARGUMENT_UNKNOWN",
                            hint="take another listing")  # fmt: skip
        if value and way is not None:
            arguments = with_path(arguments, way, value)
    context: dict[str, object] = {**WEATHER.get(pick.weather, {})}
    context |= {key: value for key, value in (("mood", pick.mood), ("store", pick.store)) if value}
    return Looked(listing, arguments, context=context, language=asked.language, known=pick.visitor == "known")


def _json(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise DeskError("further arguments are no JSON object", code="ARGUMENT_INVALID",
                        hint='as in {"input": {"groupByProduct": true}}')  # fmt: skip
    return found


def _over(pick: Picked, standings: list[Standing]) -> dict[str, Any]:
    """What runs beside what is in force: a draft, or a variant."""
    over: dict[str, Any] = {}
    experiment, _, variant = pick.arm.partition("=")
    if variant:
        over["variants"] = {experiment: variant}
    one = next((one for one in standings if one.name == pick.strategy), None)
    if one is not None and (version := one.draft or one.published) is not None:
        over["version"] = (one.name, version.number)
    return over


async def pin(asked: Asked) -> Response:
    """Put an item at a place in a draft for this listing, made where there is none; then look at it."""
    form, desk = asked.form, asked.house.desk
    pick = picked(lambda key: form.one(key, 2_000 if key == "more" else 200))
    item, place = form.one("item", 200), form.one("place", 4)
    if not item or not place.isdecimal() or not 1 <= int(place) <= PLACE_MAX:
        raise DeskError(f"a place is a number from 1 to {PLACE_MAX}", code="PLACE_INVALID")
    scope = Scope(pick.listing or None, pick.collection or None, term_of(pick.term) or None)
    standings, _ = await desk.strategies(limit=100)
    held = _pinned_in(standings, scope, pick.strategy)
    versions = await desk.versions(held.name, limit=1) if held is not None else []
    version = (held.draft or held.published) if held is not None else None
    if version is not None:
        document = as_document(version.draft)
    else:
        document = drafting.blank(_free(scope, standings), MERCHANDISING) | {"mode": "on"}
        document["scope"] |= {"listing": scope.listing, "collection": scope.collection, "search": scope.search}
    rules = [one for one in document["parameters"].get("rules", []) if not _same(one, item, int(place))]
    document["parameters"] = {
        **document["parameters"],
        "rules": [*rules, {"kind": "pin", "item": item, "place": int(place)}],
    }
    await desk.draft(asked.actor, document, asked.say("preview.pin_why", item=item, place=place),
                     seen=versions[0].number if versions else 0)  # fmt: skip
    again = replace(pick, strategy=document["name"])
    return asked.go(f"/console/preview?{again.query}", "pinned")


def _pinned_in(standings: list[Standing], scope: Scope, wanted: str) -> Standing | None:
    """The strategy that takes the pin: the one looked at, else one of exactly this scope."""
    for one in standings:
        version = one.draft or one.published
        if version is None or version.draft.decision != MERCHANDISING:
            continue
        there = version.draft.scope
        same = (there.listing, there.collection, term_of(there.search) or None) == (
            scope.listing, scope.collection, scope.search
        )  # fmt: skip
        if (one.name == wanted and (same or there.search == ANY_SEARCH)) or (not wanted and same):
            return one
    return next((one for one in standings if one.name == wanted and _empty(one)), None)


def _empty(one: Standing) -> bool:
    return one.draft is None and one.published is None


def _same(rule: object, item: str, place: int) -> bool:
    """Whether a rule is a pin of that item, or of that place."""
    kind = Pin.__struct_config__.tag
    return isinstance(rule, Mapping) and rule.get("kind") == kind and (
        rule.get("item") == item or rule.get("place") == place
    )  # fmt: skip


def _free(scope: Scope, standings: list[Standing]) -> str:
    """A name that no strategy bears."""
    words = re.sub(r"[^a-z0-9]+", "_", (scope.search or scope.collection or scope.listing or "all").lower()).strip("_")
    base = f"pins_{words}"[:56].rstrip("_")
    taken = {one.name for one in standings}
    return next(name for name in (base, *(f"{base}_{n}" for n in range(2, 1_000))) if name not in taken)


def _terms(asked: Asked, listings: list[str]) -> bool:
    return any(_term(asked, one) is not None for one in listings)


def _collections(asked: Asked, listings: list[str]) -> bool:
    return any(_collection(asked, one) is not None for one in listings)


def _term(asked: Asked, listing: str) -> ArgumentPath | None:
    return term_way(asked.house.knowledge, listing)


def _collection(asked: Asked, listing: str) -> ArgumentPath | None:
    """The argument of a listing that looks most like the one that names a collection."""
    return next(iter(collection_ways(asked.house.knowledge, listing)), None)
