"""`channels` of an item: what the schema says of them, and the teller that fills them for a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

import strawberry
from cachetools import LRUCache

from personalize.domain.patch import Rechannel
from personalize.domain.places.channel import Channel
from personalize.domain.places.stock import Availability
from personalize.domain.places.terms import Terms
from personalize.domain.reason import words
from personalize.domain.strategy import Mode
from personalize.domain.visit import Visit
from personalize.gateway.document.hidden import Item
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.ours.channel_words import label
from personalize.gateway.ours.reasoned import ReasonView
from personalize.guardrails.channels import rechannelled
from personalize.places.book import Book
from personalize.places.reach import Reach, channels, reach
from personalize.telemetry import Telemetry
from personalize.visitors.readable import moment

IN_STOCK = "inStock"
"""The attribute of an item that says, in every map, whether the shop can send it."""
MAX_REACHES, MAX_READY, MAX_KNOWN = 1_024, 4_096, 10_000


@strawberry.enum(name="PersonalizationChannelKind", description="A way from the shop to the shopper.")
class ChannelKind(Enum):
    SHIP = strawberry.enum_value("ship", description="It is sent.")
    COLLECT = strawberry.enum_value("collect", description="It is paid online and collected in a store.")
    RESERVE = strawberry.enum_value("reserve", description="It is put aside in a store, and bought there.")
    TRY_IN_STORE = strawberry.enum_value("try_in_store", description="It can be tried in a store.")


@strawberry.enum(name="PersonalizationAvailability", description="What may be said of the stock.")
class AvailabilityView(Enum):
    IN_STOCK = strawberry.enum_value("in_stock", description="There are enough.")
    LOW = strawberry.enum_value("low", description="There are few.")
    OUT = strawberry.enum_value("out", description="There is none.")
    UNKNOWN = strawberry.enum_value("unknown", description="Nobody knows, or saw it lately: promise nothing.")


@strawberry.type(name="PersonalizationStore", description="A store of the shop.")
class StoreView:
    id: strawberry.ID = strawberry.field(description="The name that `setStore` takes.")
    name: str = strawberry.field(description="As people call it.")
    city: str | None = strawberry.field(description="The town it is in.")


@strawberry.type(name="PersonalizationChannel", description="One way an item may take to this visitor.")
class ChannelView:
    kind: ChannelKind = strawberry.field(description="Which way.")
    store: StoreView | None = strawberry.field(description="The store; null for what is sent.")
    distance_km: float | None = strawberry.field(
        description="Kilometres as the crow flies, to a tenth: from the visitor's place, or from the chosen store to "
        "another; null where neither is known, and for the chosen store."
    )
    approximate: bool = strawberry.field(
        description="Whether the distance is from the middle of a cell of about 11 km, for no more is known."
    )
    availability: AvailabilityView = strawberry.field(description="What may be said of the stock there.")
    quantity_at_least: int | None = strawberry.field(description="There are at least so many: 1, 3 or 10, never more.")
    pick_up_at: str | None = strawberry.field(description="RFC 3339: when it is ready, or can be tried, there.")
    label: str = strawberry.field(description="In a few words of the page's language (German or English).")
    observed_at: str | None = strawberry.field(description="RFC 3339: when the stock was seen.")
    stale: bool = strawberry.field(description="Whether that is too long ago to promise anything.")
    reason: ReasonView | None = strawberry.field(description="Why it comes first; null for the others.")


class Rechannelling(Protocol):
    """What orders the channels of an item, where the strategy of its name runs."""

    name: str
    goes_by: tuple[str, ...]
    """The keys of a visit's context that its answer depends on, besides the channels: visits alike in them share it."""

    def rechannel(self, target: str, channels: Sequence[Channel], visit: Visit) -> Rechannel | None:
        """A Change, None where they stay as they are."""
        ...


class Channels:
    """Tells `channels`. Null where the shop has no stores: nobody asked for it.

    An item costs some 50 us when it is told first, and 3 us to the others of that minute who are told the same.
    """

    fields, reads = frozenset({"channels"}), True

    def __init__(self, terms: Terms, zone: str, telemetry: Telemetry, order: Rechannelling | None = None) -> None:
        self.terms, self.zone, self.telemetry = terms, zone, telemetry
        self.order = order
        self.use(Book())

    def use(self, book: Book) -> None:
        """Take another book into use."""
        self.book = book
        self._reaches: LRUCache[object, Reach] = LRUCache(MAX_REACHES)
        self._ready: LRUCache[object, float | None] = LRUCache(MAX_READY)
        self._known: LRUCache[object, Mapping[str, Any]] = LRUCache(MAX_KNOWN)

    def tell(self, item: Item, arrival: Arrival) -> Mapping[str, Any]:
        """The channels of an item for this visit, the first one first; visits of one minute that are alike share it."""
        if not self.book.stores:
            return {"channels": None}
        visit, ships = arrival.visit, _ships(item)
        mode = arrival.modes.get(self.order.name) if self.order is not None else None
        around, within = self._reach(visit)
        minute = -(-visit.at // 60.0) * 60.0  # so nothing is taken for younger than it is
        goes_by = () if self.order is None else tuple([visit.context.get(key) for key in self.order.goes_by])
        key = (item.id, item.row, ships, around, minute, visit.language, mode, goes_by)
        known = self._known.get(key)
        if known is None:
            told = self._channels(item, ships, within, minute, visit, mode)
            known = self._known[key] = {"channels": told}
        return known

    def _channels(
        self, item: Item, ships: Availability, within: Reach, minute: float, visit: Visit, mode: Mode | None
    ) -> list[dict[str, Any]]:
        found = channels(
            self.book, self.book.variants_of(item.id, item.row), within, ships, minute, self.terms,
            lambda number, minutes: self._when(number, minutes, minute),
        )  # fmt: skip
        reason = None
        if self.order is not None and mode in (Mode.ON, Mode.SHADOW):
            change = self.order.rechannel(item.id, found, visit)
            ordered, stands = rechannelled(change, item.id, found)
            if change is not None and not stands:
                self.telemetry.fault("guardrail", f"{self.order.name}_cut")
            elif change is not None and mode is Mode.ON:
                found, reason = ordered, change.reason
        told = [self._told(one, visit.language, minute) for one in found]
        if reason is not None:
            told[0]["reason"] = {
                "__typename": "PersonalizationReason", "code": reason.code, "text": words(reason, visit.language),
            }  # fmt: skip
        return told

    def _reach(self, visit: Visit) -> tuple[object, Reach]:
        """The stores that come into question, and a name for that."""
        chosen = visit.context.get("store")
        chosen = chosen if isinstance(chosen, str) and chosen in self.book.number else None
        key = chosen or (visit.place and (visit.place.cell, visit.place.source == "store"))
        found = self._reaches.get(key)
        if found is None:
            found = self._reaches[key] = reach(self.book, chosen, visit.place, self.terms.max_distance_km)
        return key, found

    def _when(self, number: int, minutes: float, at: float) -> float | None:
        """When something is ready in a store."""
        key = (number, minutes, at)
        if key not in self._ready:
            hours = self.book.stores[number].hours
            zone = self.book.stores[number].zone(self.zone)
            self._ready[key] = None if hours is None else hours.ready(at, minutes, zone)
        return self._ready[key]

    def _told(self, one: Channel, language: str, at: float) -> dict[str, Any]:
        store = one.store
        return {
            "__typename": "PersonalizationChannel",
            "kind": one.kind.name,
            "store": None if store is None else {
                "__typename": "PersonalizationStore", "id": store.id, "name": store.name, "city": store.city,
            },
            "distanceKm": None if one.distance is None or one.distance < 0 else round(one.distance, 1),
            "approximate": one.near,
            "availability": one.availability.name,
            "quantityAtLeast": one.at_least,
            "pickUpAt": None if one.pick_up_at is None else moment(one.pick_up_at),
            "label": label(one, language, at, self.zone, self.terms.ship_days),
            "observedAt": None if one.observed_at is None else moment(one.observed_at),
            "stale": one.stale,
            "reason": None,
        }  # fmt: skip


def _ships(item: Item) -> Availability:
    """Whether the shop can send it, as far as the shop says."""
    told = item.attributes.get(IN_STOCK)
    if told is True:
        return Availability.IN_STOCK
    return Availability.OUT if told is False else Availability.UNKNOWN
