"""What a visitor agreed to and what follows from it, as values; `visitors/consent.py` holds the table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from personalize.domain.visit import Consent


@dataclass(frozen=True, slots=True)
class Agreement:
    """The mode of a visit, and whether the visitor may be a unit of experiments."""

    mode: Consent = Consent.NONE
    experiments: bool = False


class Keep(StrEnum):
    """Where a profile may live: nowhere, in memory for this session, or in the store until its TTL ends."""

    NOWHERE = "nowhere"
    MEMORY = "memory"
    STORE = "store"


class Trace(StrEnum):
    """Whom a log line may name: nobody, the session only, or the visitor too."""

    NOBODY = "nobody"
    SESSION = "session"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What holds for one visit.

    `id`: an id may be given out; `run`: an ordering run may be kept for this visitor; `profile`: where a profile may
    live; `experiment`: the visitor may be hashed into experiments and shares; `log`: whom log lines name.
    """

    id: bool
    run: bool
    profile: Keep
    experiment: bool
    log: Trace
