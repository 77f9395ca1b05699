"""Facts: what is assumed of a visit's situation, each with where it comes from, as its shopper may read it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import strawberry

from personalize.domain.correction import SHOPPER
from personalize.domain.situation import Origin, exact
from personalize.domain.visit import Visit
from personalize.domain.wording import SOURCES, UNKNOWN, label
from personalize.signals.sources import attribution
from personalize.visitors.readable import moment
from personalize.visitors.saying import HEADER


@strawberry.enum(name="PersonalizationTeller", description="Who says a fact.")
class Teller(Enum):
    SHOPPER = strawberry.enum_value("shopper", description="The shopper, by a correction.")
    STOREFRONT = strawberry.enum_value("storefront", description="The page, in a header of this request.")
    GATEWAY = strawberry.enum_value("gateway", description="Nobody: it was measured or inferred.")


@strawberry.type(name="PersonalizationFact", description="One thing assumed of the situation.")
class Fact:
    name: str = strawberry.field(description="E.g. `daypart`.")
    value: str = strawberry.field(description="As text: a word, a number, `true` or `false`.")
    label: str = strawberry.field(description="Name and value in words, in the page's language (German or English).")
    said_by: Teller = strawberry.field(description="Who says so.")
    source: str = strawberry.field(description="Where it comes from, e.g. `header`, `shopper`, `clock`, `open-meteo`.")
    observed_at: str | None = strawberry.field(description="RFC 3339; null: it is of this very request.")
    stale: bool = strawberry.field(description="Whether it is older than it should be.")
    attribution: str | None = strawberry.field(description="What the source wants to be shown beside it.")


def facts_of(visit: Visit, told: Mapping[str, object]) -> list[Fact]:
    """The facts of a visit, by name, with its numbers as they were `told`."""
    return [_fact(name, value, visit) for name, value in sorted(exact(visit.context, told).items())]


def _fact(name: str, value: object, visit: Visit) -> Fact:
    origin = visit.origins.get(name) or Origin(UNKNOWN)
    tellers = {SHOPPER: Teller.SHOPPER, HEADER.source: Teller.STOREFRONT}
    return Fact(
        name=name,
        value=str(value).lower() if isinstance(value, bool) else str(value),
        label=label(name, value, visit.language),
        said_by=tellers.get(origin.source, Teller.GATEWAY),
        source=SOURCES.get(origin.source, origin.source),
        observed_at=moment(origin.observed_at) if origin.observed_at is not None else None,
        stale=origin.stale,
        attribution=attribution(origin.source),
    )
