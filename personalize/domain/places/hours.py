"""Opening hours: when a store is open, and when something that takes a while to prepare is ready there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
DAY = 24 * 60
MAX_EXCEPTIONS = 400
MAX_SPANS = 6  # of one day
AHEAD = 21
"""Days that are looked ahead: one that is closed for longer has no time to tell."""

Span = tuple[int, int]
"""Minutes after midnight by the wall clock, open at the first and shut at the second; past 1440 is the next morning."""

_TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """`week` has the spans of Monday to Sunday, `exceptions` those of single days by ISO date (empty: closed)."""

    week: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on a day."""
        return self.exceptions.get(day.isoformat(), self.week[day.weekday()])

    def spans(self, at: float, zone: ZoneInfo) -> Iterator[tuple[float, float]]:
        """The spans from `at` on as epoch seconds, in order, for `AHEAD` days; the first may have begun before.

        Wall-clock times are those of `zone`: where clocks are put forward or back in a span, it is an hour shorter or
        longer, and a time that is skipped is the one an hour on.
        """
        today = datetime.fromtimestamp(at, zone).date()
        for ahead in range(-1, AHEAD):
            day = today + timedelta(ahead)
            for opens, shuts in sorted(self.on(day)):
                begin, end = _moment(day, opens, zone), _moment(day, shuts, zone)
                if begin < end and end > at:
                    yield begin, end

    def is_open(self, at: float, zone: ZoneInfo) -> bool:
        """Whether the store is open at a moment."""
        first = next(self.spans(at, zone), None)
        return first is not None and first[0] <= at

    def ready(self, at: float, minutes: float, zone: ZoneInfo) -> float | None:
        """When something ordered at `at` is ready, if it takes so many minutes in which the store is open.

        Epoch seconds, always at a moment at which the store is open; None where it does not open soon.
        """
        left, last = minutes * 60.0, at
        for begin, end in self.spans(at, zone):
            start = max(begin, last)
            if start + left < end:
                return start + left
            left -= max(end - start, 0.0)
            left, last = max(left, 0.0), max(last, end)
        return None


def _moment(day: date, minute: int, zone: ZoneInfo) -> float:
    day += timedelta(minute // DAY)
    minute %= DAY
    # Through UTC, where a time that the clocks skip is the one after the jump.
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC).timestamp()


def read_hours(text: str) -> Hours:
    """Hours in the words of OpenStreetMap's `opening_hours`, as far as shops need them.

    `Mo-Fr 10:00-20:00; Sa 10:00-14:00,15:00-18:00; 2026-12-24 10:00-14:00; 2026-12-25 off`. Later rules go before
    earlier ones; a day that no rule names is closed; `24/7` is always. Raises ValueError that names the rule.
    """
    week: list[tuple[Span, ...]] = [()] * 7
    exceptions: dict[str, tuple[Span, ...]] = {}
    for rule in (part.strip() for part in text.split(";")):
        if not rule:
            continue
        if rule == "24/7":
            week = [((0, DAY),)] * 7
            continue
        days, _, times = rule.partition(" ")
        spans = _spans(times.strip(), rule)
        if days[:1].isdigit():
            exceptions[_date(days, rule)] = spans
            if len(exceptions) > MAX_EXCEPTIONS:
                raise ValueError(f"more than {MAX_EXCEPTIONS} single days")
        else:
            for number in _weekdays(days, rule):
                week[number] = spans
    return Hours(tuple(week), exceptions)


def runs(hours: Hours) -> Iterator[tuple[int, int, tuple[Span, ...]]]:
    """The open days of the week as (first, last, spans): days in a row with the same spans together, 0 is Monday."""
    first = 0
    for day in range(1, 8):
        if day == 7 or hours.week[day] != hours.week[first]:
            if hours.week[first]:
                yield first, day - 1, hours.week[first]
            first = day


def clock(span: Span) -> str:
    """`10:00-20:00`; 24:00 is midnight, and what ends on the next morning ends before it begins."""
    opens, shuts = span[0], span[1] if span[1] <= DAY else span[1] - DAY
    return f"{opens // 60:02}:{opens % 60:02}-{shuts // 60:02}:{shuts % 60:02}"


def written(hours: Hours) -> str:
    """Hours as `read_hours` reads them."""
    rules = [
        f"{DAYS[first].title()}{'-' + DAYS[last].title() if last > first else ''} {','.join(map(clock, spans))}"
        for first, last, spans in runs(hours)
    ]
    rules += [f"{day} {','.join(map(clock, spans)) or 'off'}" for day, spans in sorted(hours.exceptions.items())]
    return "; ".join(rules)


def _spans(text: str, rule: str) -> tuple[Span, ...]:
    if text.lower() in ("off", "closed"):
        return ()
    spans = []
    for part in text.split(","):
        found = _TIMES.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{rule[:60]!r}: expected days and times like Mo-Fr 10:00-20:00, or off")
        opens, shuts = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if int(found[2]) > 59 or int(found[4]) > 59 or opens >= DAY or shuts > DAY or opens == shuts:
            raise ValueError(f"{rule[:60]!r}: {part.strip()} is no span of a day")
        spans.append((opens, shuts if shuts > opens else shuts + DAY))
    spans.sort()
    if len(spans) > MAX_SPANS or any(one[1] > two[0] for one, two in pairwise(spans)):
        raise ValueError(f"{rule[:60]!r}: spans overlap, or are more than {MAX_SPANS}")
    return tuple(spans)


def _weekdays(text: str, rule: str) -> list[int]:
    found: list[int] = []
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{rule[:60]!r}: expected a day ({', '.join(one.title() for one in DAYS)}) or a date")
        begin, end = DAYS.index(first), DAYS.index(last if dash else first)
        found += [number % 7 for number in range(begin, end + 1 + 7 * (end < begin))]
    return found


def _date(text: str, rule: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{rule[:60]!r}: {text!r} is no date like 2026-12-24") from None
