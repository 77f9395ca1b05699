"""Stores: where they are, when they are open, what they do, and how fresh what is known of their stock is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from starlette.responses import Response

from personalize.console.pages.asked import Asked
from personalize.console.pages.paper import number
from personalize.domain.places.hours import AHEAD, DAYS, Hours, Span, clock, runs
from personalize.domain.places.shop_store import ShopStore

HOUR, DAY = 3600.0, 86_400.0


async def places(asked: Asked) -> Response:
    """A page of the stores that the gateway knows, by id."""
    board = asked.house.stock
    found, after = await board.standings(asked.query("after", 64))
    at = asked.house.clock()
    return asked.show(
        "stores.html", found=found, after=after, count=board.count, max_age=_age(asked, board.max_age),
        hours=lambda one: _hours(asked, one), ago=lambda seen: _age(asked, max(at - seen, 0.0)),
    )  # fmt: skip


def _age(asked: Asked, seconds: float) -> str:
    """So many minutes, hours or days."""
    unit, size = (
        ("days", DAY) if seconds >= 2 * DAY else ("hours", HOUR) if seconds >= 1.5 * HOUR else ("minutes", 60.0)
    )
    return asked.say(f"age.{unit}", count=number(seconds / size, asked.language))


def _hours(asked: Asked, store: ShopStore) -> list[str]:
    """A store's week, and the single days of the next weeks that are otherwise; nothing where nobody knows."""
    if store.hours is None:
        return []
    week = [
        f"{'–'.join(asked.say(f'day.{DAYS[day]}') for day in dict.fromkeys((first, last)))} {_clocks(spans)}"
        for first, last, spans in runs(store.hours)
    ]
    zone = store.zone(asked.house.settings().shop_timezone)
    today = datetime.fromtimestamp(asked.house.clock(), zone).date()
    return [*(week or [asked.say("stores.closed")]), *_exceptions(asked, store.hours, today)]


def _exceptions(asked: Asked, hours: Hours, today: date) -> list[str]:
    found = []
    for ahead in range(AHEAD):
        day = today + timedelta(ahead)
        spans = hours.exceptions.get(day.isoformat())
        if spans is not None:
            written = f"{day:%d.%m.}" if asked.language == "de" else day.isoformat()
            found.append(f"{written} {_clocks(spans) or asked.say('stores.closed')}")
    return found


def _clocks(spans: tuple[Span, ...]) -> str:
    return ", ".join(clock(span).replace("-", "–") for span in spans)
