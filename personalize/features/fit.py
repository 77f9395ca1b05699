"""Fit: how well each thing that an item may be for fits a situation, as smooth functions of its facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from personalize.domain.affinity import CLOCK_WORDS, COLUMN, WORDS, said
from personalize.domain.situation import MOODS

Floats = NDArray[np.float64]

READ = (
    "weather", "temperature", "temperature_deviation", "rain_24h", "wind", "daylight", "daypart", "season", "mood",
    "mode", "occasion",
)  # fmt: skip
"""The keys of the context that fits are made from."""

HEAT, COLD, WIDTH = 18.0, 14.0, 7.0  # felt degrees C where summer and winter things are neither here nor there; K
UNUSUAL = 0.3  # share of the deviation from the normal that is felt on top: the first warm day of the year counts more
SOAKED = 4.0  # mm in 24 h that are rain to 1 - 1/e
WINDY, GUSTS = 25.0, 15.0  # km/h
MOODY = 0.7  # weight of a mood beside what is the weather's
WET = {"clear": 0.0, "cloudy": 0.0, "fog": 0.1, "rain": 0.9, "snow": 0.4, "storm": 1.0}
SUNNY = {"clear": 1.0, "cloudy": 0.0, "fog": -0.3, "rain": -0.6, "snow": -0.3, "storm": -0.7}
DRY = {"clear": 0.8, "cloudy": 0.2, "fog": 0.2}  # how sure a word makes that it stays dry; millimetres make sure


def fits(context: Mapping[str, object]) -> Floats:
    """The fit (w,) of each of `WORDS` in a context, -1 (not now) to 1 (now); 0 where nothing tells. Read-only."""
    return _fits(*map(context.get, READ))


@lru_cache(maxsize=1_024)
def _fits(*values: object) -> Floats:
    told = dict(zip(READ, values, strict=True))
    found = np.zeros(len(WORDS))

    def put(word: str, fit: float) -> None:
        found[COLUMN[word]] = fit

    weather = told["weather"] if isinstance(told["weather"], str) else ""
    temperature, wind = _number(told["temperature"]), _number(told["wind"])
    put("rain", _rain(weather, _number(told["rain_24h"])))
    put("sun", SUNNY.get(weather, 0.0) * (0.3 if told["daylight"] is False else 1.0))
    if temperature is not None:
        felt = temperature + UNUSUAL * (_number(told["temperature_deviation"]) or 0.0)
        put("heat", math.tanh((felt - HEAT) / WIDTH))
        put("cold", math.tanh((COLD - felt) / WIDTH))
        put("snow", 0.5 * math.tanh((2.0 - felt) / WIDTH))
    if weather == "snow":
        put("snow", 1.0)
    if wind is not None:
        gusty = math.tanh((wind - WINDY) / GUSTS)
        put("wind", gusty if gusty > 0 else 0.4 * gusty)
    for word in (told["daypart"], told["season"]):
        if word in CLOCK_WORDS:
            put(str(word), 1.0)
    if told["mood"] in MOODS:
        valence, arousal = MOODS[str(told["mood"])]
        put("calm", MOODY * max(-valence, -arousal))  # for who is calm, and for who would like to be
        put("lively", MOODY * (valence + arousal) / 2)
    if isinstance(told["occasion"], str):
        for column in said(told["occasion"]):
            found[column] = 1.0
    if told["mode"] == "gift":
        put("gift", 1.0)
    elif told["mode"] == "bargain":
        put("reduced", 1.0)
    found.flags.writeable = False
    return found


def _rain(weather: str, expected: float | None) -> float:
    """The fit of things for the rain: of what falls now and in the next 24 hours, whichever says so."""
    later = 1.0 - math.exp(-max(expected, 0.0) / SOAKED) if expected is not None else 0.0
    wet = 1.0 - (1.0 - WET.get(weather, 0.0)) * (1.0 - later)
    dry = 1.0 if expected is not None else DRY.get(weather, 0.0)
    return wet - 0.5 * dry * (1.0 - wet)


def _number(value: object) -> float | None:
    """A finite number, else None."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]
