"""Which channel of an item comes first: by what can be had, where the visitor is, how urgent it is, the weather."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Author, Patch, Reason, Rechannel
from personalize.domain.places.channel import Channel, Kind
from personalize.domain.places.stock import Availability
from personalize.domain.reason import IN_THE_STORE, NOT_IN_STORE, SOONEST, STAY_DRY, STORE_HAS_IT, USUAL_WAY
from personalize.domain.visit import Visit

WET = frozenset({"rain", "snow", "storm"})
MISSION = "mission"
_CERTAIN = {Availability.IN_STOCK: 0, Availability.LOW: 0, Availability.UNKNOWN: 1, Availability.OUT: 2}


class ChannelOrder:
    """What may be promised goes before what is unknown, and that before what is out. Among those, the first that holds:

    1. in a store now (`in_store`): what happens in the store, with what is taken along first;
    2. on a mission (`mode=mission`): what is in the visitor's hands soonest, collecting before sending;
    3. it rains, snows or storms there now: sending before going out;
    4. else, or where these leave two alike: the operator's margin of each channel, then the shop's usual order.

    Mood is never looked at. An item with one channel stays as it is.
    """

    name = "channel"
    version = "1"
    only_orders = True
    reads: frozenset[str] = frozenset()  # it orders channels, no listings
    goes_by = ("in_store", "mode", "weather")

    def __init__(self, margins: Mapping[str, float] | None = None) -> None:
        self.margins = dict(margins or {})

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """With the margins of `[places]`."""
        return cls(getattr(getattr(settings, "places", None), "margins", None))

    def decide(self, target: str, listing: Listing, visit: Visit, popularity: Popularity) -> Patch:
        """The empty Patch: listings are not its matter."""
        return EMPTY

    def rechannel(self, target: str, channels: Sequence[Channel], visit: Visit) -> Rechannel | None:
        """The order of an item's channels; None where it stays."""
        if len(channels) < 2:
            return None
        context = visit.context
        urge, rank = _urge(context)
        order = sorted(
            range(len(channels)),
            key=lambda at: (
                _CERTAIN[channels[at].availability], rank.get(channels[at].kind, 9),
                -self.margins.get(channels[at].kind, 0.0), at,
            ),
        )  # fmt: skip
        if order == list(range(len(channels))) and urge is None:
            return None
        first = channels[order[0]]
        return Rechannel(target, tuple(order), Author(self.name, self.version), self._reason(first, channels, urge))

    def _reason(self, first: Channel, channels: Sequence[Channel], urge: str | None) -> Reason:
        """Why the first one is first: the urge if it is what the urge asks for, else what can be had."""
        in_store = first.store is not None
        if urge is not None and in_store == (urge != STAY_DRY):
            return Reason(urge)
        if first.store is not None and first.promised:
            return Reason(STORE_HAS_IT, {"store": first.store.name})
        if not in_store and any(one.store is not None and not one.promised for one in channels):
            return Reason(NOT_IN_STORE)
        return Reason(USUAL_WAY)


def _urge(context: Mapping[str, object]) -> tuple[str | None, Mapping[Kind, int]]:
    """What moves this visitor, and the rank of each channel for it (less is earlier)."""
    if context.get("in_store") is True:
        return IN_THE_STORE, {Kind.TRY_IN_STORE: 1, Kind.COLLECT: 0, Kind.RESERVE: 2, Kind.SHIP: 3}
    if context.get("mode") == MISSION:
        return SOONEST, {Kind.COLLECT: 0, Kind.RESERVE: 1, Kind.TRY_IN_STORE: 2, Kind.SHIP: 3}
    if context.get("weather") in WET:
        return STAY_DRY, {Kind.SHIP: 0, Kind.COLLECT: 1, Kind.RESERVE: 1, Kind.TRY_IN_STORE: 1}
    return None, {}
