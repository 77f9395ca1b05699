"""The one feature path: a prepared listing, a profile and a situation to a matrix, in serving and in training alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from personalize.domain.profile import Profile
from personalize.domain.session import Session
from personalize.domain.tokens import LARGEST
from personalize.features.lasting import fill_lasting, visitor_values
from personalize.features.prepared import Prepared
from personalize.features.schema import CLOCK, LASTING, LIFT, SESSION, SESSION_ITEM, VISITOR, Schema
from personalize.features.session import fill_session


def extract(
    prepared: Prepared, profile: Profile | None, session: str | None, context: Mapping[str, object], at: float
) -> NDArray[np.float32]:
    """The matrix (n rows, f columns as `Schema.names`), float32, NaN where a value is missing.

    `profile` None (no consent, no id) reads as one that nothing is known of. `session` is the request's session,
    `at` epoch seconds. Costs one pass over what the profile touched and was shown, not over what the rows bear.
    """
    schema = prepared.schema
    known = profile if profile is not None else _NOBODY
    # Column by column in memory, as it is filled: `out[column]` is one of them.
    end = prepared.static.shape[1]
    out = np.empty((end + len(prepared.blank), len(prepared.ids)), np.float32)
    out[:end] = prepared.static.T
    out[end:] = prepared.blank
    for column, name in enumerate(schema.attributes):
        taste = known.tastes.get(name)
        if taste is not None:
            out[end + column] = prepared.numbers[:, column] - taste.mean()
    start = end + len(schema.attributes)
    here = known.session_for(session, at) if profile is not None else Session()
    fill_session(out[start : start + len(SESSION_ITEM) + len(SESSION)], prepared, here, at)
    start += len(SESSION_ITEM) + len(SESSION)
    fill_lasting(out[start : start + len(LASTING)], prepared, known, here, at)
    start += len(LASTING)
    out[start : start + len(LIFT)] = prepared.lift(context).T
    start += len(LIFT)
    matrix = out.T
    matrix[:, start:] = [*visitor_values(known, at), *_clock(at), *_context(schema, context)]
    return matrix


def _clock(at: float) -> list[float]:
    moment = datetime.fromtimestamp(at, UTC)
    found = [moment.hour + moment.minute / 60, float(moment.weekday())]
    assert len(found) == len(CLOCK)
    return found


def _context(schema: Schema, context: Mapping[str, object]) -> list[float]:
    found = []
    for name in schema.context_numbers:
        value = context.get(name)
        found.append(float(value) if isinstance(value, (int, float)) and abs(value) <= LARGEST else math.nan)
    for name, words in schema.context_words:
        word = context.get(name)
        found.append(float(words.index(word)) if word in words else math.nan)
    return found


_NOBODY = Profile()
assert len(visitor_values(_NOBODY, 0.0)) == len(VISITOR)
