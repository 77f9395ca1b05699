"""The programme: everything that the desk has published, at one revision of its store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from personalize.domain.desk.strategy import StrategyVersion

EVERYTHING = "*"
"""The name of the kill switch that turns everything off."""

OFFER = "offer:"
"""What the name of an offer's switch begins with: no name of a strategy has a colon."""


class OfferSwitch(NamedTuple):
    """What the operator last did with an offer, and when (seconds since the epoch): stopped it, or let it run."""

    name: str
    stopped: bool
    at: float


@dataclass(frozen=True, slots=True)
class Programme:
    """The published version of each strategy, those that hold last at the end, the names that were killed, offers."""

    revision: int = 0
    published: tuple[StrategyVersion, ...] = ()
    killed: frozenset[str] = frozenset()
    offers: frozenset[OfferSwitch] = frozenset()

    @property
    def stopped(self) -> bool:
        """Whether everything was killed: the shop's own answer is served then."""
        return EVERYTHING in self.killed

    def active(self, at: float) -> tuple[StrategyVersion, ...]:
        """The versions whose schedule holds at `at` (seconds since the epoch) and that nobody killed."""
        return tuple(
            one for one in self.published if one.name not in self.killed and one.draft.schedule.holds(at)
        )  # fmt: skip


NOTHING = Programme()
