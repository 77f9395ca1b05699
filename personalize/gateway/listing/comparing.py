"""Comparing: the order a unit was shown beside those that the other variants would have made of the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from personalize.domain.experiment import Assignment
from personalize.domain.patch import Change, Explore, Patch, Reorder
from personalize.domain.visit import Visit
from personalize.experiments.course import Course, Ground
from personalize.gateway.listing.decide import Decider
from personalize.gateway.listing.meeting import Differs
from personalize.gateway.listing.mixing import decide
from personalize.gateway.listing.run import arrange
from personalize.gateway.listing.window import Window
from personalize.guardrails.apply import order as order_of

EVERYWHERE = (1 << 4_096) - 1
"""The places of a list of which it is not worked out where it differs."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that an order was made from; calling it tells where other variants differ.

    `pinned`, `span` and `continued` are as in `run.arrange`, before this page was pinned: as long as no page before
    differed, another variant would have pinned the same, and after the first that did the unit has met it anyway.

    The order itself is made again, too: profiles and counts went on since, and what they changed is no difference
    between variants.
    """

    decider: Decider
    ground: Ground
    assignments: tuple[Assignment, ...]
    own: Course
    target: str
    window: Window
    visit: Visit
    pinned: Mapping[str, int]
    span: int
    continued: int | None = None

    def __call__(self) -> Differs:
        others, unseen = self.ground.others(self.assignments, self.own)
        found = dict.fromkeys(sorted(unseen), EVERYWHERE)
        made: dict[tuple[object, ...], tuple[Sequence[int], Patch]] = {}
        for name, courses in others.items():
            found[name] = 0
            for course in courses:
                for one in (self.own, course):  # equal courses of several experiments are worked out once
                    if one.shows not in made:
                        made[one.shows] = self._made(one)
                found[name] |= self._places(made[self.own.shows], made[course.shows])
        return found

    def _made(self, course: Course) -> tuple[Sequence[int], Patch]:
        window = self.window
        patch = decide(self.decider, course, self.target, window, self.visit, self.span).decided.patch
        ranked = order_of(patch, self.target, len(window.listing))
        return arrange(window, ranked, self.pinned, self.span, self.continued), patch

    def _places(self, one: tuple[Sequence[int], Patch], other: tuple[Sequence[int], Patch]) -> int:
        """A bit for each position at which the two show another row, or the same row otherwise."""
        touched = _touched(one[1], other[1])
        owner, places = self.window.owner, 0
        for at, (row, instead) in enumerate(zip(one[0], other[0], strict=True)):
            if row != instead or owner[row] in touched:
                places |= 1 << at
        return places << self.window.offset


def _touched(one: Patch, other: Patch) -> set[object]:
    """The candidates to which only one of two Patches does something, orders apart: a note, a price."""
    mine, theirs = ({_told(change) for change in patch.changes if not isinstance(change, Reorder | Explore)}
                    for patch in (one, other))  # fmt: skip
    return {row for row, _ in mine ^ theirs}


def _told(change: Change) -> tuple[object, str]:
    """The row of a Change and what it does there, whoever is its author."""
    said = {part.name: getattr(change, part.name) for part in fields(change) if part.name != "author"}
    return said.get("row"), f"{type(change).__name__} {said}"
