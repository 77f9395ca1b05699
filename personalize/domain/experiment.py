"""An experiment: variants, their weights, who assigns them, and what an assignment is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from personalize.domain.strategy import Strategy


class AssignedBy(StrEnum):
    """Who decides a unit's variant: our hash of the unit, the storefront by request header, or a signed token.

    Nobody declares `token`: it overrides any experiment for one request (preview, QA), and what it touched is no data.
    Nor `halted`: all units of an experiment that was stopped are served its control, and are no data either.
    """

    HASH = "hash"
    HEADER = "header"
    TOKEN = "token"  # noqa: S105  (a word, no secret)
    HALTED = "halted"

    @property
    def asked(self) -> bool:
        """Whether whoever sends the request had a say in it."""
        return self in (AssignedBy.HEADER, AssignedBy.TOKEN)

    @property
    def counts(self) -> bool:
        """Whether what is shown under such an assignment is data of the experiment."""
        return self in (AssignedBy.HASH, AssignedBy.HEADER)


class Unit(StrEnum):
    """What an experiment randomises: a visitor, one session of theirs, or a customer's account."""

    VISITOR = "visitor"
    SESSION = "session"
    ACCOUNT = "account"


HOLDOUT = "holdout"
"""The experiment that is always there: the units that get the shop's own answer, whatever runs for the others."""

HELD, SERVED = "held", "served"
"""Its variants."""

CONTROL = "control"
"""The variant of this name is the one that the others are held against; else it is the first."""

INTERLEAVED = "interleaved"
"""What a unit of an interleaved experiment is assigned: it sees the orders of both variants in one list."""

SRM = "srm"
"""The guardrail that is no measure: whether the variants hold the units they should."""


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
class Namespace:
    """A part [low, high) of a namespace: experiments in parts that do not overlap share no unit."""

    name: str
    low: float
    high: float


PLANNED = 20_000
"""Units after which an experiment is expected to be read, where nobody planned it."""


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What stops an experiment: `srm`, a measure that may not get worse, or `latency_p95_ms` with its `limit` (ms)."""

    name: str
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """A declared experiment. Weights sum to 1; `coverage` (0..1) is the share of units that take part at all.

    `seed` separates the hash of this experiment from every other one. `planned` is the number of units, over all
    variants, at which the sequential intervals are narrowest; it has to be fixed before the first look.
    `interleaved` shows every unit the orders of its two variants in one list. `guardrails` stop it by themselves.
    """

    name: str
    variants: tuple[Variant, ...]
    assigned_by: AssignedBy = AssignedBy.HASH
    coverage: float = 1.0
    seed: str = ""
    unit: Unit = Unit.VISITOR
    namespace: Namespace | None = None
    planned: int = PLANNED
    interleaved: bool = False
    guardrails: tuple[Guardrail, ...] = ()

    @property
    def control(self) -> str:
        """The variant that the others are held against, and that all are served once the experiment is stopped."""
        names = [one.name for one in self.variants]
        return CONTROL if CONTROL in names else names[0]

    def variant(self, name: str) -> Variant | None:
        """The variant of that name, or None."""
        return next((v for v in self.variants if v.name == name), None)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A unit's variant in one experiment and who assigned it."""

    experiment: str
    variant: str
    by: AssignedBy
