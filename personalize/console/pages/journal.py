"""The event log's end: the last lines, by name, so that one sees what arrives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from personalize.console.pages.asked import Asked
from personalize.domain.event import EVENT_NAMES, Event
from personalize.errors import EventError
from personalize.events.log import parse

SHOWN = 100
LOOKED = 2_000
"""Lines among which those asked for are looked for."""
ITEMS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """An event for people: who is told by a mark that is theirs in this list and nowhere else."""

    at: float
    event: str
    who: str
    what: str
    more: int
    strategy: str
    assignments: str


async def journal(asked: Asked) -> Response:
    """The last lines of the name and the visitor's mark asked for."""
    name, who = asked.query("event", 40), asked.query("who", 16).lower()
    rows = await asked.house.store.newest(LOOKED)
    found: list[Line] = []
    for row in rows:
        try:
            event = parse(row.line)
        except EventError:
            continue
        line = _line(event)
        if (not name or event.event == name) and (not who or line.who == who):
            found.append(line)
        if len(found) == SHOWN:
            break
    return asked.show("events.html", lines=found, names=sorted(EVENT_NAMES), name=name, who=who, looked=len(rows))


def _line(event: Event) -> Line:
    items = [item.item_id for item in event.items]
    what = event.search_term or event.transaction_id or ", ".join(items[:ITEMS])
    assigned: Any = event.extra.get("assignments")
    told = ", ".join(f"{k}={v}" for k, v in assigned.items()) if isinstance(assigned, dict) else ""
    whose = event.visitor or event.session
    mark = hashlib.sha256(whose.encode()).hexdigest()[:8] if whose else ""
    return Line(
        event.at, event.event, mark, what[:120], max(0, len(items) - ITEMS) if not event.search_term else len(items),
        str(event.extra.get("strategy", ""))[:60], told[:120],
    )  # fmt: skip
