"""One weather for all providers: what it is now, and what the next day and the next three days bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from personalize.domain.situation import WEATHER
from personalize.errors import SignalError
from personalize.signals.cached import Fetched
from personalize.signals.outside import iso

HOUR, DAY = 3_600.0, 86_400.0
AHEAD = 900.0
"""Seconds an observation may lie in our future: clocks differ a little."""
OLDEST = 3 * HOUR
TEMPERATURES = (-95.0, 65.0)
"""Degrees C: a little beyond what was ever measured (WMO archive of extremes: -89.2, 56.7)."""
FELT = (-130.0, 90.0)
RAIN = (0.0, 500.0)  # mm in an hour: the record is 305
WIND = (0.0, 450.0)  # km/h: the record is 408
SHARE = (0.0, 100.0)
_SEVERITY = {group: number for number, group in enumerate(WEATHER)}
MAX_ROWS = 400  # of an answer that are read


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of a time ahead: mm of rain and snow, lowest, highest and mean air temperature (degrees C).

    None is unknown, `group` the worst of the hours.
    """

    precipitation: float | None = None
    lowest: float | None = None
    highest: float | None = None
    mean: float | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherSnapshot:
    """The weather of a cell. None is unknown, never zero.

    `temperature` of the air and as `felt`, degrees C; `precipitation` mm in the hour (Open-Meteo: in the quarter);
    `wind` km/h at 10 m; `cloud` % of the sky; `group` one of `situation.WEATHER`; `daylight` whether the sun is up;
    `deviation` K by which the next 24 hours differ from the seasonal normal; `observed_at` epoch seconds, what it holds
    of; `source` the provider's name and `attribution` what it wants to be said of it.
    """

    observed_at: float
    source: str
    attribution: str
    temperature: float | None = None
    felt: float | None = None
    precipitation: float | None = None
    wind: float | None = None
    cloud: float | None = None
    group: str | None = None
    daylight: bool | None = None
    next_24h: Outlook = Outlook()
    next_72h: Outlook = Outlook()
    deviation: float | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is known: no model reaches there (some oceans), or no station is near."""
        return self.temperature is None and self.group is None


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a forecast, from `at` on (epoch seconds)."""

    at: float
    temperature: float | None = None
    precipitation: float | None = None
    group: str | None = None


class Provider(Protocol):
    """A weather service. `now` raises SignalError, and TimeoutError where its client does."""

    name: str
    attribution: str

    async def now(self, latitude: float, longitude: float, at: float) -> Fetched[WeatherSnapshot]:
        """The weather of a cell at `at` (epoch seconds)."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def number(value: object, bounds: tuple[float, float]) -> float | None:
    """A number within bounds; None for anything else that a service may send in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if bounds[0] <= value <= bounds[1] else None  # NaN is within no bounds


def part(answer: object, *path: str) -> object:
    """What lies at a path of keys in parsed JSON, None where it leads nowhere."""
    for key in path:
        if not isinstance(answer, dict):
            return None
        answer = answer.get(key)
    return answer


def outlook(hours: Iterable[Hour], since: float, seconds: float) -> Outlook:
    """The hours that begin within `seconds` from the hour of `since` on, summed up; empty with less than half of them.

    An hour of which nothing is known adds nothing; a sum stands for the hours that are known.
    """
    start = since - since % HOUR
    known = [hour for hour in hours if start <= hour.at < start + seconds]
    heat = [hour.temperature for hour in known if hour.temperature is not None]
    rain = [hour.precipitation for hour in known if hour.precipitation is not None]
    groups = [hour.group for hour in known if hour.group is not None]
    enough = seconds / HOUR / 2
    warm = len(heat) >= enough
    return Outlook(
        precipitation=round(sum(rain), 2) if len(rain) >= enough else None,
        lowest=min(heat) if warm else None,
        highest=max(heat) if warm else None,
        mean=round(sum(heat) / len(heat), 2) if warm else None,
        group=max(groups, key=_SEVERITY.__getitem__) if len(groups) >= enough else None,
    )


def in_time(observed_at: float, at: float) -> float:
    """The time of an observation. SignalError where it is older than `OLDEST` or lies in the future."""
    if not at - OLDEST <= observed_at <= at + AHEAD:
        raise SignalError(f"observed {observed_at - at:+.0f} s from now", code="SIGNAL_CLOCK", hint="check both clocks")
    return observed_at


def in_order(rows: object, name: str, key: str) -> list[tuple[float, object]]:
    """The rows of a service's answer with their times (epoch seconds, by `key`), the earliest first.

    Rows without a time are left out. SignalError where `name` is no list.
    """
    if not isinstance(rows, list):
        raise SignalError(f"an answer without `{name}`", code="SIGNAL_GARBAGE")
    timed = [(time, row) for row in rows[:MAX_ROWS] if (time := iso(part(row, key))) is not None]
    return sorted(timed, key=lambda one: one[0])


def nearest(times: Sequence[float], at: float) -> int:
    """The number of the latest of ascending times (one or more) not after `at`; the first where all are."""
    found = 0
    for place, time in enumerate(times):
        if time > at:
            break
        found = place
    return found


def of_wmo(code: object) -> str | None:
    """The group of a WMO code (table 4677, as Open-Meteo uses it), None for what is no code."""
    known = number(code, (0.0, 99.0))
    return None if known is None else next(group for last, group in _GROUPS if known <= last)


_GROUPS = (
    (1, "clear"), (39, "cloudy"), (49, "fog"), (67, "rain"), (79, "snow"), (82, "rain"), (86, "snow"), (94, "rain"),
    (99, "storm"),
)  # fmt: skip
"""The last code of each stretch. What is half rain, half snow (68, 69, 83, 84) counts as snow: it is as cold."""
