"""A channel of an item: one way from the shop to this visitor, and what is known of it now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from personalize.domain.places.shop_store import Service, ShopStore
from personalize.domain.places.stock import Availability


class Kind(StrEnum):
    """The ways there are, in the order they have where nothing says otherwise."""

    SHIP = "ship"
    COLLECT = "collect"
    RESERVE = "reserve"
    TRY_IN_STORE = "try_in_store"


SERVICES = {Kind.COLLECT: Service.COLLECT, Kind.RESERVE: Service.RESERVE, Kind.TRY_IN_STORE: Service.TRY_ON}
"""The service that a store has to have for a channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """`store` is None for what is sent. Distances are kilometres, times epoch seconds (UTC), None where unknown.

    `near` says that the distance is from the middle of a coarse place. `pick_up_at` and `at_least` are there only for
    what is promised: fresh, and in stock. `observed_at` is when the stock was seen, `stale` that this is too long ago.
    """

    kind: Kind
    availability: Availability
    store: ShopStore | None = None
    distance: float | None = None
    near: bool = False
    at_least: int | None = None
    pick_up_at: float | None = None
    observed_at: float | None = None
    stale: bool = False

    @property
    def promised(self) -> bool:
        """Whether it can be had, as far as anybody knows."""
        return self.availability in (Availability.IN_STOCK, Availability.LOW)
