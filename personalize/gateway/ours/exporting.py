"""Export: everything that is kept of one visitor, as a JSON text of bounded size, page after page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from personalize.domain.entry import session_owner
from personalize.domain.store import EventRow
from personalize.domain.visit import VisitorId
from personalize.errors import EventError
from personalize.events.log import parse
from personalize.visitors.profiles import ProfileBook
from personalize.visitors.readable import learn_names, moment, priced, promised, readable

MAX_LINES = 5_000
MAX_BYTES = 4 * 1024 * 1024
MAX_READ = 500
"""Lines, the latest, that are read for what the profile's hashed properties stand for; one costs up to 0.5 ms."""
STEP = 10  # lines read before requests get their turn again


class Exported(NamedTuple):
    """A page of an export: its JSON text, and the time (RFC 3339) the next one goes on from; None: that was all."""

    data: bytes
    next: str | None


async def export(book: ProfileBook, visitor: VisitorId, session: str, at: float, since: float | None) -> Exported:
    """What is kept of a visitor at `at` (epoch seconds): the log's lines from `since` on, and without it all else, too.

    `session` is the name of the present session, whose lines may name nothing else. A page holds MAX_LINES lines of up
    to MAX_BYTES; a line of the moment where a page ends may stand in both. Raises `RightsError`, `StoreError`.
    """
    kept = await book.kept(visitor)
    lines, left = await _page(book.lines(kept.key, since))
    told: dict[str, Any] = {"visitor": kept.key, "exported_at": moment(at), "events": _raw(lines)}
    if since is None:
        own, _ = await _page(book.lines(session_owner(session), None))
        names = await _names((*lines, *own))
        promises, shown = await book.offers(kept.key)
        told |= {
            "profile": readable(kept.lasting, names, at) if kept.lasting is not None else None,
            "session_profile": readable(kept.session, names, at) if kept.session is not None else None,
            "session_events": _raw(own),
            "links": await book.links(kept.key),
            "promises": [promised(one) for one in promises],
            "prices_shown": [priced(one) for one in shown],
        }
    elif left is not None:  # always onwards, however many lines one moment has
        left = max(left, since + 0.001)
    return Exported(orjson.dumps(told), None if left is None else _floor(left))


async def _page(rows: AsyncIterator[EventRow]) -> tuple[list[bytes], float | None]:
    """The first lines, and the time of the first one that is not among them."""
    lines: list[bytes] = []
    size = 0
    async for row in rows:
        size += len(row.line)
        if lines and (len(lines) >= MAX_LINES or size > MAX_BYTES):
            return lines, row.at
        lines.append(row.line.strip())
    return lines, None


async def _names(lines: Sequence[bytes]) -> dict[int, str]:
    names: dict[int, str] = {}
    for number, line in enumerate(lines[-MAX_READ:]):
        with suppress(EventError):
            learn_names(names, parse(line))
        if number % STEP == STEP - 1:
            await asyncio.sleep(0)
    return names


def _raw(lines: Sequence[bytes]) -> list[orjson.Fragment]:
    return [orjson.Fragment(line) for line in lines]


def _floor(at: float) -> str:
    """A time in RFC 3339, cut to milliseconds."""
    return datetime.fromtimestamp(int(at * 1000) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
