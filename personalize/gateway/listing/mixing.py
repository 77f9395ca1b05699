"""What a course makes of a listing: the Patch of what runs, or of two orders mixed into one."""

from __future__ import annotations

from typing import NamedTuple

from personalize.decisions.interleaving import as_patch, interleave
from personalize.domain.experiment import INTERLEAVED
from personalize.domain.patch import Author
from personalize.domain.visit import Visit
from personalize.experiments.course import Course
from personalize.gateway.listing.decide import Decided, Decider
from personalize.gateway.listing.window import Window
from personalize.guardrails.apply import last_reorder


class Mixed(NamedTuple):
    """What was decided, and by candidate whose it is where two orders were mixed (`domain/interleaving.py`)."""

    decided: Decided
    teams: str = ""


def decide(decider: Decider, course: Course, target: str, window: Window, visit: Visit, span: int) -> Mixed:
    """The decision for one window, of which the first `span` rows may be moved.

    Of two courses that are mixed only the orders are taken, and no chance beside.
    """
    mix, listing = course.mix, window.listing
    if mix is None:
        return Mixed(decider.decide(course.modes, target, listing, visit))
    found = [decider.decide(modes, target, listing, visit) for modes in mix.modes]
    one, other = (last_reorder(each.patch, target) for each in found)
    whole = span >= len(window)
    movable = None if whole else {at for at, rows in enumerate(window.candidates) if max(rows) < span}
    merged = interleave(mix.experiment, mix.unit, listing.list_id, one, other, len(listing), movable)
    patch = as_patch(target, merged, one, other, Author(INTERLEAVED, mix.experiment))
    teams = [""] * len(listing)
    for candidate, team in zip(merged.order, merged.teams, strict=True):
        teams[candidate] = team
    return Mixed(Decided(patch, found[0].shadow), "".join(teams))
