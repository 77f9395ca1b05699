"""Asks the running strategies for their Patch; a strategy that fails counts as the empty Patch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from personalize.domain.listing import Listing
from personalize.domain.parameter import SHOP_ORDER, Parameter
from personalize.domain.patch import EMPTY, Patch, Reorder
from personalize.domain.popularity import Popularity
from personalize.domain.strategy import Decision, Mode
from personalize.domain.visit import Visit
from personalize.guardrails.displacement import Cap
from personalize.guardrails.ranking import NO_CAP, clip
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

    def with_reasons_of(self, other: Decided) -> Decided:
        """The same with the reasons of another decision on the same rows: of a model that came since, say."""
        theirs = {change.target: change for change in other.patch.changes if isinstance(change, Reorder)}
        changes = (
            replace(one, reasons=theirs[one.target].reasons)
            if isinstance(one, Reorder) and one.target in theirs
            else one
            for one in self.patch.changes
        )
        return Decided(Patch(tuple(changes)), self.shadow)

    def slim(self) -> Decided:
        """The same without reasons: what an ordering run keeps."""
        return Decided(_slim(self.patch), _slim(self.shadow))


def _slim(patch: Patch) -> Patch:
    changes = (replace(one, reasons={}) if isinstance(one, Reorder) else one for one in patch.changes)
    return Patch(tuple(changes))


def _onto(patch: Patch, target: str) -> Patch:
    return Patch(tuple(replace(change, target=target) for change in patch.changes))


class Decider:
    """Holds the decisions by strategy name."""

    def __init__(
        self, decisions: Mapping[str, Decision], popularity: Popularity, telemetry: Telemetry, cap: Cap = NO_CAP
    ) -> None:
        self.decisions, self.popularity, self.telemetry, self.cap = decisions, popularity, telemetry, cap
        self.epoch = 0
        """Goes up whenever a decision was renewed: orders made before are gone on with, new ones begin at page one."""

    def reads(self, modes: Mapping[str, Mode]) -> frozenset[str] | None:
        """The keys of the context that the running strategies go by; None where one of them may go by any."""
        found: frozenset[str] = frozenset()
        for name, mode in modes.items():
            decision = self.decisions.get(name)
            if decision is None or mode not in (Mode.ON, Mode.SHADOW):
                continue
            reads = getattr(decision, "reads", None)
            if reads is None:
                return None
            found |= reads
        return found

    def parameters(self, modes: Mapping[str, Mode]) -> tuple[str, tuple[Parameter, ...]]:
        """The strategy whose order holds, and what it is made from; the shop's order where none has anything to say."""
        for name, mode in reversed(tuple(modes.items())):
            told = getattr(self.decisions.get(name), "parameters", None)
            if mode is Mode.ON and told is not None and (found := tuple(told())):
                return name, found
        return SHOP_ORDER, (Parameter(SHOP_ORDER, 1.0),)

    def decide(self, modes: Mapping[str, Mode], target: str, listing: Listing, visit: Visit) -> Decided:
        """The Patch for one listing, clipped by the guardrails. Never raises."""
        patch = shadow = EMPTY
        ordered = False  # from the last strategy to the first: the order of the last one holds
        for name, mode in reversed(tuple(modes.items())):
            decision = self.decisions.get(name)
            if decision is None or mode not in (Mode.ON, Mode.SHADOW):
                continue
            if ordered and mode is Mode.ON and getattr(decision, "only_orders", False):
                continue
            try:
                proposed = decision.decide(target, listing, visit, self.popularity)
                proposed, cut = clip(proposed, target, len(listing), self.cap)
            except Exception as error:  # a plug may fail in any way; the shop's order is the answer then
                self.telemetry.fault("decision", name, error)
                continue
            if cut:
                self.telemetry.fault("guardrail", f"{name}_cut")
            if mode is Mode.ON:
                patch = proposed + patch
                ordered = ordered or any(isinstance(change, Reorder) for change in proposed.changes)
            else:
                shadow = proposed + shadow
        return Decided(patch, shadow)
