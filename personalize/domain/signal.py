"""What a signal is: something known of the situation (time, weather, place), never of the person."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from personalize.domain.cache import Cache
from personalize.domain.clock import Clock
from personalize.domain.situation import Origin
from personalize.domain.visit import Visit
from personalize.telemetry import Telemetry


class Privacy(StrEnum):
    """What a signal's facts are about; what is about behaviour is not asked for without consent (DESIGN 4.8)."""

    SITUATION = "situation"
    """True for everybody there: the time, the weather, a device class."""
    PLACE = "place"
    """Where the visitor is, no finer than a cell of `situation.CELL` degrees."""
    SAID = "said"
    """What the visitor told us of their own accord with this request or before: a mood, an occasion."""
    BEHAVIOUR = "behaviour"
    """What the visitor did in this session: needs an agreement to a session at least."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a signal's facts may be used. All in seconds.

    A fact is fresh for `ttl` after it was observed, then stale for `max_stale` more, then gone; `ttl` None is a fact
    that is always of this very request. An answer that is not there within `deadline` is missing.
    """

    ttl: float | None = None
    max_stale: float = 0.0
    deadline: float = 0.02
    privacy: Privacy = Privacy.SITUATION


class Told(NamedTuple):
    """Facts by key, and where each comes from; a key without an origin comes from the signal, now."""

    facts: Mapping[str, object]
    origins: Mapping[str, Origin] = {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a signal with a life of its own is given at its start. `clock` tells seconds since the epoch."""

    telemetry: Telemetry
    clock: Clock
    cache: Cache = field(repr=False)


class Signal(Protocol):
    """Tells flat facts of a visit's situation. It may be late or fail: its keys are then missing, nothing else.

    `keys` says the type of each key (bool, int, float, str); a mere collection of names leaves the types open. A
    signal may have more: `terms` (a `Terms`), and a life, `start(Surroundings)` and `stop()`, both awaited.
    """

    name: str
    keys: Mapping[str, type] | Collection[str]

    def read(self, visit: Visit) -> Mapping[str, object] | Told | Awaitable[Mapping[str, object] | Told]:
        """The facts, under names of `keys` only; `visit.at` is now. At once where they are at hand, else awaited."""
        ...
