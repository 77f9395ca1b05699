"""A store of the shop's: where it is, when it is open and what it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from personalize.domain.places.hours import Hours
from personalize.domain.situation import Place, coarse

MAX_STORES = 10_000
# An id travels in a request header as a token (RFC 9651) and in `setStore`.
ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)


class Service(StrEnum):
    """What a store does with an item."""

    COLLECT = "collect"
    RESERVE = "reserve"
    TRY_ON = "try_on"


@dataclass(frozen=True, slots=True)
class ShopStore:
    """`latitude` and `longitude` in degrees (WGS 84), exact: where a store is, is no secret.

    `timezone` is a name of the IANA database (None: the shop's own); without `hours` nobody knows when it is open.
    """

    id: str
    name: str
    latitude: float
    longitude: float
    city: str | None = None
    address: str | None = None
    timezone: str | None = None
    hours: Hours | None = None
    services: frozenset[Service] = frozenset({Service.COLLECT})

    @property
    def at(self) -> tuple[float, float]:
        """Latitude and longitude."""
        return self.latitude, self.longitude

    @property
    def place(self) -> Place:
        """What a visit knows of where it is, once the visitor chose it: its cell."""
        found = coarse(self.latitude, self.longitude)
        assert found is not None  # ranges are checked where stores are read
        return Place(*found, source="store")

    def zone(self, default: str) -> ZoneInfo:
        """Its time zone, else the shop's."""
        return ZoneInfo(self.timezone or default)


def pack(store: ShopStore) -> bytes:
    """A store as JSON, for keeping."""
    return _ENCODER.encode(store)


def unpack(body: bytes) -> ShopStore:
    """The store that was packed. Raises ValueError (`msgspec.DecodeError`) for anything else."""
    return _DECODER.decode(body)


def places_of(stores: Mapping[str, ShopStore]) -> dict[str, Place]:
    """The coarse places of stores by id."""
    return {name: store.place for name, store in stores.items()}


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(ShopStore)
