"""The reference store of the operator's desk: everything in this process, bounded, gone at its end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from personalize.domain.desk.store import CHANGED, MAX_ROWS, AuditRow, DeskRow
from personalize.errors import StoreError

MAX_KEPT = 10_000
"""Versions that are kept, and lines of the audit: of those the newest; a version is never dropped but refused."""


class MemoryDesk:
    """Fulfils `DeskStore` with a dictionary and a list."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, int], DeskRow] = {}
        self._audit: deque[AuditRow] = deque(maxlen=MAX_KEPT)
        self._revision = 0

    async def revision(self) -> int:
        """The number of the last line of the audit."""
        return self._revision

    async def rows(
        self, kind: str, *, name: str | None = None, states: Sequence[str] = (), before: int | None = None,
        after: str = "", limit: int = MAX_ROWS,
    ) -> list[DeskRow]:  # fmt: skip
        """A scan: there are few."""
        found = [
            row
            for row in self._rows.values()
            if row.kind == kind
            and (not states or row.state in states)
            and (row.name == name and (before is None or row.number < before) if name is not None else row.name > after)
        ]
        return sorted(found, key=lambda row: (row.name, -row.number))[: min(max(limit, 0), MAX_ROWS)]

    async def write(self, rows: Sequence[DeskRow], audit: AuditRow, *, seen: int) -> int:
        """All at once: nothing is awaited in between."""
        if seen != self._revision:
            raise StoreError("the desk was changed meanwhile", code=CHANGED, hint="look again, then repeat")
        if len(self._rows) + len(rows) > MAX_KEPT:
            raise StoreError(f"the desk keeps {MAX_KEPT} versions in memory", code="DESK_FULL", hint="use sqlite:///")
        for row in rows:
            key = (row.kind, row.name, row.number)
            old = self._rows.get(key)
            self._rows[key] = row if old is None else old._replace(state=row.state)
        self._revision += 1
        self._audit.append(audit._replace(number=self._revision))
        return self._revision

    async def audit(self, *, before: int | None = None, name: str | None = None, limit: int = MAX_ROWS
                    ) -> list[AuditRow]:  # fmt: skip
        """From the end back."""
        found = (
            line
            for line in reversed(self._audit)
            if (before is None or line.number < before) and (name is None or line.name == name)
        )
        return [line for line, _ in zip(found, range(min(max(limit, 0), MAX_ROWS)), strict=False)]
