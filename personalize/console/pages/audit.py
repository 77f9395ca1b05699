"""The audit: who changed what, when and why, page by page; nothing of it is ever changed."""

from __future__ import annotations

from starlette.responses import Response

from personalize.console.pages.asked import Asked

PAGE = 50


async def audit(asked: Asked) -> Response:
    """The newest lines, of one strategy where a name is given."""
    name, before = asked.query("name", 80), asked.query("before", 12)
    rows = await asked.house.desk.audit(
        before=int(before) if before.isdecimal() else None, name=name or None, limit=PAGE + 1
    )
    return asked.show("audit.html", rows=rows[:PAGE], name=name, more=len(rows) > PAGE, first=bool(before))
