"""What is wrong with a file that was to be imported: the first faults by line, and the error that tells them."""

from __future__ import annotations

from pathlib import Path

from personalize.errors import PlaceError
from personalize.registry import nearest

SHOWN = 10
MOST = 1_000
"""Faults after which nobody reads on."""


class Faults:
    """Gathers faults; `check` raises them all at once, so that a file is mended in one go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.count = 0

    def add(self, where: str, message: str) -> None:
        """Note a fault. Raises PlaceError where there are too many to go on."""
        self.count += 1
        if len(self.told) < SHOWN:
            self.told.append(f"{where}: {message}")
        if self.count >= MOST:
            self.check()

    def check(self) -> None:
        """Raise PlaceError (`IMPORT_INVALID`) if anything was wrong."""
        if self.count:
            more = f"\n  and {self.count - len(self.told)} more" if self.count > len(self.told) else ""
            raise PlaceError(
                f"{self.path} was not imported, {self.count} faults:\n  " + "\n  ".join(self.told) + more,
                code="IMPORT_INVALID",
                hint="nothing was changed; mend the file and import it again",
            )


def unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    """A sentence that refuses a name, with the nearest known one where there is one."""
    meant = nearest(name, known)
    return f"unknown {what} {name!r}; {meant}" if meant else f"unknown {what} {name!r}"
