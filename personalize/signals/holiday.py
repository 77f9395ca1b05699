"""How near the next public holiday is, by the calendars of the `holidays` package, per country and state."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime

from cachetools import LRUCache

from personalize.domain.event import NOTHING
from personalize.domain.visit import Visit
from personalize.errors import SettingsError
from personalize.settings import Settings
from personalize.signals.local_time import LocalTime

KEYS: Mapping[str, type] = {"holiday": str}

VISITOR = "visitor"
SOON = 7
MAX_CALENDARS = 1_000
MAX_WORDS = 4_096
MAX_LEARNING = 16
"""Calendars that are worked out at a time, beside the requests."""

Where = tuple[str, str | None]


def near(days: frozenset[date], today: date) -> str | None:
    """`today`, `tomorrow`, `soon` (in two to seven days), or None."""
    gap = min(((day - today).days for day in days if day >= today), default=SOON + 1)
    return None if gap > SOON else "today" if gap == 0 else "tomorrow" if gap == 1 else "soon"


def calendar(country: str, region: str | None, year: int) -> frozenset[date]:
    """The public holidays of a country (ISO 3166-1 alpha-2) and its region, of this year and the next.

    Of the country alone where the region has no calendar of its own, none where the country has none. The first one of
    a country takes some 50 ms, so it is never worked out by a request.
    """
    import holidays

    for subdivision in dict.fromkeys((region, None)):
        try:
            return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=(year, year + 1)))
        except NotImplementedError:
            continue
    return frozenset()


class Holiday:
    """Context key `holiday`, by the calendar that the operator names, or that of the visitor's place.

    A visitor's calendar that is not at hand is worked out behind: until then the key is missing.
    """

    name = "holiday"
    keys = KEYS

    def __init__(self, timezone: str, where: str) -> None:
        self._time = LocalTime(timezone)
        self._by_visitor = where == VISITOR
        country, _, region = where.partition("-")
        self._where: Where | None = (country, region or None) if where and not self._by_visitor else None
        self._calendars: LRUCache[tuple[Where, int], frozenset[date]] = LRUCache(MAX_CALENDARS)
        self._words: LRUCache[tuple[Where, date], Mapping[str, object]] = LRUCache(MAX_WORDS)
        self._learning: dict[tuple[Where, int], asyncio.Task[None]] = {}
        if self._where is not None:
            self._warm(self._where)

    @classmethod
    def from_settings(cls, settings: Settings) -> Holiday:
        """Uses `holidays` and `shop_timezone`. Raises `SettingsError` where there is no calendar of that name."""
        return cls(settings.shop_timezone, settings.holidays)

    def read(self, visit: Visit) -> Mapping[str, object]:
        where = self._of(visit)
        if where is None:
            return NOTHING
        day = self._time.at(visit.at)[0]
        word = self._words.get((where, day))
        if word is None:
            days = self._calendars.get((where, day.year))
            if days is None:
                self._learn(where, day.year)
                return NOTHING
            found = near(days, day)
            word = self._words[where, day] = {"holiday": found} if found is not None else NOTHING
        return word

    def _of(self, visit: Visit) -> Where | None:
        if not self._by_visitor:
            return self._where
        place = visit.place
        return (place.country, place.region) if place is not None and place.country is not None else None

    def _warm(self, where: Where) -> None:
        import holidays

        country, region = where
        known = holidays.list_supported_countries()
        if country not in known or (region is not None and region not in known[country]):
            regions = f"expected one of {', '.join(known[country])}" if country in known else "no such country"
            raise SettingsError(
                f"setting holidays is {'-'.join(filter(None, where))!r}: {regions}",
                hint="name a country or a state of it, as in DE-HH, or write visitor",
            )
        year = datetime.now(UTC).year
        for one in (year - 1, year, year + 1):
            self._calendars[where, one] = calendar(country, region, one)

    def _learn(self, where: Where, year: int) -> None:
        """Work a calendar out beside the event loop, once."""
        key = (where, year)
        if key not in self._learning and len(self._learning) < MAX_LEARNING:
            task = self._learning[key] = asyncio.get_running_loop().create_task(self._calendar(key))
            task.add_done_callback(lambda _: self._learning.pop(key, None))

    async def _calendar(self, key: tuple[Where, int]) -> None:
        (country, region), year = key
        try:
            self._calendars[key] = await asyncio.to_thread(calendar, country, region, year)
        except Exception:  # a fault of the package's data is a holiday unknown, not one to be tried at each request
            self._calendars[key] = frozenset()
