"""A strategy as versioned configuration: which decision, where, with what parameters, for whom, when, how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from personalize.domain.strategy import Mode, Strategy

ANY_SEARCH = "*"
"""The search term of a scope that holds for every search."""


class Audience(StrEnum):
    """For whom: everybody, those who did something before that is known of (a profile), or those of whom nothing is."""

    ALL = "all"
    KNOWN = "known"
    NEW = "new"


class State(StrEnum):
    """Where a version is in its life. Of one name, at most one is a draft and at most one published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a strategy holds; what is None does not matter, and all that is named has to fit.

    `listing` is a field of the shop's schema (`Query.search`) or the response path of a listing (`home.items`);
    `collection` the value by which the storefront asks for a collection (its slug or id; `argument=value` where values
    of other arguments look alike); `search` a search term, or `*` for every search; `channel` a store of the visit or
    the value of a header that the shop map names in `varyHeaders`.
    """

    listing: str | None = None
    collection: str | None = None
    search: str | None = None
    channel: str | None = None
    audience: Audience = Audience.ALL

    def same(self, other: Scope) -> bool:
        """Whether every request in one is in the other."""
        plain = [replace(one, search=None if one.search is None else term_of(one.search)) for one in (self, other)]
        return plain[0] == plain[1]

    def meets(self, other: Scope) -> bool:
        """Whether there may be a request in both scopes."""
        pairs = ((self.listing, other.listing), (self.collection, other.collection), (self.channel, other.channel))
        if any(a is not None and b is not None and a != b for a, b in pairs):
            return False
        if {self.audience, other.audience} == {Audience.KNOWN, Audience.NEW}:
            return False
        terms = [term_of(one.search) for one in (self, other) if one.search not in (None, ANY_SEARCH)]
        return len(set(terms)) < 2


def term_of(search: str | None) -> str:
    """A search term as scopes compare it: without case and white space around it, nor doubled within."""
    return " ".join((search or "").casefold().split())


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a strategy holds: wall-clock time of `zone` (IANA name), ISO 8601 without an offset; None is open.

    Holds from `starts` on and before `ends`.
    """

    starts: str | None = None
    ends: str | None = None
    zone: str = "UTC"

    def span(self) -> tuple[float, float]:
        """The moments in seconds since the epoch. Raises ValueError or KeyError for what is no time or zone."""
        zone = ZoneInfo(self.zone)
        return _moment(self.starts, zone, float("-inf")), _moment(self.ends, zone, float("inf"))

    def holds(self, at: float) -> bool:
        """Whether `at` (seconds since the epoch) lies in it."""
        low, high = self.span()
        return low <= at < high

    def overlaps(self, other: Schedule) -> bool:
        """Whether there is a moment in both."""
        (low, high), (start, end) = self.span(), other.span()
        return low < end and start < high


def _moment(text: str | None, zone: ZoneInfo, otherwise: float) -> float:
    """The moment of a wall-clock time; of one that happens twice the first, of one that is skipped the hour after."""
    if text is None:
        return otherwise
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(f"{text!r} bears an offset, beside the time zone")
    return moment.replace(tzinfo=zone).timestamp()


@dataclass(frozen=True, slots=True)
class Guardrails:
    """How many places the strategy may move an item up and down from where the shop has it; 0: no limit of its own."""

    max_up: int = 0
    max_down: int = 0


@dataclass(frozen=True, slots=True)
class StrategyDraft:
    """What an operator writes. `decision` is a plug of the socket `decisions`, `parameters` are JSON as it takes them.

    Of strategies that are on, those of higher `priority` come later (equal ones by name): the last order holds.
    """

    name: str
    decision: str
    scope: Scope = field(default_factory=Scope)
    parameters: Mapping[str, object] = field(default_factory=dict)
    mode: Mode = Mode.OFF
    share: float = 1.0
    schedule: Schedule = field(default_factory=Schedule)
    guardrails: Guardrails = field(default_factory=Guardrails)
    priority: int = 0

    @property
    def switch(self) -> Strategy:
        """The switch that `experiments.assign.running` goes by."""
        return Strategy(self.name, self.mode, self.share if self.mode is Mode.SHARE else 1.0)


@dataclass(frozen=True, slots=True)
class StrategyVersion:
    """A saved draft: what it says never changes any more, only its `state` does. `number` counts from 1 for each name.

    `at` is when it was saved (seconds since the epoch), `author` by whom.
    """

    draft: StrategyDraft
    number: int
    state: State
    at: float
    author: str

    @property
    def name(self) -> str:
        """The strategy's name."""
        return self.draft.name
