"""Asks the running strategies for their Patch; a strategy that fails counts as the empty Patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from personalize.domain.desk.strategy import Scope
from personalize.domain.learned.popularity import Popularity
from personalize.domain.listing import About, Listing
from personalize.domain.parameter import SHOP_ORDER, SITUATION, Parameter
from personalize.domain.patch import EMPTY, Explore, Patch, Reorder
from personalize.domain.strategy import Bending, Decision, Final, Mode
from personalize.domain.visit import Visit
from personalize.gateway.listing.scoping import STORE, fits
from personalize.guardrails.apply import last_explore, last_reorder
from personalize.guardrails.displacement import Cap
from personalize.guardrails.ranking import NO_CAP, clip, within
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
        """The same without reasons and evidence: what an ordering run keeps."""
        return Decided(
            _without(self.patch, reasons={}, evidence=None), _without(self.shadow, reasons={}, evidence=None)
        )

    def again(self) -> Decided:
        """The same as a decision of another moment than this: what it was made from is no evidence."""
        return Decided(_without(self.patch, evidence=None), self.shadow)


def _without(patch: Patch, **fields: Any) -> Patch:
    if not patch.changes:
        return patch
    changes = (replace(one, **fields) if isinstance(one, Reorder) else one for one in patch.changes)
    return Patch(tuple(changes))


def _onto(patch: Patch, target: str) -> Patch:
    return Patch(tuple(replace(change, target=target) for change in patch.changes))


@dataclass(frozen=True, slots=True)
class Published:
    """What the desk has published by strategy name: configured decisions, their scopes and their own caps."""

    decisions: Mapping[str, Decision] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    caps: Mapping[str, Cap] = field(default_factory=dict)


class Decider:
    """Holds the decisions by strategy name: those of the `base`, and over them what is published."""

    def __init__(
        self, decisions: Mapping[str, Decision], popularity: Popularity, telemetry: Telemetry, cap: Cap = NO_CAP
    ) -> None:
        self.decisions, self.popularity, self.telemetry, self.cap = decisions, popularity, telemetry, cap
        self.base, self.published = decisions, Published()
        self.paths: frozenset[str] = frozenset()
        """Listings that scopes name: one named by its response path is told apart from the same list elsewhere."""
        self.epoch = 0
        """Goes up whenever a decision was renewed: orders made before are gone on with, new ones begin at page one."""

    def use(self, published: Published) -> None:
        """Take what the desk has published over the decisions of the base."""
        self.published, self.decisions = published, {**self.base, **published.decisions}
        self.paths = frozenset(scope.listing for scope in published.scopes.values() if scope.listing)

    def within(
        self, modes: Mapping[str, Mode], about: About | None, target: str, visit: Visit
    ) -> Mapping[str, Mode]:  # fmt: skip
        """Those of `modes` in whose scope a listing lies; what was not published with one holds everywhere."""
        scopes = self.published.scopes
        if not scopes:
            return modes
        return {
            name: mode for name, mode in modes.items()
            if name not in scopes or fits(scopes[name], about, target, visit)
        }  # fmt: skip

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
            if (scope := self.published.scopes.get(name)) is not None and scope.channel is not None:
                found |= STORE
        return found

    def parameters(self, modes: Mapping[str, Mode], visit: Visit) -> tuple[str, tuple[Parameter, ...]]:
        """The strategy whose order holds, and what it is made from; the shop's order where none has anything to say.

        What bends that order in this visit is told with its weight among the others.
        """
        held, bent = SHOP_ORDER, dict[str, float]()
        found: tuple[Parameter, ...] = (Parameter(SHOP_ORDER, 1.0),)
        for name, mode in modes.items():
            decision = self.decisions.get(name)
            if mode is not Mode.ON or decision is None:
                continue
            if (bending := _bending(decision)) is not None:
                code = getattr(decision, "code", SITUATION)
                bent[code] = max(bent.get(code, 0.0), bending.weight(visit))
            elif (told := getattr(decision, "parameters", None)) is not None and (own := tuple(told())):
                held, found = name, own
        for code, weight in bent.items():
            found = _with(found, code, weight)
        return held, found

    def decide(self, modes: Mapping[str, Mode], target: str, listing: Listing, visit: Visit) -> Decided:
        """The Patch for one listing, clipped by the guardrails. Never raises."""
        modes = self.within(modes, listing.about, target, visit)
        patch = shadow = EMPTY
        ordered = False  # from the last strategy to the first: the order of the last one holds
        bending: list[tuple[str, Mode, Bending]] = []
        for name, mode in reversed(tuple(modes.items())):
            decision = self.decisions.get(name)
            if decision is None or mode not in (Mode.ON, Mode.SHADOW):
                continue
            if (bends := _bending(decision)) is not None:
                bending.append((name, mode, bends))
                continue
            if ordered and mode is Mode.ON and getattr(decision, "only_orders", False):
                continue
            ask = partial(decision.decide, target, listing, visit, self.popularity)
            proposed = self._propose(name, ask, target, listing)
            if mode is Mode.ON:
                patch = proposed + patch
                ordered = ordered or any(isinstance(change, Reorder) for change in proposed.changes)
            else:
                shadow = proposed + shadow
        bending.sort(key=lambda one: _final(one[2]), reverse=True)  # stable, and run through from its end
        for name, mode, bends in reversed(bending):
            if _final(bends) and listing.offset:  # places that people give are counted from the top of the list
                continue
            if mode is Mode.ON and _final(bends) and self._binds(name, cast(Final, bends), listing):
                patch = Patch(tuple(change for change in patch.changes if not isinstance(change, Explore)))
            ask = partial(bends.bend, target, listing, visit, self.popularity, last_reorder(patch, target))
            proposed = self._propose(name, ask, target, listing)
            if mode is Mode.ON:
                patch = patch + proposed
            else:
                shadow = shadow + proposed
        return Decided(self._capped(patch, target, len(listing)), self._capped(shadow, target, len(listing)))

    def _capped(self, patch: Patch, target: str, size: int) -> Patch:
        """The Patch whose draw keeps within the caps: the shop's, its strategy's own and that of the order's."""
        explored = last_explore(patch, target)
        if explored is None:
            return patch
        cap, ordered = self.cap, last_reorder(patch, target)
        for change in (explored, ordered):
            if change is not None and (own := self.published.caps.get(change.author.strategy)) is not None:
                cap = cap.and_(own)
        narrowed, nothing = within(patch, target, size, cap)
        if nothing:
            self.telemetry.count("guardrail", f"{explored.author.strategy}_capped")
        return narrowed

    def _binds(self, name: str, final: Final, listing: Listing) -> bool:
        try:
            return final.binds(listing)
        except Exception as error:
            self.telemetry.fault("decision", name, error)
            return False

    def _propose(self, name: str, decide: Callable[[], Patch], target: str, listing: Listing) -> Patch:
        """What a strategy proposes, clipped; the empty Patch where it fails."""
        try:
            own = self.published.caps.get(name)
            proposed, cut = clip(decide(), target, len(listing), self.cap if own is None else self.cap.and_(own))
        except Exception as error:  # a plug may fail in any way; the shop's order is the answer then
            self.telemetry.fault("decision", name, error)
            return EMPTY
        if cut:
            self.telemetry.fault("guardrail", f"{name}_cut")
        return proposed


def _bending(decision: Decision) -> Bending | None:
    """The decision as one that builds on the order of the others, where it does."""
    return cast(Bending, decision) if hasattr(decision, "bend") else None


def _final(decision: object) -> bool:
    """Whether it bends after all others that bend."""
    return getattr(decision, "final", False) is True


def _with(found: tuple[Parameter, ...], code: str, weight: float) -> tuple[Parameter, ...]:
    """Parameters with another among them that bends the order they make, the weightiest first."""
    if not weight:
        return found
    shares = {one.code: one.weight * (1.0 - weight) for one in found}
    shares[code] = shares.get(code, 0.0) + weight
    return tuple(Parameter(code, share) for code, share in sorted(shares.items(), key=lambda one: (-one[1], one[0])))
