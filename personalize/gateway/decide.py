"""Asks the running strategies for their Patch; a strategy that fails counts as the empty Patch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from personalize.domain.listing import Listing
from personalize.domain.patch import EMPTY, Patch
from personalize.domain.popularity import Popularity
from personalize.domain.strategy import Decision, Mode
from personalize.domain.visit import Visit
from personalize.guardrails.ranking import clip
from personalize.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Decided:
    """What will be done to a listing (`patch`), and what shadow strategies would have done."""

    patch: Patch = EMPTY
    shadow: Patch = EMPTY

    def onto(self, target: str) -> Decided:
        """The same for a listing that another document calls `target`."""
        changes = (*self.patch.changes, *self.shadow.changes)
        if all(change.target == target for change in changes):
            return self
        return Decided(_onto(self.patch, target), _onto(self.shadow, target))


def _onto(patch: Patch, target: str) -> Patch:
    return Patch(tuple(replace(change, target=target) for change in patch.changes))


class Decider:
    """Holds the decisions by strategy name."""

    def __init__(self, decisions: Mapping[str, Decision], popularity: Popularity, telemetry: Telemetry) -> None:
        self.decisions, self.popularity, self.telemetry = decisions, popularity, telemetry

    def decide(self, modes: Mapping[str, Mode], target: str, listing: Listing, visit: Visit) -> Decided:
        """The Patch for one listing, clipped by the guardrails. Never raises."""
        patch = shadow = EMPTY
        for name, mode in modes.items():
            decision = self.decisions.get(name)
            if decision is None or mode not in (Mode.ON, Mode.SHADOW):
                continue
            try:
                proposed = decision.decide(target, listing, visit, self.popularity)
                proposed, cut = clip(proposed, target, len(listing))
            except Exception as error:  # a plug may fail in any way; the shop's order is the answer then
                self.telemetry.fault("decision", name, error)
                continue
            if cut:
                self.telemetry.fault("guardrail", f"{name}_cut")
            if mode is Mode.ON:
                patch += proposed
            else:
                shadow += proposed
        return Decided(patch, shadow)
