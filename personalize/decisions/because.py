"""Because: why the situation moved a row, by what weighed most for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from personalize.decisions.variety import STRENGTH
from personalize.domain.affinity import CLOCK_WORDS, COLUMN, MOOD_WORDS, OCCASIONS, WORDS
from personalize.domain.patch import Reason
from personalize.domain.reason import (
    CALM,
    COLD,
    COOL,
    FOCUS,
    GIFT,
    HOT,
    LESS_COSTLY,
    LIVELY,
    MISFIT,
    MOMENT,
    OCCASION,
    OTHERS_FIT_LESS,
    RAIN,
    RAIN_SOON,
    REDUCED,
    SEASON,
    SNOW,
    SUN,
    VARIETY,
    WARM,
    WIND,
)
from personalize.domain.visit import Visit
from personalize.features.affinity import Matrix
from personalize.features.fit import fits

HOT_FROM, COLD_BELOW = 27.0, 8.0  # degrees C at which words change: hot is more than warm, cold is more than cool
PLAIN = {"snow": SNOW, "sun": SUN, "wind": WIND, "reduced": REDUCED, "calm": CALM, "lively": LIVELY}
DAYPARTS = CLOCK_WORDS[:4]
Places = NDArray[np.intp]
MIDDLES = {"morning": (9.0, 3.0), "afternoon": (15.0, 3.0), "evening": (20.0, 2.0), "night": (2.0, 4.0)}
"""The middle and half the length of each daypart, in hours of the day."""
AWRY = 2.5
"""Hours that a clock may be away from the sun, with summer time in it."""


def because(
    suited: Matrix,
    cheap: NDArray[np.float64] | None,
    visit: Visit,
    orders: tuple[Places, Places, Places],
    known: Mapping[int, Reason],
) -> dict[int, Reason]:
    """Reasons per row that it moved. `orders` are those before, bent and arranged; `known` the reasons given before.

    `cheap` (n,) where a bargain is looked for. A row that stands where it does by the order before keeps its reason.
    """
    start, bent, arranged = (_places(order) for order in orders)
    part = suited * fits(visit.context)
    if cheap is not None:
        part = np.column_stack([part, cheap])
    total = part.sum(axis=1)
    best = part.argmax(axis=1).tolist()
    mode = visit.context.get("mode")
    reasons: dict[int, Reason] = {}
    words: dict[int, Reason] = {}
    table = zip(start.tolist(), bent.tolist(), arranged.tolist(), total.tolist(), best, strict=True)
    for row, (before, between, after, fit, column) in enumerate(table):
        if after < before:
            if between < before and fit > 0:
                if column not in words:
                    words[column] = _of(column, visit)
                reasons[row] = words[column]
            elif after < between:
                reasons[row] = Reason(FOCUS if STRENGTH.get(mode, 0.0) < 0 else VARIETY)
            elif row not in known:
                reasons[row] = Reason(OTHERS_FIT_LESS)
        elif after > before and fit < 0 and (after > row or row not in known):
            reasons[row] = Reason(MISFIT)
    return reasons


def _of(column: int, visit: Visit) -> Reason:
    """The reason that a word of `WORDS` gives (one column more: the price), with the place and the time of day."""
    if column == len(WORDS):
        return Reason(LESS_COSTLY)
    word, context = WORDS[column], visit.context
    if word in OCCASIONS:
        gift = word == "gift" and context.get("mode") == "gift"
        return Reason(GIFT if gift else OCCASION)
    if word in MOOD_WORDS or word == "reduced":
        return Reason(PLAIN[word])
    parameters = _where_and_when(visit)
    if column >= COLUMN[DAYPARTS[0]]:
        return Reason(MOMENT, {**parameters, "daypart": word}) if word in DAYPARTS else Reason(SEASON)
    temperature = context.get("temperature")
    if word == "heat":
        return Reason(HOT if isinstance(temperature, (int, float)) and temperature >= HOT_FROM else WARM, parameters)
    if word == "cold":
        return Reason(COLD if isinstance(temperature, (int, float)) and temperature < COLD_BELOW else COOL, parameters)
    if word == "rain":
        now = context.get("weather") in ("rain", "storm")
        if not now:
            parameters.pop("daypart", None)  # of the next 24 hours nobody said when
        return Reason(RAIN if now else RAIN_SOON, parameters)
    return Reason(PLAIN[word], parameters)


def _where_and_when(visit: Visit) -> dict[str, str]:
    """The town, where it is known, and the shop's time of day, unless it is another one there."""
    city = visit.context.get("city") or (visit.place.city if visit.place is not None else None)
    daypart = visit.context.get("daypart")
    found = {}
    if isinstance(city, str) and city:
        found["city"] = city
    if daypart in DAYPARTS and _there_too(str(daypart), visit):
        found["daypart"] = str(daypart)
    return found


def _there_too(daypart: str, visit: Visit) -> bool:
    """Whether the sun at the visit's place (unknown: the shop's) is at most `AWRY` hours outside of that daypart."""
    if visit.place is None or visit.place.longitude is None:
        return True
    middle, half = MIDDLES[daypart]
    off = abs((visit.at / 3600 + visit.place.longitude / 15 - middle + 12) % 24 - 12)
    return off <= half + AWRY


def _places(order: Places) -> Places:
    """The place of each row in an order."""
    found = np.empty(len(order), np.intp)
    found[order] = np.arange(len(order))
    return found
