"""Knobs: what an operator may set on a decision, each a typed value within bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from personalize.domain.strategy import Decision


class Kind(StrEnum):
    """What a knob takes: a number, a whole number, yes or no, or rules of merchandising (`domain/desk/rules.py`)."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter of a decision: numbers lie in [low, high]; `about` says in a sentence what it does."""

    name: str
    kind: Kind
    about: str
    default: object = None
    low: float = -math.inf
    high: float = math.inf

    def expects(self) -> str:
        """What it takes, in words."""
        if self.kind is Kind.RULES:
            return "a list of rules"
        if self.kind is Kind.BOOLEAN:
            return "true or false"
        return f"a {'whole number' if self.kind is Kind.INTEGER else 'number'} from {self.low:g} to {self.high:g}"

    def takes(self, value: object) -> bool:
        """Whether a JSON value fits; rules are read by `rules.read_rules`, which says what is wrong with them."""
        if self.kind is Kind.RULES:
            return isinstance(value, list)
        if self.kind is Kind.BOOLEAN:
            return isinstance(value, bool)
        if isinstance(value, bool) or not isinstance(value, (int, float) if self.kind is Kind.NUMBER else int):
            return False
        return self.low <= value <= self.high


def knobs_of(decision: Decision | type[Decision] | object) -> tuple[Knob, ...]:
    """The knobs of a decision; none where it is not configurable."""
    found: tuple[Knob, ...] = getattr(decision, "knobs", ())
    return found
