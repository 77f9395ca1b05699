"""Findings: what is wrong with a draft, or what could not be looked at, each under a stable code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from personalize.errors import DeskError


class Level(StrEnum):
    """Whether a finding keeps a draft from being published."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: what was met and expected (`message`), how to mend it (`hint`), and `where` in the draft."""

    level: Level
    code: str
    message: str
    hint: str = ""
    where: str = ""


class Refused(DeskError):
    """A draft that may not be published; `findings` tell all that is wrong with it, the first is the error's own."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = next(one for one in findings if one.level is Level.ERROR)
        super().__init__(first.message, code=first.code, hint=first.hint)
        self.findings = tuple(findings)


def refuse(findings: Sequence[Finding]) -> None:
    """Raises `Refused` where one of them is an error."""
    if any(one.level is Level.ERROR for one in findings):
        raise Refused(findings)
