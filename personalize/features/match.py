"""Match: how much of what was searched for the titles of the rows say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_WORDS = 8  # of a term
MAX_TITLE = 200  # characters of a title or a term that are read
PREFIX, LEAST_PREFIX = 0.8, 3  # what a word counts that another begins with (jacket, jackets), and its letters
INSIDE, LEAST_INSIDE = 0.5, 4  # what one counts that another holds (rain, Winterregenjacke)
_WORD = re.compile(r"\w+")


def matches(term: str | None, titles: Sequence[str]) -> NDArray[np.float64]:
    """The share of the term's words that each title says, (n,), 0 to 1; NaN without a term or without a title.

    Case and accents do not matter. A word that only begins alike, or is a part of a longer one, counts for less.
    """
    wanted = _words((term or "")[:MAX_TITLE])[:MAX_WORDS]
    if not wanted:
        return np.full(len(titles), np.nan)
    return np.array([_share(wanted, _words(title[:MAX_TITLE])) for title in titles], np.float64)


def _share(wanted: tuple[str, ...], said: tuple[str, ...]) -> float:
    if not said:
        return float("nan")
    return sum(max(_alike(word, other) for other in said) for word in wanted) / len(wanted)


def _alike(word: str, other: str) -> float:
    if word == other:
        return 1.0
    shorter, longer = (word, other) if len(word) < len(other) else (other, word)
    if len(shorter) >= LEAST_PREFIX and longer.startswith(shorter):
        return PREFIX
    return INSIDE if len(word) >= LEAST_INSIDE and word in other else 0.0


@lru_cache(maxsize=16_384)
def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return tuple(_WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))
