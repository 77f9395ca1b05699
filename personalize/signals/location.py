"""The names of the place where the visitor is, as a trusted network told them."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.event import NOTHING
from personalize.domain.visit import Visit


class Location:
    """Context keys `country` (ISO 3166-1), `region` (ISO 3166-2 after the country) and `city`, from `visit.place`."""

    name = "location"
    keys = ("country", "region", "city")

    @classmethod
    def from_settings(cls, settings: object) -> Location:
        """As every plug is made; the place itself comes with the visit."""
        return cls()

    def read(self, visit: Visit) -> Mapping[str, object]:
        place = visit.place
        if place is None:
            return NOTHING
        told = (("country", place.country), ("region", place.region), ("city", place.city))
        return {key: value for key, value in told if value is not None}
