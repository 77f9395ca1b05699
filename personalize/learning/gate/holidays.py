"""Public holidays of a country, or of a part of it, as day numbers."""

from __future__ import annotations

from datetime import date

import holidays

from personalize.errors import EvidenceError

YEARS = range(1970, 2051)


def public_holidays(place: str) -> frozenset[int]:
    """Days since 1970 of the holidays of `DE` or `DE-SH` (ISO 3166); EvidenceError for a place nobody knows."""
    country, _, part = place.strip().upper().partition("-")
    try:
        known = holidays.country_holidays(country, subdiv=part or None, years=YEARS)
    except NotImplementedError:
        raise EvidenceError(
            f"no public holidays are known for {place!r}", code="COUNTRY_UNKNOWN", hint="Write it like DE or DE-SH."
        ) from None
    return frozenset((day - date(1970, 1, 1)).days for day in known)
