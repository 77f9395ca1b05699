"""What a process tells of itself to the operator API."""

from __future__ import annotations

from dataclasses import dataclass

from personalize.settings import Settings


@dataclass(frozen=True, slots=True)
class HouseTold:
    """`settings` are those of file and environment, `effective` what is in force with the desk's word over them."""

    ready: bool
    outbox: int
    revision: int
    reloads_taken: int
    reloads_refused: int
    settings: Settings
    effective: Settings
