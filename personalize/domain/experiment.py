"""An experiment: variants, their weights, who assigns them, and what an assignment is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from personalize.domain.strategy import Strategy


class AssignedBy(StrEnum):
    """Who decides a unit's variant: our hash of the unit, or the storefront by request header."""

    HASH = "hash"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm: its share of units (`weight`, 0..1) and the switches it sets.

    `strategies` overlays the operator's list by name; `all_off` turns every strategy off first (the control arm).
    """

    name: str
    weight: float
    strategies: tuple[Strategy, ...] = ()
    all_off: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    """A declared experiment. Weights sum to 1; `coverage` (0..1) is the share of units that take part at all.

    `seed` separates the hash of this experiment from every other one.
    """

    name: str
    variants: tuple[Variant, ...]
    assigned_by: AssignedBy = AssignedBy.HASH
    coverage: float = 1.0
    seed: str = ""

    def variant(self, name: str) -> Variant | None:
        """The variant of that name, or None."""
        return next((v for v in self.variants if v.name == name), None)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A unit's variant in one experiment and who assigned it."""

    experiment: str
    variant: str
    by: AssignedBy
