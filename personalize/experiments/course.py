"""The course of a request: what runs for a unit under its assignments, and what would run under other ones."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from personalize.domain.experiment import HOLDOUT, INTERLEAVED, AssignedBy, Assignment, Experiment
from personalize.domain.interleaving import Mix
from personalize.domain.strategy import Mode, Strategy
from personalize.experiments.assign import running

MAX_COMPARED = 6
"""Other variants of a request, over all its experiments, whose lists are worked out."""


@dataclass(frozen=True, slots=True)
class Course:
    """What runs: strategy name to mode, and the two orders that are mixed into one (then `modes` holds both)."""

    modes: Mapping[str, Mode] = field(default_factory=dict)
    mix: Mix | None = None

    @property
    def shows(self) -> tuple[object, ...]:
        """What of it can be seen: strategies that are on, in their order."""
        sides = self.mix.modes if self.mix is not None else (self.modes,)
        return tuple(tuple(name for name, mode in side.items() if mode is Mode.ON) for side in sides)


@dataclass(frozen=True, slots=True)
class Ground:
    """What courses are worked out from: the operator's switches, and the unit that shares and coins go by."""

    strategies: Sequence[Strategy]
    experiments: Sequence[Experiment]
    unit: str | None
    hashed: bool
    pricing: Container[str] = ()

    def course(self, assignments: Sequence[Assignment]) -> Course:
        """What runs under these assignments."""
        mixed = next((one for one in assignments if one.variant == INTERLEAVED), None)
        experiment = next((one for one in self.experiments if mixed and one.name == mixed.experiment), None)
        if mixed is None or experiment is None or not experiment.interleaved or self.unit is None:
            return Course(self._modes(assignments))
        names = experiment.variants[0].name, experiment.variants[1].name
        one, other = (self._modes(_with(assignments, mixed, name)) for name in names)
        return Course({**other, **one}, Mix(experiment.name, self.unit, names, (one, other)))

    def others(self, assignments: Sequence[Assignment], own: Course) -> tuple[dict[str, list[Course]], set[str]]:
        """By experiment, what would run under each of its other variants, where that shows something else.

        Only experiments whose lines are data. Beside them the names of those that are too many to work out
        (`MAX_COMPARED`), whatever the unit's own variant is: all their lists then count as different.
        """
        found: dict[str, list[Course]] = {}
        unseen: set[str] = set()
        left = MAX_COMPARED
        by_name = {one.name: one for one in self.experiments}
        for assignment in assignments:
            experiment = by_name.get(assignment.experiment)
            if experiment is None or not compares(assignment):
                continue
            names = [one.name for one in experiment.variants if one.name != assignment.variant]
            courses = [self.course(_with(assignments, assignment, name)) for name in names]
            if all(one.shows == own.shows for one in courses):
                continue
            left -= len(courses)
            if left < 0:
                unseen.add(experiment.name)
            else:
                found[experiment.name] = [one for one in courses if one.shows != own.shows]
        return found, unseen

    def _modes(self, assignments: Sequence[Assignment]) -> dict[str, Mode]:
        return running(
            self.strategies, self.experiments, assignments, self.unit, hashed=self.hashed, pricing=self.pricing
        )


def compares(assignment: Assignment) -> bool:
    """Whether it matters to the log what another variant would have shown."""
    return assignment.by.counts and assignment.variant != INTERLEAVED and assignment.experiment != HOLDOUT


def _with(assignments: Sequence[Assignment], one: Assignment, variant: str) -> list[Assignment]:
    """The assignments with another variant in place of one of them, dealt by the gateway as the mix is."""
    by = AssignedBy.HASH if one.variant == INTERLEAVED else one.by
    return [replace(each, variant=variant, by=by) if each is one else each for each in assignments]
