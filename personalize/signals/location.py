"""The names of the place where the visitor is, as a trusted network told them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from personalize.domain.signal import Privacy, Terms, Told
from personalize.domain.situation import Origin
from personalize.domain.visit import Visit

KEYS: Mapping[str, type] = {"country": str, "region": str, "city": str}

NOTHING = Told({})
MAX_SOURCES = 16


class Location:
    """Context keys `country` (ISO 3166-1), `region` (ISO 3166-2 after the country) and `city`, from `visit.place`."""

    name = "location"
    keys = KEYS
    terms = Terms(privacy=Privacy.PLACE)

    @classmethod
    def from_settings(cls, settings: object) -> Location:
        """As every plug is made; the place itself comes with the visit."""
        return cls()

    def read(self, visit: Visit) -> Told:
        place = visit.place
        if place is None:
            return NOTHING
        told = (("country", place.country), ("region", place.region), ("city", place.city))
        facts = {key: value for key, value in told if value is not None}
        return Told(facts, dict.fromkeys(facts, _origin(place.source or self.name)))


@lru_cache(MAX_SOURCES)
def _origin(source: str) -> Origin:
    return Origin(source)
