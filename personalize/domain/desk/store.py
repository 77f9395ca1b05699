"""What a store of the operator's desk has to do: versions and switches, an append-only audit, one revision number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

STRATEGY, SWITCH = "strategy", "switch"
"""Kinds of rows; others may bring their own."""

MAX_ROWS = 500
"""Rows that one reading brings at most."""

CHANGED = "DESK_CHANGED"
"""Code of the StoreError of a write that comes too late."""


class DeskRow(NamedTuple):
    """One version of one named thing, as a store sees it: opaque bytes and a state.

    (`kind`, `name`, `number`) is its key; `body`, `at` (seconds since the epoch) and `author` never change.
    """

    kind: str
    name: str
    number: int
    state: str
    body: bytes
    at: float
    author: str


class AuditRow(NamedTuple):
    """Who changed what, when and why, with the bytes before and after. `number` is the revision that it made.

    A number of 0 is one that the store has to give. `version` is 0 where the change is of no version.
    """

    number: int
    at: float
    actor: str
    action: str
    kind: str
    name: str
    version: int
    why: str
    before: bytes = b""
    after: bytes = b""


class DeskStore(Protocol):
    """Where the desk's rows stay. Every method raises `StoreError`, soon, and never blocks the loop.

    The revision is the number of the last line of the audit: whatever changes is audited in the same transaction, so
    whoever knows the revision knows whether anything changed.
    """

    async def revision(self) -> int:
        """The revision, 0 before the first change. Cheap: gateways ask for it every second."""
        ...

    async def rows(
        self, kind: str, *, name: str | None = None, states: Sequence[str] = (), before: int | None = None,
        after: str = "", limit: int = MAX_ROWS,
    ) -> list[DeskRow]:  # fmt: skip
        """Rows of a kind by name and, of one name, the newest first; at most `limit`, and never more than `MAX_ROWS`.

        `states` that count (none: all); of the one `name`, versions whose number is below `before`; else of names that
        come `after` that one (in the order of their code points).
        """
        ...

    async def write(self, rows: Sequence[DeskRow], audit: AuditRow, *, seen: int) -> int:
        """Insert rows, or set the state of those that are there, and append a line to the audit: all or nothing.

        Returns the new revision. Raises StoreError of the code `CHANGED`, and writes nothing, where the revision is not
        `seen` any more: what the change was decided on is not what is there.
        """
        ...

    async def audit(self, *, before: int | None = None, name: str | None = None, limit: int = MAX_ROWS
                    ) -> list[AuditRow]:  # fmt: skip
        """Lines of the audit, the newest first, with a number below `before`, of one `name` or of all."""
        ...
