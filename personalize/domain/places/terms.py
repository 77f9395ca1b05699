"""The operator's terms of places: the table `[places]` of the settings."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import msgspec

from personalize.domain.places.channel import Kind
from personalize.errors import SettingsError

Minutes = Annotated[int, msgspec.Meta(ge=0, le=14 * 24 * 60)]
Margin = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`stock_max_age` and `refresh` in seconds, distances in kilometres; docs/places.md says what each does."""

    preparation_minutes: Minutes = 60
    ship_days: tuple[Annotated[int, msgspec.Meta(ge=0, le=365)], Annotated[int, msgspec.Meta(ge=0, le=365)]] | None = (
        None
    )
    low_stock: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 3
    max_distance_km: Annotated[float, msgspec.Meta(gt=0, le=20_100)] = 50.0
    stock_max_age: Annotated[float, msgspec.Meta(gt=0, le=31_536_000)] = 4 * 3600.0
    source: str = ""
    refresh: Annotated[float, msgspec.Meta(ge=5, le=86_400)] = 300.0
    locations: dict[str, str] = {}
    margins: dict[str, Margin] = {}


def check_terms(terms: Terms, sources: Collection[str]) -> None:
    """What types cannot say. Raises SettingsError."""
    if terms.source and terms.source not in sources:
        raise SettingsError(f"places.source is {terms.source!r}, expected one of: {', '.join(sources)}")
    if terms.ship_days is not None and terms.ship_days[0] > terms.ship_days[1]:
        raise SettingsError(f"places.ship_days is {list(terms.ship_days)}, expected least and most, as in [2, 3]")
    kinds = [str(kind) for kind in Kind]
    for name in terms.margins:
        if name not in kinds:
            raise SettingsError(f"places.margins names {name!r}, expected some of: {', '.join(kinds)}")
